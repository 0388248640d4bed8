import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from probes import live
from probes.guard import PUBLIC, Guard
from probes.live import LiveNetwork
from probes.model import Endpoint
from probes.network import Attempt, Network, OutsideQuestion, Question, Timeouts, Transfer
from probes.observations import AnyObservation, Arm, HttpObservation, Purpose, Target, TcpObservation, TlsObservation
from tests.fakes import tls_server
from tests.fakes.dns_server import DnsServer, a
from tests.fakes.doh_server import DohServer
from tests.fakes.http_server import page, redirect, response
from tests.fakes.tcp_server import closed_port, hang, reset, say, serve
from tests.probes.wire import PATIENCE_S, TIMEOUT_S

LOOPBACK = Guard(ports=None, extra_networks=("127.0.0.0/8", "::1/128"))
PATIENT = Timeouts(dns_s=PATIENCE_S, connect_s=PATIENCE_S, handshake_s=PATIENCE_S, response_s=PATIENCE_S)
HASTY = Timeouts(dns_s=TIMEOUT_S, connect_s=TIMEOUT_S, handshake_s=TIMEOUT_S, response_s=TIMEOUT_S)
HELLO = response(page("Hello").encode())


@pytest.fixture
async def network() -> AsyncIterator[LiveNetwork]:
    async with LiveNetwork(
        guard=LOOPBACK, trusted_doh=("https://192.0.2.1/dns-query",), roots=tls_server.roots()
    ) as it:
        yield it


async def steps_of(network: Network, attempt: Attempt) -> list[AnyObservation]:
    seen: list[AnyObservation] = []
    await network.attempt(attempt, seen.append)
    return seen


def web(port: int, scheme: str = "https", timeouts: Timeouts = PATIENT) -> Attempt:
    return Attempt(endpoint=Endpoint(scheme, "example.org", port, "/"), address="127.0.0.1", timeouts=timeouts)


async def test_all_steps_of_an_https_endpoint_go_over_one_connection(network: LiveNetwork) -> None:
    async with serve(say(HELLO), tls=tls_server.good()) as port:
        tcp, tls, http = await steps_of(network, web(port))
    assert isinstance(tcp, TcpObservation)
    assert isinstance(tls, TlsObservation)
    assert isinstance(http, HttpObservation)
    assert (tcp.failure, tls.failure, http.failure) == (None, None, None)
    assert (tls.version, http.status, http.title) == ("TLSv1.3", 200, "Hello")
    assert tcp.connection == tls.connection == http.connection is not None
    assert tcp.target == http.target == Target(host="example.org", address="127.0.0.1", port=port)
    assert (http.arm, http.purpose) == (Arm.EXPERIMENT, Purpose.MEASURE)
    received = [step.info.bytes_received for step in (tcp, tls, http) if step.info]
    assert received == sorted(received)
    assert received[0] == 0
    assert received[2] > len(HELLO)


