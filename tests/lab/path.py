"""The path itself: how long a packet is under way, whether it is lost, and the routers that it passes."""

import random
from collections.abc import Callable

from tests.lab.censor import Censor
from tests.lab.packets import build_time_exceeded, hop_limit, lower_hop_limit, parse

# Takes the due time (s), whether the packet goes out to the internet, and the packet.
Schedule = Callable[[float, bool, bytes], None]


def router_address(version: int, hop: int) -> bytes:
    """Return the address of the hop-th router, from a network for documentation (RFC 5737, RFC 3849)."""
    if version == 4:
        return bytes((198, 51, 100, hop))
    return bytes.fromhex("20010db8ffff") + bytes(9) + bytes((hop,))


class Path:
    """Carries packets from end to end, and from the censor, who sits half-way, to either end."""

    def __init__(self, censor: Censor, schedule: Schedule) -> None:
        self._censor = censor
        self._schedule = schedule
        self._random = random.Random(f"path {censor.seed}")
        self._last_due = {True: 0.0, False: 0.0}

    def carry(self, raw: bytes, outbound: bool, now_s: float, extra_s: float = 0.0) -> None:
        """Send a packet on to its end, unless it is lost."""
        censor = self._censor
        if censor.hops:
            if outbound and hop_limit(raw) <= censor.hops:
                self.expire(raw, hop_limit(raw), now_s)
                return
            raw = lower_hop_limit(raw, censor.hops)
        if censor.loss and self._random.random() < censor.loss:
            return
        due = now_s + censor.delay_s + extra_s
        if censor.jitter_s:
            # Without overtaking: a later packet waits for an earlier one, as in a real queue.
            due = max(due + self._random.random() * censor.jitter_s, self._last_due[outbound])
            self._last_due[outbound] = due - extra_s
        self._schedule(due, outbound, raw)

    def reaches_censor(self, raw: bytes) -> bool:
        """Tell whether the hop limit of a client's packet lets it come as far as the censor."""
        return self._censor.hops == 0 or hop_limit(raw) > self._censor.at_hop

    def expire(self, raw: bytes, hop: int, now_s: float) -> None:
        """Let the hop-th router say that the packet got no further."""
        packet = parse(raw)
        if packet is not None:
            delay = 2 * self._censor.delay_s * hop / (self._censor.hops + 1)
            self._schedule(now_s + delay, False, build_time_exceeded(packet, router_address(packet.version, hop)))

    def inject(self, raw: bytes, outbound: bool, now_s: float) -> None:
        """Send a packet of the censor's own: half the way for what it answers to, half the way for this."""
        self._schedule(now_s + self._censor.delay_s, outbound, raw)

    def chance(self, probability: float) -> bool:
        return self._random.random() < probability
