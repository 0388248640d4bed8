"""What to measure next: pure, from the evidence so far to the steps that could still change the verdict.

The experiment asks again when a step has ended, has met a failure or has become slow, and starts whatever is new; a
step is the same as an earlier one when it compares equal. Counterfactuals are asked for as soon as a step fails *or
takes longer than the network's round trips explain*, so that a silent drop is not waited for twice.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from probes.controls import domain_of
from probes.model import OVER_TLS, URL_PORTS, Endpoint
from probes.network import Attempt, OutsideQuestion, Question
from probes.observations import Arm, Purpose
from probes.plan_transfers import downloads_are_held_back, freezes_under_any_name, move_data
from probes.trials import ANSWERED, RESOLVER_TROUBLE, SILENCE, fate_of, is_address

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from probes.controls import Controls
    from probes.evidence import Evidence
    from probes.trials import Flow

Step = Question | Attempt | OutsideQuestion

SUSPECTS = 2
"""How many suspect addresses of one origin get their own counterfactuals; more would only repeat the same finding."""
REPEATS = 2
LATER_S = 1.0
"""How long after a connect that was turned down at once its last repeat comes: a burst of resets is over by then."""
SILENT_REPEATS = 4
"""Of a question that was left unanswered: over UDP a single lost packet is enough for that."""
UNRELATED = 2
OUTSIDE_QUESTIONS = 2
WITNESSES = 2
"""How many outside controls are asked at once: what one alone tells may be its own fault."""
_SPOKEN = frozenset({"tls", "http", "mtproto"})
"""The layers in which a server has to answer what was said to it."""
_HTTP_PORT = 80
_OTHER_PORT = {443: _HTTP_PORT, _HTTP_PORT: 443}
_QUERY_TYPES: dict[int, Literal["A", "AAAA"]] = {4: "A", 6: "AAAA"}


def next_steps(evidence: Evidence, controls: Controls) -> list[Step]:
    """Return every step that is worth taking now, those taken already included."""
    steps: list[Step] = []
    if not evidence.literal:
        steps += _ask_system(evidence)
        steps += _ask_honest(evidence)
    steps += _try_system_addresses(evidence)
    if evidence.baseline is not None and evidence.baseline.network == "offline":
        return steps
    doubted = evidence.name_doubted
    if doubted:
        steps += _ask_again(evidence, controls)
    elif evidence.disputed:
        steps += _ask_root(evidence, controls)
    if doubted or (evidence.disputed and evidence.endpoint.scheme == "http"):
        steps += _try_honest_addresses(evidence)
    for address in _few_of_each_origin(evidence, evidence.usable(evidence.suspects)):
        steps += _controls_for(evidence, controls, address)
    steps += _again_where_it_errs(evidence)
    for flow in evidence.pages:
        steps += _controls_for_page(evidence, controls, flow)
    if evidence.troubled or downloads_are_held_back(evidence):
        steps += _ask_outside(evidence)
    if evidence.deep or freezes_under_any_name(evidence):
        steps += move_data(evidence, controls)
    return steps


# --- names -----------------------------------------------------------------------------------------------------------


def _query_types(evidence: Evidence) -> list[Literal["A", "AAAA"]]:
    return [_QUERY_TYPES[family] for family in sorted(evidence.working_families)] or ["A"]


def _ask_system(evidence: Evidence) -> Iterator[Question]:
    """Ask the first resolver at once, each further one when those before it are in trouble, as a stub does."""
    failing = {a.resolver for a in evidence.system_answers if a.done and a.failure in RESOLVER_TROUBLE}
    failing |= {question.resolver for question, trial in evidence.questions(Purpose.MEASURE) if evidence.slow(trial)}
    for resolver in evidence.system_resolvers:
        for query_type in _query_types(evidence):
            yield Question(name=evidence.endpoint.host, query_type=query_type, resolver=resolver)
        if resolver not in failing:
            return


def stands_for_domain(endpoint: Endpoint, pool: Sequence[Endpoint]) -> bool:
    """Tell whether a site is its domain's first in its component: networks lie of domains and slow them down whole."""
    alike = (e for e in pool if e.scheme in URL_PORTS and domain_of(e.host) == domain_of(endpoint.host))
    return endpoint.scheme in URL_PORTS and next(alike, endpoint) == endpoint


def _ask_honest(evidence: Evidence) -> Iterator[Question]:
    """Ask those who have no reason to lie; of a whole domain just once while certificates prove its other names."""
    proven = evidence.endpoint.scheme in OVER_TLS and not stands_for_domain(evidence.endpoint, evidence.pool)
    if proven and not evidence.troubled:
        return
    for resolver in evidence.trusted_resolvers:
        for query_type in _query_types(evidence):
            yield Question(
                name=evidence.endpoint.host,
                query_type=query_type,
                resolver=resolver,
                transport="doh",
                arm=Arm.CONTROL,
                purpose=Purpose.HONEST_RESOLVER,
            )


