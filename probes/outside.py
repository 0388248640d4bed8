"""Asks outside controls what they see: the client side of OONI's test-helper protocol.

A control that fails says nothing of the service: its failure stays its own, is never raised and never a verdict. As
many are asked side by side as are wanted as witnesses. The next one is asked as well once those have been silent for a
third of the question's time, and at once when one has failed or cannot be connected to. (A control takes its time where
the target doesn't answer it: silence is not yet a fault.) After the first answer the next one is asked when the others
have taken as long again, and nobody is waited for when they have taken three times as long. One that has failed is
asked last for a minute.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from dataclasses import replace
from http import HTTPStatus
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from probes import trust
from probes.control.protocol import (
    MAX_ANSWER_BYTES,
    UNKNOWN,
    UNREACHABLE,
    Request,
    join_endpoint,
    read_answer,
    split_endpoint,
    write_request,
)
from probes.failures import failure_of, unknown
from probes.observations import Arm, OutsideObservation, Purpose, Target
from probes.steps.http import USER_AGENT
from probes.trust import is_address

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    import aiohttp

    from probes.control.protocol import Answer, Connect, Handshake
    from probes.http_names import Resolve
    from probes.network import OutsideQuestion

NONE_CONFIGURED = unknown("no outside control is configured")
_SHARE = 1 / 3
_SOON_S = 0.25
_LATER_S = 1.0
"""The least that a further witness has after the first one's answer before yet another is asked; and all of them."""
_CONNECT_S = 1.6
"""A lost SYN is sent again after 1 s (RFC 6298), so this is one repeat and a long round trip."""
_REST_S = 60.0
_CONNECTIONS = 16
"""At a time. A public control serves 25 requests at once, of all its askers."""
_HTTPS_PORT = 443
_MAX_ADDRESSES = 64
_MAX_FAILURE = 200
_MAX_TITLE = 512
_STATUSES = range(100, 600)
_OWN_HEADERS = {"Accept-Encoding": "identity", "Content-Type": "application/json", "User-Agent": "reachbot"}
"""Without compression the length of an answer is the length of its bytes."""
_VISIT_HEADERS = {
    "Accept": ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"],
    "Accept-Language": ["en-US,en;q=0.5"],
    "User-Agent": [USER_AGENT],
}
"""What the control says to the site: the same as the measured request."""


class ControlError(Exception):
    """A control answered, but not with what it saw."""


def control_url(text: str) -> str:
    """Return the URL of a control. Raises ValueError for one that is not safe to ask.

    An answer that anybody on the way can change is worth nothing, so it has to be https, but for a tunnel's near end
    on this very host (http://127.0.0.1:8080).
    """
    parts = urlsplit(text)
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname))):
        raise ValueError("is neither an https:// URL nor an http:// one with a loopback address")
    return text


def request_for(question: OutsideQuestion) -> Request:
    """Ask for a web endpoint's URL; for any other endpoint, one at its port, so that name and connects are tried.

    A WebSocket's URL is asked for as a page: no control offers more, and an answer shows that its server speaks HTTP.
    """
    endpoint = question.endpoint
    if endpoint.scheme == "wss":
        endpoint = replace(endpoint, scheme="https")
    if endpoint.scheme in {"http", "https"}:
        url = str(endpoint)
    else:
        scheme = "https" if endpoint.scheme == "tls" or endpoint.port == _HTTPS_PORT else "http"
        url = f"{scheme}://{join_endpoint(endpoint.host, endpoint.port)}/"
    return Request(
        http_request=url,
        http_request_headers=_VISIT_HEADERS,
        tcp_connect=[join_endpoint(address, endpoint.port) for address in question.addresses],
        x_connect_only=endpoint.scheme not in {"http", "https"},
    )


