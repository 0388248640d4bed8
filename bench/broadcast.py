"""A broadcast to ten thousand chats: rate, refusals, memory; and one through a flood of 429, a cut line and 502.

The fake Bot API keeps Telegram's limits strictly. They, the pacer and the outbox' pauses are faster than they are:
seconds here are Telegram's. What of the bot is not made faster (leasing, writing to the disk, and whatever else the
machine does) counts that much more.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

from bench.beside import running
from bench.broadcasting import ALERT
from bench.fake_limits import limits
from bench.outbox import rate
from bench.table import Row
from tests.fakes.telegram import FakeTelegram, faults

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.runs import Size
    from tests.fakes.telegram.server import Call

ABOUT = "a broadcast: rate, refusals, memory; what outages leave of it, and alerts in between"
_FASTER = 5
_FASTER_THROUGH_OUTAGES = 10
_ALERT_EVERY_S = 15.0
"""So that those which wait at an outage's end are told within a second or two at the allowed rate."""
_FLOOD_S, _CUT_S, _GATEWAY_S = 10.0, 300.0, 60.0
_TOO_MANY = faults.error(429, "Too Many Requests: retry after 1", {"retry_after": 1})
_Stretch = tuple[float, float]


def measure(size: Size) -> list[Row]:
    people = size.pick(10_000, 100)
    undisturbed = asyncio.run(_tell(people))
    grown = Row(name="memory grown while it goes out", value=undisturbed["grown_mb"], unit=" MB", at_most=5)
    outages = asyncio.run(_Outages(size.pick(2_000, 100), size.pick(1.0, 0.02)).measure())
    return [*rate(undisturbed, people), grown, *outages]


async def _tell(people: int) -> dict[str, float]:
    async with (
        running("bench.fake_limits", str(people), str(_FASTER)) as api,
        running("bench.broadcasting", api["api"], api["token"], str(people), str(_FASTER), "0") as figures,
    ):
        return figures


class _Outages:
    """One broadcast, and what Telegram does to it. `share` is of the length that outages have."""

    def __init__(self, people: int, share: float) -> None:
        self._people = people
        self._share = share / _FASTER_THROUGH_OUTAGES
        self._stretches: dict[str, _Stretch] = {}

    async def measure(self) -> list[Row]:
        fast, every_s = _FASTER_THROUGH_OUTAGES, _ALERT_EVERY_S / _FASTER_THROUGH_OUTAGES
        async with FakeTelegram(rates=limits(fast), validate=False, latency_s=0.08 / fast) as api:
            for number in range(1, self._people + 1):
                api.private(api.user(number))
            arguments = (api.base_url, api.token, str(self._people), str(fast), str(every_s))
            async with asyncio.TaskGroup() as group:
                group.create_task(self._disturb(api))
                async with running("bench.broadcasting", *arguments) as figures:
                    return self._rows(figures, api)

    async def _disturb(self, api: FakeTelegram) -> None:
        await self._until_sent(api, 0.2)
        await self._faulty("429", api, _TOO_MANY, _FLOOD_S)
        await self._until_sent(api, 0.5)
        await self._cut(api)
        await self._until_sent(api, 0.8)
        await self._faulty("502", api, faults.bad_gateway(), _GATEWAY_S)

    async def _faulty(self, name: str, api: FakeTelegram, fault: faults.Fault, seconds: float) -> None:
        began = _clock()
        api.fault("*", fault, times=None)
        await asyncio.sleep(seconds * self._share)
        api.faults.clear()
        pauses = [
            call.at + 1 for call in api.calls if call.at >= began and (call.answer or {}).get("error_code") == 429
        ]
        self._stretches[name] = (began, max((_clock(), *pauses)))

    async def _cut(self, api: FakeTelegram) -> None:
        began = _clock()
        await api.refuse_connections()
        await asyncio.sleep(_CUT_S * self._share)
        await api.accept_connections()
        self._stretches["no network"] = (began, _clock())

    async def _until_sent(self, api: FakeTelegram, share: float) -> None:
        while sum(call.ok for call in api.calls) < share * self._people:  # noqa: ASYNC110 -- the bot is in another process
            await asyncio.sleep(0.05)

    def _rows(self, figures: dict[str, float], api: FakeTelegram) -> list[Row]:
        chats = [sum(message.text == "News." for message in chat.messages) for chat in api.chats.values()]
        arrived, total = Counter(chats), figures["sent"] + figures["unknown"]
        silent = arrived[0] > figures["unknown"] or figures["total"] != self._people
        twice = sum(count for times, count in arrived.items() if times > 1)
        return [
            Row(name="not accounted for after outages", value=self._people - total, at_most=0, wrong=silent),
            Row(name="told twice", value=twice, at_most=0),
            Row(name="in doubt, and said to be", value=figures["unknown"], detail=f"of {total:,.0f} chats"),
            *self._waits(api.calls),
        ]

    def _waits(self, calls: Sequence[Call]) -> list[Row]:
        """Return how long alerts waited while there was no outage, by Telegram's time."""
        arrived: dict[float, float] = {}
        for call in calls:
            _, said, put = str(call.params.get("text", "")).partition(ALERT)
            if said and call.ok:
                arrived.setdefault(float(put), call.at)
        rows = []
        for name, (since, until) in self._stretches.items():
            beyond = [_beyond(put, at, until) for put, at in arrived.items() if put < until and at > since]
            detail = f"{len(beyond)} alerts, {_FASTER_THROUGH_OUTAGES * (until - since):.0f} s"
            longest_s = _FASTER_THROUGH_OUTAGES * max(beyond, default=0.0)
            rows.append(
                Row(name=f"wait of an alert beyond: {name}", value=longest_s, unit=" s", at_most=2, detail=detail)
            )
        return rows


def _beyond(put: float, arrived: float, until: float) -> float:
    return max(0.0, arrived - max(put, until))


def _clock() -> float:
    return asyncio.get_running_loop().time()