def _ask_again(evidence: Evidence, controls: Controls) -> Iterator[Question]:
    yield from _ask_root(evidence, controls)
    if evidence.system_answer is not None and evidence.system_answer.addresses:
        return
    for answer in evidence.system_answers:
        first = Question(name=evidence.endpoint.host, query_type="A", resolver=answer.resolver)
        silent = not answer.done or answer.failure in SILENCE
        for nth in range(1, (SILENT_REPEATS if silent else REPEATS) + 1):
            yield replace(first, purpose=Purpose.REPEAT, nth=nth)
        for nth in range(1, REPEATS + 1) if silent else ():  # a filter goes by the name, whatever is asked of it
            yield replace(first, query_type="AAAA", purpose=Purpose.REPEAT, nth=nth)
        yield replace(first, transport="tcp", arm=Arm.CONTROL, purpose=Purpose.RESOLVER_TCP)


def _ask_root(evidence: Evidence, controls: Controls) -> Iterator[Question]:
    """Ask for the name, and for an innocuous one: where all questions go astray, the first answer shows nothing."""
    host = evidence.endpoint.host
    for name in (host, controls.innocuous_name(host)):
        yield Question(
            name=name,
            host=host,
            query_type="A",
            resolver=controls.root_servers[0],
            arm=Arm.CONTROL,
            purpose=Purpose.ROOT_SERVER,
        )


# --- connections -----------------------------------------------------------------------------------------------------


def _attempt(evidence: Evidence, address: str) -> Attempt:
    return Attempt(endpoint=evidence.endpoint, address=address, roots=evidence.roots)


def _try_system_addresses(evidence: Evidence) -> Iterator[Attempt]:
    for address in evidence.tried:
        yield _attempt(evidence, address)


def _try_honest_addresses(evidence: Evidence) -> Iterator[Attempt]:
    new = [a for a in evidence.honest_addresses if a not in evidence.system_addresses]
    for address in evidence.few(new):
        yield replace(_attempt(evidence, address), arm=Arm.CONTROL, purpose=Purpose.HONEST_ADDRESS)


def _few_of_each_origin(evidence: Evidence, suspects: Sequence[str]) -> list[str]:
    """Of what the system's resolver gives and of what others give: these fail for reasons of their own."""
    told = [address for address in suspects if address in evidence.system_addresses]
    return told[:SUSPECTS] + [address for address in suspects if address not in told][:SUSPECTS]


def _controls_for(evidence: Evidence, controls: Controls, address: str) -> Iterator[Attempt]:
    plain = _attempt(evidence, address)
    hasty = sum(flow.hasty for flow in evidence.at(address))
    later_s = LATER_S if _turned_down(evidence, address) else 0.0
    for nth in range(1, REPEATS + min(hasty, REPEATS) + 1):
        yield replace(plain, purpose=Purpose.REPEAT, nth=nth, wait_s=later_s if nth == REPEATS else 0.0)
    layers = {flow.layer for flow in evidence.at(address) if flow.suspicious}
    if layers & {"tcp", "stun"}:
        yield _other_port(evidence, address)
    if layers & {"tls", "http", "quic"}:
        innocuous = controls.innocuous_name(evidence.endpoint.host)
        control = replace(plain, any_certificate=True, arm=Arm.CONTROL, purpose=Purpose.INNOCUOUS_NAME)
        yield replace(control, server_name=innocuous)
    if layers & {"tls", "http"}:
        yield from _elsewhere(evidence, controls)
    if _may_be_slow(evidence, address):
        yield replace(plain, purpose=Purpose.REPEAT, patient=True)
    if "mtproto" in layers:
        http = Endpoint("http", evidence.endpoint.host, evidence.endpoint.port, "/")
        yield replace(plain, endpoint=http, arm=Arm.CONTROL, purpose=Purpose.OTHER_PROTOCOL)
    if "stun" in layers:
        for server in controls.stun_servers:
            yield replace(
                plain,
                endpoint=server,
                address=server.host,
                arm=Arm.CONTROL,
                purpose=Purpose.UNRELATED_BASELINE,
            )


def _may_be_slow(evidence: Evidence, address: str) -> bool:
    """Tell whether the server has what was said to it, and takes its time."""
    own = [flow for flow in evidence.at(address) if flow.done and flow.silent and flow.layer in _SPOKEN]
    return any(flow.acknowledged for flow in own)


def _turned_down(evidence: Evidence, address: str) -> bool:
    """Tell whether a connect failed by an answer: unlike silence, that takes no time, and so do all of its repeats."""
    failed = [flow for flow in evidence.at(address) if flow.failed and flow.layer == "tcp"]
    return any(fate_of(flow.failure) in ANSWERED for flow in failed)


