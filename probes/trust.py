"""Whom a certificate is believed from, and whether a presented chain proves a name.

A measured handshake does not verify: OpenSSL would stop at the first defect and take the chain away with it. It uses
the one shared `measuring_context`, and the chain is judged here afterwards. Clients that are not measured
(DNS over HTTPS, outside controls) share one `verifying_context`.
"""

from __future__ import annotations

import hashlib
import socket
import ssl
import time
import warnings
from dataclasses import dataclass
from datetime import UTC
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID
from OpenSSL import crypto

from probes.failures import INVALID_CERTIFICATE, INVALID_HOSTNAME, UNKNOWN_AUTHORITY, unknown, verification_failure
from probes.model import Roots
from probes.observations import Certificate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

__all__ = [
    "SYSTEM",
    "NoRootsError",
    "Roots",
    "describe",
    "is_address",
    "measuring_context",
    "presented_chain",
    "verify",
    "verifying_context",
]

_Field = TypeVar("_Field")

_ENCODING_DER = 2  # `_ssl.ENCODING_DER`, which has no public name

_MAX_CHAIN = 16
_MAX_NAMES = 200
_MAX_NAME_TEXT = 512
_UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
_SERVER_USAGES = {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}


SYSTEM = Roots(name="system")


class NoRootsError(Exception):
    """A host without usable certificate authorities can judge nobody."""


@lru_cache(maxsize=1)
def measuring_context() -> ssl.SSLContext:
    """Return the context of all measured handshakes: it accepts any certificate, `verify` judges it later."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    return context


@lru_cache(maxsize=8)
def verifying_context(*alpn: str, roots: Roots = SYSTEM) -> ssl.SSLContext:
    """Return the context of clients that verify in the handshake, shared by those that offer the same protocols.

    Loading it costs some 20 ms, once. HTTP clients set a context's ALPN protocols themselves, hence one for each set.
    """
    context = ssl.create_default_context() if roots.system else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if roots.pem:
        context.load_verify_locations(cadata=roots.pem)
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context


def is_address(name: str) -> bool:
    """Tell an IP address, which a certificate proves by another kind of entry, from a DNS name."""
    try:
        socket.inet_pton(socket.AF_INET6 if ":" in name else socket.AF_INET, name)
    except (OSError, ValueError):
        return False
    return True


def presented_chain(tls: ssl.SSLObject) -> tuple[bytes, ...]:
    """Return the certificates (DER) that the peer sent, leaf first, verified or not."""
    handle: Any = tls
    if hasattr(handle, "get_unverified_chain"):  # Python 3.13
        chain = handle.get_unverified_chain()
    else:
        chain = handle._sslobj.get_unverified_chain() or ()  # noqa: SLF001 - the only way before 3.13
        chain = [certificate.public_bytes(_ENCODING_DER) for certificate in chain]
    return tuple(chain[:_MAX_CHAIN])


def verify(chain_der: Sequence[bytes], server_name: str, roots: Roots = SYSTEM) -> str | None:
    """Judge whether a chain, leaf first, proves a DNS name or an IP address now; return None or a failure.

    Of several defects the one that says most about the network is named: an authority that nobody trusts (a false
    certificate), then another name (a false address), then dates and usages (mostly the server's own fault). OpenSSL
    reports in this order; Go, and so OONI, looks at the dates first.
    """
    if not chain_der:
        return INVALID_CERTIFICATE
    try:
        path = _path_failure(tuple(chain_der), roots, int(time.time() // 60))
    except NoRootsError as error:
        return unknown(str(error))
    leaf = _read(chain_der[0])
    if path == UNKNOWN_AUTHORITY:
        return path
    if not leaf.readable:
        return INVALID_CERTIFICATE
    if not leaf.proves(server_name):
        return INVALID_HOSTNAME
    return path if leaf.for_servers else INVALID_CERTIFICATE


def describe(chain_der: Sequence[bytes]) -> tuple[Certificate, ...]:
    """Return what certificates say of themselves. What can't be read of a broken one stays empty."""
    return tuple(_read(der).description for der in chain_der)


# --- the path to an authority ----------------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _path_failure(chain_der: tuple[bytes, ...], roots: Roots, minute: int) -> str | None:  # noqa: ARG001 - ages the cache
    """Judge the path now. A check sees the same chain many times, and signatures are dear: once a minute is enough."""
    leaf, *others = (_for_openssl(der) for der in chain_der)
    if leaf is None:
        return INVALID_CERTIFICATE
    context = crypto.X509StoreContext(_store(roots), leaf, [other for other in others if other is not None])
    try:
        context.verify_certificate()
    except crypto.X509StoreContextError as error:
        return verification_failure(error.errors[0])
    return None


def _for_openssl(der: bytes) -> crypto.X509 | None:
    try:
        return crypto.load_certificate(crypto.FILETYPE_ASN1, der)
    except crypto.Error:
        return None


@lru_cache(maxsize=8)
def _store(roots: Roots) -> crypto.X509Store:
    store = crypto.X509Store()
    store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)  # any certificate in the store is an anchor, as in Go
    if roots.system:
        _load_system_roots(store)
    for certificate in x509.load_pem_x509_certificates(roots.pem.encode()) if roots.pem else ():
        store.add_cert(crypto.X509.from_cryptography(certificate))
    return store


