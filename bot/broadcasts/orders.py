"""What the command line may have done with broadcasts, at either end of the line to the running bot."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from bot.broadcasts import markup
from bot.broadcasts.model import OVER, Audience, Tally, remaining_s
from bot.chat.broadcasting import MOST_CHARACTERS, announcement
from bot.chat.language import LANGUAGES
from bot.operator_line import LineError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from bot.broadcasts.broadcasts import Broadcasts
    from bot.operator_line import Call
    from bot.store.chats import Kind
    from probes.catalogue import Catalogue

COMMAND_LINE = "command line"
"""Who wrote a broadcast that came that way."""
MOST_BYTES_OF_TEXT = 4 * MOST_CHARACTERS
"""As UTF-8 needs four at most for each, with some room for markup."""
_FOLLOWED_EVERY_S = 1.0
_LATEST_S = 366 * 24 * 3600.0
"""So long ahead a broadcast may be set to begin."""
_KINDS: tuple[Kind, ...] = ("private", "group", "channel")


class Orders:
    """The running bot's end."""

    def __init__(self, broadcasts: Broadcasts, catalogue: Catalogue) -> None:
        self._broadcasts = broadcasts
        self._catalogue = catalogue

    async def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        """Do as the order says. Raises `LineError` for what cannot be done."""
        match order:
            case {"do": "weigh", "html": str(html), "audience": list(narrowings), "at": None | float() | int() as at}:
                return await self._weigh(self._audience(html, narrowings, at))
            case {"do": "send", "html": str(html), "audience": list(narrowings), "at": None | float() | int() as at}:
                return await self._send(html, self._audience(html, narrowings, at), at)
            case {"do": "tell", "id": int(id_)}:
                return await self._state(id_)
            case _:
                raise LineError("the bot does not know this order: it is of another version")

    def _audience(self, html: str, narrowings: list[Any], at: float | None) -> Audience:
        """Return whom a broadcast is for that could go out as it is."""
        checked(html)
        if at is not None and not 0 < at - time.time() < _LATEST_S:
            raise LineError("this time is over, or more than a year ahead")
        return audience_of([str(narrowing) for narrowing in narrowings], self._catalogue)

    async def _weigh(self, audience: Audience) -> dict[str, Any]:
        """Return what a broadcast would take. Nothing is kept of it: whoever is asked next may hang up."""
        left = Tally(left=await self._broadcasts.how_many(audience))
        return {"chats": left.total, "takes_s": remaining_s(left, self._broadcasts.per_s)}

    async def _send(self, html: str, audience: Audience, at: float | None) -> dict[str, Any]:
        store = self._broadcasts.store
        id_ = await store.draft(COMMAND_LINE, announcement(html), now=time.time())
        await store.address(id_, audience)
        if at is None:
            await self._broadcasts.start(id_)
        else:
            await self._broadcasts.schedule(id_, at)
        return await self._state(id_)

    async def _state(self, id_: int) -> dict[str, Any]:
        broadcast = await self._broadcasts.store.find(id_)
        if broadcast is None:
            raise LineError(f"there is no broadcast {id_}")
        seen = await self._broadcasts.seen(broadcast)
        tally = seen.tally
        return {
            "id": id_,
            "state": broadcast.state,
            "sent": tally.sent,
            "unknown": tally.unknown,
            "failed": tally.failed,
            "left": tally.left,
            "withdrawn": tally.withdrawn,
            "remaining_s": remaining_s(tally, seen.per_s),
        }


def checked(html: str) -> None:
    """Raise `LineError` for a text that Telegram would not take."""
    try:
        text = markup.check(html)
    except markup.MarkupError as error:
        raise LineError(f"the markup is broken: {error}") from error
    if not text.strip():
        raise LineError("the text is empty")
    if len(text) > MOST_CHARACTERS:
        raise LineError(f"the text is too long: {len(text)} of at most {MOST_CHARACTERS} characters")


def audience_of(narrowings: list[str], catalogue: Catalogue) -> Audience:
    """Return what "everyone", "language=ru", "service=whatsapp" and "kind=group" mean together. Raises `LineError`."""
    sets: dict[str, set[str]] = {"kind": set(), "language": set(), "service": set()}
    for narrowing in narrowings:
        name, _, value = narrowing.partition("=")
        if narrowing == "everyone":
            continue
        if name not in sets or not value:
            raise LineError(f"{narrowing!r} is no audience: everyone, language=ru, service=whatsapp or kind=group")
        sets[name].add(_known(name, value, catalogue))
    return Audience(
        kinds=frozenset(sets["kind"]), languages=frozenset(sets["language"]), services=frozenset(sets["service"])
    )


def _known(name: str, value: str, catalogue: Catalogue) -> str:
    if name == "service":
        service = catalogue.find(value)
        if service is None:
            raise LineError(f"there is no service {value!r}")
        return service.id
    if name == "kind" and value not in _KINDS:
        raise LineError(f"{value!r} is no kind of chat: {', '.join(_KINDS)}")
    if name == "language" and value not in LANGUAGES:
        raise LineError(f"{value!r} is no language that the bot speaks: {', '.join(LANGUAGES)}")
    return value


async def followed(call: Call, broadcast: int) -> AsyncGenerator[dict[str, Any], None]:
    """Yield how a broadcast stands from time to time, until it is over. Raises `LineError`."""
    while True:
        state = await call.order(do="tell", id=broadcast)
        yield state
        if state["state"] in OVER:
            return
        await asyncio.sleep(_FOLLOWED_EVERY_S)
