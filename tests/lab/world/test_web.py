import asyncio
import errno
import socket
import ssl
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.lab.world.answers import (
    CLOSE,
    GARBAGE,
    GEOBLOCK_451,
    HANG,
    RESET,
    Action,
    Cut,
    Page,
    RateLimit,
    Redirect,
    Slow,
)
from tests.lab.world.conftest import Internet
from tests.lab.world.model import World
from tests.lab.world.parts import Certificate, Hello

SITE = "www.example.com"
ADDRESS = "93.184.216.34"


@dataclass
class Answer:
    status: int
    headers: httpx.Headers
    text: str
    version: str


async def get(
    internet: Internet,
    url: str,
    *,
    at: str = "",
    http2: bool = False,
    method: str = "GET",
    content: bytes | None = None,
) -> Answer:
    """Ask for a URL at an address of the world; the name's own one if none is given."""
    parsed = httpx.URL(url)
    address = at or World().addresses_of(parsed.host)[0]
    host, port = internet.place(address, 443 if parsed.scheme == "https" else 80)
    async with httpx.AsyncClient(verify=internet.context(), http1=not http2, http2=http2, timeout=5) as client:
        response = await client.request(
            method,
            parsed.copy_with(host=host, port=port),
            headers={"Host": parsed.host},
            extensions={"sni_hostname": parsed.host},
            content=content,
        )
    return Answer(response.status_code, response.headers, response.text, response.http_version)


async def shake_hands(internet: Internet, name: str, *, at: str, sni: str | None = None) -> dict[str, Any]:
    host, port = internet.place(at, 443)
    context = internet.context("h2", "http/1.1")
    _, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=sni or name)
    certificate: dict[str, Any] = writer.get_extra_info("peercert")
    writer.transport.abort()
    return certificate


@pytest.mark.parametrize("http2", [False, True])
async def test_a_site_shows_its_page_and_a_certificate_for_its_name(internet: Internet, http2: bool) -> None:
    answer = await get(internet, f"https://{SITE}/", http2=http2)
    assert (answer.status, answer.version) == (200, "HTTP/2" if http2 else "HTTP/1.1")
    assert "<title>Www Example Com</title>" in answer.text


async def test_clear_http_shows_the_same_page(internet: Internet) -> None:
    clear = await get(internet, f"http://{SITE}/")
    assert clear.text == (await get(internet, f"https://{SITE}/")).text


@pytest.mark.parametrize(
    ("url", "status", "text"),
    [
        ("http://connectivitycheck.gstatic.com/generate_204", 204, ""),
        ("https://cp.cloudflare.com/generate_204", 204, ""),
        ("https://www.google.com/generate_204", 204, ""),
        ("https://www.youtube.com/generate_204", 204, ""),
        ("http://detectportal.firefox.com/success.txt", 200, "success\n"),
        ("https://web.whatsapp.com/", 200, "<title>Web Whatsapp Com</title>"),
        ("https://v.whatsapp.net/v2/register", 400, "bad_param"),
        ("http://149.154.175.50/", 404, "404"),
        ("https://discord.com/api/v10/gateway", 200, "wss://gateway.discord.gg"),
        ("https://www.linkedin.com/", 999, "LinkedIn"),
        ("https://rr3---sn-n8v7.googlevideo.com/generate_204", 204, ""),
    ],
)
async def test_known_addresses_give_their_known_answers(internet: Internet, url: str, status: int, text: str) -> None:
    at = "149.154.175.50" if "149.154" in url else ""
    answer = await get(internet, url, at=at)
    assert answer.status == status
    assert text in answer.text


@pytest.mark.parametrize(
    ("flaw", "code"),
    [("expired", 10), ("wrong_name", 62), ("self_signed", 18), ("unknown_ca", 20), ("national", 20), ("private", 20)],
)
async def test_a_flawed_certificate_fails_as_declared(internet: Internet, flaw: Certificate, code: int) -> None:
    internet.become(World().with_host(SITE, certificate=flaw))
    with pytest.raises(ssl.SSLCertVerificationError) as caught:
        await shake_hands(internet, SITE, at=ADDRESS)
    assert caught.value.verify_code == code


