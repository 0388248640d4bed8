import json
from typing import Any

import httpx
import pytest

from tests.lab.world import control, http
from tests.lab.world.answers import CLOSE, HANG, RESET, Action, Break, Cut, Page, Redirect, Slow, TestHelper
from tests.lab.world.atlas import Atlas
from tests.lab.world.conftest import Internet
from tests.lab.world.model import World
from tests.lab.world.names import CONTROLS

EXAMPLE = "93.184.216.34"
EXAMPLE6 = "2606:2800:220:1:248:1893:25c8:1946"


def measured(world: World, url: str, *endpoints: str, quic: bool = False) -> dict[str, Any]:
    body = {"http_request": url, "http_request_headers": {}, "tcp_connect": endpoints, "x_quic_enabled": quic}
    request = http.Request("POST", "https", CONTROLS[0], "/", body=json.dumps(body).encode())
    reply = control.answer(Atlas(world), request)
    assert reply.status == 200
    content: dict[str, Any] = json.loads(reply.body)
    return content


def test_a_healthy_site_is_reported_whole() -> None:
    answer = measured(World(), "https://www.example.com/", f"{EXAMPLE}:443", f"{EXAMPLE}:80")
    good = {"status": True, "failure": None}
    assert answer["dns"] == {"failure": None, "addrs": [EXAMPLE, EXAMPLE6]}
    assert answer["tcp_connect"] == {f"{EXAMPLE}:443": good, f"[{EXAMPLE6}]:443": good}
    assert answer["tls_handshake"][f"{EXAMPLE}:443"] == {"server_name": "www.example.com", **good}
    assert answer["http_request"]["status_code"] == 200
    assert answer["http_request"]["title"] == "Www Example Com"
    assert answer["http_request"]["failure"] is None
    assert answer["ip_info"][EXAMPLE]["flags"] == 1 | 2 | 8
    assert (answer["quic_handshake"], answer["http3_request"]) == ({}, None)


def test_body_length_and_title_are_those_of_the_page_itself() -> None:
    page = measured(World(), "http://www.example.com/")["http_request"]
    world = World()
    host = world.host("www.example.com")
    request = http.Request("GET", "http", "www.example.com", "/")
    reply = http.render(host, request, *http.settle(Atlas(world), host, request))
    assert isinstance(reply, http.Reply)
    assert page["body_length"] == len(reply.body)
    assert page["title"].encode() in reply.body


@pytest.mark.parametrize(
    ("url", "failure"),
    [
        ("https://expired.badssl.com/", "ssl_invalid_certificate"),
        ("https://wrong.host.badssl.com/", "ssl_invalid_hostname"),
        ("https://untrusted-root.badssl.com/", "ssl_unknown_authority"),
        ("https://self-signed.badssl.com/", "ssl_unknown_authority"),
    ],
)
def test_a_bad_certificate_is_seen_and_spoils_the_page(url: str, failure: str) -> None:
    answer = measured(World(), url)
    assert {handshake["failure"] for handshake in answer["tls_handshake"].values()} == {failure}
    assert answer["http_request"]["failure"] == "unknown_error"
    assert (answer["http_request"]["status_code"], answer["http_request"]["body_length"]) == (-1, -1)


@pytest.mark.parametrize(
    ("world", "tcp"),
    [
        (World().with_dead(EXAMPLE, EXAMPLE6), "generic_timeout_error"),
        (World().with_refused("www.example.com").with_refused("example.com"), "connection_refused_error"),
    ],
)
def test_a_server_that_is_down_is_down_here_too(world: World, tcp: str) -> None:
    for name in ("example.com", "www.example.com", "example.org", "www.example.org"):
        world = world.with_refused(name) if tcp == "connection_refused_error" else world
    answer = measured(world, "https://www.example.com/", f"{EXAMPLE}:443")
    assert answer["tcp_connect"][f"{EXAMPLE}:443"] == {"status": False, "failure": tcp}
    assert "tls_handshake" not in answer
    assert answer["http_request"]["failure"] == tcp


def test_a_false_address_is_measured_as_it_is() -> None:
    answer = measured(World(), "https://www.example.com/", "104.154.89.105:443", "10.10.34.35:443")
    assert answer["tls_handshake"]["104.154.89.105:443"]["failure"] == "ssl_unknown_authority"
    assert answer["ip_info"]["10.10.34.35"]["flags"] == 1 | 4
    assert not any("10.10.34.35" in endpoint for endpoint in answer["tcp_connect"])


@pytest.mark.parametrize(
    ("url", "dns", "page"),
    [
        ("http://www.example.xyz/", {"failure": "dns_name_error", "addrs": []}, "dns_lookup_error"),
        ("http://93.184.216.34/", {"failure": None, "addrs": []}, None),
    ],
)
def test_names_are_resolved_by_the_truth(url: str, dns: dict[str, Any], page: str | None) -> None:
    answer = measured(World(), url)
    assert answer["dns"] == dns
    assert answer["http_request"]["failure"] == page


