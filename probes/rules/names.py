"""Rules for names: what the system's resolver says, held against what validated operators say."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from probes.evidence import Evidence
from probes.model import Cause, Confidence, Finding, Status
from probes.observations import Purpose
from probes.rules.response import Page
from probes.rules.table import ENOUGH, Rule, block_pages, confirmed_if, ids_of, say
from probes.trials import SILENCE, UNHEARD, family_of
from probes.vantage_via import are_stand_ins

if TYPE_CHECKING:
    from probes.observations import DnsObservation
    from probes.trials import Answer, Flow

_CAUSE = {
    "dns_nxdomain_error": Cause.DNS_NXDOMAIN,
    "dns_no_answer": Cause.DNS_NODATA,
    "dns_refused_error": Cause.DNS_REFUSED,
    "dns_servfail_error": Cause.DNS_SERVFAIL,
    "dns_server_misbehaving": Cause.DNS_SERVFAIL,
    "dns_reply_with_wrong_query_id": Cause.DNS_SPOOFED,
    "generic_timeout_error": Cause.DNS_TIMEOUT,
    "timed_out": Cause.DNS_TIMEOUT,
}
_OF_A_STRANGER = frozenset({"ssl_invalid_hostname", "ssl_unknown_authority"})
_DENIALS = frozenset({Cause.DNS_NXDOMAIN, Cause.DNS_NODATA})
_POLICY_ANSWERS = frozenset({"dns_nxdomain_error", "dns_no_answer", "dns_refused_error"})
"""Deliberate answers. SERVFAIL and silence also befall honest resolvers whose path to a zone is broken."""


@dataclass(frozen=True)
class Name:
    """The name of an endpoint that does not work at the addresses that the system was told."""

    evidence: Evidence

    @cached_property
    def failure(self) -> str | None:
        """How the system's resolver fails, by its own word if it ever gave one: a question may get lost."""
        answer = self.evidence.system_answer
        own = answer.failure if answer else None
        told = (o.failure for o in self.repeats if o.failure and o.failure not in UNHEARD)
        return own if answer is None or answer.heard else next(told, own)

    @property
    def cause(self) -> Cause | None:
        """What the resolver's failure is called; a denial that follows a national directory, by that."""
        cause = _CAUSE.get(self.failure or "")
        return Cause.DNS_DELISTED if self.evidence.delisted_ids and cause in _DENIALS else cause

    @cached_property
    def system_ids(self) -> tuple[str, ...]:
        seen = [o.id for answer in self.evidence.system_answers for o in answer.observations]
        return (*seen, *(o.id for o in self.evidence.repeated_answers))

    @cached_property
    def honest_ids(self) -> tuple[str, ...]:
        return tuple(i for voice in self.evidence.honest_voices for i in voice)

    @property
    def agreed(self) -> bool:
        """Two independent operators or more resolve the name."""
        return len(self.evidence.honest_voices) >= ENOUGH

    @property
    def alive(self) -> bool:
        """Somebody honest resolves the name to an address that may be contacted."""
        return any(self.evidence.permits(a, self.evidence.endpoint.port) for a in self.evidence.honest_addresses)

    @cached_property
    def proven(self) -> list[Flow]:
        """Flows to honest addresses that proved the name by its certificate."""
        honest = self.evidence.honest_addresses
        return [f for f in self.evidence.name_flows if f.attempt.address in honest and f.proves_name]

    @cached_property
    def proven_outside(self) -> tuple[str, ...]:
        """Ids of outside controls that shook hands with an honest address, under the name and its certificate."""
        evidence = self.evidence
        shaken = any(evidence.witnesses.succeeded("tls", a) for a in evidence.honest_addresses)
        return tuple(o.id for o in evidence.outside) if shaken else ()

    @cached_property
    def liars(self) -> list[Flow]:
        """Flows to addresses that no honest source gives, where the server showed somebody else's certificate."""
        false = self.false_addresses
        return [f for f in self.evidence.name_flows if f.attempt.address in false and _speaks_falsely(f)]

    @property
    def untrusted(self) -> list[Flow]:
        """The liars whose certificate comes from nobody whom everybody trusts: no site that people go to has such."""
        return [flow for flow in self.liars if flow.tls and flow.tls.failure != "ssl_invalid_hostname"]

    @cached_property
    def notices(self) -> list[Flow]:
        """Answers in clear text, at addresses that no honest source gives, that are known block pages."""
        asked = [*self.evidence.controls(Purpose.OTHER_PORT), *(page.flow for page in self.pages)]
        false = [flow for flow in asked if flow.attempt.address in self.false_addresses]
        return [flow for flow in false if flow.http and block_pages(flow.http)]

    @cached_property
    def liars_outside(self) -> tuple[str, ...]:
        """Addresses that no honest source gives, where outside controls were shown somebody else's certificate."""
        return tuple(a for a in self.false_addresses if self.evidence.witnesses.certificate(a) in _OF_A_STRANGER)

    @cached_property
    def repeats(self) -> list[DnsObservation]:
        """What the resolver whose word counts said when it was asked again for IPv4 addresses."""
        answer = self.evidence.system_answer
        return [o for o in self.evidence.repeated_by(answer.resolver) if o.query_type == "A"] if answer else []

    @cached_property
    def repeats_alike(self) -> list[DnsObservation]:
        return [o for o in self.repeats if o.failure == self.failure]

    @property
    def consistent(self) -> bool:
        """The failure was seen again on a fresh socket, and more often than not; silence, each time and everywhere."""
        answer = self.evidence.system_answer
        if self.failure in SILENCE:
            return all(self._is_silent(answer) for answer in self.evidence.useful_answers)
        heard = [o for o in self.repeats if o.failure not in UNHEARD]
        seen = len(self.repeats_alike) + (answer is not None and answer.failure == self.failure)
        return seen >= ENOUGH and len(self.repeats_alike) * 2 > len(heard)

    def _is_silent(self, answer: Answer) -> bool:
        again = self.evidence.repeated_by(answer.resolver)
        return len(again) > ENOUGH and all(o.failure in SILENCE for o in (*answer.observations, *again))

    @property
    def settled(self) -> bool:
        """None of the system's resolvers may still be searching."""
        return all(answer.done for answer in self.evidence.useful_answers)

    @property
    def unanswered(self) -> bool:
        """Another of the system's resolvers, which answers otherwise, left the question unanswered."""
        answer = self.evidence.system_answer
        return any(not other.heard for other in self.evidence.useful_answers if other != answer)

    @cached_property
    def injected(self) -> tuple[str, ...]:
        """Ids of answers that cannot be honest: beside another one, or from a server that does not answer."""
        beside = [o.id for a in self.evidence.system_answers for o in a.observations if o.late_replies]
        root = [o.id for o in self.evidence.root_answers if _answers_for_a_zone(o)] if self.referred else []
        return (*beside, *root, *(self.referred if root else ()))

    @cached_property
    def referred(self) -> tuple[str, ...]:
        """Ids of what a root server said of an innocuous name, as it should: questions to it do not go astray."""
        return tuple(o.id for o in self.evidence.root_controls if o.reply and not _answers_for_a_zone(o))

    @cached_property
    def udp_alone(self) -> tuple[str, ...]:
        """Ids of answers of the same resolver over TCP that contradict it over UDP."""
        asked = {o.resolver for o in self.repeats}
        answers = [o for o in self.evidence.tcp_answers if o.failure is None and o.resolver in asked]
        return tuple(o.id for o in answers if set(o.addresses) & set(self.evidence.honest_addresses))

    @property
    def rerouted(self) -> bool:
        """Somebody else than the resolver that was asked answered in its name; silence is nobody's answer."""
        return bool(self.udp_alone) and any(o.reply is not None for o in self.repeats_alike)

    @cached_property
    def false_addresses(self) -> tuple[str, ...]:
        """What the system was told that no honest source tells, once all that were asked have had their time."""
        asked = [trial for _, trial in self.evidence.questions(Purpose.HONEST_RESOLVER)]
        if not all(trial.done or self.evidence.slow(trial) for trial in asked):
            return ()
        strange = (a for a in self.evidence.system_addresses if a not in self.evidence.honest_addresses)
        return tuple(address for address in strange if family_of(address) in self._families_told)

    @cached_property
    def _families_told(self) -> set[int]:
        """The address families that some honest source has answered for, be it that there is no such address."""
        told = [o for answer in self.evidence.honest_answers for o in answer.observations]
        answered = {o.query_type for o in told if o.failure in {None, "dns_no_answer"}}
        families = {family for family, query_type in ((4, "A"), (6, "AAAA")) if query_type in answered}
        return families | {family_of(address) for address in self.evidence.honest_addresses}

    @cached_property
    def pages(self) -> list[Page]:
        """Answers in clear text at the addresses that the system was told."""
        told = self.evidence.system_addresses
        return [Page(self.evidence, flow) for flow in self.evidence.pages if flow.attempt.address in told]

    @property
    def vouched(self) -> bool:
        """What works is the service: in clear text, TLS at the same address or the view from outside must agree."""
        return not self.pages or any(page.twins or page.same_outside for page in self.pages)

    @property
    def dead(self) -> bool:
        evidence = self.evidence
        return bool(evidence.dead_voices) and not evidence.honest_addresses


