"""One row for each row of the mapping, with the exception that the library really raises."""

import asyncio
import errno
import json
import socket
import ssl
from collections.abc import Callable

import aiohttp
import anyio
import dns.exception
import dns.message
import dns.query
import dns.resolver
import h11
import httpcore
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probes.failures import alert_of, failure_of, unknown, verification_failure

ERRNOS = {
    "EACCES": "permission_denied",
    "EADDRINUSE": "address_in_use",
    "EADDRNOTAVAIL": "address_not_available",
    "EAFNOSUPPORT": "address_family_not_supported",
    "EALREADY": "connection_already_in_progress",
    "EBADF": "bad_file_descriptor",
    "ECONNABORTED": "connection_aborted",
    "ECONNREFUSED": "connection_refused",
    "ECONNRESET": "connection_reset",
    "EDESTADDRREQ": "destination_address_required",
    "EFAULT": "bad_address",
    "EHOSTUNREACH": "host_unreachable",
    "EINTR": "interrupted",
    "EINVAL": "invalid_argument",
    "EISCONN": "already_connected",
    "EMSGSIZE": "message_size",
    "ENETDOWN": "network_down",
    "ENETRESET": "network_reset",
    "ENETUNREACH": "network_unreachable",
    "ENOBUFS": "no_buffer_space",
    "ENOPROTOOPT": "no_protocol_option",
    "ENOTCONN": "not_connected",
    "ENOTSOCK": "not_a_socket",
    "EPERM": "permission_denied",
    "EPIPE": "connection_reset",
    "EPROTONOSUPPORT": "protocol_not_supported",
    "EPROTOTYPE": "wrong_protocol_type",
    "ETIMEDOUT": "timed_out",
    "EWOULDBLOCK": "operation_would_block",
}


def ssl_error(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, f"[SSL: {reason}] text (_ssl.c:1006)")
    error.reason = reason
    return error


def verify_error(code: int) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.reason = "CERTIFICATE_VERIFY_FAILED"
    error.verify_code = code
    return error


def made(factory: Callable[..., BaseException], **arguments: object) -> BaseException:
    """Call a constructor that has no annotations."""
    return factory(**arguments)


def caused(error: BaseException, cause: BaseException) -> BaseException:
    error.__cause__ = cause
    return error


CONNECTION = aiohttp.client_reqrep.ConnectionKey("example.org", 443, True, True, None, None, None, None)

