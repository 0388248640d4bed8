"""Where this host measures from: its public address, whose network that is in, and in which country.

Two servers are asked by which address they see us. Google's authoritative server comes first, over TCP as it is less
often led elsewhere, and its AA flag shows that it was reached: whoever answers in its place would tell his own
address. OpenDNS's resolver is the fallback; nobody else knows its name for the caller. Whose network it is, Team
Cymru's DNS service says (https://www.team-cymru.com/ip-asn-mapping), asked over HTTPS first, so that a censor's
resolver has no say in it. A proxy on the host itself shows in what the system's resolver says of a name that
everybody has.

The address leaves this module, and is asked about, only as the network around it. What is not found out is None.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Literal

import dns.exception
import dns.rdata
import dns.rdataclass
import dns.rdatatype
from dns.rdtypes.txtbase import TXTBase

from probes.controls import shipped
from probes.model import Vantage
from probes.network import Question
from probes.observations import Arm, Purpose
from probes.vantage_via import are_stand_ins, network_kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from probes.network import Network

    Prefix = IPv4Network | IPv6Network

QueryType = Literal["A", "AAAA", "TXT"]
Transport = Literal["udp", "tcp", "doh"]

KEPT_S = 6 * 3600.0
RETRY_S = 300.0
"""For how long an incomplete answer is kept: the first check after that waits for a better one."""
_ADDRESS_TIMEOUT_S = 1.0
_NETWORK_TIMEOUT_S = 1.5
_MASKED_BITS = {4: 24, 6: 48}
"""What is kept of an address: as much as is announced to the internet by itself, and no subscriber's own."""
_MAX_NAME = 80
_MAX_ASN = 2**32 - 1
_COUNTRY = re.compile(r"[A-Z]{2}")
_LOCATION = re.compile(r"(?P<country>[A-Z]{2})(?:[\s,]+(?P<network>.+))?")


@dataclass(frozen=True, slots=True)
class _Mirror:
    """A server that answers a name with the address of whoever asks."""

    name: str
    query_type: QueryType
    resolver: str
    transport: Transport
    authoritative: bool


_MIRRORS: dict[int, tuple[_Mirror, ...]] = {
    4: (
        _Mirror("o-o.myaddr.l.google.com", "TXT", "216.239.32.10", "tcp", authoritative=True),  # ns1.google.com
        _Mirror("myip.opendns.com", "A", "208.67.222.222", "udp", authoritative=False),  # resolver1.opendns.com
    ),
    6: (
        _Mirror("o-o.myaddr.l.google.com", "TXT", "2001:4860:4802:32::a", "tcp", authoritative=True),
        _Mirror("myip.opendns.com", "AAAA", "2620:119:35::35", "udp", authoritative=False),
    ),
}


class VantageProbe:
    """Finds the vantage out once and keeps it for hours."""

    def __init__(self, network: Network, location: str = "") -> None:
        """`location` is what the operator says instead, "RU, Rostelecom": then nothing is asked at all."""
        self._network = network
        self._is_told = bool(location.strip())
        self._due_s = 0.0
        self._is_whole = True
        """Whether the last look-up ran to its end; after one that was broken off, the next goes on from there."""
        self._finding = asyncio.Lock()
        self.vantage = told(location)
        """What is known so far."""

    async def locate(self) -> None:
        """Find the vantage out unless it is known; one check does, those at the same time wait for it."""
        clock = asyncio.get_running_loop().time
        async with self._finding:
            if self._is_told or clock() < self._due_s:
                return
            if self._is_whole:
                self.vantage = Vantage()
            self._is_whole = False
            async with asyncio.TaskGroup() as looking:
                looking.create_task(self._look_for_proxy())
                await self._find_address()
                await self._find_origin()
                await self._find_name()
            self._is_whole = True
            self._due_s = clock() + (RETRY_S if self.vantage.network is None else KEPT_S)

    async def _look_for_proxy(self) -> None:
        name = shipped().innocuous_names[0]
        for resolver in tuple(self._network.system_resolvers())[:1]:
            seen = await self._network.ask(_question(name, "A", resolver, "udp", _ADDRESS_TIMEOUT_S))
            if are_stand_ins(seen.addresses):
                self.vantage = replace(self.vantage, via="fakeip")

    async def _find_address(self) -> None:
        if self.vantage.address is None and (prefix := await self._own_prefix()) is not None:
            self.vantage = replace(self.vantage, address=str(prefix))

    async def _own_prefix(self) -> Prefix | None:
        for family in sorted(self._network.families()):
            for mirror in _MIRRORS[family]:
                prefix = await self._seen_by(mirror)
                if prefix is not None:
                    return prefix
        return None

    async def _seen_by(self, mirror: _Mirror) -> Prefix | None:
        question = _question(mirror.name, mirror.query_type, mirror.resolver, mirror.transport, _ADDRESS_TIMEOUT_S)
        reply = (await self._network.ask(question)).reply
        if reply is None or (mirror.authoritative and "aa" not in reply.flags):
            return None
        mine = (record for record in reply.answers if record.type == mirror.query_type)
        seen = (text_of(record.data) if record.type == "TXT" else record.data for record in mine)
        return next((masked(address) for address in seen if self._network.permits(address, 443)), None)

    async def _find_origin(self) -> None:
        if self.vantage.address is None or self.vantage.asn is not None:
            return
        origin = most_specific(await self._texts(origin_name(ip_network(self.vantage.address))))
        if origin is not None:
            via = self.vantage.via or network_kind(origin.asn)
            self.vantage = replace(self.vantage, asn=origin.asn, country=origin.country, via=via)

    async def _find_name(self) -> None:
        if self.vantage.asn is None:
            return
        names = (name_of_network(text) for text in await self._texts(f"AS{self.vantage.asn}.asn.cymru.com"))
        self.vantage = replace(self.vantage, network=next((name for name in names if name), None))

    async def _texts(self, name: str) -> list[str]:
        for resolver in (*self._network.trusted_resolvers(), *self._network.system_resolvers()):
            transport: Transport = "doh" if "://" in resolver else "udp"
            reply = (await self._network.ask(_question(name, "TXT", resolver, transport, _NETWORK_TIMEOUT_S))).reply
            if reply is not None:
                return [text_of(record.data) for record in reply.answers if record.type == "TXT"]
        return []


