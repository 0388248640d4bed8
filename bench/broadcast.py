"""A broadcast to ten thousand chats: rate, refusals, memory; and one through a flood of 429, a cut line and 502.

The fake Bot API keeps Telegram's limits strictly. They, the pacer and the outbox' pauses are faster than they are:
seconds here are Telegram's. What of the bot is not made faster (leasing, writing to the disk, and whatever else the
machine does) counts that much more.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bench.beside import running
from bench.fake_limits import limits
from bench.outbox import rate
from bench.prompts import Prompter, prompting
from bench.table import Row
from tests.fakes.telegram import FakeTelegram, faults

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping

    from bench.runs import Size

ABOUT = "a broadcast: rate, refusals, memory; what outages leave of it, and alerts in between"
_FASTER = 5
_FASTER_THROUGH_OUTAGES = 10
_ALERT = "Blocked: "
_ALERTS = 10
"""In each outage: few enough to be told within half a second of its end at the allowed rate."""
_ALERT_EVERY_S = 0.1
"""By the clock on the wall; none follows another sooner, so that a short outage has fewer."""
FEWEST_ALERTS = 3
_FLOOD_S, _CUT_S, _GATEWAY_S = 25.0, 300.0, 60.0
_ASKED_S = 1
"""For how long the flood wants a pause, by the clock on the wall."""
_TOO_MANY = faults.error(429, f"Too Many Requests: retry after {_ASKED_S}", {"retry_after": _ASKED_S})


@dataclass(kw_only=True)
class Outage:
    """When it was, by the event loop's clock, and when which alerts were put in during it.

    `over` is when messages were taken again, `until` when the last pause ended that was asked for before.
    """

    name: str
    since: float
    over: float = math.inf
    until: float = math.inf
    put: dict[str, float] = field(default_factory=dict)

    def covered_by(self, put: Collection[float]) -> bool:
        """Tell whether these alerts fell into it at all its ages: their waits say something about it then."""
        quarters = {int(4 * (at - self.since) / (self.until - self.since)) for at in put}
        return len(put) >= FEWEST_ALERTS and {0, 3} <= quarters


def measure(size: Size) -> list[Row]:
    people = size.pick(10_000, 100)
    undisturbed = asyncio.run(_tell(people))
    grown = Row(name="memory grown while it goes out", value=undisturbed["grown_mb"], unit=" MB", at_most=5)
    outages = asyncio.run(_Outages(size.pick(2_000, 100), size.pick(1.0, 0.1)).measure())
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
        self._outages: list[Outage] = []

    async def measure(self) -> list[Row]:
        fast = _FASTER_THROUGH_OUTAGES
        async with (
            FakeTelegram(rates=limits(fast), validate=False, latency_s=0.08 / fast) as api,
            prompting() as alerts,
        ):
            for number in range(1, self._people + 1):
                api.private(api.user(number))
            arguments = (api.base_url, api.token, str(self._people), str(fast), str(alerts.port))
            async with asyncio.TaskGroup() as group:
                group.create_task(self._disturb(api, alerts))
                async with running("bench.broadcasting", *arguments) as figures:
                    return self._rows(figures, api)

    async def _disturb(self, api: FakeTelegram, alerts: Prompter) -> None:
        await self._until_sent(api, 0.2)
        async with self._outage("429", _FLOOD_S, alerts) as outage:
            await self._faulty(api, _TOO_MANY, _FLOOD_S)
            outage.over = _clock()
            await _until_pauses_end(api, outage.since)
        await self._until_sent(api, 0.5)
        async with self._outage("no network", _CUT_S, alerts):
            await self._cut(api)
        await self._until_sent(api, 0.8)
        async with self._outage("502", _GATEWAY_S, alerts):
            await self._faulty(api, faults.bad_gateway(), _GATEWAY_S)
        alerts.end()

    @asynccontextmanager
    async def _outage(self, name: str, seconds: float, alerts: Prompter) -> AsyncIterator[Outage]:
        """Ask for alerts from the beginning to the end of what happens in between."""
        outage = Outage(name=name, since=_clock())
        self._outages.append(outage)
        every_s = max(_ALERT_EVERY_S, seconds * self._share / _ALERTS)
        asking = asyncio.ensure_future(_ask_for_alerts(outage, every_s, alerts))
        try:
            yield outage
        finally:
            asking.cancel()
            outage.until = _clock()
            outage.over = min(outage.over, outage.until)

    async def _faulty(self, api: FakeTelegram, fault: faults.Fault, seconds: float) -> None:
        api.fault("*", fault, times=None)
        await asyncio.sleep(seconds * self._share)
        api.faults.clear()

    async def _cut(self, api: FakeTelegram) -> None:
        api.fault("*", faults.reset(), times=None)  # a connection that is just being made outlives the next line
        await api.refuse_connections()
        await asyncio.sleep(_CUT_S * self._share)
        api.faults.clear()
        await api.accept_connections()

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
            *(wait_beyond(outage, _arrivals(api), _FASTER_THROUGH_OUTAGES) for outage in self._outages),
        ]


def wait_beyond(outage: Outage, arrived: Mapping[str, float], faster: float) -> Row:
    """Return how long alerts that were put in during an outage waited beyond it, by Telegram's time.

    A flood of 429 ends with the last pause that Telegram asked for: nothing may leave before (`retry_after`,
    core.telegram.org/bots/api#responseparameters). What got through while nothing should have does not count. Where no
    alerts fell near its beginning and its end nothing was measured, and one that never arrived waits for ever.
    """
    told = {which: arrived.get(which, math.inf) for which in outage.put}
    put = {which: at for which, at in outage.put.items() if told[which] >= outage.over}
    row = Row(name=f"wait of an alert beyond: {outage.name}", unit=" s", at_most=2)
    detail = f"{len(put)} alerts, {faster * (outage.until - outage.since):.0f} s"
    if not outage.covered_by(put.values()):
        return replace(row, detail=f"not measured: {detail}", wrong=True)
    longest_s = max(0.0, *(told[which] - max(at, outage.until) for which, at in put.items()))
    return replace(row, value=faster * longest_s, detail=detail)


async def _ask_for_alerts(outage: Outage, every_s: float, alerts: Prompter) -> None:
    while True:
        which = f"{outage.name}, {len(outage.put)}"
        outage.put[which] = _clock()
        alerts.say(f"{_ALERT}{which}")
        await asyncio.sleep(every_s)


async def _until_pauses_end(api: FakeTelegram, since: float) -> None:
    """Wait until all the pauses are over that were asked for since then."""
    while True:
        refused = [call.at for call in api.calls if call.at >= since and (call.answer or {}).get("error_code") == 429]
        left_s = max(refused, default=-math.inf) + _ASKED_S - _clock()
        if left_s <= 0:
            return
        await asyncio.sleep(left_s)


def _arrivals(api: FakeTelegram) -> dict[str, float]:
    """Return when each alert arrived first: one that is repeated says so before all else."""
    arrived: dict[str, float] = {}
    for call in api.calls:
        _, said, which = str(call.params.get("text", "")).partition(_ALERT)
        if said and call.ok:
            arrived.setdefault(which, call.at)
    return arrived


def _clock() -> float:
    return asyncio.get_running_loop().time()
