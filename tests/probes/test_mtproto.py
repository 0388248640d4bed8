import struct
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.observations import MtprotoObservation
from probes.steps import mtproto
from probes.steps.mtproto_message import (
    MAX_FRAME_BYTES,
    framed,
    intermediate,
    is_usable,
    obfuscated2,
    read_answer,
    req_pq_multi,
    unframed,
)
from tests.fakes.http_server import response
from tests.fakes.mtproto_server import PQ, answering, error, res_pq
from tests.fakes.tcp_server import Handler, break_off, close, hang, hang_up, reset, say, serve
from tests.probes.wire import PATIENCE_S, TIMEOUT_S, connected

Transport = Literal["intermediate", "obfuscated2"]

NONCE = bytes(range(16))
TRANSPORTS = pytest.mark.parametrize("transport", ["intermediate", "obfuscated2"])


# --- messages, against what Telethon 1.45 makes of the same values ---------------------------------------------------

TELETHON_HEADER = bytes(range(100, 164))
"""In place of its random bytes."""
TELETHON_OPENING = TELETHON_HEADER[:56] + bytes.fromhex("4e6041325c45f91a")
TELETHON_REQUEST = bytes.fromhex("f18e7ebe 00010203 04050607 08090a0b 0c0d0e0f")
TELETHON_SEALED = bytes.fromhex(
    "f19ae0f028f8d89d2d5b7304c076b8e6ae1b94384bbd5d2f89bb708f1331bd52d207dc74e6fb67aff4d85c87"
)
"""The frame of that request, with the message id `message!`, after the opening."""
TELETHON_ERROR = bytes.fromhex("cfefd79c4aa301f8")
"""A frame with error -404, as a server would encrypt it."""
TELETHON_ANSWER = bytes.fromhex(
    """63241605 00010203 04050607 08090a0b 0c0d0e0f fbffffff ffffffff ffffffff ffffffff
    0817ed48 941a08f9 81000000 15c4b51c 02000000 85fd64de 851d9dd0 01000000 00000000"""
)
TELETHON_SHORT_ANSWER = bytes.fromhex(
    "63241605 00010203 04050607 08090a0b 0c0d0e0f fbffffff ffffffff ffffffff ffffffff 0317ed48 15c4b51c 00000000"
)


def enveloped(body: bytes, message_id: bytes = b"message!") -> bytes:
    return bytes(8) + message_id + struct.pack("<I", len(body)) + body


def test_the_request_is_telethons() -> None:
    payload = req_pq_multi(NONCE, 0)
    assert payload == enveloped(TELETHON_REQUEST, bytes(8))


def test_the_message_id_is_the_time() -> None:
    (message_id,) = struct.unpack_from("<Q", req_pq_multi(NONCE, 1_700_000_000_500_000_000), 8)
    assert message_id % 4 == 0
    assert message_id >> 32 == 1_700_000_000
    assert (message_id & 0xFFFFFFFF) == 0x80000000


def test_the_obfuscation_is_telethons_both_ways() -> None:
    transport = obfuscated2(TELETHON_HEADER)
    assert transport.opening == TELETHON_OPENING
    assert transport.encrypt(framed(enveloped(TELETHON_REQUEST))) == TELETHON_SEALED
    assert unframed(transport.decrypt(TELETHON_ERROR)) == struct.pack("<i", -404)


def test_the_intermediate_transport_begins_with_its_tag() -> None:
    assert intermediate().opening == b"\xee\xee\xee\xee"
    assert intermediate().encrypt(framed(b"four")) == b"\x04\0\0\0four"


@pytest.mark.parametrize("answer", [TELETHON_ANSWER, TELETHON_SHORT_ANSWER])
def test_telethons_answers_are_read(answer: bytes) -> None:
    assert read_answer(enveloped(answer), NONCE) is None


@pytest.mark.parametrize(
    "start", [b"\xef", b"HEAD", b"POST", b"GET ", b"OPTI", b"\x16\3\1\2", b"\xdd" * 4, b"\xee" * 4, b"okay" + bytes(4)]
)
def test_an_opening_that_looks_like_something_else_is_not_used(start: bytes) -> None:
    assert is_usable(TELETHON_HEADER)
    assert not is_usable(start + TELETHON_HEADER[len(start) :])


def test_a_transport_error_is_read() -> None:
    assert read_answer(struct.pack("<i", -429), NONCE) == -429