def _question(name: str, query_type: QueryType, resolver: str, transport: Transport, timeout_s: float) -> Question:
    return Question(
        name=name,
        query_type=query_type,
        resolver=resolver,
        transport=transport,
        timeout_s=timeout_s,
        arm=Arm.CONTROL,
        purpose=Purpose.BASELINE,
    )


# --- how answers read ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Origin:
    """Who announces a network."""

    asn: int
    prefix_bits: int
    country: str | None


def told(location: str) -> Vantage:
    """Read what the operator says: a country's code first, if there is one, and the network's name."""
    text = " ".join(location.split())[:_MAX_NAME]
    parts = _LOCATION.fullmatch(text)
    return Vantage(country=parts["country"], network=parts["network"]) if parts else Vantage(network=text or None)


def masked(address: str) -> Prefix:
    """Return the network that stands for an address."""
    return ip_network(f"{address}/{_MASKED_BITS[ip_address(address).version]}", strict=False)


def origin_name(prefix: Prefix) -> str:
    """Return the name under which Team Cymru tells who announces a network."""
    pointer = prefix.network_address.reverse_pointer
    zone = "origin.asn.cymru.com" if prefix.version == 4 else "origin6.asn.cymru.com"  # noqa: PLR2004 - IP's version
    return f"{pointer.removesuffix('.in-addr.arpa').removesuffix('.ip6.arpa')}.{zone}"


def text_of(data: str) -> str:
    """Return the text of a TXT record, its strings joined (RFC 7208 §3.3); "" where it is none, or was cut off."""
    try:
        record = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.TXT, data)
    except (dns.exception.DNSException, ValueError):
        return ""
    return b"".join(record.strings).decode("utf-8", "replace") if isinstance(record, TXTBase) else ""


def most_specific(texts: Iterable[str]) -> Origin | None:
    """Return the origin of the smallest of the networks: "137 | 130.192.0.0/16 | IT | ripencc | 1988-10-08"."""
    origins = [origin for text in texts if (origin := _origin(text)) is not None]
    return max(origins, key=lambda origin: origin.prefix_bits, default=None)


def _origin(text: str) -> Origin | None:
    fields = [field.strip() for field in text.split("|")]
    try:
        asn, bits = int(fields[0].split()[0]), ip_network(fields[1]).prefixlen
    except (IndexError, ValueError):
        return None
    country = fields[2] if fields[2:] and _COUNTRY.fullmatch(fields[2]) else None
    return Origin(asn, bits, country) if 0 < asn <= _MAX_ASN else None


def name_of_network(text: str) -> str | None:
    """Return the name at the end of "137 | IT | ripencc | 1993-09-01 | ASGARR Consortium GARR, IT"."""
    name = re.sub(r",\s*[A-Z]{2}$", "", text.rpartition("|")[2].strip())
    printable = "".join(character for character in name if character.isprintable())
    return printable[:_MAX_NAME] or None