def _answers_for_a_zone(observation: DnsObservation) -> bool:
    """A root server refers; it neither resolves another zone's name nor denies it (Jigsaw net-analysis, blocktest)."""
    reply = observation.reply
    return reply is not None and (bool(reply.answers) or (reply.rcode == "NXDOMAIN" and not reply.authority))


def name_dead_but_answered(name: Name) -> Finding | None:
    """The system's resolver gives an address for the name; if a page is shown there, then in clear text.

    Two validated operators or more agree that there is no such name: the answer was made up, and the site is gone for
    everybody all the same. Confirmed.
    """
    voices = name.evidence.dead_voices
    if not (name.dead and name.evidence.system_addresses and len(voices) >= ENOUGH):
        return None
    because = (*name.system_ids, *(i for voice in voices for i in voice))
    return say(Status.DOWN, Confidence.CONFIRMED, Cause.SERVICE_DNS_DEAD, Cause.DNS_SPOOFED, because=because)


def name_dead(name: Name) -> Finding | None:
    """The name does not resolve.

    Nor does it for validated operators: it does not exist, or has no address. Confirmed when two agree.
    """
    if not name.dead or name.evidence.system_addresses:
        return None
    because = (*name.system_ids, *(i for voice in name.evidence.dead_voices for i in voice))
    sure = confirmed_if(len(name.evidence.dead_voices) >= ENOUGH)
    return say(Status.DOWN, sure, Cause.SERVICE_DNS_DEAD, because=because)


