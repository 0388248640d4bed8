"""Calls of the Bot API with nothing between the test and the wire."""

from typing import Any

import aiohttp

from tests.fakes.telegram import FakeTelegram

Json = dict[str, Any]


async def call(api: FakeTelegram, method: str, **params: Any) -> Json:
    """The whole answer, refusals too."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{api.base_url}/bot{api.token}/{method}", json=params) as response,
    ):
        answer: Json = await response.json()
        assert response.status == answer.get("error_code", 200)
        return answer


async def done(api: FakeTelegram, method: str, **params: Any) -> Any:
    """The result of a call that must succeed."""
    answer = await call(api, method, **params)
    assert answer["ok"], answer
    return answer["result"]


async def refused(api: FakeTelegram, method: str, **params: Any) -> str:
    """The description of a call that must be refused."""
    answer = await call(api, method, **params)
    assert not answer["ok"], answer
    return str(answer["description"])


async def received(api: FakeTelegram, **params: Any) -> list[Json]:
    """The pending updates, each without its id."""
    updates = await done(api, "getUpdates", **params)
    return [{key: value for key, value in update.items() if key != "update_id"} for update in updates]
