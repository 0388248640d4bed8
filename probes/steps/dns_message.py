"""DNS messages: what is asked, and how an answer reads. Pure; the sockets are `probes.steps.dns`' affair."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice
from typing import TYPE_CHECKING

import dns.entropy
import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype

from probes.observations import DnsReply, Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dns.message import Message, QueryMessage
    from dns.rrset import RRset

NO_ANSWER = "dns_no_answer"
MISBEHAVING = "dns_server_misbehaving"
WRONG_ID = "dns_reply_with_wrong_query_id"
_FAILURES = {
    "NXDOMAIN": "dns_nxdomain_error",
    "REFUSED": "dns_refused_error",
    "SERVFAIL": "dns_servfail_error",
}

UDP_PAYLOAD_BYTES = 1232
"""What we take over UDP: no path fragments it (DNS Flag Day 2020)."""
MAX_MESSAGE_BYTES = 16384
"""A longer one is not read: it would keep the event loop busy for a fifth of a second, and no address list needs it."""
MAX_RECORDS = 64
"""Kept of each section."""
MAX_TEXT = 512
"""Characters kept of a record's data; a name has fewer."""

_ANSWER, _AUTHORITY = 1, 2


@dataclass(frozen=True, slots=True)
class Answer:
    """One received message, read. `failure` is None where it holds what was asked for."""

    failure: str | None
    reply: DnsReply | None = None
    matches: bool = False
    """Whether it answers this very question: by its id, and by its question where it can be read."""
    truncated: bool = False


def query_for(name: str, query_type: str, message_id: int | None = None) -> QueryMessage:
    """Build a question with a random id, unless one is given. Raises `dns.exception.DNSException` on a bad name.

    It sets AD to be told of validation without the signatures (RFC 6840 §5.7).
    """
    query = copy(_question(name, query_type))
    query.id = dns.entropy.random_16() if message_id is None else message_id
    return query


def encode(query: QueryMessage) -> bytes:
    """Return the bytes of what `query_for` built."""
    return query.id.to_bytes(2, "big") + (query.wire or query.to_wire())[2:]


@lru_cache(maxsize=256)
def _question(name: str, query_type: str) -> QueryMessage:
    """Build a question once: a check puts the same one to many resolvers, and building takes longer than asking."""
    flags = dns.flags.RD | dns.flags.AD
    query = dns.message.make_query(name, query_type, use_edns=0, payload=UDP_PAYLOAD_BYTES, flags=flags, id=0)
    query.to_wire()  # the library keeps it in `wire`
    return query


def read(wire: bytes, query: QueryMessage) -> Answer:
    """Read what came back for `query`. Never raises, whatever the bytes."""
    same_id = wire[:2] == query.id.to_bytes(2, "big")
    if same_id and len(wire) > 2 and wire[2] & (dns.flags.TC >> 8):  # noqa: PLR2004 -- the flags follow the id
        return Answer(MISBEHAVING, matches=True, truncated=True)  # cut anywhere, so not read further
    if len(wire) > MAX_MESSAGE_BYTES:
        return Answer(MISBEHAVING, matches=same_id)
    try:
        message = dns.message.from_wire(wire, ignore_trailing=True)
        reply = _reply(message)
    except (dns.exception.DNSException, ValueError):
        return Answer(MISBEHAVING, matches=same_id)
    if not same_id:
        return Answer(WRONG_ID, reply)
    if not query.is_response(message):
        return Answer(MISBEHAVING, reply)
    return Answer(_failure(reply, dns.rdatatype.to_text(query.question[0].rdtype)), reply, matches=True)


def is_honest_nodata(answer: Answer) -> bool:
    """Tell whether there is an honest reason for the lack of the asked type.

    The zone's SOA says that the name has none of it (RFC 2308 §2.2), name servers that others know (RFC 1034 §4.3.1).
    """
    if answer.failure != NO_ANSWER or answer.reply is None:
        return False
    return any(record.type in {"SOA", "NS"} for record in answer.reply.authority)


def differ(one: DnsReply, other: DnsReply) -> bool:
    """Tell two replies apart by more than what a resolver changes between two answers: the order and the TTLs."""
    return _essence(one) != _essence(other)


def _failure(reply: DnsReply, query_type: str) -> str | None:
    if reply.rcode != "NOERROR":
        return _FAILURES.get(reply.rcode, MISBEHAVING)
    return None if any(record.type == query_type for record in reply.answers) else NO_ANSWER


def _reply(message: Message) -> DnsReply:
    return DnsReply(
        rcode=dns.rcode.to_text(message.rcode()),
        flags=_flag_names(int(message.flags)),
        answers=_records(message.sections[_ANSWER]),
        authority=_records(message.sections[_AUTHORITY]),
    )


@lru_cache(maxsize=64)
def _flag_names(flags: int) -> tuple[str, ...]:
    return tuple(dns.flags.to_text(flags).lower().split())


def _records(section: Sequence[RRset]) -> tuple[Record, ...]:
    return tuple(islice(chain.from_iterable(map(_read_set, section)), MAX_RECORDS))


def _read_set(rrset: RRset) -> Iterator[Record]:
    name, kind = _bounded(rrset.name.to_text()), dns.rdatatype.to_text(rrset.rdtype)
    return (Record(name, kind, rrset.ttl, _bounded(rdata.to_text())) for rdata in rrset)


def _bounded(text: str) -> str:
    """Leave out the final dot, which questions do not have either, and what is too long."""
    return (text.removesuffix(".") or ".")[:MAX_TEXT]


def _essence(reply: DnsReply) -> tuple[object, ...]:
    records = (
        frozenset((item.name, item.type, item.data) for item in part) for part in (reply.answers, reply.authority)
    )
    return (reply.rcode, reply.flags, *records)
