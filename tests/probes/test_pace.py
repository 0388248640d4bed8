"""How long is waited, and what that makes of silence."""

from hypothesis import given
from hypothesis import strategies as st

from probes.pace import Pace, silence_s

ROUND_TRIPS_S = st.floats(0.0, 4.0)


@given(ROUND_TRIPS_S)
def test_silence_that_was_waited_out_counts_on_every_line(rtt_s: float) -> None:
    timeouts = Pace(rtt_s).timeouts
    late_s = 0.01  # what clocks and event loops differ by
    assert min(timeouts.connect_s, timeouts.handshake_s, timeouts.response_s) > silence_s(rtt_s) + late_s


@given(ROUND_TRIPS_S)
def test_a_line_that_is_a_little_slower_than_was_known_is_given_its_time_too(rtt_s: float) -> None:
    timeouts = Pace(rtt_s).timeouts
    assert min(timeouts.connect_s, timeouts.handshake_s) > silence_s(1.05 * rtt_s)
