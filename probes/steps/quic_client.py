"""aioquic's side of one QUIC v1 handshake, without a socket, and what its end means.

The only module that imports aioquic, which takes its time: `probes.steps.quic` loads it when the first check wants it.
"""

from __future__ import annotations

import logging
import ssl
from typing import TYPE_CHECKING

from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import ConnectionTerminated, HandshakeCompleted
from aioquic.quic.packet import QuicErrorCode, QuicProtocolVersion
from aioquic.tls import AlertDescription
from cryptography.hazmat.primitives.serialization import Encoding

from probes.failures import INVALID_CERTIFICATE, INVALID_HOSTNAME, UNKNOWN_AUTHORITY, unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

INCOMPATIBLE_VERSION = "quic_incompatible_version"
FAILED_HANDSHAKE = "ssl_failed_handshake"

_ALPN = ["h3"]
_PEER = ("peer", 0)  # the socket is connected: there is only one
_PATIENCE_S = 600.0  # our own deadline rules, not aioquic's idle timeout
_NO_COMMON_VERSION = "Could not find a common protocol version"
_MAX_ALERT = 0xFF

_ALERTS: dict[int, str] = {  # as OONI's netxlite reads quic-go
    AlertDescription.handshake_failure: FAILED_HANDSHAKE,
    AlertDescription.insufficient_security: FAILED_HANDSHAKE,
    AlertDescription.bad_certificate: INVALID_CERTIFICATE,
    AlertDescription.unsupported_certificate: INVALID_CERTIFICATE,
    AlertDescription.certificate_revoked: INVALID_CERTIFICATE,
    AlertDescription.certificate_expired: INVALID_CERTIFICATE,
    AlertDescription.certificate_unknown: INVALID_CERTIFICATE,
    AlertDescription.unknown_ca: UNKNOWN_AUTHORITY,
    AlertDescription.unrecognized_name: INVALID_HOSTNAME,
}

logging.getLogger("quic").setLevel(logging.CRITICAL)  # what peers do wrong belongs into observations, not into logs


class QuicClient:
    """One connection attempt. Times are the loop's, in seconds. An empty name sends no SNI.

    Raises ValueError for a name that cannot be sent.
    """

    def __init__(self, server_name: str, now: float) -> None:
        if not server_name.isascii():
            raise ValueError("a server name that is not ASCII")
        configuration = QuicConfiguration(
            alpn_protocols=_ALPN,
            idle_timeout=_PATIENCE_S,
            server_name=server_name or None,
            supported_versions=[QuicProtocolVersion.VERSION_1],
            verify_mode=ssl.CERT_NONE,  # `probes.trust` judges the chain afterwards
        )
        self._connection = QuicConnection(configuration=configuration)
        self._connection.connect(_PEER, now)
        self._agreed: HandshakeCompleted | None = None

    def outgoing(self, now: float) -> Iterator[bytes]:
        """Yield the datagrams to send now."""
        for data, _ in self._connection.datagrams_to_send(now):
            yield data

    @property
    def timer(self) -> float | None:
        """When `on_timer` is due."""
        return self._connection.get_timer()

    def on_timer(self, now: float) -> None:
        """Let lost packets be sent again."""
        self._connection.handle_timer(now)

    def receive(self, data: bytes, now: float) -> None:
        """Take in a datagram. Raises ValueError if aioquic breaks over it."""
        try:
            self._connection.receive_datagram(data, _PEER, now)
        except Exception as error:  # what hostile packets make a library raise cannot be listed
            raise ValueError(f"quic: {type(error).__name__} over a datagram") from error
        while event := self._connection.next_event():
            if isinstance(event, HandshakeCompleted):
                self._agreed = event

    def close(self, now: float) -> Iterator[bytes]:
        """Yield what is left to say, a goodbye included, and be done."""
        yield from self.outgoing(now)
        self._connection.close()
        yield from self.outgoing(now)

    @property
    def complete(self) -> bool:
        """Whether the handshake has been completed."""
        return self._agreed is not None

    @property
    def alpn(self) -> str | None:
        """The protocol that was agreed on."""
        return self._agreed.alpn_protocol if self._agreed else None

    @property
    def chain(self) -> tuple[bytes, ...]:
        """The certificates (DER) that the peer sent, leaf first."""
        tls = self._connection.tls
        leaf = tls._peer_certificate  # noqa: SLF001 - aioquic shows the peer's chain nowhere else
        others = tls._peer_certificate_chain  # noqa: SLF001 - as above
        return tuple(one.public_bytes(Encoding.DER) for one in (leaf, *others)) if leaf else ()

    @property
    def failure(self) -> str | None:
        """What ended the connection, if something did: the peer's goodbye, or what was wrong with its packets."""
        # aioquic tells of a close only after three probe timeouts of draining (RFC 9000 §10.2)
        event = self._connection._close_event  # noqa: SLF001 - see the line above
        if event is None:
            return None
        by_peer = not self._connection._close_pending  # noqa: SLF001 - our own goodbye is still to be sent
        return failure_of_close(event, by_peer=by_peer)


def failure_of_close(event: ConnectionTerminated, *, by_peer: bool) -> str:
    """Name the end of a connection: the peer's word, or what was wrong with its packets."""
    if event.reason_phrase == _NO_COMMON_VERSION:
        return INCOMPATIBLE_VERSION
    alert = event.error_code - QuicErrorCode.CRYPTO_ERROR
    if by_peer and alert in _ALERTS:
        return _ALERTS[alert]
    is_alert = 0 <= alert <= _MAX_ALERT
    what = f"tls: {_named(AlertDescription, alert)}" if is_alert else _named(QuicErrorCode, event.error_code)
    return unknown(f"remote error: {what}" if by_peer else f"quic: {what}: {event.reason_phrase}".rstrip(": "))


def _named(names: type[QuicErrorCode | AlertDescription], code: int) -> str:
    try:
        return names(code).name.lower().replace("_", " ")
    except ValueError:
        return f"0x{code:x}"