def test_an_alias_without_an_address_is_no_failure_and_no_address() -> None:
    world = World().with_host("www.example.com", cname="web01.example.com").with_host("web01.example.com", addresses=())
    assert measured(world, "http://www.example.com/")["dns"] == {"failure": None, "addrs": []}


def test_a_site_that_publishes_loopback_is_not_contacted() -> None:
    answer = measured(World().with_host("www.example.com", addresses=("127.0.0.1",)), "http://www.example.com/")
    assert answer["tcp_connect"] == {}
    assert answer["ip_info"]["127.0.0.1"]["flags"] == 2 | 4


@pytest.mark.parametrize(
    ("url", "failure", "status"),
    [
        ("https://bit.ly/21645", None, 200),
        ("http://httpbin.com/redirect/9", None, 200),
        ("http://httpbin.com/redirect/15", "unknown_error", -1),
        ("http://httpbin.com/broken-redirect-http", None, 200),
        ("http://www.cloudflare-cache.com/", None, 200),
    ],
)
def test_redirects_are_followed_and_the_control_is_shown_the_real_page(
    url: str, failure: str | None, status: int
) -> None:
    page = measured(World(), url)["http_request"]
    assert (page["failure"], page["status_code"]) == (failure, status)


@pytest.mark.parametrize(
    ("action", "failure", "status"),
    [
        (RESET, "unknown_error", -1),
        (CLOSE, "unknown_error", -1),
        (HANG, "generic_timeout_error", -1),
        (Slow(20), "generic_timeout_error", -1),
        (Slow(2), None, 200),
        (Redirect("https://"), "unknown_error", -1),
        (Cut(100, "stall"), "generic_timeout_error", 200),
        (Page(status=451), None, 451),
    ],
)
def test_what_the_server_does_to_everyone_it_does_to_the_control(
    action: Action, failure: str | None, status: int
) -> None:
    page = measured(World().with_host("www.example.com", page=action), "http://www.example.com/")["http_request"]
    assert (page["failure"], page["status_code"]) == (failure, status)


def test_quic_is_reported_where_it_is_asked_for_and_offered() -> None:
    answer = measured(World(), "https://www.youtube.com/", quic=True)
    assert answer["quic_handshake"]
    assert all(handshake["status"] for handshake in answer["quic_handshake"].values())
    assert answer["http_request"]["discovered_h3_endpoint"] == "www.youtube.com:443"
    assert answer["http3_request"]["status_code"] == 200


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"http_request": "ftp://example.com/"}', b'{"http_request": 3}'])
def test_what_is_no_request_is_400(body: bytes) -> None:
    request = http.Request("POST", "https", CONTROLS[0], "/", body=body)
    assert control.answer(Atlas(World()), request).status == 400


async def ask(internet: Internet, name: str, world: World) -> httpx.Response:
    host, port = internet.place(world.addresses_of(name)[0], 443)
    async with httpx.AsyncClient(verify=internet.context(), timeout=0.5) as client:
        return await client.post(
            f"https://{host}:{port}/",
            json={"http_request": "http://www.example.com/", "http_request_headers": {}, "tcp_connect": []},
            headers={"Host": name},
            extensions={"sni_hostname": name},
        )


@pytest.mark.parametrize("name", CONTROLS)
async def test_every_control_answers_over_https(internet: Internet, name: str) -> None:
    response = await ask(internet, name, World())
    assert response.json()["http_request"]["status_code"] == 200


@pytest.mark.parametrize("status", [500, 503])
async def test_controls_may_fail_with_a_status(internet: Internet, status: int) -> None:
    world = internet.become(World().with_control(Page(status=status)))
    assert (await ask(internet, CONTROLS[0], world)).status_code == status


@pytest.mark.parametrize(
    ("action", "error"),
    [(HANG, httpx.ReadTimeout), (RESET, httpx.ReadError), (Break("garbage"), httpx.RemoteProtocolError)],
)
async def test_controls_may_not_answer_at_all(internet: Internet, action: Action, error: type[Exception]) -> None:
    world = internet.become(World().with_control(action))
    with pytest.raises(error):
        await ask(internet, CONTROLS[0], world)


async def test_a_control_may_be_slow(internet: Internet) -> None:
    world = internet.become(World().with_control(Slow(9, TestHelper())))
    with pytest.raises(httpx.ReadTimeout):
        await ask(internet, CONTROLS[0], world)


async def test_a_control_may_answer_garbage_json(internet: Internet) -> None:
    world = internet.become(World().with_control(Page(body="{]", content_type="application/json")))
    with pytest.raises(ValueError, match="Expecting"):
        (await ask(internet, CONTROLS[0], world)).json()
