"""Where a world address really is: itself inside a namespace, or a stand-in on loopback where there is none."""

import os
from dataclasses import dataclass, field
from hashlib import blake2s
from typing import Self

LOOPBACK_VARIABLE = "REACHBOT_LAB_LOOPBACK"


@dataclass
class Placement:
    """Maps an address and port of the world to those to bind, and a bound address back.

    On loopback, every address gets one of its own in 127.0.0.0/8, drawn from the seed, and ports are shifted so that
    no privileged one is needed.
    """

    seed: str = ""
    port_offset: int = 0
    _known: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_environment(cls) -> Self:
        """Read `SEED:OFFSET` from REACHBOT_LAB_LOOPBACK; unset, addresses are what they are."""
        seed, _, offset = os.environ.get(LOOPBACK_VARIABLE, "").partition(":")
        return cls(seed, int(offset or 0))

    def place(self, address: str, port: int) -> tuple[str, int]:
        if not self.seed:
            return address, port
        digest = blake2s(f"{self.seed}/{address}".encode()).digest()
        local = f"127.{1 + digest[0] % 254}.{digest[1]}.{1 + digest[2] % 254}"
        self._known[local] = address
        return local, port + self.port_offset

    def world_address(self, local: str) -> str:
        return self._known.get(local, local)
