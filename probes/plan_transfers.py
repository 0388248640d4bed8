"""Which data to move, and what to hold that against: the part of `probes.plan` that is about transfers. Pure.

A page that is too short tells nothing of a rate. In its place a large file is fetched from a server that has nothing to
do with the service, under the service's name: a network that slows a name down does so wherever the name is said.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from probes.controls import domain_of
from probes.model import Endpoint
from probes.network import Attempt, Transfer
from probes.observations import Arm, Purpose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from probes.controls import Controls, Download
    from probes.evidence import Evidence
    from probes.trials import Flow

_SIZE_BYTES = 64 * 1024
"""Enough to pass the 16-20 KB at which some networks freeze a flow, and to tell a rate by."""
DOWN = Transfer(direction="down", size_bytes=_SIZE_BYTES)
UP = Transfer(direction="up", size_bytes=_SIZE_BYTES)
_TELLING_BYTES = _SIZE_BYTES // 2
"""A page of less is through before it shows how fast it comes."""
_TIMES = 4
"""How often is moved what was held back: not every connection is limited where some are (hyperion-cs, issue 44)."""
_CONTROL_TIMES = 2
_SUSPICIOUS = 3
"""How many times slower than its control a borrowed file must come to be fetched again: below that it is the line."""


def move_data(evidence: Evidence, controls: Controls) -> Iterator[Attempt]:
    """Move data under the endpoint's name, once each way.

    What is held back is moved again and again, side by side with as much under another name, here and elsewhere. What
    goes in clear text goes over TLS as well: a network may slow a port down.
    """
    address = _where_to_move_data(evidence)
    if address is None:
        return
    own = Attempt(endpoint=evidence.endpoint, address=address, roots=evidence.roots, purpose=Purpose.TRANSFER)
    yield from _move_up(evidence, controls, own)
    yield from _move_down(evidence, controls, own)


def _move_up(evidence: Evidence, controls: Controls, own: Attempt) -> Iterator[Attempt]:
    first = replace(own, transfer=UP)
    yield first
    if _held_back(evidence, first):
        yield from _again(first)
        for control in (*_at_home(evidence, controls, first), *_unrelated(evidence, controls, first)):
            yield from _twice(control)


def _move_down(evidence: Evidence, controls: Controls, own: Attempt) -> Iterator[Attempt]:
    first = replace(own, transfer=DOWN)
    server = _download_server(evidence, controls, own.address)
    control = _from(evidence, server) if server is not None else None
    named = _under_its_name(evidence, server) if server is not None else None
    if named is not None and control is not None and _page_is_short(evidence, own.address):
        yield from _borrow(evidence, named, control)
        return
    yield first
    if _held_back(evidence, first):
        yield from _again(first)
        strangers = [control] if control is not None else _unrelated(evidence, controls, first)
        for other in (*_at_home(evidence, controls, first), *strangers, *([named] if named is not None else [])):
            yield from _twice(other)


def _borrow(evidence: Evidence, named: Attempt, control: Attempt) -> Iterator[Attempt]:
    """Fetch a stranger's file; again and again only where it does not come as slowly under the stranger's own name.

    That is one question for all endpoints, and many at once make any line slow.
    """
    yield named
    if _held_back(evidence, named):
        yield from _twice(control)
        if _may_be_the_name(evidence, named, control):
            yield from _again(named)


def _again(attempt: Attempt) -> Iterator[Attempt]:
    return (replace(attempt, nth=nth) for nth in range(2, _TIMES + 1))


def _twice(attempt: Attempt) -> Iterator[Attempt]:
    return (replace(attempt, nth=nth) for nth in range(1, _CONTROL_TIMES + 1))


def downloads_are_held_back(evidence: Evidence) -> bool:
    """Tell whether the endpoint's own data comes slowly, which others may tell of its server as well."""
    return any(flow.held_back and flow.attempt.transfer == DOWN for flow in _own_transfers(evidence))


def freezes_under_any_name(evidence: Evidence) -> bool:
    """Pages freeze, and so does another name's at the same address: only data held against a stranger's can tell."""
    frozen = {f.attempt.address for f in evidence.own_flows if f.page_froze}
    return any(f.page_froze for a in frozen for f in evidence.controls(Purpose.INNOCUOUS_NAME, a))


# --- what is held against a transfer ---------------------------------------------------------------------------------


def _at_home(evidence: Evidence, controls: Controls, own: Attempt) -> Iterator[Attempt]:
    """Another name at the same address, and clear text's twin over TLS."""
    control = replace(own, any_certificate=True, arm=Arm.CONTROL)
    innocuous = controls.innocuous_name(evidence.endpoint.host)
    yield replace(control, server_name=innocuous, purpose=Purpose.TRANSFER_CONTROL)
    if evidence.endpoint.scheme == "http":
        secure = replace(evidence.endpoint, scheme="https", port=443)
        yield replace(control, endpoint=secure, purpose=Purpose.SECURE_TWIN)


