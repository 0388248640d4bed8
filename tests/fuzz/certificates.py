"""Certificates of every kind, made when they are needed: where the fuzzer of certificates begins."""

from __future__ import annotations

import datetime as dt
from ipaddress import ip_address
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

_BEGIN = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
_END = dt.datetime(2049, 12, 31, tzinfo=dt.UTC)
_LATER = dt.datetime(2050, 1, 1, tzinfo=dt.UTC)
"""From here on dates are written in another form (RFC 5280 §4.1.2.5)."""
_PLAIN = (x509.DNSName("example.org"), x509.DNSName("www.example.org"))
_ODD = (
    x509.DNSName("xn--e1afmkfd.example"),
    x509.DNSName("example.org\0.example.net"),
    x509.DNSName(""),
    x509.DNSName("*.*.example.org"),
    x509.RFC822Name("someone@example.org"),
    x509.UniformResourceIdentifier("https://example.org/?a=1"),
    x509.RegisteredID(x509.ObjectIdentifier("1.2.3.4")),
    x509.OtherName(x509.ObjectIdentifier("1.2.3.4"), b"\x0c\x03odd"),
    x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Пример")])),
)
_UNKNOWN_EXTENSION = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x05\x00")


def certificates() -> Iterator[bytes]:
    """Yield certificates (DER): of all keys, with all kinds of names and dates, and broken ones."""
    yield from (_certificate(_builder(), key) for key in _keys())
    yield from (_certificate(builder) for builder in _built())
    yield from _broken(_certificate(_builder()))


def _keys() -> Iterator[CertificateIssuerPrivateKeyTypes]:
    yield rsa.generate_private_key(65_537, 2048)
    yield ec.generate_private_key(ec.SECP384R1())
    yield ed25519.Ed25519PrivateKey.generate()
    yield ed448.Ed448PrivateKey.generate()


def _built() -> Iterator[x509.CertificateBuilder]:
    yield _builder()
    yield _builder(end=_BEGIN + dt.timedelta(days=1))
    yield _builder(begin=_LATER, end=_LATER + dt.timedelta(days=1))
    yield _builder((x509.DNSName("*.example.org"),))
    yield _builder(tuple(x509.DNSName(f"host-{number}.example.org") for number in range(300)))
    yield _builder((x509.IPAddress(ip_address("192.0.2.1")), x509.IPAddress(ip_address("2001:db8::1"))))
    yield _builder(_ODD)
    yield _builder((), common_name="")
    yield _builder(common_name="Ünïcode, «quoted» + 日本\0")
    yield _builder().add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    yield _builder().add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
    yield _builder().add_extension(x509.NameConstraints([x509.DNSName("example.net")], None), critical=True)
    yield _builder().add_extension(_UNKNOWN_EXTENSION, critical=True)


def _builder(
    names: Sequence[x509.GeneralName] = _PLAIN,
    *,
    common_name: str = "example.org",
    begin: dt.datetime = _BEGIN,
    end: dt.datetime = _END,
) -> x509.CertificateBuilder:
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common_name, _validate=False)] if common_name else []
    subject = x509.Name(attributes)
    builder = x509.CertificateBuilder(subject, subject, serial_number=1, not_valid_before=begin, not_valid_after=end)
    return builder.add_extension(x509.SubjectAlternativeName(names), critical=not common_name) if names else builder


def _certificate(builder: x509.CertificateBuilder, key: CertificateIssuerPrivateKeyTypes | None = None) -> bytes:
    key = key or ec.generate_private_key(ec.SECP256R1())
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey) else hashes.SHA256()
    return builder.public_key(key.public_key()).sign(key, algorithm).public_bytes(Encoding.DER)


def _broken(good: bytes) -> Iterator[bytes]:
    """Yield what is nearly a certificate."""
    yield b""
    yield good[: len(good) // 2]
    yield good + b"\0"
    yield b"\x30\x80" + good[4:] + b"\0\0"  # of no length, which BER knows and DER does not
    yield b"\x30\x84\xff\xff\xff\xff" + good[4:]
    yield good.replace(b"\x02\x01\x01", b"\x02\x01\xff", 1)  # a negative serial number
    yield good.replace(b"\x02\x01\x02", b"\x02\x01\x07", 1)  # a version that is none
    yield good.replace(b"\x0c\x0bexample.org", b"\x1e\x0bexample.org", 1)  # half a sign of UTF-16
    yield good.replace(b"200101000000Z", b"209999000000Z", 1)
