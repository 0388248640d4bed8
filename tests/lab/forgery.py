"""Forged DNS answers, as a censor or a national resolver sends them."""

import ipaddress

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from tests.lab.censor import Answer

_SOA = "a.gtld-servers.net. nstld.verisign-grs.com. 1770000000 1800 900 604800 900"


def forged_answer(query: bytes, answer: Answer) -> bytes | None:
    """Answer a DNS query as told; None if it is not one that a server could read."""
    try:
        asked = dns.message.from_wire(query)
    except dns.exception.DNSException:
        return None
    response = dns.message.make_response(asked, recursion_available=True)
    response.flags |= dns.flags.AA if answer.aa else 0
    response.set_rcode(dns.rcode.from_text(answer.rcode))
    (question,) = asked.question[:1]
    values = [a for a in answer.addresses.split() if _record_type(a) == question.rdtype]
    if values:
        response.answer.append(dns.rrset.from_text_list(question.name, answer.ttl_s, "IN", question.rdtype, values))
    if answer.soa:
        parent = question.name.split(2)[1]
        response.authority.append(dns.rrset.from_text(parent, answer.ttl_s, "IN", "SOA", _SOA))
    return response.to_wire()


def _record_type(address: str) -> dns.rdatatype.RdataType:
    version = ipaddress.ip_address(address).version
    return dns.rdatatype.A if version == 4 else dns.rdatatype.AAAA