@pytest.mark.parametrize(
    ("payload", "problem"),
    [
        (struct.pack("<i", 404), "four bytes that are no error code"),
        (b"", "a frame too short for an answer"),
        (res_pq(NONCE)[:55], "a frame too short for an answer"),
        (res_pq(NONCE, auth_key=1), "a frame that is no unencrypted message"),
        (res_pq(NONCE) + bytes(4), "a frame that is no unencrypted message"),
        (res_pq(NONCE, constructor=0x1234), "constructor 0x00001234 where resPQ was due"),
        (res_pq(NONCE[::-1]), "the answer to another nonce"),
        (enveloped(TELETHON_ANSWER[:36]), "resPQ without pq"),
        (res_pq(NONCE, pq=b""), "resPQ without pq"),
        (res_pq(NONCE, pq=PQ + PQ), "resPQ without pq"),
        (enveloped(TELETHON_ANSWER[:48]), "resPQ without fingerprints"),
        (enveloped(TELETHON_ANSWER[:-8]), "resPQ without fingerprints"),
        (enveloped(TELETHON_ANSWER[:48] + bytes(8)), "resPQ without fingerprints"),
    ],
)
def test_what_is_no_answer_of_ours_is_refused(payload: bytes, problem: str) -> None:
    with pytest.raises(ValueError, match=f"^mtproto: {problem}$"):
        read_answer(payload, NONCE)


@given(st.binary(max_size=120) | st.binary(max_size=60).map(lambda tail: enveloped(TELETHON_ANSWER[:36] + tail)))
def test_any_payload_is_read_or_refused(payload: bytes) -> None:
    try:
        code = read_answer(payload, NONCE)
    except ValueError as problem:
        assert str(problem).startswith("mtproto: ")  # noqa: PT017 - either is fine
    else:
        assert code is None or code < 0


@given(st.binary(max_size=64) | st.binary(max_size=64).map(framed))
def test_any_bytes_are_a_frame_the_beginning_of_one_or_refused(data: bytes) -> None:
    try:
        payload = unframed(data)
    except ValueError as problem:
        assert str(problem).startswith("mtproto: ")  # noqa: PT017 - either is fine
    else:
        assert payload is None or data.startswith(framed(payload))


@pytest.mark.parametrize("length", [0, MAX_FRAME_BYTES + 1, 0x50545448, 0xFFFFFFFF])
def test_a_length_that_no_answer_has_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match=f"^mtproto: a frame of {length} bytes$"):
        unframed(struct.pack("<I", length))


# --- exchanges -------------------------------------------------------------------------------------------------------


async def exchange(handler: Handler, transport: Transport, timeout_s: float = PATIENCE_S) -> MtprotoObservation:
    async with serve(handler) as port, connected(port) as (frame, stream):
        return await mtproto.exchange(stream, frame, transport=transport, timeout_s=timeout_s)


@TRANSPORTS
@pytest.mark.parametrize("pieces", [1, 3, 1000])
async def test_a_data_centre_is_reached(transport: Transport, pieces: int) -> None:
    seen = await exchange(answering(pieces=pieces), transport)
    assert (seen.failure, seen.server_error, seen.transport) == (None, None, transport)
    assert (seen.target.host, seen.connection) == ("example.org", "c1")
    assert seen.info is not None
    assert seen.info.bytes_received > 80


@TRANSPORTS
async def test_a_transport_error_is_heard_and_no_failure(transport: Transport) -> None:
    seen = await exchange(answering(error(-404)), transport)
    assert (seen.failure, seen.server_error) == (None, -404)


@TRANSPORTS
async def test_another_nonce_is_not_taken_for_ours(transport: Transport) -> None:
    seen = await exchange(answering(lambda nonce: res_pq(nonce[::-1])), transport)
    assert (seen.failure, seen.server_error) == ("unknown_failure: mtproto: the answer to another nonce", None)


@TRANSPORTS
@pytest.mark.parametrize(
    ("handler", "failure"),
    [
        (close, "eof_error"),
        (reset, "connection_reset"),
        (say(b"\x54", then=hang_up), "eof_error"),
        (say(b"\x54", then=break_off), "connection_reset"),
    ],
    ids=["fin", "rst", "fin in a frame", "rst in a frame"],
)
async def test_the_end_of_a_connection_is_told_apart(handler: Handler, failure: str, transport: Transport) -> None:
    assert (await exchange(handler, transport)).failure == failure


@TRANSPORTS
async def test_silence_is_given_up_in_time(transport: Transport) -> None:
    seen = await exchange(hang, transport, timeout_s=TIMEOUT_S)
    assert seen.failure == "generic_timeout_error"
    assert TIMEOUT_S <= seen.elapsed_s < PATIENCE_S


async def test_half_an_answer_is_given_up_in_time() -> None:
    seen = await exchange(say(framed(res_pq(NONCE))[:20]), "intermediate", timeout_s=TIMEOUT_S)
    assert seen.failure == "generic_timeout_error"


@pytest.mark.parametrize(
    ("reply", "failure"),
    [
        (response(b"blocked"), "unknown_failure: mtproto: a frame of 1347703880 bytes"),
        (b"\x15\x03\x01\0\x02\x02\x46", "unknown_failure: mtproto: a frame of 66325 bytes"),
        (bytes(64), "unknown_failure: mtproto: a frame of 0 bytes"),
        (framed(b"x" * 80), "unknown_failure: mtproto: a frame that is no unencrypted message"),
    ],
    ids=["a page", "a TLS alert", "zeros", "a frame of nonsense"],
)
async def test_garbage_is_told_from_silence(reply: bytes, failure: str) -> None:
    assert (await exchange(say(reply), "intermediate")).failure == failure
