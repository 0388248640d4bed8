"""A block appears in the path of a running bot, and ends: what its chats hear of it, and how soon.

Intervals, waits and numbers of measurements are those that the bot has by default; only time passes faster. Two minutes
is what it takes from the first measurement that shows it: the bot's own, or that of anybody who asks. Where nobody
does, the first one comes with the turn of the service, an interval after it appeared at most.
"""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Queue
from typing import Any

from bot.monitor import INTERVAL_S
from tests.lab.censor import Censor
from tests.lab.lab import Lab
from tests.lab.scenario import Scenario, load_scenarios
from tests.lab.world import World

SCENARIOS = load_scenarios()
SUBSCRIBED = {0, 1, 3}
PATIENCE_S = 120.0
TWO_MINUTES_S = 120.0
LONGEST_INTERVAL_S = 1.1 * INTERVAL_S + 10
"""With its jitter, and the measurement at its end."""

Line = dict[str, Any]


class Town:
    """A running bot, and what is heard of it."""

    def __init__(self, lab: Lab, process: subprocess.Popen[str]) -> None:
        self._lab = lab
        self._process = process
        self._lines: Queue[Line] = Queue()
        self.heard: list[Line] = []
        threading.Thread(target=self._read, args=(process,), daemon=True).start()

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout
        for line in process.stdout:
            self._lines.put(json.loads(line))
        self._lines.put({"ended": process.wait()})

    def until(self, wanted: Callable[[Line], bool]) -> Line:
        """Return the next line that is wanted; whatever else is heard meanwhile is kept as well."""
        while True:
            line = self._lines.get(timeout=PATIENCE_S)
            assert "ended" not in line, self.heard[-5:]
            self.heard.append(line)
            if wanted(line):
                return line

    def becomes(self, *blocked: str) -> None:
        """Put censors in the path, those of these scenarios, or none."""
        rules = tuple(rule for name in blocked for rule in SCENARIOS[name].censor.rules)
        self._lab.configure(Scenario("test", "", World(), Censor(rules=rules, delay_s=0.002)))

    def asked(self, question: str) -> float:
        """Let somebody ask who did not subscribe, and return when that was."""
        assert self._process.stdin
        self._process.stdin.write(f"{question}\n")
        self._process.stdin.flush()
        return float(self.until(lambda line: line.get("asked") == question)["at"])

    def measured(self, service: str, status: str) -> float:
        """Wait for such a measurement, and return when it ended."""
        found = self.until(lambda line: (line.get("measured"), line.get("status")) == (service, status))
        return float(found["at"])

    def told(self) -> list[Line]:
        """Wait until every subscribed chat has got another message, and return these."""
        got: dict[int, Line] = {}
        while got.keys() < SUBSCRIBED:
            message = self.until(lambda line: line.get("chat") in SUBSCRIBED)
            got.setdefault(message["chat"], message)
        return list(got.values())

    def messages(self) -> list[Line]:
        return [line for line in self.heard if "chat" in line]


@contextmanager
def town(lab: Lab, interval_s: float, *targets: str) -> Iterator[Town]:
    lab.configure(Scenario("test", "", World(), Censor(delay_s=0.002)))
    argv = [sys.executable, "-m", "tests.lab.hurry", str(interval_s), *targets]
    with lab.popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            one = Town(lab, process)
            one.until(lambda line: "ready" in line)
            yield one
        finally:
            process.kill()


def test_every_subscribed_chat_hears_of_a_block_within_two_minutes_and_of_its_end(lab: Lab) -> None:
    with town(lab, INTERVAL_S, "whatsapp") as one:
        well_at = one.measured("whatsapp", "ok")
        one.becomes("whatsapp-gone")
        seen_at = one.measured("whatsapp", "blocked")
        alerts = one.told()
        assert {alert["chat"] for alert in alerts} == SUBSCRIBED
        assert all(alert["text"].startswith("⛔ WhatsApp — blocked since") for alert in alerts)
        told_at = max(alert["at"] for alert in alerts)
        assert told_at - seen_at < TWO_MINUTES_S
        assert told_at - well_at < LONGEST_INTERVAL_S + TWO_MINUTES_S, "it appeared after that"
        one.becomes()
        well_at = one.measured("whatsapp", "ok")
        ends = one.told()
        assert all(end["text"].startswith("✅ WhatsApp — works again\n\nIt was blocked for") for end in ends)
        assert max(end["at"] for end in ends) - well_at < TWO_MINUTES_S
        assert len(one.messages()) == 2 * len(SUBSCRIBED), "nobody hears anything twice, nor who did not subscribe"


def test_a_block_that_anybody_asks_about_is_told_to_every_subscribed_chat_within_two_minutes(lab: Lab) -> None:
    with town(lab, INTERVAL_S, "whatsapp") as one:
        one.measured("whatsapp", "ok")
        one.becomes("whatsapp-gone")
        asked_at = one.asked("/check whatsapp")
        seen_at = one.measured("whatsapp", "blocked")
        assert seen_at - asked_at < 0.5 * INTERVAL_S, "it did not wait for its turn"
        alerts = one.told()
        assert all(alert["text"].startswith("⛔ WhatsApp — blocked since") for alert in alerts)
        assert max(alert["at"] for alert in alerts) - seen_at < TWO_MINUTES_S


def test_a_country_wide_event_is_one_message(lab: Lab) -> None:
    with town(lab, 20.0, "whatsapp", "telegram", "signal") as one:
        for service in ("whatsapp", "telegram", "signal"):
            one.measured(service, "ok")
        one.becomes("whatsapp-gone", "telegram-gone", "signal-reset")
        for alert in one.told():
            assert alert["text"].startswith("⛔ 3 services are blocked")
            assert all(name in alert["text"] for name in ("WhatsApp", "Telegram", "Signal"))
        assert len(one.messages()) == len(SUBSCRIBED)
