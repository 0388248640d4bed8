"""Any exception that a step meets → one failure string of OONI's vocabulary (df-007).

One home for the mapping: tables by errno, by resolver code, by certificate verification code and by the exception
classes of the libraries in use. What a failure means for a verdict is not decided here.
"""

from __future__ import annotations

import asyncio
import errno
import re
import socket
import ssl
from ipaddress import ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

EOF = "eof_error"
TIMEOUT = "generic_timeout_error"
RESET = "connection_reset"
INTERRUPTED = "interrupted"
INVALID_HOSTNAME = "ssl_invalid_hostname"
UNKNOWN_AUTHORITY = "ssl_unknown_authority"
INVALID_CERTIFICATE = "ssl_invalid_certificate"
INVALID_REDIRECT = "http_invalid_redirect_location_host"
NOT_TLS = "unknown_failure: tls: first record does not look like a TLS handshake"
NOT_HTTP = "unknown_failure: malformed HTTP response"
NOT_WEBSOCKET = "unknown_failure: websocket: the handshake is answered wrongly"

_MAX_TEXT = 200

_ERRNOS = {
    errno.EACCES: "permission_denied",
    errno.EADDRINUSE: "address_in_use",
    errno.EADDRNOTAVAIL: "address_not_available",
    errno.EAFNOSUPPORT: "address_family_not_supported",
    errno.EALREADY: "connection_already_in_progress",
    errno.EBADF: "bad_file_descriptor",
    errno.ECONNABORTED: "connection_aborted",
    errno.ECONNREFUSED: "connection_refused",
    errno.ECONNRESET: RESET,
    errno.EDESTADDRREQ: "destination_address_required",
    errno.EFAULT: "bad_address",
    errno.EHOSTUNREACH: "host_unreachable",
    errno.EINTR: INTERRUPTED,
    errno.EINVAL: "invalid_argument",
    errno.EISCONN: "already_connected",
    errno.EMSGSIZE: "message_size",
    errno.ENETDOWN: "network_down",
    errno.ENETRESET: "network_reset",
    errno.ENETUNREACH: "network_unreachable",
    errno.ENOBUFS: "no_buffer_space",
    errno.ENOPROTOOPT: "no_protocol_option",
    errno.ENOTCONN: "not_connected",
    errno.ENOTSOCK: "not_a_socket",
    errno.EPERM: "permission_denied",  # what a local firewall answers to sendto
    errno.EPIPE: RESET,  # we never shut down our own side: the peer's reset came before our write
    errno.EPROTONOSUPPORT: "protocol_not_supported",
    errno.EPROTOTYPE: "wrong_protocol_type",
    errno.ETIMEDOUT: "timed_out",
    errno.EWOULDBLOCK: "operation_would_block",
}

_RESOLVER_CODES = {
    socket.EAI_NONAME: "dns_nxdomain_error",
    socket.EAI_NODATA: "dns_no_answer",
}

# X509_V_ERR_*: man 3 X509_STORE_CTX_get_error. Every other code is a defect of the certificate itself.
_VERIFY_CODES = {
    2: UNKNOWN_AUTHORITY,  # unable to get issuer certificate
    7: UNKNOWN_AUTHORITY,  # certificate signature failure: signed by somebody else in the issuer's name
    18: UNKNOWN_AUTHORITY,  # self-signed leaf
    19: UNKNOWN_AUTHORITY,  # self-signed certificate in chain
    20: UNKNOWN_AUTHORITY,  # unable to get local issuer certificate
    21: UNKNOWN_AUTHORITY,  # unable to verify the leaf signature
    62: INVALID_HOSTNAME,  # host name mismatch
    64: INVALID_HOSTNAME,  # IP address mismatch
}

# By package and class, so that none of these libraries is imported for the sake of its exceptions. Of several rows
# for one class the first whose pattern the message begins with speaks.
_CLASSES = {
    "aiohttp.ClientPayloadError": (("", EOF),),
    "aiohttp.ServerDisconnectedError": (("", EOF),),
    "anyio.BrokenResourceError": (("", RESET),),
    "anyio.ClosedResourceError": (("", "connection_already_closed"),),
    "anyio.EndOfStream": (("", EOF),),
    "builtins.EOFError": (("", EOF),),
    "builtins.ConnectionAbortedError": (("SSL handshake is taking longer", TIMEOUT), ("", "connection_aborted")),
    "builtins.ConnectionRefusedError": (("", "connection_refused"),),
    "builtins.ConnectionResetError": (("$", EOF), ("", RESET)),  # asyncio's TLS tells of a FIN without any text
    "dns.BadResponse": (("", "dns_reply_with_wrong_query_id"),),
    "dns.DNSException": (("", "dns_server_misbehaving"),),
    "dns.NXDOMAIN": (("", "dns_nxdomain_error"),),
    "dns.NoAnswer": (("", "dns_no_answer"),),
    "dns.Timeout": (("", TIMEOUT),),
    "h11.RemoteProtocolError": (("peer closed connection", EOF), ("", NOT_HTTP)),
    "httpcore.RemoteProtocolError": (("Server disconnected", EOF),),
    "httpcore.TimeoutException": (("", TIMEOUT),),
    "httpx.RemoteProtocolError": (("Server disconnected", EOF),),
    "httpx.TimeoutException": (("", TIMEOUT),),
    "json.JSONDecodeError": (("", "json_parse_error"),),
}


