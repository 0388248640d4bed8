"""Throw-away certificate authorities, and the TLS settings of servers that use them well or badly."""

import datetime as dt
import ssl
from functools import cache

import trustme

from probes.trust import Roots

HANDSHAKE_FAILURE = bytes.fromhex("15 03 03 00 02 02 28")
UNRECOGNIZED_NAME = bytes.fromhex("15 03 03 00 02 02 70")
"""Fatal alerts in clear (RFC 8446 §6)."""


@cache
def _authority(name: str) -> trustme.CA:
    return trustme.CA(organization_name=name)


def authority(name: str = "trusted") -> trustme.CA:
    """Return the authority of that name: the same one in a whole test run."""
    return _authority(name)


def roots(name: str = "trusted") -> Roots:
    """Return the trust setting that believes this authority alone."""
    return Roots(name=name, system=False, pem=authority(name).cert_pem.bytes().decode())


def server_context(leaf: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    leaf.configure_cert(context)
    return context


def good(*names: str) -> ssl.SSLContext:
    return server_context(authority().issue_cert(*(names or ("example.org",))))


def expired(*names: str) -> ssl.SSLContext:
    return server_context(expired_leaf(*(names or ("example.org",))))


def expired_leaf(*names: str, by: str = "trusted") -> trustme.LeafCert:
    past = dt.datetime(2001, 1, 1, tzinfo=dt.UTC)
    return authority(by).issue_cert(*names, not_before=past, not_after=past + dt.timedelta(days=90))


def of_unknown_authority() -> ssl.SSLContext:
    return server_context(authority("unknown").issue_cert("example.org"))


def self_signed() -> ssl.SSLContext:
    lonely = authority("lonely")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with lonely.cert_pem.tempfile() as certificate, lonely.private_key_pem.tempfile() as key:
        context.load_cert_chain(certificate, key)
    return context