async def test_each_step_is_handed_over_as_it_ends(network: LiveNetwork) -> None:
    asked = asyncio.Event()
    seen: list[str] = []

    async def answer_when_told(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        assert seen == ["tcp", "tls"]
        asked.set()
        writer.write(HELLO)

    async with serve(answer_when_told, tls=tls_server.good()) as port:
        await network.attempt(web(port), lambda observation: seen.append(observation.step))
    assert asked.is_set()
    assert seen == ["tcp", "tls", "http"]


async def test_two_attempts_are_two_connections(network: LiveNetwork) -> None:
    async with serve(say(HELLO)) as port:
        one = await steps_of(network, web(port, "http"))
        other = await steps_of(network, web(port, "http"))
    assert one[0].connection != other[0].connection


@pytest.mark.parametrize(
    ("scheme", "until", "steps"),
    [
        ("https", "http", ["tcp", "tls", "http"]),
        ("https", "tls", ["tcp", "tls"]),
        ("https", "tcp", ["tcp"]),
        ("tls", "http", ["tcp", "tls"]),
        ("tcp", "http", ["tcp"]),
    ],
)
async def test_an_attempt_goes_as_far_as_its_scheme_and_until_say(
    network: LiveNetwork, scheme: str, until: str, steps: list[str]
) -> None:
    async with serve(say(HELLO), tls=tls_server.good()) as port:
        endpoint = Endpoint(scheme, "example.org", port)
        attempt = Attempt(endpoint=endpoint, address="127.0.0.1", until=until, timeouts=PATIENT)  # type: ignore[arg-type]
        seen = await steps_of(network, attempt)
    assert [step.step for step in seen] == steps
    assert all(step.failure is None for step in seen)


async def test_plain_http_has_no_handshake(network: LiveNetwork) -> None:
    async with serve(say(redirect("https://example.org/"))) as port:
        tcp, http = await steps_of(network, web(port, "http"))
    assert (tcp.step, http.step) == ("tcp", "http")
    assert isinstance(http, HttpObservation)
    assert http.location == "https://example.org/"


async def test_the_failed_step_is_the_last_one(network: LiveNetwork) -> None:
    assert [step.failure for step in await steps_of(network, web(closed_port()))] == ["connection_refused"]
    async with serve(reset) as port:
        assert [step.failure for step in await steps_of(network, web(port))] == [None, "connection_reset"]
    async with serve(hang) as port:
        seen = await steps_of(network, web(port, timeouts=HASTY))
    assert [step.failure for step in seen] == [None, "generic_timeout_error"]


async def test_nothing_is_said_over_a_connection_that_proves_another_name(network: LiveNetwork) -> None:
    async with serve(say(HELLO), tls=tls_server.good("example.net")) as port:
        seen = await steps_of(network, web(port))
    assert [step.failure for step in seen] == [None, "ssl_invalid_hostname"]


async def test_a_counterfactual_says_another_name_and_keeps_the_target(network: LiveNetwork) -> None:
    heard: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(HELLO)

    async with serve(listen, tls=tls_server.good("innocuous.example")) as port:
        attempt = Attempt(
            endpoint=Endpoint("https", "example.org", 443, "/"),
            address="127.0.0.1",
            port=port,
            server_name="innocuous.example",
            timeouts=PATIENT,
            arm=Arm.CONTROL,
            purpose=Purpose.INNOCUOUS_NAME,
        )
        _, tls, http = await steps_of(network, attempt)
    assert isinstance(tls, TlsObservation)
    assert (tls.server_name, tls.target.host, tls.target.port) == ("innocuous.example", "example.org", port)
    assert (tls.arm, tls.purpose, http.failure) == (Arm.CONTROL, Purpose.INNOCUOUS_NAME, None)
    assert b"Host: innocuous.example\r\n" in heard[0]


async def test_a_stranger_is_asked_for_its_own_file_within_the_service_s_name(network: LiveNetwork) -> None:
    heard: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(HELLO)

    async with serve(listen, tls=tls_server.good("files.example")) as port:
        attempt = Attempt(
            endpoint=Endpoint("https", "example.org", 443, "/10MB"),
            address="127.0.0.1",
            port=port,
            asked_host="files.example",
            any_certificate=True,
            transfer=Transfer(direction="down", size_bytes=4096),
            timeouts=PATIENT,
            purpose=Purpose.TRANSFER,
        )
        _, tls, moved = await steps_of(network, attempt)
    assert isinstance(tls, TlsObservation)
    assert (tls.server_name, tls.failure, moved.failure) == ("example.org", "ssl_invalid_hostname", None)
    assert heard[0].startswith(b"GET /10MB HTTP/1.1\r\nHost: files.example\r\n")


async def test_an_address_as_host_is_not_sent_as_a_name(network: LiveNetwork) -> None:
    async with serve(say(HELLO), tls=tls_server.good("127.0.0.1")) as port:
        endpoint = Endpoint("tls", "127.0.0.1", port)
        _, tls = await steps_of(network, Attempt(endpoint=endpoint, address="127.0.0.1", timeouts=PATIENT))
    assert isinstance(tls, TlsObservation)
    assert (tls.failure, tls.server_name) == (None, "")


async def test_ipv6_is_measured_alike(network: LiveNetwork) -> None:
    async with serve(say(HELLO), "::1", tls=tls_server.good()) as port:
        endpoint = Endpoint("https", "example.org", port, "/")
        seen = await steps_of(network, Attempt(endpoint=endpoint, address="::1", timeouts=PATIENT))
    assert [step.failure for step in seen] == [None, None, None]


@pytest.mark.parametrize("address", ["127.0.0.1", "::ffff:127.0.0.1", "10.0.0.1", "not an address"])
async def test_the_guard_is_asked_before_anything_is_sent(address: str) -> None:
    met = False

    async def meet(*_: object) -> None:
        nonlocal met
        met = True

    async with serve(meet) as port, LiveNetwork(guard=PUBLIC, trusted_doh=()) as network:
        endpoint = Endpoint("http", "example.org", 80, "/")
        (seen,) = await steps_of(network, Attempt(endpoint=endpoint, address=address, port=port, timeouts=PATIENT))
        assert not network.permits(address, port)
    assert seen.failure is not None
    assert seen.failure.startswith("unknown_failure: refused by the guard")
    assert address not in seen.failure
    assert not met


async def test_a_cancelled_attempt_leaves_no_socket_behind(network: LiveNetwork) -> None:
    gone = asyncio.Event()
    reached = asyncio.Event()

    async def wait_for_the_end(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        reached.set()
        with contextlib.suppress(OSError):
            await reader.read()
        gone.set()

    async with serve(wait_for_the_end) as port:
        attempt = asyncio.create_task(steps_of(network, web(port)))
        await reached.wait()
        attempt.cancel()
        with pytest.raises(asyncio.CancelledError):
            await attempt
        async with asyncio.timeout(PATIENCE_S):
            await gone.wait()


async def test_many_attempts_at_once_are_kept_apart(network: LiveNetwork) -> None:
    async with serve(say(HELLO), tls=tls_server.good()) as port:
        all_steps = await asyncio.gather(*(steps_of(network, web(port)) for _ in range(20)))
    assert {tuple(step.failure for step in steps) for steps in all_steps} == {(None, None, None)}
    assert len({steps[0].connection for steps in all_steps}) == 20


def test_the_systems_resolvers_are_read_when_asked_for(tmp_path: Path) -> None:
    resolv_conf = tmp_path / "resolv.conf"
    network = LiveNetwork(guard=LOOPBACK, trusted_doh=(), resolv_conf=resolv_conf)
    for address in ("192.0.2.53", "192.0.2.54"):
        resolv_conf.write_text(f"nameserver {address}\n")
        assert network.system_resolvers() == (address,)


def test_families_are_those_with_a_route(monkeypatch: pytest.MonkeyPatch) -> None:
    network = LiveNetwork(guard=LOOPBACK, trusted_doh=("https://192.0.2.1/dns-query",))
    monkeypatch.setattr(live, "_has_route", lambda _, address: ":" not in address)
    assert network.families() == {4}
    assert network.trusted_resolvers() == ("https://192.0.2.1/dns-query",)


def test_loopback_is_no_route_to_the_world() -> None:
    assert not live._has_route(socket.AF_INET, "127.0.0.1")


async def test_a_question_is_asked_once(network: LiveNetwork) -> None:
    question = Question(
        name="example.org", query_type="A", resolver="127.0.0.1:1", transport="tcp", timeout_s=PATIENCE_S
    )
    seen = await network.ask(question)
    assert (seen.failure, seen.resolver) == ("connection_refused", "127.0.0.1:1")


async def test_an_outside_control_is_found_by_an_honest_resolver(tmp_path: Path) -> None:
    resolv_conf = tmp_path / "resolv.conf"
    resolv_conf.write_text("nameserver 127.0.0.1\n")
    async with (
        DnsServer() as server,
        DohServer(server, tls_server.authority()) as operator,
        serve(say(response(b"{}", status="503 Busy")), tls=tls_server.good("control.example")) as port,
        LiveNetwork(
            guard=LOOPBACK,
            trusted_doh=("https://127.0.0.1:1/dns-query", operator.url),
            outside_controls=(f"https://control.example:{port}/",),
            resolv_conf=resolv_conf,
            roots=tls_server.roots(),
        ) as network,
    ):
        server.answer("control.example", "A", a("127.0.0.1"))
        question = OutsideQuestion(endpoint=Endpoint("https", "example.org", 443, "/"), addresses=())
        (seen,) = await network.ask_outside(question)
    assert (seen.control, seen.failure) == (
        f"https://control.example:{port}/",
        "unknown_failure: the control answered 503",
    )


async def test_without_outside_controls_the_question_fails(network: LiveNetwork) -> None:
    question = OutsideQuestion(endpoint=Endpoint("https", "example.org", 443, "/"), addresses=())
    assert (await network.ask_outside(question))[0].failure is not None