LIBRARIES = [
    (asyncio.CancelledError(), "interrupted"),
    (TimeoutError(), "generic_timeout_error"),
    (TimeoutError(errno.ETIMEDOUT, "Connection timed out"), "timed_out"),
    (EOFError(), "eof_error"),
    (asyncio.IncompleteReadError(b"", 10), "eof_error"),
    (ConnectionResetError(), "eof_error"),
    (ConnectionResetError("Connection lost"), "connection_reset"),
    (ConnectionRefusedError(), "connection_refused"),
    (ConnectionAbortedError("SSL handshake is taking longer than 60 seconds"), "generic_timeout_error"),
    (ConnectionAbortedError("SSL shutdown"), "connection_aborted"),
    (OSError("Multiple exceptions: [Errno 111] Connect call failed, [Errno 113] No route"), "connection_refused"),
    (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "dns_nxdomain_error"),
    (socket.gaierror(socket.EAI_NODATA, "No address associated with hostname"), "dns_no_answer"),
    (socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"), "dns_server_misbehaving"),
    (json.JSONDecodeError("Expecting value", "", 0), "json_parse_error"),
    (made(dns.exception.Timeout), "generic_timeout_error"),
    (made(dns.resolver.LifetimeTimeout, timeout=1.0, errors=[]), "generic_timeout_error"),
    (made(dns.resolver.NXDOMAIN), "dns_nxdomain_error"),
    (made(dns.resolver.NoAnswer, response=dns.message.make_query("example.org", "A")), "dns_no_answer"),
    (made(dns.resolver.NoNameservers), "dns_server_misbehaving"),
    (made(dns.exception.FormError), "dns_server_misbehaving"),
    (made(dns.query.BadResponse), "dns_reply_with_wrong_query_id"),
    (anyio.EndOfStream(), "eof_error"),
    (anyio.BrokenResourceError(), "connection_reset"),
    (anyio.ClosedResourceError(), "connection_already_closed"),
    (h11.RemoteProtocolError("peer closed connection without sending complete message body"), "eof_error"),
    (h11.RemoteProtocolError("illegal status line"), "unknown_failure: malformed HTTP response"),
    (httpcore.ReadTimeout(), "generic_timeout_error"),
    (httpcore.RemoteProtocolError("Server disconnected without sending a response."), "eof_error"),
    (httpx.ConnectTimeout(""), "generic_timeout_error"),
    (httpx.PoolTimeout(""), "generic_timeout_error"),
    (httpx.RemoteProtocolError("Server disconnected without sending a response."), "eof_error"),
    (aiohttp.ServerDisconnectedError(), "eof_error"),
    (aiohttp.ServerTimeoutError(), "generic_timeout_error"),
    (aiohttp.ClientPayloadError("Response payload is not completed"), "eof_error"),
    (aiohttp.ClientConnectorError(CONNECTION, OSError(errno.ECONNREFUSED, "refused")), "connection_refused"),
]

TLS = [
    (ssl.SSLEOFError(8, "EOF occurred in violation of protocol"), "eof_error"),
    (ssl.SSLZeroReturnError(6, "TLS/SSL connection has been closed"), "eof_error"),
    (ssl_error("WRONG_VERSION_NUMBER"), "unknown_failure: tls: first record does not look like a TLS handshake"),
    (ssl_error("TLSV1_UNRECOGNIZED_NAME"), "ssl_invalid_hostname"),
    (ssl_error("SSLV3_ALERT_HANDSHAKE_FAILURE"), "unknown_failure: remote error: tls: handshake failure"),
    (ssl_error("TLSV1_ALERT_INTERNAL_ERROR"), "unknown_failure: remote error: tls: internal error"),
    (ssl_error("DECRYPTION_FAILED_OR_BAD_RECORD_MAC"), "unknown_failure: tls: decryption failed or bad record mac"),
    *((verify_error(code), "ssl_invalid_hostname") for code in (62, 64)),
    *((verify_error(code), "ssl_unknown_authority") for code in (2, 7, 18, 19, 20, 21)),
    *((verify_error(code), "ssl_invalid_certificate") for code in (9, 10, 24, 25, 26, 79)),
]

CHAINS = [
    (caused(httpx.ConnectError("all failed"), OSError(errno.ENETUNREACH, "unreachable")), "network_unreachable"),
    (caused(httpx.ConnectTimeout(""), TimeoutError(errno.ETIMEDOUT, "timed out")), "timed_out"),
    (caused(TimeoutError(), asyncio.CancelledError()), "generic_timeout_error"),
    (caused(httpx.ConnectError(""), verify_error(20)), "ssl_unknown_authority"),
    (
        caused(aiohttp.ClientConnectorCertificateError(CONNECTION, verify_error(62)), verify_error(62)),
        "ssl_invalid_hostname",
    ),
    (
        caused(aiohttp.ClientConnectorDNSError(CONNECTION, OSError()), socket.gaierror(socket.EAI_NONAME, "unknown")),
        "dns_nxdomain_error",
    ),
    (ExceptionGroup("connect", [OSError(errno.EHOSTUNREACH, "no route"), ValueError()]), "host_unreachable"),
]


@pytest.mark.parametrize(("name", "failure"), ERRNOS.items())
def test_an_operating_system_error_is_named_by_its_errno(name: str, failure: str) -> None:
    assert failure_of(OSError(getattr(errno, name), "text")) == failure


@pytest.mark.parametrize(("error", "failure"), LIBRARIES + TLS + CHAINS, ids=lambda value: repr(value)[:50])
def test_an_exception_of_a_library_has_one_name(error: BaseException, failure: str) -> None:
    assert failure_of(error) == failure


def fail_while_handling(*, suppress: bool) -> None:
    try:
        raise ConnectionResetError(errno.ECONNRESET, "reset")
    except OSError:
        if suppress:
            raise ValueError("outer") from None
        raise ValueError("outer")  # noqa: B904 - the implicit context is the point


@pytest.mark.parametrize(("suppress", "failure"), [(False, "connection_reset"), (True, "unknown_failure: outer")])
def test_the_context_speaks_unless_it_is_suppressed(suppress: bool, failure: str) -> None:
    with pytest.raises(ValueError, match="outer") as caught:
        fail_while_handling(suppress=suppress)
    assert failure_of(caught.value) == failure


def test_a_circle_of_causes_ends() -> None:
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one
    assert failure_of(one) == "unknown_failure: one"


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("read tcp 192.0.2.1:443: odd", "read tcp [scrubbed]: odd"),
        ("to [2001:db8::1]:443 failed", "to [scrubbed] failed"),
        ("to 2001:db8::1 failed", "to [scrubbed] failed"),
        ("at 12:30, version 1.2.3", "at 12:30, version 1.2.3"),
        ("two\nlines", "two lines"),
    ],
)
def test_an_unknown_failure_is_one_line_without_addresses(text: str, scrubbed: str) -> None:
    assert unknown(text) == f"unknown_failure: {scrubbed}"


def test_an_exception_without_text_is_named_by_its_class() -> None:
    assert failure_of(KeyError()) == "unknown_failure: KeyError"


@given(st.text(alphabet=st.sampled_from("0123456789abcdef.:[]% \n"), max_size=2000))
@settings(deadline=None)
def test_no_text_makes_an_unknown_failure_long(text: str) -> None:
    assert len(unknown(text)) <= len("unknown_failure: ") + 200


@pytest.mark.parametrize(
    ("reason", "alert"),
    [
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", "handshake_failure"),
        ("TLSV1_UNRECOGNIZED_NAME", "unrecognized_name"),
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", "certificate_required"),
        ("WRONG_VERSION_NUMBER", None),
    ],
)
def test_a_received_alert_keeps_its_name(reason: str, alert: str | None) -> None:
    assert alert_of(ssl_error(reason)) == alert


def test_a_verification_code_is_named_without_an_exception() -> None:
    assert verification_failure(10) == "ssl_invalid_certificate"
