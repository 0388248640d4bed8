"""One case of OONI's own quality assurance, rebuilt: its network, OONI's answer and ours. Data without behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.lab.censor import Censor, Rule
from tests.lab.scenario import Scenario
from tests.lab.world import World

_EXIT_CODES = {"ok": 0, "inconclusive": 3, "refused": 2}


@dataclass(frozen=True, kw_only=True)
class Case:
    """`target` is typed after `reachbot check`; `ours` is what `tests.lab.verdicts.said` makes of the report then."""

    name: str  # OONI's own
    target: str
    network: str
    world: World = field(default_factory=World)
    rules: tuple[Rule, ...] = ()
    delay_s: float = 0.001  # of OONI's links, each way
    deep: bool = False  # asked with --deep
    budget_s: float | None = None  # what the check may take, where it is cut short
    ooni: str
    ours: str
    components: Mapping[str, str] = field(default_factory=dict)  # what is said of these components
    hop: str = ""  # the host that the verdict is about, where another one was asked for
    beyond_dns: str = ""  # whether an honest resolver alone would help, where that is part of the answer
    remark: str = ""  # why our answer is another one

    @property
    def exit_code(self) -> int:
        """The command line's contract; "refused" is for targets that are not checked at all."""
        return _EXIT_CODES.get(self.ours.partition(" ")[0], 1)

    @property
    def scenario(self) -> Scenario:
        """There is no IPv6 in OONI's simulated networks."""
        censor = Censor(self.rules, delay_s=self.delay_s)
        return Scenario(f"ooni-{self.name}", f"OONI's test case: {self.network}.", self.world, censor, ipv6=False)
