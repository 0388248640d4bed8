from __future__ import annotations

import os
import re
from importlib import resources
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from hypothesis import given
from hypothesis import strategies as st

from probes.catalogue import Catalogue, CatalogueError, fold, names_of
from probes.guard import PUBLIC_ANY_PORT
from probes.model import Component, Endpoint, Roots
from probes.service_files import CATEGORIES, FILE_BYTES, parse_endpoint, read_service_file
from probes.trials import is_address

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """\
name = "Example"
category = "news"
sources = ["example.org itself"]
directory_names = ["example.org"]
ordinary_words = ["example"]

[aliases]
en = ["sample"]
ru = ["пример"]

[[components]]
id = "web"
endpoints = ["https://example.org/"]

[[components]]
id = "chat"
essential = false
pool = "any"
endpoints = [
    "tcp://chat.example.org:5222",
    "tcp://1.1.1.1:443",
]
"""


TELEGRAM_DCS = [
    "149.154.175.50",
    "149.154.167.51",
    "149.154.175.100",
    "149.154.167.91",
    "91.108.56.130",
    "2001:b28:f23d:f001::a",
    "2001:67c:4e8:f002::a",
    "2001:b28:f23d:f003::a",
    "2001:67c:4e8:f004::a",
    "2001:b28:f23f:f005::a",
]
ROOTS = {
    "signal": ["ddb0f92bb95c8d6fd202ea6e8cc5ccd182b544f8cd696f47d580659ddc9df65a"],
    "russia": [
        "d26d2d0231b7c39f92cc738512ba54103519e4405d68b5bd703e9788ca8ecf31",
        "2155785036c900dbb5f1bb2a1569c80c55595bd6bf94867a29bbddbc7d88a3f2",
    ],
}
"""SHA-256 of the certificates, as Signal's apps (ooni/spec ts-029) and gosuslugi.ru/crt have them."""


@pytest.fixture(scope="module")
def shipped() -> Catalogue:
    return Catalogue.load()


def write(directory: Path, **files: str) -> Path:
    for stem, text in files.items():
        (directory / f"{stem}.toml").write_text(text, encoding="utf-8")
    return directory


# --- the shipped files -----------------------------------------------------------------------------------------------


def test_the_services_that_people_ask_about_are_shipped(shipped: Catalogue) -> None:
    first = {"whatsapp", "telegram", "facebook", "instagram", "youtube", "x", "signal", "max", "vk", "wikipedia"}

    assert first <= {service.id for service in shipped}
    assert len(shipped) >= 36


def test_a_shipped_service_is_quick_to_check(shipped: Catalogue) -> None:
    sizes = {service.id: sum(len(part.endpoints) for part in service.components) for service in shipped}

    assert max(sizes.values()) <= 100
    assert sum(sizes.values()) <= 300


def test_what_moves_data_in_every_check_is_little(shipped: Catalogue) -> None:
    moving = [part for service in shipped for part in service.components if part.transfer]

    assert [part.id for part in moving] == ["video"]
    assert sum(len(part.endpoints) for part in moving) <= 2


@pytest.mark.parametrize("scheme", ["mtproto", "mtproto+obfuscated"])
def test_every_data_centre_of_telegram_is_asked_at_every_port(shipped: Catalogue, scheme: str) -> None:
    telegram = shipped.get("telegram")
    assert telegram is not None
    chat = next(part for part in telegram.components if part.id == "chat")

    asked = {(endpoint.host, endpoint.port) for endpoint in chat.endpoints if endpoint.scheme == scheme}

    assert (chat.essential, chat.pool) == (True, "each")
    assert {(host, port) for host in TELEGRAM_DCS for port in (443, 80, 5222)} <= asked


