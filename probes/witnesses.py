"""What outside controls tell of one endpoint, weighed against each other: any one of them may be wrong. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from probes.model import Roots
from probes.observations import OutsideObservation
from probes.trials import fate_of

if TYPE_CHECKING:
    from collections.abc import Iterable

_LAYERS = ("tcp", "tls", "http")


@dataclass(frozen=True)
class Witnesses:
    """`told`: what those that answered saw at `port`. `roots`: the endpoint's own authorities, which none knows."""

    told: Sequence[OutsideObservation]
    port: int
    roots: Roots | None

    def succeeded(self, layer: str, address: str) -> bool | None:
        """Tell whether they were served at a layer: None if none was asked, none tells, or they disagree.

        They know no authorities but those that everybody trusts, so they cannot judge a service with its own.
        """
        seen = self._seen(layer, address)
        ayes = sum(seen)
        return None if 2 * ayes == len(seen) else 2 * ayes > len(seen)

    def agreeing(self, layer: str, address: str) -> int:
        """Return how many agree on what is seen there at a layer."""
        seen = self._seen(layer, address)
        return max(sum(seen), len(seen) - sum(seen))

    def contradict(self, addresses: Iterable[str]) -> bool:
        """Tell whether they contradict each other about one of these addresses."""
        seen = [self._seen(layer, address) for address in addresses for layer in _LAYERS]
        return any(0 < 2 * sum(each) == len(each) for each in seen)

    def certificate(self, address: str) -> str | None:
        """Return how the first one's handshake at an address failed; handshakes have OONI's own names there."""
        key = self._key(address)
        return next((o.tls[key] for o in self.told if key in o.tls), None)

    def _seen(self, layer: str, address: str) -> list[bool]:
        """Return what each tells, the last word of each."""
        told = {o.control: seen for o in self.told if (seen := self._told_by(o, layer, address)) is not None}
        return list(told.values())

    def _told_by(self, outside: OutsideObservation, layer: str, address: str) -> bool | None:
        if layer == "http":
            return None if self.roots else outside.http_failure is None and outside.http_status is not None
        table = outside.tcp if layer == "tcp" else outside.tls
        key = self._key(address)
        unjudged = self.roots is not None and fate_of(table.get(key)) == "certificate"
        return None if key not in table or unjudged else table[key] is None

    def _key(self, address: str) -> str:
        return f"[{address}]:{self.port}" if ":" in address else f"{address}:{self.port}"
