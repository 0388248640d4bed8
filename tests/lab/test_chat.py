"""The whole way, as people go it: a question by Telegram, the real program, an internet with or without a censor.

How long it takes is printed by `make bench`; here a busy machine may take its time.
"""

from tests.lab.censor import Censor, Reset, Rule, Sni
from tests.lab.lab import Lab
from tests.lab.scenario import Scenario
from tests.lab.talks import talk
from tests.lab.world import World

RTT_S = 0.04
API_S = 0.08


def test_a_healthy_service_is_said_to_work_after_a_first_line(lab: Lab) -> None:
    lab.configure(Scenario("test", "", World(), Censor(delay_s=RTT_S / 2)))
    (heard,) = lab.call(talk, ["whatsapp?"], API_S, timeout_s=90.0)
    assert heard.first.startswith("Checking WhatsApp")
    assert heard.first_s < heard.whole_s
    assert "WhatsApp — works" in heard.whole
    assert heard.messages == 1


def test_a_blocked_service_is_explained_and_so_is_why(lab: Lab) -> None:
    lab.configure(Scenario("test", "", World(), Censor((Rule(Sni("instagram.com"), Reset()),), delay_s=RTT_S / 2)))
    answer, why, details = lab.call(
        talk, ["/check instagram.com", "/why instagram.com", "/details instagram.com"], API_S, timeout_s=90.0
    )
    assert "blocked (confirmed)" in answer.whole
    assert "cut off once it says the service's name" in answer.whole
    assert "So it is about the name, whoever hears it." in why.whole
    assert "[handshake.name_blocked]" in why.whole
    assert "observations" in details.whole