def test_every_chat_server_of_whatsapp_is_asked_at_both_ports(shipped: Catalogue) -> None:
    whatsapp = shipped.get("whatsapp")
    assert whatsapp is not None
    chat = next(part for part in whatsapp.components if part.id == "chat")

    hosts = [*(f"e{number}.whatsapp.net" for number in range(1, 17)), "g.whatsapp.net", "g-fallback.whatsapp.net"]
    assert set(chat.endpoints) == {Endpoint("tcp", host, port) for host in hosts for port in (443, 5222)}
    assert (chat.essential, chat.pool) == (True, "any")


@pytest.mark.parametrize(("id_", "roots"), [("signal", "signal"), ("max", "russia")])
def test_services_with_authorities_of_their_own_are_judged_by_these(shipped: Catalogue, id_: str, roots: str) -> None:
    service = shipped.get(id_)
    assert service is not None
    chat = next(part for part in service.components if part.id == "chat")

    assert chat.roots is not None
    assert (chat.roots.name, chat.roots.system) == (roots, True)


@pytest.mark.parametrize(("name", "fingerprints"), ROOTS.items())
def test_shipped_authorities_are_the_published_ones(shipped: Catalogue, name: str, fingerprints: list[str]) -> None:
    pem = next(part.roots.pem for s in shipped for part in s.components if part.roots and part.roots.name == name)
    certificates = x509.load_pem_x509_certificates(pem.encode())

    assert [certificate.fingerprint(hashes.SHA256()).hex() for certificate in certificates] == fingerprints
    for certificate in certificates:
        certificate.verify_directly_issued_by(certificates[0])


@pytest.mark.parametrize(
    ("id_", "part", "origin", "subprotocol"),
    [
        ("signal", "chat", "", ""),
        ("max", "chat", "https://web.max.ru", ""),
        ("telegram", "sockets", "https://web.telegram.org", "binary"),
    ],
)
def test_web_sockets_are_opened_as_their_apps_open_them(
    shipped: Catalogue, id_: str, part: str, origin: str, subprotocol: str
) -> None:
    service = shipped.get(id_)
    assert service is not None
    sockets = next(component for component in service.components if component.id == part)

    assert {(e.scheme, e.origin, e.subprotocol) for e in sockets.endpoints} == {("wss", origin, subprotocol)}


def test_no_address_that_the_guard_would_refuse_is_shipped(shipped: Catalogue) -> None:
    endpoints = [endpoint for service in shipped for part in service.components for endpoint in part.endpoints]

    assert all(PUBLIC_ANY_PORT.permits(e.host, e.port) for e in endpoints if is_address(e.host))


def test_a_shipped_service_says_its_sources_and_its_names_in_a_directory(shipped: Catalogue) -> None:
    for service in shipped:
        assert service.sources, service.id
        assert service.directory_names, service.id


def test_whatever_stops_working_once_it_is_delisted_is_asked_for_in_directories(shipped: Catalogue) -> None:
    for service in shipped:
        for part in service.components:
            hosts = [e.host for e in part.endpoints if e.scheme != "stun" and not is_address(e.host)]
            asked = [any(f".{host}".endswith(f".{name}") for name in service.directory_names) for host in hosts]
            assert any(asked) if part.pool == "any" and hosts else all(asked), (service.id, part.id)


def test_no_two_shipped_services_share_a_site(shipped: Catalogue) -> None:
    for service in shipped:
        for part in service.components:
            for endpoint in part.endpoints:
                is_site = endpoint.scheme in {"https", "wss"} and (part.essential or part.id == "web")
                assert not is_site or shipped.find_host(endpoint.host) is service