def _unrelated(evidence: Evidence, controls: Controls, own: Attempt) -> Iterator[Attempt]:
    """Another name at an unrelated server, where there is one; the same one for all endpoints."""
    innocuous = controls.innocuous_name(evidence.endpoint.host)
    strangers = [a for a in evidence.usable(controls.unrelated_addresses) if a != own.address]
    for address in strangers[:1]:
        yield Attempt(
            transfer=own.transfer,
            endpoint=Endpoint(evidence.endpoint.scheme, innocuous, evidence.endpoint.port, "/"),
            address=address,
            server_name=innocuous,
            any_certificate=True,
            arm=Arm.CONTROL,
            purpose=Purpose.UNRELATED_BASELINE,
        )


def _from(evidence: Evidence, server: Download) -> Attempt:
    """A large file of a stranger's, asked for as everybody does; in clear text where the endpoint is."""
    clear = evidence.endpoint.scheme == "http"
    return Attempt(
        endpoint=replace(server.endpoint, scheme="http", port=80) if clear else server.endpoint,
        address=server.address,
        asked_host=server.endpoint.host,
        transfer=DOWN,
        any_certificate=True,
        arm=Arm.CONTROL,
        purpose=Purpose.UNRELATED_BASELINE,
    )


def _under_its_name(evidence: Evidence, server: Download) -> Attempt | None:
    """The same file, while the endpoint's name is what the network gets to see; None where it would not be hidden."""
    if evidence.literal or evidence.endpoint.scheme == "http":
        return None
    hidden = replace(server.endpoint, host=evidence.endpoint.host)
    return replace(_from(evidence, server), endpoint=hidden, purpose=Purpose.TRANSFER)


def _download_server(evidence: Evidence, controls: Controls, own_address: str) -> Download | None:
    """The first that is there and delivers, and is no relative of the endpoint."""
    return next(
        (
            server
            for server in controls.downloads
            if domain_of(server.endpoint.host) != domain_of(evidence.endpoint.host)
            and server.address != own_address
            and evidence.usable((server.address,))
            and not any(_fails_to_deliver(flow) for flow in evidence.flows if flow.attempt.address == server.address)
        ),
        None,
    )


def _fails_to_deliver(flow: Flow) -> bool:
    """Tell whether a stranger's server is of no use: it is not there, or has no file for those who say this name."""
    if flow.attempt.asked_host is None:
        return False
    if flow.transfer is None:
        return flow.done or (flow.slow and flow.layer == "tcp")
    return flow.transfer.failure is None and flow.transfer.rate_bytes_s is None


# --- the endpoint's own data -----------------------------------------------------------------------------------------


def _own_transfers(evidence: Evidence) -> list[Flow]:
    moved = (flow for flow in evidence.flows if flow.attempt.purpose is Purpose.TRANSFER)
    return [flow for flow in moved if flow.attempt.asked_host is None]


def _alike(evidence: Evidence, attempt: Attempt) -> list[Flow]:
    """The attempt and its repeats, as far as they got."""
    return [flow for flow in evidence.flows if replace(flow.attempt, nth=attempt.nth) == attempt]


def _held_back(evidence: Evidence, first: Attempt) -> bool:
    froze = first.asked_host is None and any(flow.page_froze for flow in evidence.own_flows)
    return froze or any(flow.held_back for flow in _alike(evidence, first))


def _may_be_the_name(evidence: Evidence, named: Attempt, control: Attempt) -> bool:
    """Tell whether a control has ended, and was not just as slow; a file that still comes is slower than that."""
    ended = [flow.transfer for flow in _alike(evidence, control) if flow.transfer is not None]
    own = [flow.transfer for flow in _alike(evidence, named) if flow.transfer is not None]
    fastest = max((transfer.rate_bytes_s or math.inf for transfer in ended), default=0.0)
    return fastest > _SUSPICIOUS * min((transfer.rate_bytes_s or 0.0 for transfer in own), default=0.0)


def _page_is_short(evidence: Evidence, address: str) -> bool:
    """Tell whether all of the page came at once, and is too little to tell a rate by."""
    whole = [flow.http for flow in evidence.at(address) if flow.works and flow.http and not flow.http.body_truncated]
    return bool(whole) and all(http.body_bytes < _TELLING_BYTES for http in whole)


def _where_to_move_data(evidence: Evidence) -> str | None:
    """An address that has proven itself, as far as it can, and always the same one, even if its page was cut short."""
    trusted = [f for f in evidence.own_flows if f.proves_name or evidence.endpoint.scheme == "http"]
    able = [flow for flow in trusted if flow.works or flow.page_froze]
    return next((flow.attempt.address for flow in (*_own_transfers(evidence), *able)), None)