def _other_port(evidence: Evidence, address: str) -> Attempt:
    """Another port of the address, one that was open before if there is any, to see whether anybody is at home.

    In clear text it shows who.
    """
    own = evidence.endpoint.port
    open_before = sorted(port for known, port in evidence.accepted if known == address and port != own)
    port = next(iter(open_before), _OTHER_PORT.get(own, 443))
    endpoint = Endpoint("http" if port == _HTTP_PORT else "tcp", evidence.endpoint.host, port, "/")
    return Attempt(endpoint=endpoint, address=address, arm=Arm.CONTROL, purpose=Purpose.OTHER_PORT)


def _elsewhere(evidence: Evidence, controls: Controls) -> Iterator[Attempt]:
    """The name at servers that have nothing to do with it, and an innocuous one at yet another.

    Not at the same one: a filter that remembers the server for a while would spoil the comparison. Each is asked again
    where it is silent: a lost packet proves nothing.
    """
    unrelated = [a for a in evidence.usable(controls.unrelated_addresses) if a not in evidence.system_addresses]
    control = replace(_attempt(evidence, ""), any_certificate=True, arm=Arm.CONTROL)
    for address in unrelated[:UNRELATED]:
        yield from _again_if_silent(evidence, replace(control, address=address, purpose=Purpose.UNRELATED_ADDRESS))
    innocuous = replace(control, server_name=controls.innocuous_name(evidence.endpoint.host))
    for address in unrelated[UNRELATED:] or unrelated[:1]:
        yield from _again_if_silent(evidence, replace(innocuous, address=address, purpose=Purpose.UNRELATED_BASELINE))


def _again_if_silent(evidence: Evidence, attempt: Attempt) -> Iterator[Attempt]:
    yield attempt
    if any(flow.silent for flow in evidence.flows if flow.attempt == attempt):
        yield replace(attempt, nth=2)


def _again_where_it_errs(evidence: Evidence) -> Iterator[Attempt]:
    """Ask again where the server answers with an error of its own: one in a while is no trouble."""
    erring = dict.fromkeys(flow.attempt.address for flow in evidence.own_flows if flow.errs)
    for address in list(erring)[:SUSPECTS]:
        for nth in range(1, REPEATS + 1):
            yield replace(_attempt(evidence, address), purpose=Purpose.REPEAT, nth=nth)


# --- pages in clear text ---------------------------------------------------------------------------------------------


def _controls_for_page(evidence: Evidence, controls: Controls, flow: Flow) -> Iterator[Attempt]:
    address = flow.attempt.address
    yield Attempt(endpoint=_secure(evidence), address=address, arm=Arm.CONTROL, purpose=Purpose.SECURE_TWIN)
    yield from _elsewhere(evidence, controls)


def _secure(evidence: Evidence) -> Endpoint:
    """The same site over TLS."""
    return Endpoint("https", evidence.endpoint.host, 443, evidence.endpoint.path)


# --- the view from outside -------------------------------------------------------------------------------------------


def _ask_outside(evidence: Evidence) -> Iterator[OutsideQuestion]:
    """When the names have been asked for, so that the control tries the honest addresses too.

    Two controls, as one may be wrong; a third where they contradict each other. Once more about suspects that were not
    known at the time.
    """
    asked = [trial.step for trial in evidence.trials if isinstance(trial.step, OutsideQuestion)]
    waiting = [t for _, t in evidence.questions(Purpose.HONEST_RESOLVER) if not t.done and not evidence.slow(t)]
    if asked and evidence.witnesses.contradict(evidence.suspects):
        yield replace(asked[0], witnesses=1, heard=frozenset(seen.control for seen in evidence.outside))
    if waiting or (asked and not _learned_since(evidence, asked)):
        return
    if evidence.literal and evidence.pool:
        yield _ask_outside_of_all(evidence)
        return
    addresses = [*evidence.tried, *evidence.few(evidence.honest_addresses)]
    told = tuple(dict.fromkeys(addresses))
    yield OutsideQuestion(endpoint=evidence.endpoint, addresses=told, witnesses=WITNESSES)


def _learned_since(evidence: Evidence, asked: list[OutsideQuestion]) -> bool:
    told = {address for question in asked for address in question.addresses}
    unknown = (a for a in evidence.suspects if a not in told and evidence.witnesses.succeeded("tcp", a) is None)
    rounds = sum(not question.heard for question in asked)
    return rounds < OUTSIDE_QUESTIONS and next(unknown, None) is not None


def _ask_outside_of_all(evidence: Evidence) -> OutsideQuestion:
    """Return the one question for all addresses that a component has at this port: a control takes many at a time."""
    port = evidence.endpoint.port
    addresses = tuple(dict.fromkeys(e.host for e in evidence.pool if e.port == port and is_address(e.host)))
    return OutsideQuestion(endpoint=Endpoint("tcp", addresses[0], port), addresses=addresses, witnesses=WITNESSES)