@pytest.mark.parametrize(
    ("name", "id_"),
    [
        ("whatsapp", "whatsapp"),
        ("WhatsApp", "whatsapp"),
        ("  What's   APP ", "whatsapp"),
        ("ВАТСАП", "whatsapp"),
        ("Ｗｈａｔｓａｐｐ", "whatsapp"),
        ("whats\u200bapp", "whatsapp"),
        ("телега", "telegram"),
        ("ютьюб", "youtube"),
        ("Twitter", "x"),
        ("x", "x"),
        ("Х", "x"),
        ("Макс", "max"),
        ("вк", "vk"),
        ("В Контакте", "vk"),
        ("Wikipédia", "wikipedia"),
        ("Радио Свобода", "svoboda"),
        ("Proton VPN", "protonvpn"),
    ],
)
def test_a_service_is_found_by_any_of_its_names(shipped: Catalogue, name: str, id_: str) -> None:
    found = shipped.find(name)

    assert found is not None
    assert found.id == id_


@pytest.mark.parametrize("name", ["", " ", "nothing of the kind", "whatsapp telegram", "web.whatsapp.com"])
def test_what_is_no_name_finds_nothing(shipped: Catalogue, name: str) -> None:
    assert shipped.find(name) is None


@pytest.mark.parametrize(
    ("host", "id_"),
    [
        ("youtube.com", "youtube"),
        ("WWW.YouTube.com", "youtube"),
        ("x.com.", "x"),
        ("web.whatsapp.com", "whatsapp"),
        ("bbc.com", "bbc"),
        ("signal.org", "signal"),
        ("gateway.discord.gg", "discord"),
        ("chat.signal.org", "signal"),
        ("g.whatsapp.net", None),
        ("api.telegram.org", None),
        ("example.org", None),
        ("", None),
    ],
)
def test_a_site_leads_to_its_service(shipped: Catalogue, host: str, id_: str | None) -> None:
    found = shipped.find_host(host)

    assert (found.id if found else None) == id_


def test_the_id_alone_gets_a_service(shipped: Catalogue) -> None:
    assert shipped.get("vk") is shipped.find("вконтакте")
    assert shipped.get("VK") is None


def test_categories_hold_every_service_once(shipped: Catalogue) -> None:
    groups = shipped.categories()

    assert list(groups) == [name for name in CATEGORIES if name in groups]
    assert sorted(service.id for group in groups.values() for service in group) == [service.id for service in shipped]
    assert "telegram" in {service.id for service in groups["messenger"]}


# --- own files -------------------------------------------------------------------------------------------------------


def test_a_new_service_is_one_file(tmp_path: Path) -> None:
    catalogue = Catalogue.load(write(tmp_path, example=GOOD))

    service = catalogue.find("пример")
    assert service is not None
    assert (service.id, service.name, service.kind, service.category) == ("example", "Example", "service", "news")
    assert service.aliases == {"en": ("sample",), "ru": ("пример",)}
    assert service.components == (
        Component(id="web", endpoints=(Endpoint("https", "example.org", 443, "/"),)),
        Component(
            id="chat",
            essential=False,
            pool="any",
            endpoints=(Endpoint("tcp", "chat.example.org", 5222), Endpoint("tcp", "1.1.1.1", 443)),
        ),
    )
    assert "example" in catalogue.ordinary_words
    assert catalogue.get("whatsapp") is not None


def test_an_own_file_stands_in_for_the_shipped_one_of_its_name(tmp_path: Path) -> None:
    catalogue = Catalogue.load(write(tmp_path, whatsapp=GOOD))

    assert catalogue.get("whatsapp") is catalogue.find("Example")
    assert catalogue.find("ватсап") is None
    assert len(catalogue) == len(Catalogue.load())


def test_only_toml_files_are_read(tmp_path: Path) -> None:
    write(tmp_path, example=GOOD)
    (tmp_path / "README.md").write_text("not a service")
    (tmp_path / "example.toml~").write_text("a backup")

    assert Catalogue.load(tmp_path).get("example")


def test_windows_line_ends_change_nothing(tmp_path: Path) -> None:
    (tmp_path / "example.toml").write_bytes(GOOD.replace("\n", "\r\n").encode())

    assert Catalogue.load(tmp_path).get("example")


PEM = (resources.files("probes") / "roots" / "signal.pem").read_text()


