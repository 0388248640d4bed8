import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st
from OpenSSL import crypto

from probes import trust
from tests.fakes import tls_server


def der(leaf: trustme.LeafCert) -> list[bytes]:
    return [ssl.PEM_cert_to_DER_cert(pem.bytes().decode()) for pem in leaf.cert_chain_pems]


def issued(*names: str) -> list[bytes]:
    return der(tls_server.authority().issue_cert(*names))


@pytest.mark.parametrize(
    ("names", "asked", "proven"),
    [
        (["example.org"], "example.org", True),
        (["example.org"], "EXAMPLE.org.", True),
        (["EXAMPLE.org"], "example.org", True),
        (["example.org"], "www.example.org", False),
        (["*.example.org"], "www.example.org", True),
        (["*.example.org"], "example.org", False),
        (["*.example.org"], "a.www.example.org", False),
        (["*.org"], "example.org", False),
        (["192.0.2.1"], "192.0.2.1", True),
        (["192.0.2.1"], "192.0.2.2", False),
        (["2001:db8::1"], "2001:db8:0::1", True),
        (["example.org"], "192.0.2.1", False),
        (["example.org"], "", False),
        (["xn--e1afmkfd.example"], "xn--e1afmkfd.example", True),
    ],
)
def test_a_name_is_proven_by_the_alternative_names(names: list[str], asked: str, proven: bool) -> None:
    assert trust.verify(issued(*names), asked, tls_server.roots()) == (None if proven else "ssl_invalid_hostname")


def test_a_common_name_proves_nothing() -> None:
    chain = der(tls_server.authority().issue_cert("example.net", common_name="example.org"))
    assert trust.verify(chain, "example.org", tls_server.roots()) == "ssl_invalid_hostname"


def test_of_several_defects_the_authority_speaks_first_and_the_dates_last() -> None:
    foreign = der(tls_server.expired_leaf("example.net", by="unknown"))
    expired = der(tls_server.expired_leaf("example.net"))
    roots = tls_server.roots()
    assert trust.verify(foreign, "example.org", roots) == "ssl_unknown_authority"
    assert trust.verify(expired, "example.org", roots) == "ssl_invalid_hostname"
    assert trust.verify(expired, "example.net", roots) == "ssl_invalid_certificate"


def test_the_presented_intermediates_lead_to_the_root() -> None:
    child = tls_server.authority().create_child_ca()
    chain = der(child.issue_cert("example.org"))
    assert len(chain) == 2
    assert trust.verify(chain, "example.org", tls_server.roots()) is None
    assert trust.verify(chain[:1], "example.org", tls_server.roots()) == "ssl_unknown_authority"
    assert trust.verify([chain[0], b"garbage", chain[1]], "example.org", tls_server.roots()) is None


def test_a_certificate_for_clients_is_none_for_servers() -> None:
    authority = tls_server.authority()
    leaf = authority.issue_cert("example.org")
    key = serialization.load_pem_private_key(authority.private_key_pem.bytes(), None)
    model = x509.load_pem_x509_certificate(leaf.cert_chain_pems[0].bytes())
    builder = (
        x509.CertificateBuilder()
        .subject_name(model.subject)
        .issuer_name(model.issuer)
        .public_key(model.public_key())
        .serial_number(1)
        .not_valid_before(model.not_valid_before_utc)
        .not_valid_after(model.not_valid_after_utc)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("example.org")]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
    )
    certificate = builder.sign(key, hashes.SHA256())  # type: ignore[arg-type]
    chain = [certificate.public_bytes(serialization.Encoding.DER)]
    assert trust.verify(chain, "example.org", tls_server.roots()) == "ssl_invalid_certificate"


def test_a_signature_by_somebody_else_in_the_issuers_name_is_of_no_authority() -> None:
    (genuine,) = issued("example.org")
    forged = genuine[:-4] + bytes(byte ^ 1 for byte in genuine[-4:])
    assert trust.verify([forged], "example.org", tls_server.roots()) == "ssl_unknown_authority"


def test_no_certificate_proves_nothing() -> None:
    assert trust.verify([], "example.org") == "ssl_invalid_certificate"


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_garbage_is_described_as_nothing_and_proves_nothing(garbage: bytes) -> None:
    (seen,) = trust.describe([garbage])
    assert (seen.subject, seen.names) == ("", ())
    assert trust.verify([garbage], "example.org", tls_server.roots()) == "ssl_invalid_certificate"


@given(st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), min_size=1, max_size=4))
@settings(deadline=None)
def test_a_broken_certificate_raises_nothing(changes: list[tuple[int, int]]) -> None:
    broken = bytearray(issued("example.org")[0])
    for position, value in changes:
        broken[position % len(broken)] = value
    trust.describe([bytes(broken)])
    trust.verify([bytes(broken)], "example.org", tls_server.roots())


def test_a_certificate_is_described_in_the_terms_of_its_standard() -> None:
    (seen,) = trust.describe(issued("example.org", "192.0.2.1"))
    assert seen.names == ("example.org", "192.0.2.1")
    assert "O=trusted" in seen.issuer
    assert (seen.not_before, seen.not_after) == ("2000-01-01T00:00:00Z", "3000-01-01T00:00:00Z")


@pytest.fixture
def fresh_stores() -> Iterator[None]:
    caches = (trust._store, trust._path_failure, trust.verifying_context)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


@pytest.mark.usefixtures("fresh_stores")
def test_the_systems_store_is_the_one_that_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "roots.pem"
    bundle.write_bytes(tls_server.authority().cert_pem.bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    assert trust.verify(issued("example.org"), "example.org") is None
    assert len(trust.verifying_context().get_ca_certs()) == 1


@pytest.mark.usefixtures("fresh_stores")
def test_own_roots_stand_beside_the_systems(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bundle = tmp_path / "roots.pem"
    bundle.write_bytes(tls_server.authority("other").cert_pem.bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    both = trust.Roots(name="both", pem=tls_server.roots().pem)
    other = der(tls_server.authority("other").issue_cert("example.org"))
    assert trust.verify(other, "example.org", both) is None
    assert trust.verify(issued("example.org"), "example.org", both) is None
    assert len(trust.verifying_context(roots=both).get_ca_certs()) == 2


@pytest.mark.usefixtures("fresh_stores")
@pytest.mark.parametrize(
    ("bundle", "failure"),
    [
        (None, "unknown_failure: this host has no certificate authorities"),
        ("", "unknown_failure: this host's certificate authorities cannot be read"),
        ("garbage", "unknown_failure: this host's certificate authorities cannot be read"),
    ],
)
def test_a_host_without_authorities_accuses_nobody(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bundle: str | None, failure: str
) -> None:
    if bundle is not None:
        (tmp_path / "roots.pem").write_text(bundle)
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "roots.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "empty"))
    assert trust.verify(issued("example.org"), "example.org") == failure


@pytest.mark.usefixtures("fresh_stores")
def test_a_directory_of_authorities_is_a_store_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    authority = tls_server.authority().cert_pem.bytes()
    subject_hash = crypto.load_certificate(crypto.FILETYPE_PEM, authority).subject_name_hash()
    (tmp_path / f"{subject_hash:08x}.0").write_bytes(authority)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert trust.verify(issued("example.org"), "example.org") is None


def test_contexts_are_shared() -> None:
    roots = tls_server.roots()
    assert trust.measuring_context() is trust.measuring_context()
    assert trust.verifying_context("h2", roots=roots) is trust.verifying_context("h2", roots=roots)
    assert trust.verifying_context("h2", roots=roots) is not trust.verifying_context(roots=roots)