async def test_an_unknown_name_gets_the_default_certificate(internet: Internet) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        await shake_hands(internet, "innocuous.example", at=ADDRESS)


async def test_an_unknown_name_may_be_refused_with_an_alert(internet: Internet) -> None:
    internet.become(World().with_host("example.com", unknown_name="alert"))
    with pytest.raises(ssl.SSLError, match=r"(?i)unrecognized.name"):
        await shake_hands(internet, "innocuous.example", at=ADDRESS)
    assert await shake_hands(internet, SITE, at=ADDRESS)


@pytest.mark.parametrize(
    ("hello", "message"),
    [("alert", "handshake.failure"), ("garbage", "wrong.version|record.layer"), ("close", ""), ("reset", "")],
)
async def test_a_server_may_answer_the_hello_badly(internet: Internet, hello: Hello, message: str) -> None:
    internet.become(World().with_host(SITE, hello=hello))
    with pytest.raises(OSError, match=f"(?i){message}") as caught:
        await shake_hands(internet, SITE, at=ADDRESS)
    expected = {"reset": errno.ECONNRESET, "close": None}.get(hello, caught.value.errno)
    assert caught.value.errno == expected
    assert internet.journal("tls")[-1]["sni"] == SITE


async def test_a_server_may_stay_silent_after_the_hello(internet: Internet) -> None:
    internet.become(World().with_host(SITE, hello="silent"))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await shake_hands(internet, SITE, at=ADDRESS)


async def test_a_hello_in_many_small_pieces_is_understood(internet: Internet) -> None:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = internet.context().wrap_bio(incoming, outgoing, server_hostname=SITE)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    hello = outgoing.read()
    reader, writer = await asyncio.open_connection(*internet.place(ADDRESS, 443))
    for start in range(0, len(hello), 100):
        writer.write(hello[start : start + 100])
        await writer.drain()
        await asyncio.sleep(0)
    incoming.write(await reader.read(65_536))
    client.do_handshake()
    certificate: Any = client.getpeercert()
    assert certificate["subjectAltName"] == (("DNS", SITE),)
    writer.close()