def test_an_own_authority_is_one_file_too(tmp_path: Path) -> None:
    (tmp_path / "roots").mkdir()
    (tmp_path / "roots" / "mine.pem").write_text(PEM)
    write(tmp_path, example=GOOD.replace('id = "web"', 'id = "web"\nroots = "mine"\ntransfer = true'))

    service = Catalogue.load(tmp_path).get("example")

    assert service is not None
    web, chat = service.components
    assert (web.roots, web.transfer) == (Roots(name="mine", pem=PEM), True)
    assert (chat.roots, chat.transfer) == (None, False)


def test_an_own_authority_stands_in_for_the_shipped_one_of_its_name(tmp_path: Path) -> None:
    (tmp_path / "roots").mkdir()
    (tmp_path / "roots" / "russia.pem").write_text(PEM)

    service = Catalogue.load(tmp_path).get("max")

    assert service is not None
    assert service.components[0].roots == Roots(name="russia", pem=PEM)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "no certificates in PEM form"),
        (b"-----BEGIN CERTIFICATE-----\nMIIF\n-----END CERTIFICATE-----\n", "no certificates in PEM form"),
        (b"\xff" * 70_000, "larger than 64 KiB"),
    ],
)
def test_a_broken_authority_is_named(tmp_path: Path, data: bytes, problem: str) -> None:
    (tmp_path / "roots").mkdir()
    (tmp_path / "roots" / "mine.pem").write_bytes(data)

    with pytest.raises(CatalogueError, match=rf"/roots/mine\.pem: {problem}$"):
        Catalogue.load(tmp_path)


def test_an_unknown_authority_is_refused(tmp_path: Path) -> None:
    write(tmp_path, example=GOOD.replace('id = "web"', 'id = "web"\nroots = "mine"'))

    with pytest.raises(
        CatalogueError,
        match=r":13: components\[0\]\.roots: 'mine' is not one of 'system', 'russia', 'signal'$",
    ):
        Catalogue.load(tmp_path)


# --- what is wrong, and where ----------------------------------------------------------------------------------------


def test_a_missing_directory_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"/absent: cannot be read: No such file or directory$"):
        Catalogue.load(tmp_path / "absent")