def name_without_usable_address(name: Name) -> Finding | None:
    """The name resolves only to addresses that nobody can reach over the internet: loopback, private, reserved.

    Validated operators get the same. The owner publishes them; nobody in between is needed to explain it.
    """
    evidence = name.evidence
    if not evidence.honest_addresses or name.alive:
        return None
    because = (*name.system_ids, *name.honest_ids)
    return say(Status.DOWN, confirmed_if(name.agreed), Cause.SERVICE_DNS_DEAD, because=because)


def resolver_broken(name: Name) -> Finding | None:
    """The system's resolver fails for the name, or gives an address that proxies let stand in for all others.

    It does the same for names that nobody blocks: this host's resolver is of no use, and says nothing of the service.
    """
    evidence = name.evidence
    useless = name.failure is not None or are_stand_ins(evidence.system_addresses)
    answer = evidence.system_answer
    alone = answer is not None and answer.resolver in evidence.useless_resolvers  # others are not heard beside it
    all_are = evidence.baseline is not None and evidence.baseline.resolver == "broken"
    if not useless or not (alone or all_are):
        return None
    return say(Status.INCONCLUSIVE, Confidence.LIKELY, Cause.HOST_RESOLVER_BROKEN, because=name.system_ids)


def name_denied(name: Name) -> Finding | None:
    """The system's resolver denies, refuses or fails to resolve the name, or leaves the question unanswered.

    The same question asked again fails the same way, lost answers left out, while validated operators resolve it.
    Confirmed for deliberate answers (NXDOMAIN, no data, REFUSED) when two operators agree or the certificate at their
    address proves the name; likely for SERVFAIL and silence, which each question for the name must meet. Of several
    resolvers of the system the first that answers counts, those left out that resolve nothing at all; only likely where
    another one of use is silent. Where the same resolver tells the truth over TCP, the question was rerouted on the
    way. A name that is denied here, and that a national DNS directory denies as well when it is asked directly, is
    delisted.
    """
    cause = name.cause
    if cause is None or not (name.alive and name.settled and name.consistent):
        return None
    deliberate = name.failure in _POLICY_ANSWERS and not name.unanswered
    sure = (deliberate or bool(name.injected)) and (name.agreed or bool(name.proven))
    causes = (cause, Cause.DNS_REROUTED) if name.rerouted else (cause,)
    because = (*name.system_ids, *name.udp_alone, *name.injected, *name.honest_ids, *ids_of(name.proven))
    directory = name.evidence.delisted_ids if cause is Cause.DNS_DELISTED else ()
    return say(Status.BLOCKED, confirmed_if(sure), *causes, because=(*because, *directory))


def address_is_impossible(name: Name) -> Finding | None:
    """The system's resolver gives only addresses that cannot be on the internet: loopback, private, reserved.

    Validated operators give real ones. Confirmed when two agree or the certificate there proves the name.
    """
    evidence = name.evidence
    told = evidence.system_addresses
    possible = [a for a in told if evidence.permits(a, evidence.endpoint.port)]
    if not told or possible or not name.alive:
        return None
    because = (*name.system_ids, *name.honest_ids, *ids_of(name.proven))
    return say(Status.BLOCKED, confirmed_if(name.agreed or bool(name.proven)), Cause.DNS_SPOOFED, because=because)


