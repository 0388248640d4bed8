"""What incidents are made of: subjects, readings of them, how each stands, and the changes that people hear of.

Frozen dataclasses. When a reading changes anything is decided in `bot.incidents.machine`; times are in seconds since
1970 everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from probes.model import Cause, Confidence, Status
from probes.verdict import NOT_INTERFERENCE, BeyondDns

Kind = Literal["service", "directory", "host"]
Severity = Literal["block", "degradation", "outage", "directory", "host"]
"""What somebody may want to hear of, or not. An outage is the service's own: nobody interferes."""
What = Literal["opened", "changed", "closed", "flapping", "settled", "lost"]
"""Lost: it is watched no longer, and nobody will know how it ended."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What an incident is about: a service, its standing in a national DNS directory, or the host that measures."""

    kind: Kind
    name: str
    """A service's id, "nsdi/whatsapp", or "host"."""

    @property
    def service(self) -> str | None:
        """The service that it concerns; the host concerns all."""
        return None if self.kind == "host" else self.name.rpartition("/")[2]

    @property
    def directory(self) -> str | None:
        return self.name.partition("/")[0] if self.kind == "directory" else None


HOST = Subject("host", "host")


def of_service(service: str) -> Subject:
    return Subject("service", service)


def in_directory(directory: str, service: str) -> Subject:
    return Subject("directory", f"{directory}/{service}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What is said of a subject. A host is `ok` or `down`; a standing in a directory `ok` or `blocked`."""

    status: Status
    confidence: Confidence = Confidence.LIKELY
    causes: tuple[Cause, ...] = ()
    """Strongest first."""
    components: tuple[str, ...] = ()
    """The impaired ones."""
    beyond_dns: BeyondDns = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one measurement says of one subject."""

    subject: Subject
    at: float
    """When the measurement ended."""
    claim: Claim
    source: str = ""
    """The service that was measured."""


def severity_of(subject: Subject, claim: Claim) -> Severity:
    """Return what kind of news it is that a subject is as claimed."""
    if subject.kind != "service":
        return subject.kind
    if claim.status is Status.BLOCKED:
        return "block"
    return "degradation" if interferes(claim) else "outage"


def interferes(claim: Claim) -> bool:
    """Tell whether somebody is accused, and it is not the service's own fault."""
    if claim.status is Status.BLOCKED:
        return True
    return claim.status is Status.DEGRADED and any(cause not in NOT_INTERFERENCE for cause in claim.causes)


# --- how a subject stands --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Readings in a row that agree with each other, and not with how their subject stands."""

    since: float
    last: float
    count: int
    claims: tuple[Claim, ...]
    """The last few."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ongoing:
    """The incident that is open."""

    opened_at: float
    """The first of the readings that opened it."""
    claim: Claim
    said: tuple[Cause, ...]
    """Every cause that was named since it opened."""
    worst: Status
    retold: int = 0
    """How often causes were added."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """All that is remembered of a subject; small, and the same after a restart."""

    subject: Subject
    read_at: float = 0.0
    """Of the last reading: none that is not newer counts."""
    good_at: float | None = None
    bad_at: float | None = None
    ongoing: Ongoing | None = None
    run: Run | None = None
    moved_at: float = 0.0
    """When an incident last opened, closed, or became full or partial."""
    turns: tuple[float, ...] = ()
    """When it last turned for the worse; what is too old for flapping is forgotten."""
    flaps: tuple[float, ...] = ()
    """When flapping was last recognised, within a day."""
    flapping: bool = False
    flaps_as: Severity | None = None
    """The worst that was told of it while it flaps."""
    witnesses: tuple[str, ...] = ()
    """Of the host alone: services whose checks it spoilt since it was last well."""

    @property
    def suspected(self) -> bool:
        """Something speaks against how it stands, and not enough yet."""
        return self.run is not None

    @property
    def doubtful(self) -> bool:
        """It is not known to be well."""
        return self.ongoing is not None or self.run is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One turn of an incident."""

    subject: Subject
    what: What
    severity: Severity
    at: float
    """When it was established."""
    since: float
    """The first measurement that showed it; of a closed incident its end, of flapping its first opening, of
    a lost one the last that showed it."""
    opened_at: float | None = None
    """The start of the incident; None where there is none."""
    well_at: float | None = None
    """When the subject was last seen to be well before an incident opened; None: never, and it may be older."""
    status: Status
    confidence: Confidence
    causes: tuple[Cause, ...] = ()
    components: tuple[str, ...] = ()
    beyond_dns: BeyondDns = "unknown"
    previous_status: Status | None = None
    previous_causes: tuple[Cause, ...] = ()
    bad_at: float | None = None
    """When the subject was last seen to be in trouble before an incident closed: it ended between then and `since`."""
    duration_s: float | None = None
    """How long an incident lasted that is closed, at most."""
    times: int = 0
    """How often it turned for the worse, where it flaps or has settled."""
    quiet: bool = False
    """Part of a flapping that was told already: it belongs to the history, and nobody is to hear of it."""
    incident: int | None = None
    """The store's number for it; None until it has one."""