# Where the syntax is broken, the words are Python's own and differ between its releases.
BROKEN = [
    ('"Example"', '"Example', "1: "),
    ('"Example"', "", "1: "),
    ("[aliases]", "[aliases", "7: "),
    ('    "tcp://1.1.1.1:443",\n]', "", "20: invalid value (at end of document)"),
    ('id = "chat"', 'id = "chat"\nid = "talk"', "17: "),
    ('name = "Example"\n', "", "1: name: missing"),
    ('"Example"', '""', "1: name: is empty"),
    ('"Example"', "7", "1: name: 7 is no text"),
    ('"news"', '"gossip"', "2: category: 'gossip' is not one of 'messenger', "),
    ('sources = ["example.org itself"]', "sources = [7]", "3: sources[0]: 7 is no text"),
    ('"Example"', f'"{"x" * 101}"', "1: name: 'xxxxxxxxxx"),
    ('["example.org"]', '["Example.org"]', "4: directory_names[0]: 'Example.org' is not a host name in small letters"),
    ('["example"]', '["instance"]', "5: ordinary_words[0]: 'instance' is neither the id nor the name nor an alias"),
    ("en = [", "english = [", "8: aliases.english: 'english' is not the code of a language, such as en"),
    ('["sample"]', '"sample"', "8: aliases.en: 'sample' is no list"),
    ('["sample"]', '["sample", " "]', "8: aliases.en[1]: ' ' begins or ends with a blank"),
    ('id = "web"', 'id = "web"\ncolour = "red"', "13: components[0].colour: unknown key"),
    ('id = "web"', 'id = "web"\n"no\\nsense" = 1', "13: components[0].'no\\nsense': unknown key"),
    ('id = "web"', 'id = "Web"', "12: components[0].id: 'Web' is not made of small letters, digits, - and _"),
    ('id = "web"\n', "", "11: components[0].id: missing"),
    ('id = "chat"', 'id = "web"', "16: components[1].id: 'web' is there twice"),
    ("essential = false", 'essential = "no"', "17: components[1].essential: 'no' is neither true nor false"),
    ('pool = "any"', 'pool = "some"', "18: components[1].pool: 'some' is not one of 'all', 'any'"),
    ('id = "web"', 'id = "web"\nessential = false', "11: components: none is essential"),
    ('["https://example.org/"]', "[]", "13: components[0].endpoints: is empty"),
    (
        '"tcp://1.1.1.1:443"',
        '"ftp://1.1.1.1"',
        "21: components[1].endpoints[1]: 'ftp://1.1.1.1' is not one of https",
    ),
    ('"tcp://1.1.1.1:443"', "443", "21: components[1].endpoints[1]: 443 is not one of https, http, wss, tcp"),
    (
        '"tcp://1.1.1.1:443"',
        '"https://127.0.0.1/"',
        "21: components[1].endpoints[1]: 'https://127.0.0.1/' is no address of the public internet",
    ),
    ('id = "web"', 'id = "web"\norigin = "https://a.org/"', "13: components[0].origin: 'https://a.org/' is not a site"),
    ('id = "web"', 'id = "web"\norigin = "https://a.org:99999"', "13: components[0].origin: 'https://a.org:99999'"),
    ('id = "web"', 'id = "web"\norigin = "https://a.org:0"', "13: components[0].origin: 'https://a.org:0' needs a"),
    ('id = "web"', 'id = "web"\nsubprotocol = "a b"', "13: components[0].subprotocol: 'a b' is not one word"),
    ('id = "web"', 'id = "web"\norigin = "https://a.org"', "13: components[0].origin: is of use to endpoints with wss"),
    (
        '"tcp://1.1.1.1:443"',
        '"tcp://chat.example.org:5222"',
        "21: components[1].endpoints[1]: 'tcp://chat.example.org:5222' is there twice",
    ),
]


@pytest.mark.parametrize(("good", "bad", "message"), BROKEN)
def test_a_broken_file_is_named_with_its_line(tmp_path: Path, good: str, bad: str, message: str) -> None:
    assert good in GOOD
    write(tmp_path, example=GOOD.replace(good, bad, 1))

    with pytest.raises(CatalogueError) as caught:
        Catalogue.load(tmp_path)

    assert str(caught.value).startswith(f"{tmp_path}/example.toml:{message}")
    assert "\n" not in str(caught.value)


def test_a_shipped_file_is_named_by_its_directory() -> None:
    with pytest.raises(
        CatalogueError, match=r"^services/foo\.toml:13: components\[0\]\.endpoints\[0\]: 'ftp://a\.b/' is not"
    ):
        read_service_file("foo", "services/foo.toml", GOOD.replace("https://example.org/", "ftp://a.b/").encode())


@pytest.mark.parametrize("stem", ["Example", "an example", "пример", "-", "a" * 33])
def test_a_file_name_that_is_no_id_is_refused(tmp_path: Path, stem: str) -> None:
    with pytest.raises(CatalogueError, match=r"\.toml:1: '.*' is no id"):
        Catalogue.load(write(tmp_path, **{stem: GOOD}))


def test_a_long_value_is_shown_in_part(tmp_path: Path) -> None:
    write(tmp_path, example=GOOD.replace("https://example.org/", "gopher://" + "x" * 5000))

    with pytest.raises(CatalogueError) as caught:
        Catalogue.load(tmp_path)

    assert len(str(caught.value)) < 300


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "example.toml").write_bytes(b'name = "Example"\ncategory = "\xff"\n')

    with pytest.raises(CatalogueError, match=r"/example\.toml:2: not UTF-8: byte 0xff$"):
        Catalogue.load(tmp_path)


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    write(tmp_path, example=GOOD + "#" * FILE_BYTES)

    with pytest.raises(CatalogueError, match=r"/example\.toml:1: larger than 64 KiB$"):
        Catalogue.load(tmp_path)