def failure_of(error: BaseException) -> str:
    """Name an exception, or the most precise one among its causes, its context and its group.

    A cancellation is "interrupted", which means *not measured*; catching it stays the caller's affair.
    """
    links = tuple(_links(error, set()))
    for read in (_by_system, _by_class):
        for link in links:
            if failure := read(link):
                return failure
    return unknown(str(error) or type(error).__name__)


def unknown(text: str) -> str:
    """Wrap a text outside the vocabulary, bounded and without IP endpoints (df-007)."""
    bounded = " ".join(text[: 4 * _MAX_TEXT].split())
    return f"unknown_failure: {_ENDPOINT.sub(_scrub, bounded)[:_MAX_TEXT]}"


def verification_failure(code: int) -> str:
    """Name an X509_V_ERR_* code other than 0."""
    return _VERIFY_CODES.get(code, INVALID_CERTIFICATE)


def alert_of(error: ssl.SSLError) -> str | None:
    """Return the TLS name (RFC 8446 §6) of the fatal alert that the peer sent, if that is what the error tells."""
    found = _ALERT.match(getattr(error, "reason", None) or "")
    return found[1].lower() if found else None


# OpenSSL names the reason codes that stand for a received alert after the protocol that brought it in.
_ALERT = re.compile(r"(?:SSLV3|TLSV1|TLSV13)_(?:ALERT_)?(\w+)")

_ENDPOINT = re.compile(
    r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?|\[?(?P<v6>(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f.]*)\]?(?::\d{1,5})?"
)


def _scrub(found: re.Match[str]) -> str:
    candidate = found["v6"]
    is_endpoint = candidate is None or _is_address(candidate) or _is_address(candidate.rstrip(":"))
    return "[scrubbed]" if is_endpoint else found[0]


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _links(error: BaseException, seen: set[int]) -> Iterator[BaseException]:
    """Yield an error and what brought it about, outermost first, as a traceback would show them."""
    if id(error) in seen:
        return
    seen.add(id(error))
    yield error
    if isinstance(error, BaseExceptionGroup):
        for member in error.exceptions:
            yield from _links(member, seen)
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        yield from _links(cause, seen)


def _by_system(error: BaseException) -> str | None:
    """Read what the operating system, OpenSSL and asyncio raise."""
    match error:
        case asyncio.CancelledError():
            return INTERRUPTED
        case ssl.SSLError():
            return _by_tls(error)
        case socket.gaierror():
            return _RESOLVER_CODES.get(error.errno or 0, "dns_server_misbehaving")
        case OSError() if (number := _errno_of(error)) is not None:
            return _ERRNOS.get(number)
        case TimeoutError():
            return TIMEOUT
        case _:
            return None


def _by_tls(error: ssl.SSLError) -> str | None:
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return EOF
    if code := getattr(error, "verify_code", None):
        return verification_failure(code)
    reason = getattr(error, "reason", None)
    if not reason:
        return None
    if reason == "WRONG_VERSION_NUMBER":
        return NOT_TLS
    alert = alert_of(error)
    if alert == "unrecognized_name":
        return INVALID_HOSTNAME
    return unknown(f"{'remote error: ' if alert else ''}tls: {(alert or reason).lower().replace('_', ' ')}")


def _errno_of(error: OSError) -> int | None:
    """Return the errno, also of asyncio's "Multiple exceptions: [Errno 111] …", which has it in the text alone."""
    if error.errno is not None:
        return error.errno
    found = re.match(r"Multiple exceptions: \[Errno (\d+)\]", str(error))
    return int(found[1]) if found else None


def _by_class(error: BaseException) -> str | None:
    """Read what libraries raise, most derived class first."""
    text = str(error)
    for ancestor in type(error).__mro__:
        rows = _CLASSES.get(f"{ancestor.__module__.partition('.')[0]}.{ancestor.__qualname__}", ())
        for pattern, failure in rows:
            if re.match(pattern, text):
                return failure
    return None
