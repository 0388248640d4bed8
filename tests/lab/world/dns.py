"""A resolver's reply to one DNS message, whatever carried it: truth from the zone, lies from the resolver's rules."""

from collections.abc import Iterable
from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.rrset

from tests.lab.world import zone
from tests.lab.world.answers import (
    Addresses,
    Answer,
    Honest,
    Late,
    Malformed,
    NoData,
    NxDomain,
    Refused,
    ServFail,
    Silent,
    Text,
    Transport,
    Truncated,
    WrongId,
)
from tests.lab.world.atlas import Atlas, Said
from tests.lab.world.parts import Resolver

MOST_SAID = 10_000
NEGATIVE_TTL_S = 900
DELEGATION_TTL_S = 172_800
TOP_LEVEL_SERVERS = tuple(f"{letter}.gtld-servers.net." for letter in "abcdefghijklm")
ADDRESS_TYPES = {dns.rdatatype.A: 4, dns.rdatatype.AAAA: 6}


@dataclass(frozen=True)
class Reply:
    """The bytes to send, None for silence, and how long to wait before."""

    wire: bytes | None
    delay_s: float = 0.0


@dataclass(frozen=True)
class _Manner:
    """An answer taken out of its wrappers."""

    core: Answer
    delay_s: float = 0.0
    wrong_id: bool = False
    truncated: bool = False


SILENCE = Reply(None)


def reply(atlas: Atlas, wire: bytes, at: str, transport: Transport, client: str) -> Reply:
    """Answer as the resolver at this address does; where none is, or the bytes are no query, with silence."""
    resolver = atlas.resolver_at(at)
    if resolver is None or transport not in resolver.transports:
        return SILENCE
    asked = at, transport, wire[2:]
    said = atlas.said.get(asked)
    if said is not None:
        atlas.note("dns", resolver=at, transport=transport, client=client, name=said.name, type=said.kind)
        return Reply(wire[:2] + said.after_id, said.delay_s)
    try:
        query = dns.message.from_wire(wire)
    except dns.exception.DNSException:
        return SILENCE
    if query.flags & dns.flags.QR or query.opcode() != dns.opcode.QUERY or len(query.question) != 1:
        return SILENCE
    question = query.question[0]
    name = question.name.to_text(omit_final_dot=True).lower()
    kind = dns.rdatatype.to_text(question.rdtype)
    atlas.note("dns", resolver=at, transport=transport, client=client, name=name, type=kind)
    answer, for_good = _chosen(atlas, resolver, name, kind, transport)
    manner = _manner(answer)
    if isinstance(manner.core, Silent):
        return SILENCE
    if isinstance(manner.core, Malformed):
        return Reply(b"\x00garbage\xff" * 3, manner.delay_s)
    response = _to_wire(_response(atlas, resolver, query, name, manner.core), query, manner, transport)
    if for_good and not manner.wrong_id and len(atlas.said) < MOST_SAID:
        atlas.said[asked] = Said(name, kind, response[2:], manner.delay_s)
    return Reply(response, manner.delay_s)


def _chosen(atlas: Atlas, resolver: Resolver, name: str, kind: str, transport: Transport) -> tuple[Answer, bool]:
    """Return what this resolver answers, and whether it always does."""
    for number, rule in enumerate(resolver.rules):
        if rule.covers(name, transport):
            turn = atlas.turn("dns", resolver.address, number, name, kind) if len(rule.answers) > 1 else 0
            return rule.answers[turn % len(rule.answers)], len(rule.answers) == 1
    return Honest(), True


def _manner(answer: Answer) -> _Manner:
    delay_s, wrong_id, truncated = 0.0, False, False
    while isinstance(answer, Late | WrongId | Truncated):
        if isinstance(answer, Late):
            delay_s += answer.delay_s
        wrong_id |= isinstance(answer, WrongId)
        truncated |= isinstance(answer, Truncated)
        answer = answer.then
    return _Manner(answer, delay_s, wrong_id, truncated)


def _to_wire(response: dns.message.Message, query: dns.message.Message, manner: _Manner, transport: Transport) -> bytes:
    if manner.wrong_id:
        response.id ^= 0x5A5A
    if transport != "udp":
        return response.to_wire()
    limit = max(query.payload, 512)
    if manner.truncated:
        response.answer.clear()
        response.flags |= dns.flags.TC
    try:
        return response.to_wire(max_size=limit)
    except dns.exception.TooBig:
        response.answer.clear()
        response.flags |= dns.flags.TC
        return response.to_wire()