def test_a_file_that_is_nested_too_deeply_is_refused(tmp_path: Path) -> None:
    write(tmp_path, example="name = " + "[" * 20_000)

    with pytest.raises(CatalogueError, match=r"/example\.toml:1: nested too deeply$"):
        Catalogue.load(tmp_path)


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    write(tmp_path, **{f"s{number}": "" for number in range(501)})

    with pytest.raises(CatalogueError, match=r": more than 500 service files$"):
        Catalogue.load(tmp_path)


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, make: object) -> None:
    assert callable(make)
    make(tmp_path / "example.toml")

    with pytest.raises(CatalogueError, match=r"/example\.toml: not a file$"):
        Catalogue.load(tmp_path)


def test_two_services_cannot_have_one_name(tmp_path: Path) -> None:
    write(tmp_path, example=GOOD.replace('"sample"', '"sample", "ВАТСАП"'))

    with pytest.raises(CatalogueError) as caught:
        Catalogue.load(tmp_path)

    assert str(caught.value) == (
        f"{tmp_path}/example.toml:8: aliases.en[1]: 'ВАТСАП' is already a name of services/whatsapp.toml"
    )


def test_a_service_of_one_s_own_needs_no_sources(tmp_path: Path) -> None:
    write(tmp_path, example=GOOD.replace('sources = ["example.org itself"]\n', ""))
    example = Catalogue.load(tmp_path).get("example")
    assert example is not None
    assert example.sources == ()


def test_nothing_that_pydantic_says_reaches_people() -> None:
    """Whatever is put in the place of a value: the words are the format's own."""
    said = []
    for value in ("7", "true", '""', '"x"', "[]", "[7]", "{}", "{x = 7}", "1979-05-27", f'"{"x" * 300}"'):
        for line in [line for line in GOOD.splitlines() if re.match(r"\w+ = .*[\]\"e]$", line)]:
            broken = GOOD.replace(line, f"{line.partition(' = ')[0]} = {value}", 1)
            try:
                read_service_file("example", "example.toml", broken.encode())
            except CatalogueError as error:
                said.append(str(error))
    assert said
    assert not [line for line in said if re.search(r"should|valid|pattern|Input", line)]


def test_two_services_cannot_share_their_visible_name_either(tmp_path: Path) -> None:
    first = GOOD.replace('ordinary_words = ["example"]\n', "")
    second = first.replace("sample", "second").replace("пример", "второй")

    with pytest.raises(CatalogueError, match=r"/second\.toml:1: name: 'Example' is already a name of .*/first\.toml$"):
        Catalogue.load(write(tmp_path, first=first, second=second))


@given(st.text(alphabet=st.sampled_from("ab=[]{}\"'\n\r#.,1: é\x00")) | st.text())
def test_any_text_is_a_service_or_one_line_of_complaint(text: str) -> None:
    try:
        read_service_file("example", "example.toml", text.encode("utf-8", "surrogatepass"))
    except CatalogueError as error:
        assert re.fullmatch(r"example\.toml:\d+: [^\n]+", str(error))  # noqa: PT017 -- whether it is raised is open


@given(st.data())
def test_any_cut_of_a_good_file_is_a_service_or_one_line_of_complaint(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(GOOD)))
    end = data.draw(st.integers(start, len(GOOD)))
    try:
        read_service_file("example", "example.toml", (GOOD[:start] + GOOD[end:]).encode())
    except CatalogueError as error:
        assert re.fullmatch(r"example\.toml:\d+: [^\n]+", str(error))  # noqa: PT017 -- as above


