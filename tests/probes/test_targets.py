from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from probes.guard import PUBLIC
from probes.model import Component, Endpoint, Service
from probes.targets import BadTarget, host_service, parse


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("example.org", "https://example.org/"),
        ("  example.org\n", "https://example.org/"),
        ("EXAMPLE.org.", "https://example.org/"),
        ("https://example.org", "https://example.org/"),
        ("http://example.org", "http://example.org/"),
        ("HTTP://Example.Org/A/b", "http://example.org/A/b"),
        ("example.org/path", "https://example.org/path"),
        ("example.org:443", "https://example.org/"),
        ("example.org:80", "http://example.org/"),
        ("http://example.org:443/", "http://example.org:443/"),
        ("https://example.org:", "https://example.org/"),
        ("https://example.org/a?token=secret#part", "https://example.org/a"),
        ("example.org?q", "https://example.org/"),
        ("example.org/a/./b/../c", "https://example.org/a/c"),
        ("example.org/../../a/%2E%2e/b/.", "https://example.org/b/"),
        ("example.org/a/..", "https://example.org/"),
        ("http://яндекс.рф/путь /%20", "http://xn--d1acpjx3f.xn--p1ai/%D0%BF%D1%83%D1%82%D1%8C%20/%20"),
        ("r3---sn-5hne6n7z.googlevideo.com", "https://r3---sn-5hne6n7z.googlevideo.com/"),
    ],
)
def test_a_host_name_or_web_address_becomes_one_endpoint(typed: str, url: str) -> None:
    assert str(parse(typed)) == url


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("яндекс.рф", "xn--d1acpjx3f.xn--p1ai"),
        ("ЯНДЕКС.РФ", "xn--d1acpjx3f.xn--p1ai"),
        ("xn--d1acpjx3f.xn--p1ai", "xn--d1acpjx3f.xn--p1ai"),
        ("XN--D1ACPJX3F.xn--p1ai", "xn--d1acpjx3f.xn--p1ai"),
        ("example。org", "example.org"),
        ("ｅｘａｍｐｌｅ．ｏｒｇ", "example.org"),
        ("example｡org．", "example.org"),
        ("faß.de", "xn--fa-hia.de"),
        ("straße.de", "xn--strae-oqa.de"),
        ("exa\u00admple.org", "example.org"),
    ],
)
def test_names_are_mapped_as_idna_2008_and_uts_46_say(typed: str, name: str) -> None:
    assert parse(typed).host == name


