"""What a single step has shown so far, as it is told to the planner and the rules."""

from __future__ import annotations

import pytest

from probes.model import Endpoint
from probes.network import Attempt, OutsideQuestion
from probes.observations import Arm, OutsideObservation, Purpose, QuicObservation, Target, TcpObservation
from probes.trials import Trial

SITE = Endpoint("https", "www.whatsapp.com", 443, "/")
COMMON = {"arm": Arm.EXPERIMENT, "purpose": Purpose.MEASURE, "target": Target(host=SITE.host)}


@pytest.mark.parametrize(
    ("trial", "ended_s"),
    [
        (Trial(Attempt(endpoint=SITE, address="157.240.9.53"), started_s=10.0), 10.0),
        (
            Trial(
                Attempt(endpoint=SITE, address="157.240.9.53"),
                started_s=10.0,
                observations=[TcpObservation(**COMMON, elapsed_s=0.2), TcpObservation(**COMMON, elapsed_s=0.3)],  # type: ignore[arg-type]
            ),
            10.5,
        ),
        (
            Trial(
                Attempt(endpoint=Endpoint("quic", SITE.host, 443), address="157.240.9.53"),
                started_s=10.0,
                observations=[
                    QuicObservation(**COMMON, kind="version_negotiation", elapsed_s=0.2),  # type: ignore[arg-type]
                    QuicObservation(**COMMON, kind="handshake", elapsed_s=0.3),  # type: ignore[arg-type]
                ],
            ),
            10.3,
        ),
        (
            Trial(
                OutsideQuestion(endpoint=SITE, addresses=(), witnesses=2),
                started_s=10.0,
                observations=[OutsideObservation(**COMMON, control=str(n), elapsed_s=n) for n in (1, 2)],  # type: ignore[arg-type]
            ),
            12.0,
        ),
    ],
    ids=["nothing seen", "one after the other", "by QUIC side by side", "two controls side by side"],
)
def test_stages_follow_each_other_or_run_side_by_side(trial: Trial, ended_s: float) -> None:
    assert trial.stage_started_s == pytest.approx(ended_s)
