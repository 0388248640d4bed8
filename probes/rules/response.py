"""Rules for requests that get no answer, and for answers that may not be the server's."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from probes.evidence import Evidence
from probes.model import OVER_TLS, Cause, Confidence, Status
from probes.observations import HttpObservation, Purpose
from probes.rules.table import ENOUGH, REFUSAL, Rule, Suspect, block_pages, confirmed_if, ids_of, say
from probes.trials import SERVER_ERROR, Flow

if TYPE_CHECKING:
    from probes.model import Finding
    from probes.observations import OutsideObservation

_SNI = {"silence": Cause.TLS_SNI_DROPPED, "reset": Cause.TLS_SNI_RESET}
_REQUEST = {"silence": Cause.HTTP_DROPPED, "reset": Cause.HTTP_RESET}
_ADDRESS = {"silence": Cause.IP_DROPPED, "reset": Cause.IP_RESET}
_REFUSED = 451
_FIRST_ERROR = 400
_BEHIND_A_GATEWAY = frozenset({502, 504, *range(520, 528), 530})
"""A gateway's word that the service behind it fails (RFC 9110 §15.6.3, Cloudflare's 5xx errors)."""


# --- no answer -------------------------------------------------------------------------------------------------------


def flow_frozen(suspect: Suspect) -> Finding | None:
    """The answer begins, then stops without a word after some kilobytes; a repeat stops there too.

    The same address delivers as much under another name. Likely: the transfer step measures it properly.
    """
    frozen = [f for f in suspect.alike if f.page_froze]
    passed = [f for f in suspect.innocuous_here if _received(f) > max(map(_received, frozen), default=0)]
    if suspect.fate != "silence" or len(frozen) < len(suspect.alike) or not (suspect.repeated and passed):
        return None
    return say(Status.DEGRADED, Confidence.LIKELY, Cause.FLOW_FROZEN, because=ids_of([*frozen, *passed]))


def _received(flow: Flow) -> int:
    return flow.http.info.bytes_received if flow.http and flow.http.info else 0


def answer_blocked_by_name(suspect: Suspect) -> Finding | None:
    """The request for the name is followed by a reset, a FIN or nothing.

    An unrelated server answers an innocuous name; none that is asked for this one answers, and it meets the same fate
    there, silence more than once. Over TLS, where the request cannot be read, the filter goes by the name in the
    ClientHello and lets the first packets pass. Confirmed when attempts on fresh sockets agree.
    """
    table = _SNI if suspect.evidence.endpoint.scheme in OVER_TLS else _REQUEST
    cause = table.get(suspect.fate or "")
    if cause is None or not suspect.follows_the_name:
        return None
    flows = [*suspect.alike, *suspect.innocuous_here, *suspect.name_elsewhere_alike, *suspect.innocuous_elsewhere]
    sure = suspect.repeated and suspect.elsewhere_told
    return say(Status.BLOCKED, confirmed_if(sure), cause, because=ids_of(flows))


def answer_blocked_here(suspect: Suspect) -> Finding | None:
    """The request for the name is followed by a reset, a FIN or nothing.

    The same address answers another name, and the outside control gets an answer without delay. Silence counts only if
    the request is not even acknowledged: a slow server does that. Likely.
    """
    cause = _REQUEST.get(suspect.fate or "")
    applies = suspect.repeated and suspect.innocuous_here and _prompt_outside(suspect)
    if cause is None or not applies or suspect.explained_by_slowness:
        return None
    because = (*ids_of([*suspect.alike, *suspect.innocuous_here]), *suspect.outside_ids)
    return say(Status.BLOCKED, Confidence.LIKELY, cause, because=because)


def address_blocked_after_connect(suspect: Suspect) -> Finding | None:
    """The connection is made; the request is followed by a reset, a FIN or nothing, whatever name it is for.

    An unrelated server answers, and the outside control gets an answer without delay, from this very address, as it
    knows no other: the address is filtered behind the TCP handshake. Silence counts only if the request is not even
    acknowledged: a slow server does that. Likely.
    """
    cause = _ADDRESS.get(suspect.fate or "")
    alone = {a for outside in suspect.evidence.outside for a in outside.addresses} <= {suspect.address}
    applies = suspect.repeated and suspect.innocuous_here_alike and suspect.innocuous_elsewhere and alone
    if cause is None or not applies or not _prompt_outside(suspect) or suspect.explained_by_slowness:
        return None
    flows = [*suspect.alike, *suspect.innocuous_here_alike, *suspect.innocuous_elsewhere]
    return say(Status.BLOCKED, Confidence.LIKELY, cause, because=(*ids_of(flows), *suspect.outside_ids))


def _prompt_outside(suspect: Suspect) -> bool:
    """The outside control got the page, and not slowly: a slow server is slow for everybody."""
    patience_s = suspect.worst.attempt.timeouts.response_s / 2
    return any(o.http_status is not None and o.elapsed_s < patience_s for o in suspect.evidence.outside)


def answer_fails_for_all(suspect: Suspect) -> Finding | None:
    """The server takes the request and does not answer it.

    Outside controls get no answer either. Confirmed when attempts on fresh sockets and two controls agree.
    """
    if suspect.outside("http") is not False:
        return None
    because = (*ids_of(suspect.alike), *suspect.outside_ids)
    return say(Status.DOWN, confirmed_if(suspect.corroborated("http")), Cause.SERVICE_DOWN, because=because)


def answer_unclear(suspect: Suspect) -> Finding | None:
    """The server takes the request and does not answer it in time.

    No control tells a filter from a slow or faulty server, so nothing more is said.
    """
    cause = Cause.NOT_MEASURED if suspect.outside_ids else Cause.NO_OUTSIDE_CONTROL
    return say(Status.INCONCLUSIVE, Confidence.POSSIBLE, cause, because=ids_of(suspect.alike))


RULES = (
    Rule("response.frozen", flow_frozen),
    Rule("response.blocked_by_name", answer_blocked_by_name),
    Rule("response.blocked_here", answer_blocked_here),
    Rule("response.address_blocked_after_connect", address_blocked_after_connect),
    Rule("response.fails_for_all", answer_fails_for_all),
    Rule("response.unclear", answer_unclear),
)


# --- an answer, but whose? -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Page:
    """An answer that came, to be told from one that somebody in between made up."""

    evidence: Evidence
    flow: Flow

    @property
    def http(self) -> HttpObservation:
        assert self.flow.http is not None  # noqa: S101 - a page has one; told to mypy
        return self.flow.http

    @property
    def authentic(self) -> bool:
        """It came over TLS with the right certificate."""
        return self.flow.proves_name

    @property
    def blockpages(self) -> list[str]:
        return block_pages(self.http)

    @property
    def outside_ids(self) -> tuple[str, ...]:
        return tuple(o.id for o in self.evidence.outside)

    @cached_property
    def seen_outside(self) -> list[OutsideObservation]:
        """What outside controls tell that got a page, the last word of each."""
        told = {o.control: o for o in self.evidence.outside}
        return [o for o in told.values() if o.http_failure is None and o.http_status is not None]

    @property
    def comparable(self) -> bool:
        """Outside controls got pages for the same request: they never ask for a WebSocket."""
        return bool(self.seen_outside) and self.evidence.endpoint.scheme != "wss"

    @property
    def differs_outside(self) -> bool:
        """Outside controls got pages that share neither status nor title with this one."""
        return self.comparable and not any(
            o.http_status == self.http.status and (o.http_title or "") == (self.http.title or "")
            for o in self.seen_outside
        )

    @cached_property
    def answers(self) -> list[Flow]:
        """Every answer that came, from any of the endpoint's addresses."""
        return [flow for flow in self.evidence.own_flows if flow.works]

    @property
    def errs_always(self) -> bool:
        """The endpoint answered with errors of its own each time, and more than once."""
        return len(self.answers) >= ENOUGH and all(flow.errs for flow in self.answers)

    @property
    def leads_home(self) -> bool:
        """It is a redirect within the same site: the control has followed it, and cannot be compared."""
        location = self.http.location
        home = self.flow.attempt.endpoint.host
        return location is not None and urlsplit(urljoin(self.http.url, location)).hostname == home

    @property
    def same_outside(self) -> bool:
        return any(o.http_status is not None for o in self.evidence.outside) and not self.differs_outside

    @cached_property
    def twins(self) -> list[Flow]:
        """The same site at the same address over TLS, authentic."""
        flows = self.evidence.controls(Purpose.SECURE_TWIN, self.flow.attempt.address)
        return [flow for flow in flows if flow.proves_name]

    @property
    def own_word(self) -> bool:
        """The server itself says so: over TLS, or in clear text what it says over TLS too."""
        return self.authentic or any(f.http and _alike(f.http, self.http) for f in self.twins if f.works)