def test_a_host_is_a_service_of_one_essential_component() -> None:
    endpoint = Endpoint("http", "xn--d1acpjx3f.xn--p1ai", 80, "/")
    assert host_service("http://ЯНДЕКС.рф") == Service(
        id="xn--d1acpjx3f.xn--p1ai",
        name="яндекс.рф",
        kind="host",
        components=(Component(id="web", essential=True, endpoints=(endpoint,)),),
    )


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Type the name of a host"),
        (" \t ", "Type the name of a host"),
        ("https://", "no host name"),
        ("//example.org", "no host name"),
        ("https:///path", "no host name"),
        ("user@example.org", "before the @"),
        ("https://user:password@example.org/", "before the @"),
        ("https://example.org@10.0.0.1/", "before the @"),
        ("ftp://example.org", "Only web addresses"),
        ("file:///etc/passwd", "Only web addresses"),
        ("gopher://example.org:80", "Only web addresses"),
        ("javascript:alert(1)", "not a host name"),
        ("example.org:22", "Port 22"),
        ("https://example.org:8443/", "Port 8443"),
        ("example.org:0", "Port 0"),
        ("example.org:99999", "Port 99999"),
        ("example.org:https", "not a host name"),
        ("example.org:80:80", "not a host name"),
        ("example.org:８０", "not a host name"),
        ("localhost", "no name of the public DNS"),
        ("LOCALHOST.", "no name of the public DNS"),
        ("a.localhost", "no name of the public DNS"),
        ("printer.local", "no name of the public DNS"),
        ("metadata.google.internal", "no name of the public DNS"),
        ("expyuzz4wqqyqhjn.onion", "no name of the public DNS"),
        ("site.test", "no name of the public DNS"),
        ("site.example", "no name of the public DNS"),
        ("site.invalid", "no name of the public DNS"),
        ("router.home.arpa", "no name of the public DNS"),
        ("router.lan", "no name of the public DNS"),
        ("whatsapp", "not a full host name"),
        ("рф", "not a full host name"),
        ("a..org", "not a host name"),
        (".example.org", "not a host name"),
        ("example.org..", "not a host name"),
        ("-a.org", "not a host name"),
        ("a_b.org", "not a host name"),
        ("ex ample.org", "not a host name"),
        ("%65xample.org", "not a host name"),
        ("http:\\\\example.org", "not a host name"),
        ("i❤.org", "not a host name"),
        ("xn--a.org", "not a host name"),
        ("xn--.org", "not a host name"),
        ("אb1.org", "not a host name"),
        ("a\u202eb.org", "“a�b.org” is not a host name"),
        ("℀.org", "not a host name"),
        ("exa\x00mple.org", "control characters"),
        ("example.org/\x1b[31m", "control characters"),
        ("example.org\r\nHost: 10.0.0.1", "control characters"),
        ("example\ud800.org", "control characters"),
        ("a" * 64 + ".org", "too long"),
        ("я" * 60 + ".org", "not a host name|too long"),
        (".".join(["abcdefg"] * 32) + ".org", "too long"),
        ("a" * 3000, "too long"),
        ("example.org/" + "a" * 1024, "path is too long"),
    ],
)
def test_what_cannot_be_checked_is_refused_with_one_sentence(typed: str, sentence: str) -> None:
    with pytest.raises(BadTarget, match=sentence) as refusal:
        parse(typed)
    assert re.fullmatch(r"[^\n]{10,200}\.", str(refusal.value))


@pytest.mark.parametrize(
    "typed",
    [
        *("127.0.0.1", "10.0.0.1", "8.8.8.8", "8.8.8.8.", "http://169.254.169.254/latest", "127.0.0.1:80"),
        *(
            "2130706433",
            "0177.0.0.1",
            "0x7f.1",
            "0X7F000001",
            "127.1",
            "127.0.1",
            "0x",
            "0",
            "1.2.3.4.5",
            "a.1",
            "a.0x1f",
        ),
        *("１２７.０.０.１", "①②⑦.⓪.⓪.①", "127。0。0。1"),
        *(
            "::1",
            "[::1]",
            "http://[::1]/",
            "[::1]:80",
            "[::ffff:127.0.0.1]",
            "2606:4700:4700::1111",
            "::ffff:7f00:1",
            "fe80::1%eth0",
        ),
    ],
)
def test_addresses_are_refused_in_every_disguise(typed: str) -> None:
    with pytest.raises(BadTarget, match=r"is an IP address: type a host name"):
        parse(typed)


def test_a_refusal_repeats_only_so_much_of_what_was_typed() -> None:
    with pytest.raises(BadTarget, match=r"^“_{63}…” is not a host name\.$"):
        parse("_" * 2000)


NAMES = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+")


@given(st.text() | st.from_regex(r"(https?://)?[\w.:@\[\]-]*(/\w*)?", fullmatch=True) | st.ip_addresses().map(str))
@example("\ufdfa" * 100 + ".org")
@example("xn--" + "9" * 55 + ".org")
@example("https://[")
@example("١٢٧.0.0.1")
def test_any_text_is_a_proper_host_or_a_bad_target(typed: str) -> None:
    try:
        service = host_service(typed)
    except BadTarget:
        return
    endpoint = service.components[0].endpoints[0]
    assert NAMES.fullmatch(endpoint.host)
    assert not PUBLIC.permits(endpoint.host, endpoint.port), "an address passed for a name"
    assert endpoint.port in {80, 443}
    assert re.fullmatch(r"/[!-~]{0,1023}", endpoint.path)
    assert parse(str(endpoint)) == endpoint, "what is shown can be typed again"
    assert host_service(service.name).id == service.id