def address_cannot_prove_name(name: Name) -> Finding | None:
    """The system's resolver gives an address that no operator gives; its server shows another name's certificate.

    The address that validated operators give proves the name with a valid certificate. Confirmed when this host saw at
    least one of the two and what is shown is nobody's site: a certificate that nobody trusts, a known block page, or an
    answer that was injected. Else likely: a stale address that belongs to another site by now looks the same.
    """
    if not (name.liars or name.liars_outside) or not (name.proven or name.proven_outside):
        return None
    made_up = (*ids_of(name.untrusted), *ids_of(name.notices), *name.injected)
    told = (*name.system_ids, *ids_of(name.liars), *made_up)
    because = (*told, *name.honest_ids, *ids_of(name.proven), *name.proven_outside)
    sure = bool(made_up) and bool(name.liars or name.proven)
    return say(Status.BLOCKED, confirmed_if(sure), Cause.DNS_SPOOFED, because=because)


def _speaks_falsely(flow: Flow) -> bool:
    """An expired certificate for the right name is the true server's own; a stranger's is not."""
    if flow.tls is None or flow.tls.failure is None:
        return False
    return flow.tls.failure.startswith("ssl_") and flow.tls.failure != "ssl_invalid_certificate"


def address_shows_block_page(name: Name) -> Finding | None:
    """The system's resolver gives an address that no operator gives, and at which the service does not answer.

    Asked for the name in clear text, the server there shows a known block page. Confirmed when the address that
    validated operators give proves the name with a valid certificate.
    """
    if not name.notices or not name.alive:
        return None
    because = (*name.system_ids, *ids_of(name.notices), *name.honest_ids, *ids_of(name.proven))
    return say(Status.BLOCKED, confirmed_if(bool(name.proven)), Cause.DNS_SPOOFED, because=because)


def answer_is_injected(name: Name) -> Finding | None:
    """The system's resolver gives an address at which the service does not answer.

    A second, different answer came behind it, or a root server seems to answer for the name, which none does, and
    refers for an innocuous one: answers are being injected. Confirmed when the address that validated operators give
    proves the name.
    """
    if not (name.false_addresses and name.injected and name.alive):
        return None
    because = (*name.system_ids, *name.injected, *name.honest_ids, *ids_of(name.proven))
    return say(Status.BLOCKED, confirmed_if(bool(name.proven)), Cause.DNS_SPOOFED, because=because)


def address_is_doubtful(name: Name) -> Finding | None:
    """The service does not answer at addresses that only the system's resolver gives, or gives a page unlike outside.

    It answers at the operators' address. A false answer explains that, and so does a dead server near this network, or
    one with pages of its own; the evidence does not tell them apart.
    """
    evidence = name.evidence
    told = set(evidence.system_addresses)
    unlike = all(page.differs_outside and not page.leads_home for page in name.pages)
    if not told or told != set(name.false_addresses) or not name.proven or not unlike:
        return None
    because = (*name.system_ids, *name.honest_ids, *ids_of(name.proven))
    return say(Status.INCONCLUSIVE, Confidence.POSSIBLE, Cause.DNS_SPOOFED, because=because)


def name_unclear(name: Name) -> Finding | None:
    """The name does not resolve here.

    No validated operator and no outside control could be asked, or the failure did not repeat.
    """
    if name.failure is None:
        return None
    cause = Cause.NOT_MEASURED if name.evidence.honest_voices else Cause.NO_OUTSIDE_CONTROL
    return say(Status.INCONCLUSIVE, Confidence.POSSIBLE, cause, because=name.system_ids)


def answered_on_the_way(name: Name) -> Finding | None:
    """The service works, at an address that none of the operators gives, though two of them agree on another.

    A root server seems to give the same address for the name, and refers, as root servers do, for an innocuous one:
    answers for this name are made on the way, and lead through somebody else's machine. Confirmed; the status stays.
    """
    told = {a for o in name.evidence.root_answers for a in o.addresses} & set(name.evidence.system_addresses)
    if not (name.evidence.disputed and name.injected and told):
        return None
    because = (*name.system_ids, *name.injected, *name.honest_ids)
    return say(Status.OK, Confidence.CONFIRMED, Cause.DNS_SPOOFED, because=because)


RULES = (
    Rule("name.dead_but_answered", name_dead_but_answered),
    Rule("name.dead", name_dead),
    Rule("name.without_usable_address", name_without_usable_address),
    Rule("name.resolver_broken", resolver_broken),
    Rule("name.address_is_impossible", address_is_impossible),
    Rule("name.denied", name_denied),
    Rule("name.address_cannot_prove_name", address_cannot_prove_name),
    Rule("name.address_shows_block_page", address_shows_block_page),
    Rule("name.answer_is_injected", answer_is_injected),
    Rule("name.address_is_doubtful", address_is_doubtful),
    Rule("name.unclear", name_unclear),
)
WORKING_RULES = (Rule("name.answered_on_the_way", answered_on_the_way),)
"""What is said beside the status of a service that works."""