def _response(
    atlas: Atlas, resolver: Resolver, query: dns.message.Message, name: str, answer: Answer
) -> dns.message.Message:
    recursive = resolver.role == "recursive"
    response: dns.message.Message = dns.message.make_response(query, recursion_available=recursive)
    kind = query.question[0].rdtype
    match answer:
        case Refused():
            response.set_rcode(dns.rcode.REFUSED)
        case ServFail():
            response.set_rcode(dns.rcode.SERVFAIL)
        case NxDomain(soa, aa):
            _deny(response, _parent(atlas, name) if soa else None, nonexistent=True)
            response.flags |= dns.flags.AA if aa else 0
        case NoData(soa):
            _deny(response, _zone_of(name) if soa else None, nonexistent=False)
        case Addresses(addresses, ttl_s, aa):
            _give(response, name, addresses, kind, ttl_s)
            response.flags |= dns.flags.AA if aa else 0
        case Text(text, aa):
            _tell(response, name, text, kind)
            response.flags |= dns.flags.AA if aa else 0
        case _ if recursive:
            _recurse(atlas, resolver, response, name, kind)
        case _:
            _refer(response, name)
    return response


def _recurse(atlas: Atlas, resolver: Resolver, response: dns.message.Message, name: str, kind: int) -> None:
    hosts = atlas.world.hosts
    for alias in (chain := zone.aliases(hosts, name)):
        host = zone.match(hosts, alias)
        if host is None or not host.published:
            exists = _has_names_below(atlas, alias)
            return _deny(response, _zone_of(alias) if exists else _parent(atlas, alias), nonexistent=not exists)
        if host.cname and alias != chain[-1]:
            response.answer.append(dns.rrset.from_text(f"{alias}.", host.ttl_s, "IN", "CNAME", f"{host.cname}."))
    if host is not None:  # the chain's last
        _give(response, chain[-1], zone.heard(host, resolver.region), kind, host.ttl_s)
    return None


def _give(response: dns.message.Message, name: str, addresses: Iterable[str], kind: int, ttl_s: int) -> None:
    wanted = [a for a in addresses if zone.version(a) == ADDRESS_TYPES.get(dns.rdatatype.RdataType.make(kind))]
    if not wanted:
        return _deny(response, _zone_of(name), nonexistent=False)
    return response.answer.append(
        dns.rrset.from_text(f"{name}.", ttl_s, "IN", dns.rdatatype.to_text(dns.rdatatype.RdataType.make(kind)), *wanted)
    )


def _tell(response: dns.message.Message, name: str, text: str, kind: int) -> None:
    if kind != dns.rdatatype.TXT:
        return _deny(response, _zone_of(name), nonexistent=False)
    quoted = text.replace('"', '\\"')
    return response.answer.append(dns.rrset.from_text(f"{name}.", 300, "IN", "TXT", f'"{quoted}"'))


def _deny(response: dns.message.Message, soa_of: str | None, *, nonexistent: bool) -> None:
    if nonexistent:
        response.set_rcode(dns.rcode.NXDOMAIN)
    if soa_of is not None:
        owner = f"{soa_of}." if soa_of else "."
        data = f"ns1.{owner} hostmaster.{owner} 2026100101 1800 900 604800 {NEGATIVE_TTL_S}".replace("..", ".")
        response.authority.append(dns.rrset.from_text(owner, NEGATIVE_TTL_S, "IN", "SOA", data))


def _zone_of(name: str) -> str:
    """The registrable part, taken as the last two labels; "" for the root."""
    return ".".join(name.split(".")[-2:]) if name != "." else ""


def _has_names_below(atlas: Atlas, name: str) -> bool:
    return any(known.endswith("." + name) for known in atlas.world.hosts)


def _parent(atlas: Atlas, name: str) -> str:
    """The zone that denies a name: its own registered domain where one exists, else the top-level domain."""
    registered = _zone_of(name)
    known = registered in atlas.world.hosts or _has_names_below(atlas, registered)
    return registered if known and registered != name else name.rpartition(".")[2]


def _refer(response: dns.message.Message, name: str) -> None:
    """What a root server says of any name: not me, ask those who know its top-level domain (RFC 1034 §4.3.2)."""
    top_level = f"{name.rpartition('.')[2]}." if name != "." else "."
    response.authority.append(dns.rrset.from_text(top_level, DELEGATION_TTL_S, "IN", "NS", *TOP_LEVEL_SERVERS))
