from collections.abc import Iterable
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.observations import StunObservation
from probes.steps import stun
from probes.steps.stun_message import binding_request, read_response
from tests.fakes import udp_server
from tests.fakes.stun_server import ERROR, attribute, error, mapped, message, software, transaction
from tests.probes.udp_wire import framed
from tests.probes.wire import PATIENCE_S, TIMEOUT_S

OURS = bytes.fromhex("b7e7a701bc34d686fa87dfae")
NO_ADDRESS = "stun: a success without a mapped address"


# --- messages --------------------------------------------------------------------------------------------------------


def test_a_request_is_a_header_alone() -> None:
    assert binding_request(OURS).hex(" ", 4) == "00010000 2112a442 b7e7a701 bc34d686 fa87dfae"


@pytest.mark.parametrize(
    ("response", "address"),
    [
        (
            """0101003c 2112a442 b7e7a701 bc34d686 fa87dfae 8022000b 74657374 20766563 746f7220 00200008 0001a147
            e112a643 00080014 2b91f599 fd9e90c3 8c7489f9 2af9ba53 f06be7d7 80280004 c07d4c96""",
            "192.0.2.1",
        ),
        (
            """01010048 2112a442 b7e7a701 bc34d686 fa87dfae 8022000b 74657374 20766563 746f7220 00200014 0002a147
            0113a9fa a5d3f179 bc25f4b5 bed2b9d9 00080014 a382954e 4be67bf1 1784c97c 8292c275 bfe3ed41
            80280004 c8fb0b4c""",
            "2001:db8:1234:5678:11:2233:4455:6677",
        ),
    ],
    ids=["IPv4", "IPv6"],
)
def test_the_vectors_of_rfc_5769_are_read(response: str, address: str) -> None:
    seen = read_response(bytes.fromhex(response), OURS)
    assert (seen.address, seen.port, seen.software) == (ip_address(address), 32853, "test vector")


def test_the_address_of_servers_before_rfc_5389_counts_too() -> None:
    seen = read_response(message(OURS, attribute(0x0001, b"\0\1\x80\x55\xc0\0\x02\x01")), OURS)
    assert (str(seen.address), seen.port, seen.software) == ("192.0.2.1", 32853, None)


def test_unknown_attributes_are_passed_over_and_the_first_of_a_kind_counts() -> None:
    data = message(OURS, attribute(0x0004, b"old"), attribute(0xC001, b"new"), mapped(1), mapped(2))
    assert read_response(data, OURS).port == 1


def test_the_name_of_the_software_is_bounded_and_printable() -> None:
    data = message(OURS, mapped(), attribute(0x8022, b"\x1b[31mred\xff\n" + b"x" * 700))
    name = read_response(data, OURS).software
    assert name is not None
    assert name.startswith("[31mred\N{REPLACEMENT CHARACTER} xxx")
    assert len(name) < 128


@pytest.mark.parametrize(
    ("attributes", "text"),
    [
        ([error(401, "Unauthorized"), software("x")], "error response 401 Unauthorized"),
        ([error(500, "")], "error response 500"),
        ([attribute(0x0009, b"\0\0")], "an error response without a code"),
        ([], "an error response without a code"),
    ],
)
def test_an_error_is_an_answer(attributes: list[bytes], text: str) -> None:
    seen = read_response(message(OURS, *attributes, kind=ERROR), OURS)
    assert (seen.error, seen.address) == (text, None)


GOOD = message(OURS, mapped())


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "stun: a datagram too short for a message"),
        (GOOD[:19], "stun: a datagram too short for a message"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "stun: a datagram that is no message"),
        (message(OURS, mapped(), cookie=0x2112A443), "stun: a datagram that is no message"),
        (b"\x41" + GOOD[1:], "stun: a datagram that is no message"),
        (GOOD[:-1], "stun: a message of another length than it says"),
        (GOOD + bytes(4), "stun: a message of another length than it says"),
        (message(OURS, b"\0"), "stun: a message of another length than it says"),
        (message(b"another one!", mapped()), "stun: the answer to another transaction"),
        (binding_request(OURS), "stun: a message of type 0x0001 is no answer"),
        (message(OURS, mapped(), kind=0x0011), "stun: a message of type 0x0011 is no answer"),
        (message(OURS), NO_ADDRESS),
        (message(OURS, attribute(0x0020, b"")), NO_ADDRESS),
        (message(OURS, attribute(0x0020, b"\0\0\0")), NO_ADDRESS),
        (message(OURS, attribute(0x0020, b"\0\1abcd")), NO_ADDRESS),
        (message(OURS, attribute(0x0020, b"\0\2abcdef")), NO_ADDRESS),
        (message(OURS, attribute(0x0020, b"\0\3abcdef")), NO_ADDRESS),
        (message(OURS, b"\x80\x22\0\x04"), "stun: an attribute longer than its message"),
    ],
)
def test_what_is_no_success_of_ours_is_refused(data: bytes, problem: str) -> None:
    with pytest.raises(ValueError, match=f"^{problem}$"):
        read_response(data, OURS)