class OutsideControls:
    """Several controls. To be closed at the end."""

    def __init__(self, urls: Iterable[str], *, resolve: Resolve, roots: trust.Roots = trust.SYSTEM) -> None:
        """Take controls in the order in which they are asked. One that `control_url` refuses counts as failed."""
        self._urls = tuple(urls)
        self._resolve = resolve
        self._roots = roots
        self._rests_until_s: dict[str, float] = {}
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def ask(self, question: OutsideQuestion) -> Sequence[OutsideObservation]:
        """Ask until as many have answered as are wanted or time is over; if none has, return the last failure."""
        now = asyncio.get_running_loop().time
        deadline_s, ends_s = now() + question.timeout_s, math.inf
        patience_s = question.timeout_s * _SHARE
        waiting = deque(self._order(question, now()))
        answers: list[OutsideObservation] = []
        failure = _failed(question, "", NONE_CONFIGURED, 0.0)
        due = question.witnesses
        async with asyncio.TaskGroup() as group:
            calls: set[asyncio.Task[OutsideObservation]] = set()
            while len(answers) < question.witnesses and (calls or waiting) and now() < ends_s:
                for url in _first(due, waiting):
                    calls.add(group.create_task(self._call(url, question, deadline_s)))
                done, calls = await _wait(calls, min(patience_s if waiting else math.inf, ends_s - now()))
                for seen in (call.result() for call in done):
                    if seen.failure is None:
                        answers.append(seen)
                        patience_s = min(patience_s, max(_SOON_S, seen.elapsed_s))
                        ends_s = min(ends_s, now() + max(_LATER_S, 3 * seen.elapsed_s))
                    else:
                        failure = seen
                due = question.witnesses - len(answers) - len(calls) if done else 1
            _cancel(calls)
        return answers[: question.witnesses] or [failure]

    def _order(self, question: OutsideQuestion, now_s: float) -> Sequence[str]:
        """Return one control of each host that was not heard yet, those that rest last."""
        heard = {_host_of(url) for url in question.heard}
        unheard = {host: url for url in reversed(self._urls) if (host := _host_of(url)) not in heard}
        urls = [url for url in self._urls if url in unheard.values()]
        return sorted(urls, key=lambda url: self._rests_until_s.get(url, now_s) > now_s)

    async def _call(self, url: str, question: OutsideQuestion, deadline_s: float) -> OutsideObservation:
        now = asyncio.get_running_loop().time
        began_s = now()
        try:
            async with asyncio.timeout_at(deadline_s):
                answer = await self._exchange(url, request_for(question))
        except Exception as error:  # noqa: BLE001 - whatever a control does, it is a failed control, not a verdict
            self._rests_until_s[url] = now() + _REST_S
            return _failed(question, url, failure_of(error), now() - began_s)
        return _seen(question, url, answer, now() - began_s)

    async def _exchange(self, url: str, request: Request) -> Answer:
        """Ask one control. Raises whatever goes wrong, `ControlError` for an answer that is none."""
        session = self._opened()
        async with session.post(control_url(url), data=write_request(request), allow_redirects=False) as response:
            if response.status != HTTPStatus.OK:
                raise ControlError(f"the control answered {response.status}")
            return _read(await _bounded(response))

    def _opened(self) -> aiohttp.ClientSession:
        import aiohttp  # noqa: PLC0415 - half of the start-up time, and most checks never ask outside

        from probes.http_names import Resolver  # noqa: PLC0415 - as above

        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    ssl=trust.verifying_context("http/1.1", roots=self._roots),
                    resolver=Resolver(self._resolve),
                    limit=_CONNECTIONS,
                ),
                headers=_OWN_HEADERS,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S),
            )
        return self._session


def _first(count: int, waiting: deque[str]) -> list[str]:
    """Take up to `count` from the queue."""
    return [waiting.popleft() for _ in range(min(count, len(waiting)))]


async def _wait(
    calls: Collection[asyncio.Task[OutsideObservation]], limit_s: float
) -> tuple[set[asyncio.Task[OutsideObservation]], set[asyncio.Task[OutsideObservation]]]:
    """Return the calls that have ended and those that have not, when one has or `limit_s` is over."""
    timeout_s = None if limit_s == math.inf else limit_s
    return await asyncio.wait(calls, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)


def _cancel(calls: Iterable[asyncio.Task[OutsideObservation]]) -> None:
    for call in calls:
        call.cancel()


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for part in response.content.iter_any():
        body += part
        if len(body) > MAX_ANSWER_BYTES:
            raise ControlError("the control's answer is too long")
    return bytes(body)


def _read(body: bytes) -> Answer:
    try:
        answer = read_answer(body)
    except ValueError as error:
        raise ControlError("the control's answer makes no sense") from error
    if answer.http_request.failure is None and answer.http_request.status_code not in _STATUSES:
        raise ControlError("the control tells neither of a page nor of a failure")
    return answer


# --- what an answer says ---------------------------------------------------------------------------------------------


def _failed(question: OutsideQuestion, control: str, failure: str, elapsed_s: float) -> OutsideObservation:
    return OutsideObservation(
        arm=Arm.CONTROL,
        purpose=Purpose.OUTSIDE,
        target=_target(question),
        control=control,
        failure=failure,
        elapsed_s=elapsed_s,
    )


def _seen(question: OutsideQuestion, control: str, answer: Answer, elapsed_s: float) -> OutsideObservation:
    page = answer.http_request
    return OutsideObservation(
        arm=Arm.CONTROL,
        purpose=Purpose.OUTSIDE,
        target=_target(question),
        control=control,
        elapsed_s=elapsed_s,
        addresses=tuple(filter(is_address, answer.dns.addrs[:_MAX_ADDRESSES])),
        dns_failure=_short(answer.dns.failure),
        tcp=_by_endpoint(answer.tcp_connect),
        tls=_by_endpoint(answer.tls_handshake or {}),
        http_failure=_short(page.failure),
        http_status=page.status_code if page.failure is None else None,
        http_title=page.title[:_MAX_TITLE] or None,
        http_body_bytes=page.body_length if page.body_length >= 0 else None,
    )


def _target(question: OutsideQuestion) -> Target:
    return Target(host=question.endpoint.host, port=question.endpoint.port)


def _by_endpoint(outcomes: Mapping[str, Connect | Handshake]) -> dict[str, str | None]:
    """Return the failures by "address:port", addresses in their usual form; what is no endpoint is left out.

    So is an IPv6 endpoint that failed by anything but silence or refusal: most likely the control has no IPv6 itself.
    """
    told: dict[str, str | None] = {}
    for text, outcome in list(outcomes.items())[:_MAX_ADDRESSES]:
        endpoint = split_endpoint(text)
        failure = _short(outcome.failure or (None if outcome.status else UNKNOWN))
        if endpoint and not (":" in endpoint[0] and failure == UNREACHABLE):
            told[join_endpoint(*endpoint)] = failure
    return told


def _short(failure: str | None) -> str | None:
    return failure and failure[:_MAX_FAILURE]


def _host_of(url: str) -> str:
    """Return whose word an answer is: two URLs of one server are one witness."""
    return url.partition("://")[2].partition("/")[0] or url


def _is_loopback(host: str) -> bool:
    return is_address(host) and ip_address(host).is_loopback
