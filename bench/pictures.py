"""Sample pictures for the documentation: `python -m bench.pictures FOLDER`.

What they show was measured in the simulated internet of `tests.lab`, in the scenarios below, each some times; the
reports are played over a year of simulated time, at random among those of a scenario, as if a monitor had asked every
five minutes. Nothing of a report is changed. Every picture says that it is of a simulated network.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bot.chat import board, past, standing, timeline
from bot.chat.charts import DARK, LIGHT
from bot.chat.past import PERIODS, Incident, Past
from bot.history import Reading, ongoing, outages, reading, settled
from bot.store.history import DAY_S, Since
from probes import reports
from probes.catalogue import Catalogue
from tests.bot.pasts import thinned_by_age

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bot.chat.charts import Theme

NOW = datetime(2026, 11, 23, 9, 40, tzinfo=UTC).timestamp()
NOTE = "UTC. A simulated network: lab reports, replayed"
SERVICES = (
    *("whatsapp", "telegram", "signal", "youtube", "instagram", "facebook", "x", "discord", "vk", "yandex"),
    *("wikipedia", "rutube", "max", "tiktok", "viber"),
)
RUNS = {"healthy": 4, "russia-2026-02": 3, "delisted": 2, "offline": 1}
"""How often each scenario is measured."""
COURSE = (
    (210.0, 196.0, None),
    (120.0, 97.0, "russia-2026-02"),
    (41.0, 40.6, None),
    (22.0, 19.5, "delisted"),
    (12.3, 12.25, "offline"),
    (5.2, 4.95, "delisted"),
    (3.1, 3.0, None),
    (0.42, 0.0, "russia-2026-02"),
)
"""From and to how many days ago something else than a healthy network was there; None: nothing was measured."""


def main(folder: Path) -> None:
    measured = {scenario: [_measured(scenario) for _ in range(runs)] for scenario, runs in RUNS.items()}
    pasts = {id_: list(_played(id_, measured)) for id_ in SERVICES}
    folder.mkdir(parents=True, exist_ok=True)
    for name, png in _pictures(pasts):
        (folder / f"{name}.png").write_bytes(png)
        print(f"{folder / name}.png  {len(png) / 1000:.0f} kB")


def _measured(scenario: str) -> dict[str, Reading]:
    """Return what one run of the program in a scenario says of each service."""
    check = [sys.executable, "-m", "bot", "check", *SERVICES, "--json"]
    lab = [sys.executable, "-m", "tests.lab", scenario, "--", *check]
    lines = subprocess.run(lab, capture_output=True, text=True, check=False).stdout.splitlines()
    found = {}
    for line in lines:
        document = json.loads(line)
        document.pop("news", None)
        report = reports.load(json.dumps(document))
        found[report.target] = reading(report, 0.0)
    if missing := set(SERVICES) - found.keys():
        raise SystemExit(f"{scenario}: nothing of {', '.join(sorted(missing))}")
    return found


def _played(id_: str, measured: Mapping[str, Sequence[Mapping[str, Reading]]]) -> Iterator[Reading]:
    chance = random.Random(id_)
    at = NOW - 370 * DAY_S
    while (at := at + chance.uniform(285, 315)) < NOW:
        scenario = _scenario((NOW - at) / DAY_S)
        if scenario is not None:
            yield chance.choice(measured[scenario])[id_]._replace(at=at)


def _scenario(days_ago: float) -> str | None:
    return next((scenario for begin, end, scenario in COURSE if end < days_ago <= begin), "healthy")


def _pictures(pasts: Mapping[str, Sequence[Reading]]) -> Iterator[tuple[str, bytes]]:
    kept = thinned_by_age(pasts["whatsapp"], NOW)
    looks: tuple[tuple[str, Theme], ...] = (("", DARK), ("-light", LIGHT))
    for id_ in PERIODS:
        for suffix, theme in looks:
            yield f"history-{id_}{suffix}", _timeline("whatsapp", kept, id_, theme)
    known = defaultdict(list)
    for service, readings in pasts.items():
        known[service] = settled([one for one in readings if one.at > NOW - DAY_S], NOW)
    shown = standing.board(standing.standings(list(Catalogue.load()), known, NOW), NOW)
    for suffix, theme in looks:
        yield f"status{suffix}", board.draw(replace(shown, footer=f"23 Nov, 09:40, {NOTE}"), theme)


def _timeline(id_: str, kept: Sequence[Reading], period: str, theme: Theme) -> bytes:
    service = Catalogue.load().get(id_)
    assert service is not None
    whole = settled(kept, NOW)
    first = ongoing(whole, {whole[-1].status})
    since = Since(first.at, first.at, 1) if first else None
    incidents = [Incident(one.since, one.until if one.over else None) for one in outages(whole)]
    shown = past.timeline(Past(service, PERIODS[period], whole, since, incidents, NOW, UTC))
    return timeline.draw(replace(shown, zone=NOTE), theme)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
