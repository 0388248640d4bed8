"""Signs the lab's certificates. Imported only when one is missing on disk, as `cryptography` is slow to load."""

import ipaddress
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VALID_BEFORE = timedelta(days=90)
VALID_AFTER = timedelta(days=365)
EXPIRED_SINCE = timedelta(days=2)


def authority(organisation: str, name: str) -> tuple[bytes, bytes]:
    """Make a self-signed root; returns its certificate and key as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(organisation, name)
    usage = x509.KeyUsage(
        digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = (
        _builder(subject, subject, key, key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
    )
    return _certificate_pem(builder.sign(key, hashes.SHA256())), _key_pem(key)


def leaf(names: tuple[str, ...], issuer: tuple[bytes, bytes] | None, *, expired: bool) -> bytes:
    """Make a server certificate for these names and IP addresses; returns key and certificate as one PEM.

    The issuer is an authority's certificate and key as PEM; None = the leaf signs itself.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name("Lab", names[0][:64])
    issuer_name, issuer_key = (subject, key) if issuer is None else _load(*issuer)
    builder = (
        _builder(subject, issuer_name, key, issuer_key, expired=expired)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )
    return _key_pem(key) + _certificate_pem(builder.sign(issuer_key, hashes.SHA256()))


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    expired: bool = False,
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder(subject_name=subject, issuer_name=issuer, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - VALID_BEFORE)
        .not_valid_after(now - EXPIRED_SINCE if expired else now + VALID_AFTER)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )


def _name(organisation: str, name: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation), x509.NameAttribute(NameOID.COMMON_NAME, name)]
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _load(certificate: bytes, key: bytes) -> tuple[x509.Name, ec.EllipticCurvePrivateKey]:
    loaded = serialization.load_pem_private_key(key, password=None)
    if not isinstance(loaded, ec.EllipticCurvePrivateKey):
        raise TypeError(f"an authority's key must be an EC key, not {type(loaded).__name__}")
    return x509.load_pem_x509_certificate(certificate).subject, loaded


def _certificate_pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