def _alike(one: HttpObservation, other: HttpObservation) -> bool:
    return (one.status, one.location, one.title) == (other.status, other.location, other.title)


def _same_page(one: HttpObservation, other: HttpObservation) -> bool:
    return (one.status, one.location, one.body_sha256) == (other.status, other.location, other.body_sha256)


def page_follows_the_name(page: Page) -> Finding | None:
    """An answer in clear text.

    An unrelated server, asked for the same name, seems to give the very same answer, and another one for an innocuous
    name: it is made on the way. Confirmed.
    """
    elsewhere = page.evidence.controls(Purpose.UNRELATED_ADDRESS)
    same = [f for f in elsewhere if f.http and f.works and _same_page(f.http, page.http)]
    innocuous = page.evidence.controls(Purpose.UNRELATED_BASELINE)
    other = [f for f in innocuous if f.http and f.works and not _same_page(f.http, page.http)]
    if page.authentic or not same or not other:
        return None
    return say(Status.BLOCKED, Confidence.CONFIRMED, Cause.HTTP_BLOCKPAGE, because=ids_of([page.flow, *same, *other]))


def page_is_known(page: Page) -> Finding | None:
    """An answer in clear text that carries the marks of a known block page.

    Confirmed when two outside controls get another page; likely when one does, or none answered.
    """
    if page.authentic or not page.blockpages or (page.evidence.outside and not page.differs_outside):
        return None
    sure = page.differs_outside and len(page.seen_outside) >= ENOUGH
    because = (*page.flow.ids, *page.outside_ids)
    return say(Status.BLOCKED, confirmed_if(sure), Cause.HTTP_BLOCKPAGE, because=because)


