"""The queue of updates: who gets them, which kinds, and when one is done with."""

import json
from collections.abc import Iterable
from typing import Any

from tests.fakes.telegram.changes import Changes
from tests.fakes.telegram.errors import Json, bad_request, conflict
from tests.fakes.telegram.schema import check_update

# https://core.telegram.org/bots/api#getupdates: these come only when asked for by name.
_ONLY_WHEN_ASKED = {"chat_member", "message_reaction", "message_reaction_count"}
_MAX_LIMIT = 100
_MAX_TIMEOUT_S = 50


class Updates:
    """Ids only ever grow, so that an update of one test run is never taken for another's."""

    def __init__(self, *, validate: bool) -> None:
        self.allowed: frozenset[str] = frozenset()
        self.changed = Changes()
        self.pending: list[Json] = []
        self.webhook_url = ""
        self.webhook_secret = ""
        self.webhook_error = ""
        self._validate = validate
        self._next_id = 700_000_001
        self._polls = 0
        self._hanging = 0

    @property
    def polled(self) -> bool:
        """Somebody hangs in a long poll, having confirmed everything before."""
        return self._hanging > 0

    def push(self, kind: str, payload: Json) -> int | None:
        """Queues an update; None when the bot did not ask for its kind, which is then never queued."""
        if not self._wanted(kind):
            return None
        if self._validate:
            check_update({"update_id": self._next_id, kind: payload})
        return self.push_raw({kind: payload})

    def push_raw(self, update: Json) -> int:
        """Queues whatever it is given, unchecked: for poison."""
        update_id, self._next_id = self._next_id, self._next_id + 1
        self.pending.append({"update_id": update_id, **update})
        self.changed.fire()
        return update_id

    def allow(self, kinds: Any) -> None:
        """Remembers `allowed_updates`; an empty list means the default."""
        if isinstance(kinds, str):
            try:
                kinds = json.loads(kinds)
            except ValueError as error:
                raise bad_request("can't parse allowed updates JSON object") from error
        if not isinstance(kinds, list) or not all(isinstance(kind, str) for kind in kinds):
            raise bad_request("expected an Array of String as allowed updates")
        self.allowed = frozenset(kinds)

    def confirm(self, update_ids: Iterable[int]) -> None:
        done = set(update_ids)
        self.pending = [update for update in self.pending if update["update_id"] not in done]
        self.changed.fire()

    async def take(self, *, offset: int, limit: int, timeout_s: int) -> list[Json]:
        """One getUpdates. Raises ApiError 409 when another poll takes this one's place."""
        if self.webhook_url:
            raise conflict(
                "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
            )
        self._forget_before(offset)
        self._polls += 1
        await self._hang(self._polls, min(max(timeout_s, 0), _MAX_TIMEOUT_S))
        return self.pending[: limit if 1 <= limit <= _MAX_LIMIT else _MAX_LIMIT]

    async def _hang(self, poll: int, timeout_s: int) -> None:
        """Waits for an update. Telegram ends the older of two polls, not the newer."""
        if self.pending or not timeout_s:
            return
        self._hanging += 1
        self.changed.fire()
        try:
            await self.changed.wait_for(lambda: self.pending or poll != self._polls, timeout_s=timeout_s)
        except TimeoutError:
            return
        finally:
            self._hanging -= 1
            self.changed.fire()
        if poll != self._polls:
            raise conflict("terminated by other getUpdates request; make sure that only one bot instance is running")

    def _forget_before(self, offset: int) -> None:
        if offset > 0:
            self.confirm(update["update_id"] for update in self.pending if update["update_id"] < offset)
        elif offset < 0:
            self.confirm(update["update_id"] for update in self.pending[:offset])

    def _wanted(self, kind: str) -> bool:
        return kind in self.allowed if self.allowed else kind not in _ONLY_WHEN_ASKED