# --- endpoints and names ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("https://example.org/", Endpoint("https", "example.org", 443, "/")),
        ("https://example.org", Endpoint("https", "example.org", 443, "/")),
        ("http://example.org:8080/a?b=c", Endpoint("http", "example.org", 8080, "/a?b=c")),
        ("https://EXAMPLE.org/", Endpoint("https", "example.org", 443, "/")),
        ("tcp://1.1.1.1:5222", Endpoint("tcp", "1.1.1.1", 5222)),
        ("tcp://[2606:4700:4700::1111]:443", Endpoint("tcp", "2606:4700:4700::1111", 443)),
        ("wss://example.org/chat?v=1", Endpoint("wss", "example.org", 443, "/chat?v=1")),
        ("wss://example.org:8443", Endpoint("wss", "example.org", 8443, "/")),
        ("tls://edge.example.org:443", Endpoint("tls", "edge.example.org", 443)),
        ("quic://example.org", Endpoint("quic", "example.org", 443)),
        ("stun://example.org", Endpoint("stun", "example.org", 3478)),
        ("mtproto://149.154.175.50:80", Endpoint("mtproto", "149.154.175.50", 80)),
        (
            "mtproto+obfuscated://[2001:b28:f23d:f001::a]:5222",
            Endpoint("mtproto+obfuscated", "2001:b28:f23d:f001::a", 5222),
        ),
        ("https://xn--e1afmkfd.xn--p1ai/", Endpoint("https", "xn--e1afmkfd.xn--p1ai", 443, "/")),
    ],
)
def test_a_url_names_an_endpoint(url: str, endpoint: Endpoint) -> None:
    assert parse_endpoint(url) == endpoint


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.org",
        "ftp://example.org/",
        "HTTPS://example.org/",
        "https://",
        "https:///path",
        "https://localhost/",
        "https://пример.рф/",
        "https://exa mple.org/",
        "https://exam\tple.org/",
        "https://user@example.org/",
        "https://example.org/#part",
        "https://example.org:0/",
        "https://example.org:65536/",
        "https://example.org:port/",
        "https://-a.example.org/",
        "https://a..example.org/",
        "https://[::1/",
        "tcp://example.org",
        "tcp://example.org:443/",
        "tcp://example.org:443?a",
        "tls://example.org",
        "quic://example.org/",
        "stun://example.org:3478/?transport=udp",
        "mtproto://149.154.175.50",
        "mtproto://149.154.175.50:443/apiws",
        "mtproto://127.0.0.1:443",
        "mtproto+obfuscated://[fd00::1]:443",
        "https://10.0.0.1/",
        "http://[::1]/",
        "wss://192.168.1.1/chat",
        "tcp://192.0.2.1:443",
        "tls://[2001:db8::1]:443",
        "quic://169.254.169.254",
        "stun://224.0.0.1",
        "https://127.1/",
        "https://1.2.3.256/",
        "https://[1:2]/",
    ],
)
def test_what_names_no_endpoint_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(repr(url))} "):
        parse_endpoint(url)


@given(st.from_regex(r"(https?|tcp)://[a-z0-9.:@\[\]/?#%\t é-]{0,40}", fullmatch=True))
def test_any_url_is_an_endpoint_or_a_complaint(url: str) -> None:
    try:
        endpoint = parse_endpoint(url)
    except ValueError as error:
        assert str(error).startswith(repr(url)[:50])  # noqa: PT017 -- whether it is raised is open
    else:
        assert endpoint.host
        assert 0 < endpoint.port < 65536
        assert parse_endpoint(str(endpoint)) == endpoint


@given(st.text())
def test_folding_twice_changes_nothing(name: str) -> None:
    assert fold(fold(name)) == fold(name)


def test_every_name_of_a_service_is_told() -> None:
    service = read_service_file("example", "example.toml", GOOD.encode()).service

    assert list(names_of(service)) == ["example", "Example", "sample", "пример"]
