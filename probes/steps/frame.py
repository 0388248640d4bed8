"""What all observations of one connection have in common."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TypedDict

from probes.observations import Arm, Purpose, Target, TcpInfo
from probes.steps.tcp_info import read_info


class Fields(TypedDict):
    """The fields of `Observation` that a step fills in, to be spread into the constructor."""

    arm: Arm
    purpose: Purpose
    target: Target
    connection: str | None
    elapsed_s: float
    failure: str | None
    info: TcpInfo | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One connection: its socket, what it is made to, and why. The socket is the caller's to close."""

    sock: socket.socket
    arm: Arm
    purpose: Purpose
    target: Target
    connection: str | None = None

    def fields(self, elapsed_s: float, failure: str | None) -> Fields:
        """Return the common fields of a step that has just ended; TCP_INFO is read now."""
        return Fields(
            arm=self.arm,
            purpose=self.purpose,
            target=self.target,
            connection=self.connection,
            elapsed_s=elapsed_s,
            failure=failure,
            info=read_info(self.sock),
        )