def _load_system_roots(store: crypto.X509Store) -> None:
    paths = ssl.get_default_verify_paths()
    if paths.cafile is None and not any(Path(paths.capath or "/nowhere").glob("*.0")):
        raise NoRootsError(
            "this host has no certificate authorities"
        )  # an empty directory would load, and trust nobody
    try:
        store.load_locations(paths.cafile, paths.capath)
    except crypto.Error as error:
        raise NoRootsError("this host's certificate authorities cannot be read") from error


# --- what one certificate says ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    description: Certificate
    readable: bool = True
    dns_names: frozenset[str] = frozenset()
    addresses: frozenset[IPv4Address | IPv6Address] = frozenset()
    for_servers: bool = False

    def proves(self, name: str) -> bool:
        """Compare with subjectAltName alone (RFC 9525 §6): the common name never counts."""
        if is_address(name):
            return ip_address(name) in self.addresses
        wanted = name.rstrip(".").lower()
        _, _, parent = wanted.partition(".")
        return wanted in self.dns_names or ("." in parent and f"*.{parent}" in self.dns_names)


@lru_cache(maxsize=256)
def _read(der: bytes) -> _Reading:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library warns of odd certificates; whoever made them doesn't hear it
        try:
            certificate = x509.load_der_x509_certificate(der)
        except _UNREADABLE:
            return _unreadable(der)
        names = _tried(lambda: _alternative_names(certificate), None)
        dns_names = tuple(names.get_values_for_type(x509.DNSName)) if names else ()
        addresses = tuple(names.get_values_for_type(x509.IPAddress)) if names else ()
        return _Reading(
            description=_describe(der, certificate, (*dns_names, *map(str, addresses))),
            dns_names=frozenset(name.lower() for name in dns_names),
            addresses=frozenset(address for address in addresses if isinstance(address, IPv4Address | IPv6Address)),
            for_servers=_tried(lambda: _is_for_servers(certificate), False),
        )


def _tried(read: Callable[[], _Field], otherwise: _Field) -> _Field:
    """Read one field: the library decodes late, and a broken certificate raises only when it is looked at."""
    try:
        return read()
    except _UNREADABLE:
        return otherwise


def _alternative_names(certificate: x509.Certificate) -> x509.SubjectAlternativeName | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None


def _is_for_servers(certificate: x509.Certificate) -> bool:
    try:
        usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return not _SERVER_USAGES.isdisjoint(usages)


def _describe(der: bytes, certificate: x509.Certificate, names: tuple[str, ...]) -> Certificate:
    return Certificate(
        subject=_tried(lambda: _text(certificate.subject), ""),
        issuer=_tried(lambda: _text(certificate.issuer), ""),
        not_before=_tried(lambda: _iso(certificate.not_valid_before_utc), ""),
        not_after=_tried(lambda: _iso(certificate.not_valid_after_utc), ""),
        names=names[:_MAX_NAMES],
        sha256=hashlib.sha256(der).hexdigest(),
    )


def _text(name: x509.Name) -> str:
    return name.rfc4514_string()[:_MAX_NAME_TEXT]


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _unreadable(der: bytes) -> _Reading:
    nothing = Certificate(
        subject="", issuer="", not_before="", not_after="", names=(), sha256=hashlib.sha256(der).hexdigest()
    )
    return _Reading(description=nothing, readable=False)
