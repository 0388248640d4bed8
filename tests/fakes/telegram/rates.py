"""Telegram's flood limits as token buckets on the fake's clock.

The figures are Telegram's own (core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this): about 30
messages a second overall, one a second in a chat with short bursts, 20 a minute in a group. Edits count like messages.
Drafts are published nowhere; they have a roomier bucket of their own.
"""

import math
from dataclasses import dataclass, field

from tests.fakes.telegram.errors import too_many_requests

_MESSAGES = {
    "sendmessage",
    "sendphoto",
    "copymessage",
    "editmessagetext",
    "editmessagecaption",
    "editmessagemedia",
    "editmessagereplymarkup",
}
_DRAFTS = {"sendmessagedraft"}


@dataclass(frozen=True)
class Rate:
    per_s: float
    burst: int


@dataclass(frozen=True)
class Rates:
    chat: Rate = Rate(1, burst=5)
    group: Rate = Rate(20 / 60, burst=20)
    overall: Rate = Rate(30, burst=30)
    draft: Rate = Rate(5, burst=10)

    @classmethod
    def unlimited(cls) -> "Rates":
        endless = Rate(math.inf, burst=1)
        return cls(chat=endless, group=endless, overall=endless, draft=endless)


@dataclass
class _Bucket:
    rate: Rate
    filled_at: float
    tokens: float = field(init=False)

    def __post_init__(self) -> None:
        self.tokens = self.rate.burst

    def wait_s(self, now: float) -> float:
        """How long until one more may pass; 0 when it may pass now."""
        if math.isinf(self.rate.per_s):
            return 0
        self.tokens = min(self.rate.burst, self.tokens + (now - self.filled_at) * self.rate.per_s)
        self.filled_at = now
        # A hair of tolerance: whoever waits exactly as long as he was told must pass in spite of rounding.
        return 0 if self.tokens > 1 - 1e-6 else (1 - self.tokens) / self.rate.per_s


class FloodControl:
    """Lets a call pass or raises the 429 that names when to come back."""

    def __init__(self, rates: Rates) -> None:
        self.rates = rates
        self._buckets: dict[tuple[str, int], _Bucket] = {}

    def admit(self, method: str, chat_id: int, now: float) -> None:
        """Chat ids below zero are groups and channels, 0 is no chat at all (inline messages). Raises ApiError 429."""
        buckets = [self._bucket(*key, now) for key in self._keys(method, chat_id)]
        longest_s = max((bucket.wait_s(now) for bucket in buckets), default=0)
        if longest_s:
            raise too_many_requests(math.ceil(longest_s))
        for bucket in buckets:
            bucket.tokens -= 1

    def _keys(self, method: str, chat_id: int) -> list[tuple[str, int]]:
        if method in _DRAFTS:
            return [("draft", chat_id)]
        if method not in _MESSAGES:
            return []
        kinds = ["chat"] * (chat_id != 0) + ["group"] * (chat_id < 0)
        return [("overall", 0), *((kind, chat_id) for kind in kinds)]

    def _bucket(self, kind: str, chat_id: int, now: float) -> _Bucket:
        if (kind, chat_id) not in self._buckets:
            self._buckets[kind, chat_id] = _Bucket(getattr(self.rates, kind), now)
        return self._buckets[kind, chat_id]
