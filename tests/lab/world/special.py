"""What sets hosts of the default internet apart from a plain web site: addresses, aliases, pages, certificates."""

import json
from typing import Any

from tests.lab.world.answers import (
    CAPTCHA,
    Captive,
    Countdown,
    Doh,
    Download,
    Page,
    PerVisitor,
    Redirect,
    Route,
    TestHelper,
    Trace,
    Upgrade,
)
from tests.lab.world.names import BLOCKPAGE, CHAT_NAMES, CONTROLS, INTERCEPTOR, PORTAL, PROXY

DOH = (Route("/dns-query", Doh()), Route("/cdn-cgi/trace", Trace()))
NO_CONTENT = Page(status=204, body="")


def _text(body: str, status: int = 200, content_type: str = "text/plain") -> Page:
    return Page(status=status, body=body, content_type=content_type)


def _json(body: str, status: int = 200) -> Page:
    return _text(body, status, "application/json")


GENERATE_204 = (Route("/generate_204", NO_CONTENT),)
TEST_HELPERS = json.dumps(
    {"web-connectivity": [{"address": f"https://{name}", "type": "https"} for name in CONTROLS[:4]]}
)

BLOCKPAGE_HTML = """<!DOCTYPE html><html><head><meta charset="utf-8"><title>Доступ ограничен</title></head><body>
<h1>Доступ к информационному ресурсу ограничен на основании Федерального закона
от 27 июля 2006 г. № 149-ФЗ «Об информации, информационных технологиях и о защите информации»</h1>
<p>Access to this resource has been restricted by decision of the authorities.</p></body></html>"""
# Fields of parts.Host.
SPECIAL: dict[str, dict[str, Any]] = {
    "web.whatsapp.com": {"cname": "mmx-ds.cdn.whatsapp.net"},
    "www.whatsapp.com": {"cname": "mmx-ds.cdn.whatsapp.net"},
    "mmx-ds.cdn.whatsapp.net": {"geo": True},
    "v.whatsapp.net": {"routes": (Route("/v2/register", _json('{"status":"fail","reason":"bad_param"}', 400)),)},
    **{name: {"ports": {443: "chat", 5222: "chat"}, "quic": False} for name in CHAT_NAMES},
    "www.facebook.com": {"cname": "star-mini.c10r.facebook.com"},
    "star-mini.c10r.facebook.com": {"geo": True},
    "www.instagram.com": {"geo": True},
    "telegram.org": {"addresses": ("149.154.167.99", "2001:67c:4e8:f004::9")},
    "www.telegram.org": {"addresses": ("149.154.167.99", "2001:67c:4e8:f004::9")},
    "t.me": {"addresses": ("149.154.167.99", "2001:67c:4e8:f004::9")},
    "api.telegram.org": {
        "addresses": ("149.154.167.220", "2001:67c:4e8:f004::9d"),
        "page": _json('{"ok":false,"error_code":404,"description":"Not Found"}', 404),
    },
    **{
        f"{name}.signal.org": {"certificate": "private"}
        for name in ("cdsi", "storage", "sfu.voip", "svr2", "cdn", "cdn2", "cdn3", "updates")
    },
    "chat.signal.org": {"certificate": "private", "routes": (Route("/v1/websocket/", Upgrade()),)},
    **{
        f"{name}.web.telegram.org": {"routes": (Route("/apiws", Upgrade(subprotocol="binary")),)}
        for name in ("pluto", "venus", "aurora", "vesta", "flora")
    },
    "uptime.signal.org": {"addresses": ("127.0.0.1",)},
    "www.youtube.com": {"cname": "youtube-ui.l.google.com", "routes": GENERATE_204},
    "youtube-ui.l.google.com": {"geo": True},
    "redirector.googlevideo.com": {"geo": True, "routes": GENERATE_204},
    "manifest.googlevideo.com": {"geo": True, "routes": GENERATE_204},
    "*.googlevideo.com": {"geo": True, "routes": GENERATE_204},
    "www.google.com": {"geo": True, "routes": GENERATE_204},
    "connectivitycheck.gstatic.com": {"routes": GENERATE_204},
    "i.ytimg.com": {"routes": GENERATE_204},
    "clients3.google.com": {"routes": GENERATE_204},
    # Where the shipped controls expect them.
    "stun.l.google.com": {"addresses": ("74.125.250.129",)},
    "stun.cloudflare.com": {"addresses": ("162.159.207.0",)},
    "speedtest.selectel.ru": {"addresses": ("188.93.16.211",)},
    "proof.ovh.net": {
        "addresses": ("141.95.207.211",),
        "routes": (Route("/files/10Mb.dat", Download(10_000_000)),),
    },
    "fsn1-speed.hetzner.com": {"addresses": ("78.46.170.2",)},
    "www.gstatic.com": {"routes": GENERATE_204},
    "cp.cloudflare.com": {"routes": GENERATE_204},
    "www.cloudflare.com": {"routes": (Route("/cdn-cgi/trace", Trace()),)},
    "detectportal.firefox.com": {"routes": (Route("/success.txt", _text("success\n")),)},
    "captive.apple.com": {
        "page": Page(body="<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>"),
    },
    "www.msftconnecttest.com": {"page": _text("Microsoft Connect Test")},
    "ws-api.oneme.ru": {"routes": (Route("/websocket", Upgrade(origin="https://web.max.ru")),)},
    "platform-api2.max.ru": {"certificate": "national"},
    "discord.com": {"routes": (Route("/api/v10/gateway", _json('{"url":"wss://gateway.discord.gg"}')),)},
    "gateway.discord.gg": {"routes": (Route("/", Upgrade()),)},
    "www.linkedin.com": {"page": Page(status=999, title="LinkedIn")},
    "*.push.apple.com": {"ports": {443: "web", 5223: "chat"}},
    "www.viber.com": {"ports": {80: "web", 443: "web", 4244: "chat", 5242: "chat"}},
    "api.ooni.org": {"routes": (Route("/api/v1/test-helpers", _json(TEST_HELPERS)),)},
    "api.ooni.io": {"routes": (Route("/api/v1/test-helpers", _json(TEST_HELPERS)),)},
    **{name: {"page": TestHelper()} for name in CONTROLS},
    # The servers of OONI's public QA suite.
    **{
        name: {"addresses": ("93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946")}
        for name in ("example.com", "www.example.com", "example.org", "www.example.org")
    },
    "expired.badssl.com": {"addresses": ("104.154.89.105",), "certificate": "expired"},
    "wrong.host.badssl.com": {"addresses": ("104.154.89.105",), "certificate": "wrong_name"},
    "self-signed.badssl.com": {"addresses": ("104.154.89.105",), "certificate": "self_signed"},
    "untrusted-root.badssl.com": {"addresses": ("104.154.89.105",), "certificate": "unknown_ca"},
    "badssl.com": {"addresses": ("104.154.89.105",), "certificate": "unknown_ca"},
    "largefile.com": {"addresses": ("52.35.36.75",), "page": Download(32 << 20)},
    "www.cloudflare-cache.com": {
        "addresses": ("104.16.132.229",),
        "page": PerVisitor(client=CAPTCHA, control=Page(title="Default Web Page")),
    },
    "httpbin.com": {
        "addresses": ("172.67.144.64",),
        "routes": (
            Route("/redirect/", Countdown()),
            Route(
                "/broken-redirect-http",
                PerVisitor(client=Redirect("http://"), control=Redirect("http://www.example.com/")),
            ),
            Route(
                "/broken-redirect-https",
                PerVisitor(client=Redirect("https://"), control=Redirect("https://www.example.com/")),
            ),
        ),
    },
    "bit.ly": {
        "addresses": ("67.199.248.11",),
        "routes": (
            Route("/32447", Redirect("http://www.example.com/")),
            Route("/21645", Redirect("https://www.example.com/")),
        ),
    },
    # Public resolvers over HTTPS; the name servers themselves stand in `zone`.
    **{
        name: {
            "addresses": ("1.1.1.1", "1.0.0.1", "2606:4700:4700::1111", "2606:4700:4700::1001"),
            "routes": DOH,
            "quic": True,
        }
        for name in ("one.one.one.one", "cloudflare-dns.com")
    },
    "dns.google": {
        "addresses": ("8.8.8.8", "8.8.4.4", "2001:4860:4860::8888", "2001:4860:4860::8844"),
        "routes": DOH,
        "quic": True,
    },
    "dns.quad9.net": {
        "addresses": ("9.9.9.9", "149.112.112.112", "2620:fe::fe", "2620:fe::9"),
        "routes": DOH,
    },
    "a.res-nsdi.ru": {"addresses": ("195.208.4.1", "2a0c:a9c7:8::1"), "ports": {}},
    "b.res-nsdi.ru": {"addresses": ("195.208.5.1", "2a0c:a9c7:9::1"), "ports": {}},
    "a.auth-nsdi.ru": {"addresses": ("195.208.6.1", "2a0c:a9c7:a::1"), "ports": {}},
    "b.auth-nsdi.ru": {"addresses": ("195.208.7.1", "2a0c:a9c7:b::1"), "ports": {}},
    # What a censor's network half sends clients to.
    PORTAL: {"page": Captive(), "quic": False},
    BLOCKPAGE: {"addresses": ("83.224.65.41",), "ports": {80: "web"}, "page": Page(body=BLOCKPAGE_HTML)},
    INTERCEPTOR: {"ports": {80: "proxy", 443: "interceptor"}, "certificate": "unknown_ca"},
    PROXY: {"addresses": ("130.192.182.17",), "ports": {80: "proxy", 443: "proxy"}},
}
