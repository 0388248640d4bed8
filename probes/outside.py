"""Asks an outside control what it sees: the client side of OONI's test-helper protocol.

The protocol (probe-cli internal/model/th.go): POST a URL and addresses as JSON, get back the control's own DNS answer,
connects, handshakes and page. Failure strings in the answer are partly of an older vocabulary, so they are only ever
told from null (facts of oohelperd). A control that fails says nothing of the service: its failure stays its own.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field, TypeAdapter

from probes.failures import failure_of
from probes.model import Arm, OutsideObservation, Purpose, Target

if TYPE_CHECKING:
    import ssl

    import aiohttp
    from aiohttp.abc import AbstractResolver

    from probes.network import OutsideQuestion

Resolve = Callable[[str], Awaitable[Sequence[str]]]

ANSWER_BYTES = 1 << 20
"""An answer is bounded; the protocol itself allows 16 MiB, of which bodies were once a part."""
HEADERS = {
    "Accept": ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"],
    "Accept-Language": ["en-US,en;q=0.8"],
    "User-Agent": ["Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"],
}


class _Connect(BaseModel):
    status: bool = False
    failure: str | None = None


class _Page(BaseModel):
    body_length: int = -1
    failure: str | None = None
    title: str = ""
    status_code: int = -1


class _Dns(BaseModel):
    failure: str | None = None
    addrs: list[str] = Field(default_factory=list, max_length=256)


class ControlAnswer(BaseModel):
    """What the protocol's answer says, as far as it is used here."""

    tcp_connect: dict[str, _Connect] = Field(default_factory=dict, max_length=256)
    tls_handshake: dict[str, _Connect] | None = None
    http_request: _Page
    dns: _Dns


_ANSWER = TypeAdapter(ControlAnswer)


def request_for(question: OutsideQuestion) -> dict[str, Any]:
    """Build the request's JSON."""
    port = question.endpoint.port
    return {
        "http_request": _url(question),
        "http_request_headers": HEADERS,
        "tcp_connect": [f"[{a}]:{port}" if ":" in a else f"{a}:{port}" for a in question.addresses],
        "x_quic_enabled": False,
    }


def _url(question: OutsideQuestion) -> str:
    """Return a web endpoint's URL; for any other kind one at its port, so that names and connects are tried."""
    endpoint = question.endpoint
    if endpoint.scheme in {"http", "https"}:
        return str(endpoint)
    scheme = "https" if endpoint.port == 443 else "http"  # noqa: PLR2004 - HTTPS
    host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    return f"{scheme}://{host}:{endpoint.port}/"


class OutsideControls:
    """Several controls, asked one after the other until one answers."""

    def __init__(self, urls: Sequence[str], *, tls: ssl.SSLContext, resolve: Resolve) -> None:
        self._urls = tuple(urls)
        self._tls = tls
        self._resolve = resolve
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def ask(self, question: OutsideQuestion) -> OutsideObservation:
        """Ask until one control answers or the question's time is over. Never raises for what a control does."""
        started_s = time.perf_counter()
        left_s = question.timeout_s
        failure, control = "unknown_failure: no outside control is configured", ""
        for url in self._urls:
            control, last = url, url == self._urls[-1]
            share_s = left_s if last else left_s / 2
            try:
                async with asyncio.timeout(share_s):
                    answer = await self._ask_one(url, question)
            except Exception as error:  # noqa: BLE001 - whatever a control does, it is a failed control, not a verdict
                failure = failure_of(error)
            else:
                return _observation(question, url, answer, time.perf_counter() - started_s)
            left_s = question.timeout_s - (time.perf_counter() - started_s)
        return _failed(question, control, failure, time.perf_counter() - started_s)

    async def _ask_one(self, url: str, question: OutsideQuestion) -> ControlAnswer:
        """Ask one control. Raises whatever goes wrong, ValueError for an answer that is none."""
        session = self._open_session()
        async with session.post(url, json=request_for(question), allow_redirects=False) as response:
            if response.status != HTTPStatus.OK:
                raise ValueError(f"the control answered {response.status}")
            body = await response.content.read(ANSWER_BYTES + 1)
            while len(body) <= ANSWER_BYTES and (more := await response.content.read(ANSWER_BYTES)):
                body += more
        if len(body) > ANSWER_BYTES:
            raise ValueError("the control's answer is too large")
        return _ANSWER.validate_json(body)

    def _open_session(self) -> aiohttp.ClientSession:
        import aiohttp  # noqa: PLC0415 - half of the start-up time, and most checks never ask outside

        if self._session is None:
            connector = aiohttp.TCPConnector(ssl=self._tls, resolver=_resolver(self._resolve), limit=8)
            self._session = aiohttp.ClientSession(connector=connector, trust_env=False, auto_decompress=True)
        return self._session


def _resolver(resolve: Resolve) -> AbstractResolver:
    """Let aiohttp resolve through `resolve`: getaddrinfo cannot be cancelled and would hold up the program's end."""
    from aiohttp.abc import AbstractResolver, ResolveResult  # noqa: PLC0415 - see above

    class Resolver(AbstractResolver):
        async def resolve(
            self,
            host: str,
            port: int = 0,
            family: socket.AddressFamily = socket.AF_INET,  # noqa: ARG002 - both families are given
        ) -> list[ResolveResult]:
            addresses = await resolve(host)
            if not addresses:
                raise OSError(f"no address for {host}")
            return [
                ResolveResult(hostname=host, host=address, port=port, family=family_of(address), proto=0, flags=0)
                for address in addresses
            ]

        async def close(self) -> None:
            """Nothing is held open."""

    def family_of(address: str) -> int:
        return socket.AF_INET6 if ":" in address else socket.AF_INET

    return Resolver()


def _target(question: OutsideQuestion) -> Target:
    return Target(host=question.endpoint.host, port=question.endpoint.port)


def _failed(question: OutsideQuestion, control: str, failure: str, elapsed_s: float) -> OutsideObservation:
    return OutsideObservation(
        arm=Arm.CONTROL,
        purpose=Purpose.OUTSIDE,
        target=_target(question),
        control=control,
        failure=failure,
        elapsed_s=elapsed_s,
    )


def _observation(
    question: OutsideQuestion, control: str, answer: ControlAnswer, elapsed_s: float
) -> OutsideObservation:
    page = answer.http_request
    return OutsideObservation(
        arm=Arm.CONTROL,
        purpose=Purpose.OUTSIDE,
        target=_target(question),
        control=control,
        elapsed_s=elapsed_s,
        addresses=tuple(address for address in answer.dns.addrs if _is_address(address)),
        dns_failure=answer.dns.failure,
        tcp={where: _failure(connect) for where, connect in answer.tcp_connect.items()},
        tls={where: _failure(connect) for where, connect in (answer.tls_handshake or {}).items()},
        http_failure=page.failure,
        http_status=page.status_code if page.failure is None else None,
        http_title=page.title[:512] or None,
        http_body_bytes=page.body_length if page.body_length >= 0 else None,
    )


def _failure(connect: _Connect) -> str | None:
    if connect.failure is None and not connect.status:
        return "unknown_failure"
    return connect.failure and connect.failure[:200]


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