async def test_clear_text_on_the_encrypted_port_is_told_so(internet: Internet) -> None:
    reader, writer = await asyncio.open_connection(*internet.place(ADDRESS, 443))
    writer.write(b"GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
    writer.close()


@pytest.mark.parametrize(
    ("page", "status", "header"),
    [
        (GEOBLOCK_451, 451, ("content-type", "text/html; charset=utf-8")),
        (Redirect("https://elsewhere.example/"), 302, ("location", "https://elsewhere.example/")),
        (Redirect("https://"), 302, ("location", "https://")),
        (Page(status=503), 503, ("server", "lab")),
        (RateLimit(0), 429, ("retry-after", "60")),
    ],
)
@pytest.mark.parametrize("http2", [False, True])
async def test_a_page_is_what_the_scenario_says(
    internet: Internet, page: Action, status: int, header: tuple[str, str], http2: bool
) -> None:
    internet.become(World().with_host(SITE, page=page))
    answer = await get(internet, f"https://{SITE}/", http2=http2)
    assert (answer.status, answer.headers[header[0]]) == (status, header[1])


async def test_a_rate_limit_counts_requests(internet: Internet) -> None:
    internet.become(World().with_host(SITE, page=RateLimit(2)))
    assert [(await get(internet, f"http://{SITE}/")).status for _ in range(3)] == [200, 200, 429]


@pytest.mark.parametrize("http2", [False, True])
@pytest.mark.parametrize(
    ("page", "error"),
    [
        (RESET, httpx.ReadError),
        (CLOSE, httpx.RemoteProtocolError),
        (GARBAGE, httpx.RemoteProtocolError),
        (Cut(500), httpx.RemoteProtocolError),
    ],
)
async def test_a_response_may_break_off(internet: Internet, page: Action, error: type[Exception], http2: bool) -> None:
    internet.become(World().with_host(SITE, page=page))
    with pytest.raises(error):
        await get(internet, f"https://{SITE}/", http2=http2)


@pytest.mark.parametrize("http2", [False, True])
@pytest.mark.parametrize("page", [HANG, Slow(9), Cut(500, "stall")])
async def test_a_response_may_not_come_to_an_end(internet: Internet, page: Action, http2: bool) -> None:
    internet.become(World().with_host(SITE, page=page))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await get(internet, f"https://{SITE}/", http2=http2)


async def test_a_countdown_redirects_as_often_as_asked(internet: Internet) -> None:
    answer = await get(internet, "http://httpbin.com/redirect/15")
    assert answer.headers["location"] == "/redirect/14"
    assert (await get(internet, "http://httpbin.com/redirect/0")).status == 200


@pytest.mark.parametrize("http2", [False, True])
async def test_any_host_serves_downloads_and_takes_uploads(internet: Internet, http2: bool) -> None:
    down = await get(internet, "https://speedtest.selectel.ru/2MB", http2=http2)
    assert (down.status, int(down.headers["content-length"])) == (200, 2_000_000)
    up = await get(internet, f"https://{SITE}/", method="POST", content=b"x" * 65_536, http2=http2)
    assert up.status == 200
    assert internet.journal("http")[-1]["body_bytes"] == 65_536


async def test_head_has_no_body(internet: Internet) -> None:
    answer = await get(internet, f"https://{SITE}/", method="HEAD")
    assert (answer.status, answer.text) == (200, "")


@pytest.mark.parametrize(
    ("page", "statuses"), [(Page(), [200] * 4), (RateLimit(2), [200, 200, 429, 429]), (Page(status=503), [503] * 4)]
)
async def test_requests_sent_in_one_go_are_answered_one_by_one(
    internet: Internet, page: Action, statuses: list[int]
) -> None:
    internet.become(World().with_host(SITE, page=page))
    reader, writer = await asyncio.open_connection(*internet.place(ADDRESS, 80))
    head = f"HEAD / HTTP/1.1\r\nHost: {SITE}\r\n".encode()
    last = head + b"Connection: close\r\n\r\n"
    writer.write((head + b"\r\n") * 3 + last[:20])
    await asyncio.sleep(0)
    writer.write(last[20:])
    heads = (await reader.read()).split(b"\r\n\r\n")
    assert [int(answer.split()[1]) for answer in heads[:-1]] == statuses
    assert len(internet.journal("http")) == 4
    writer.close()


HANDSHAKE = b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
NEWEST = b"Sec-WebSocket-Version: 13\r\n"
ACCEPT = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # to that key: the example of RFC 6455 §1.3
MAX, PLUTO = ("ws-api.oneme.ru", "/websocket"), ("pluto.web.telegram.org", "/apiws")


async def head_of(internet: Internet, name: str, path: str, fields: bytes) -> bytes:
    host, port = internet.place(World().addresses_of(name)[0], 443)
    reader, writer = await asyncio.open_connection(host, port, ssl=internet.context(), server_hostname=name)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {name}\r\n".encode() + fields + b"\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    return head


async def test_a_websocket_handshake_is_accepted(internet: Internet) -> None:
    head = await head_of(internet, *MAX, HANDSHAKE + NEWEST + b"Origin: https://web.max.ru\r\n")
    assert head.startswith(b"HTTP/1.1 101 ")
    assert ACCEPT in head


async def test_a_subprotocol_is_agreed_on(internet: Internet) -> None:
    head = await head_of(internet, *PLUTO, HANDSHAKE + NEWEST + b"Sec-WebSocket-Protocol: text, binary\r\n")
    assert head.startswith(b"HTTP/1.1 101 ")
    assert b"sec-websocket-protocol: binary\r\n" in head.lower()


@pytest.mark.parametrize(
    ("place", "fields", "status"),
    [
        (MAX, b"", 400),
        (MAX, HANDSHAKE, 426),
        (MAX, HANDSHAKE + NEWEST + b"Origin: https://example.org\r\n", 403),
        (PLUTO, HANDSHAKE + NEWEST, 400),
    ],
    ids=["no handshake", "an old version", "another origin", "no subprotocol"],
)
async def test_a_websocket_refuses_what_its_app_would_not_say(
    internet: Internet, place: tuple[str, str], fields: bytes, status: int
) -> None:
    assert (await head_of(internet, *place, fields)).startswith(f"HTTP/1.1 {status} ".encode())


async def test_a_captive_portal_sends_everyone_to_its_login(internet: Internet) -> None:
    portal = World().portal_address
    assert (await get(internet, "http://example.com/", at=portal)).headers["location"] == "http://portal.example/login"
    assert "<title>Wi-Fi login</title>" in (await get(internet, "http://portal.example/login", at=portal)).text
    with pytest.raises(ssl.SSLCertVerificationError):
        await shake_hands(internet, "example.com", at=portal)


async def test_an_interceptor_signs_for_any_name_and_passes_the_page_on(internet: Internet) -> None:
    with pytest.raises(ssl.SSLCertVerificationError) as caught:
        await shake_hands(internet, SITE, at=World().interceptor_address)
    assert caught.value.verify_code == 20
    context = ssl.create_default_context(cafile=internet.ca.interceptor_certificate)
    host, port = internet.place(World().interceptor_address, 443)
    async with httpx.AsyncClient(verify=context) as client:
        response = await client.get(
            f"https://{host}:{port}/", headers={"Host": SITE}, extensions={"sni_hostname": SITE}
        )
    assert "<title>Www Example Com</title>" in response.text


async def test_a_transparent_proxy_passes_names_to_their_true_servers(internet: Internet) -> None:
    proxy = World().proxy_address
    for scheme in ("http", "https"):
        assert "Www Example Com" in (await get(internet, f"{scheme}://{SITE}/", at=proxy)).text


async def test_a_block_page_has_no_encrypted_port(internet: Internet) -> None:
    blockpage = World().blockpage_address
    assert "149-ФЗ" in (await get(internet, f"http://{SITE}/", at=blockpage)).text
    with pytest.raises(ConnectionRefusedError):
        await shake_hands(internet, SITE, at=blockpage)


async def test_an_in_network_cache_proves_the_name_from_a_foreign_address(internet: Internet) -> None:
    internet.become(World().with_cache("195.34.32.200", "scontent.xx.fbcdn.net"))
    assert await shake_hands(internet, "scontent.xx.fbcdn.net", at="195.34.32.200")


async def test_closed_ports_refuse_and_silent_ones_swallow_the_connection(internet: Internet) -> None:
    internet.become(World().with_refused("bit.ly", 443).with_silent("largefile.com", 443))
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(*internet.place("67.199.248.11", 443))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await asyncio.open_connection(*internet.place("52.35.36.75", 443))
    assert (await get(internet, "http://bit.ly/32447")).status == 302


async def test_ports_come_back_when_the_world_heals(internet: Internet) -> None:
    internet.become(World().with_refused("bit.ly"))
    internet.become(World())
    assert await shake_hands(internet, "bit.ly", at="67.199.248.11")


async def test_dead_addresses_are_no_part_of_the_world(internet: Internet) -> None:
    world = internet.become(World().with_dead("bit.ly", "8.8.8.8"))
    assert not {"67.199.248.11", "8.8.8.8"} & world.addresses()


async def test_no_nagle_delay_between_small_answers(internet: Internet) -> None:
    with socket.create_connection(internet.place(ADDRESS, 80)) as client:
        loop = asyncio.get_running_loop()
        client.setblocking(False)
        started = loop.time()
        for _ in range(10):
            await loop.sock_sendall(client, b"HEAD / HTTP/1.1\r\nHost: www.example.com\r\n\r\n")
            assert await loop.sock_recv(client, 4096)
        assert loop.time() - started < 0.35  # ten delayed acknowledgements would be 0.4 s