def page_differs_from_secure_twin(page: Page) -> Finding | None:
    """An answer in clear text that is unlike the one that the outside control gets, and no redirect.

    The same address over TLS, with a valid certificate for the name, gives this host the page that the control got: the
    server does not treat this host differently, so the other page was put in its place. Likely.
    """
    seen = {(o.http_status, o.http_title) for o in page.seen_outside}
    genuine = [f for f in page.twins if f.works and f.http and f.http.title and (f.http.status, f.http.title) in seen]
    if page.authentic or page.http.location or not page.differs_outside or not genuine:
        return None
    because = (*ids_of([page.flow, *genuine]), *page.outside_ids)
    return say(Status.BLOCKED, Confidence.LIKELY, Cause.HTTP_BLOCKPAGE, because=because)


def service_refuses(page: Page) -> Finding | None:
    """The server answers that it does not serve visitors from here: status 451, or a page that says so.

    Over TLS with a valid certificate this is the service's own word, and so is what it says in clear text as well; else
    the outside control must get it too. Likely: other visitors from the same country may be treated otherwise.
    """
    refuses = page.http.status == _REFUSED or any(f.startswith(REFUSAL) for f in page.http.fingerprints)
    if not refuses or not (page.own_word or page.same_outside):
        return None
    return say(Status.DEGRADED, Confidence.LIKELY, Cause.SERVICE_REFUSES, because=page.flow.ids)


def service_refuses_this_host(page: Page) -> Finding | None:
    """The server turns this visitor away (403, 429), or wants a proof that it is human.

    The outside control gets the page. It is the service's own word: it comes over TLS with a valid certificate, or over
    TLS as well. Likely: people behind the same network may be treated otherwise.
    """
    if not (page.flow.turned_away and page.own_word and page.differs_outside):
        return None
    twins = [flow for flow in page.twins if not page.authentic]
    because = (*ids_of([page.flow, *twins]), *page.outside_ids)
    return say(Status.DEGRADED, Confidence.LIKELY, Cause.SERVICE_REFUSES, because=because)


def server_errs_here(page: Page) -> Finding | None:
    """The server answers each attempt of this host with an error of its own (5xx).

    Outside controls get the page, and no error at all. It is the service's own word: it comes over TLS with a valid
    certificate, or over TLS as well. Likely: it may have a fault of its own, for visitors from here.
    """
    fine = page.comparable and all((o.http_status or 0) < _FIRST_ERROR for o in page.seen_outside)
    if not (page.errs_always and page.own_word and fine):
        return None
    because = (*ids_of(page.answers), *page.outside_ids)
    return say(Status.DEGRADED, Confidence.LIKELY, Cause.SERVICE_REFUSES, because=because)


def server_errs_for_all(page: Page) -> Finding | None:
    """A gateway answers each attempt that the service behind it fails (502, 504, 520 to 527, 530).

    Outside controls are answered with errors of the server as well: the fault is the service's own. Likely. Of other
    errors (500, 503) nothing is said, as some services turn programs away with them, and were reached.
    """
    fails = page.seen_outside and all((o.http_status or 0) >= SERVER_ERROR for o in page.seen_outside)
    if not (page.errs_always and page.http.status in _BEHIND_A_GATEWAY and fails):
        return None
    because = (*ids_of(page.answers), *page.outside_ids)
    return say(Status.DOWN, Confidence.LIKELY, Cause.SERVICE_DOWN, because=because)


def page_differs(page: Page) -> Finding | None:
    """An answer in clear text that is unlike the one that the outside control gets.

    Nothing tells whether the server treats this host differently (a CAPTCHA, a mirror) or somebody in between does.
    """
    if page.authentic or not page.differs_outside or (page.http.status or 0) < _FIRST_ERROR:
        return None
    because = (*page.flow.ids, *page.outside_ids)
    return say(Status.INCONCLUSIVE, Confidence.POSSIBLE, Cause.NOT_MEASURED, because=because)


PAGE_RULES = (
    Rule("page.follows_the_name", page_follows_the_name),
    Rule("page.is_known", page_is_known),
    Rule("page.differs_from_secure_twin", page_differs_from_secure_twin),
    Rule("page.service_refuses", service_refuses),
    Rule("page.service_refuses_this_host", service_refuses_this_host),
    Rule("page.server_errs_here", server_errs_here),
    Rule("page.server_errs_for_all", server_errs_for_all),
    Rule("page.differs", page_differs),
)