ATTRIBUTES = st.lists(st.builds(attribute, st.sampled_from([1, 9, 0x20, 0x8022, 5]), st.binary(max_size=24)))
MESSAGES = ATTRIBUTES.flatmap(
    lambda parts: st.sampled_from([0x0101, ERROR]).map(lambda k: message(OURS, *parts, kind=k))
)


@given(
    st.binary(max_size=100) | MESSAGES | st.tuples(MESSAGES, st.integers(0, 99)).map(lambda both: both[0][: both[1]])
)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        seen = read_response(data, OURS)
    except ValueError as error:
        assert str(error).startswith("stun: ")  # noqa: PT017 - either is fine
    else:
        assert 0 <= seen.port < 65536


# --- transactions ----------------------------------------------------------------------------------------------------


async def bind(port: int, *, timeout_s: float = PATIENCE_S, address: str = "127.0.0.1") -> StunObservation:
    with framed(port, address) as frame:
        return await stun.bind(frame, timeout_s=timeout_s)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
async def test_a_server_that_answers_is_reached(address: str) -> None:
    def answer(request: bytes) -> Iterable[bytes]:
        return [message(transaction(request), mapped(), software("Coturn-4.6.2"))]

    async with udp_server.serve(answer, address) as port:
        seen = await bind(port, address=address)
    assert (seen.failure, seen.requests, seen.answered_by) == (None, 1, "Coturn-4.6.2")
    assert (seen.target.host, seen.connection, seen.info) == ("example.org", "c1", None)


async def test_silence_is_asked_four_times_within_the_time() -> None:
    asked: list[bytes] = []

    def note(request: bytes) -> Iterable[bytes]:
        asked.append(request)
        return ()

    async with udp_server.serve(note) as port:
        seen = await bind(port, timeout_s=TIMEOUT_S)
    assert (seen.failure, seen.requests, seen.answered_by) == ("generic_timeout_error", 4, None)
    assert TIMEOUT_S <= seen.elapsed_s < PATIENCE_S
    assert len(asked) == 4
    assert len({transaction(request) for request in asked}) == 1


async def test_a_lost_request_is_made_good_by_the_next() -> None:
    asked: list[bytes] = []

    def answer_the_third(request: bytes) -> Iterable[bytes]:
        asked.append(request)
        return [message(transaction(request), mapped())] if len(asked) == 3 else []

    async with udp_server.serve(answer_the_third) as port:
        seen = await bind(port, timeout_s=1.0)
    assert (seen.failure, seen.requests, seen.answered_by) == (None, 3, None)


async def test_two_transactions_differ_in_id_and_port() -> None:
    asked: list[bytes] = []

    def note(request: bytes) -> Iterable[bytes]:
        asked.append(transaction(request))
        return [message(asked[-1], mapped())]

    ports: set[int] = set()
    async with udp_server.serve(note) as port:
        for _ in range(2):
            with framed(port) as frame:
                assert (await stun.bind(frame, timeout_s=PATIENCE_S)).failure is None
                ports.add(frame.sock.getsockname()[1])
    assert (len(ports), len(set(asked))) == (2, 2)


@pytest.mark.parametrize(
    ("reply", "failure"),
    [
        (b"garbage", "unknown_failure: stun: a datagram too short for a message"),
        (message(OURS, mapped()), "unknown_failure: stun: the answer to another transaction"),
    ],
    ids=["garbage", "wrong transaction"],
)
async def test_what_is_no_answer_is_told_from_silence(reply: bytes, failure: str) -> None:
    async with udp_server.serve(udp_server.say(reply)) as port:
        assert (await bind(port, timeout_s=TIMEOUT_S)).failure == failure


async def test_a_forgery_before_the_answer_does_no_harm() -> None:
    def answer(request: bytes) -> Iterable[bytes]:
        return [b"", message(OURS, mapped(1)), message(transaction(request), mapped(), software("the server"))]

    async with udp_server.serve(answer) as port:
        assert (await bind(port)).answered_by == "the server"


async def test_an_error_response_is_heard_at_once() -> None:
    def refuse(request: bytes) -> Iterable[bytes]:
        return [message(transaction(request), error(420, "Unknown Attribute"), software("it"), kind=ERROR)]

    async with udp_server.serve(refuse) as port:
        seen = await bind(port)
    assert seen.failure == "unknown_failure: stun: error response 420 Unknown Attribute"
    assert (seen.requests, seen.answered_by) == (1, "it")


async def test_a_flood_of_garbage_comes_to_an_end() -> None:
    async with udp_server.serve(udp_server.say(*[b"?"] * 100)) as port:
        seen = await bind(port)
    assert seen.failure == "unknown_failure: stun: a datagram too short for a message"
    assert seen.elapsed_s < PATIENCE_S / 2


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
async def test_a_closed_port_refuses(address: str) -> None:
    with udp_server.closed_port(address) as port:
        seen = await bind(port, address=address)
    assert (seen.failure, seen.requests) == ("connection_refused", 1)
