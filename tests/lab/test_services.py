"""What the command line says of the services that people ask about: healthy, and in each trouble that was reported.

`scenarios/services.py` holds what is true; the table here, what must be said of it: of the service, and of each
component that does not simply work.
"""

import json
import os
import sys
from pathlib import Path

import pytest

from tests.lab.ca import ensure_ca
from tests.lab.lab import Lab
from tests.lab.scenario import Scenario, load_scenarios
from tests.lab.verdicts import check, components, said, steps
from tests.lab.world import World

SCENARIOS = load_scenarios()
DROPPED, RESET = "blocked confirmed tls.sni_dropped", "blocked confirmed tls.sni_reset"
INTERCEPTED = "blocked confirmed tls.intercepted"
DELISTED = "blocked confirmed dns.delisted"
UNKNOWN_ROOT = "inconclusive possible service.certificate"
GONE = "blocked confirmed ip.dropped"
IN_PART = "degraded confirmed ip.dropped"
NO_PROTOCOL = "degraded confirmed proto.dropped"
SIGNALS_OWN = ("chat", "directory", "storage", "media", "group-calls")
NOT_TOLD = "inconclusive possible not_measured"

SAID: dict[str, tuple[str, dict[str, str]]] = {
    "whatsapp-calls-dropped": ("degraded likely calls.dropped", {"calls": "blocked likely calls.dropped"}),
    "whatsapp-delisted": (
        "degraded confirmed dns.delisted tls.sni_dropped",
        {"web": "blocked confirmed dns.delisted tls.sni_dropped", "signup": DROPPED, "media": DROPPED},
    ),
    "whatsapp-chat-dropped": (IN_PART, {"chat": GONE}),
    "whatsapp-chat-port-dropped": (IN_PART, {"chat": IN_PART}),
    "whatsapp-gone": (
        "blocked confirmed tls.sni_dropped ip.dropped",
        {"web": DROPPED, "chat": GONE, "signup": DROPPED, "media": DROPPED},
    ),
    "whatsapp-media-reset": ("degraded confirmed tls.sni_reset", {"media": "degraded confirmed tls.sni_reset"}),
    "whatsapp-chat-in-part-dead": ("ok confirmed", {}),
    "telegram-two-centres-dropped": (IN_PART, {"chat": IN_PART}),
    "telegram-two-centres-dropped-no-control": (
        "inconclusive possible no_outside_control",
        {"chat": "inconclusive possible no_outside_control"},
    ),
    "telegram-centres-dropped": (IN_PART, {"chat": GONE, "media": IN_PART}),
    "telegram-protocol-dropped": (NO_PROTOCOL, {"chat": "blocked confirmed proto.dropped", "media": NO_PROTOCOL}),
    "telegram-plain-dropped": (NO_PROTOCOL, {"chat": NO_PROTOCOL}),
    "telegram-obfuscated-dropped": (NO_PROTOCOL, {"chat": NO_PROTOCOL, "media": NO_PROTOCOL}),
    "telegram-5222-reset": ("degraded confirmed ip.reset", {"chat": "degraded confirmed ip.reset"}),
    "telegram-bots-dropped": ("degraded confirmed tls.sni_dropped", {"bots": DROPPED}),
    "telegram-gone": (
        "blocked confirmed tls.sni_dropped ip.dropped",
        {
            "web": DROPPED,
            "chat": GONE,
            "sockets": DROPPED,
            "bots": DROPPED,
            "media": "blocked confirmed ip.dropped tls.sni_dropped",
        },
    ),
    "telegram-without-ipv6": ("ok confirmed", {}),
    "telegram-without-5222": ("ok confirmed", {}),
    "signal-chat-dropped": (DROPPED, {"chat": DROPPED}),
    "signal-reset": (RESET, dict.fromkeys((*SIGNALS_OWN, "web"), RESET)),
    "signal-calls-dropped": ("degraded likely calls.dropped", {"calls": "blocked likely calls.dropped"}),
    "signal-rotated-root": (UNKNOWN_ROOT, dict.fromkeys(SIGNALS_OWN, UNKNOWN_ROOT)),
    "signal-certified-publicly": ("ok confirmed", {}),
    "signal-intercepted": (INTERCEPTED, dict.fromkeys((*SIGNALS_OWN, "web"), INTERCEPTED)),
    "signal-dropped-at-home": ("blocked likely ip.dropped", {"chat": "blocked likely ip.dropped"}),
    "signal-socket-vanishes": (DROPPED, {"chat": DROPPED}),
    "signal-socket-refused-by-proxy": (INTERCEPTED, {"chat": INTERCEPTED}),
    "signal-socket-answered-wrongly": (NOT_TOLD, {"chat": NOT_TOLD}),
    "telegram-sockets-vanish": ("degraded confirmed tls.sni_dropped", {"sockets": DROPPED}),
    "telegram-sockets-answered-by-proxy": ("degraded confirmed tls.intercepted", {"sockets": INTERCEPTED}),
    "max-socket-vanishes": ("degraded confirmed tls.sni_dropped", {"chat": DROPPED}),
    "max-socket-refused": ("ok confirmed", {}),
    "max-socket-led-away": ("ok confirmed", {}),
    "max-socket-is-a-page": ("ok confirmed", {}),
    "max-national": ("ok confirmed", {}),
    "max-dropped-abroad": (DROPPED, dict.fromkeys(("web", "chat", "api", "bots"), DROPPED)),
    "instagram-intercepted-nationally": (INTERCEPTED, dict.fromkeys(("web", "api", "cdn"), INTERCEPTED)),
    "youtube-throttled": ("degraded confirmed flow.throttled", {"video": "degraded confirmed flow.throttled"}),
    "youtube-downloads-throttled": (
        "degraded confirmed flow.throttled",
        {"video": "degraded confirmed flow.throttled"},
    ),
    "youtube-quic-dropped": ("degraded confirmed quic.dropped", {"quic": "blocked confirmed quic.dropped"}),
    "youtube-delisted": (
        DELISTED,
        dict.fromkeys(("web", "images", "video", "quic", "links"), DELISTED),
    ),
    "youtube-images-dropped": ("degraded confirmed tls.sni_dropped", {"images": DROPPED}),
    "discord-dropped": (DROPPED, dict.fromkeys(("web", "chat", "cdn", "calls"), DROPPED)),
    "discord-voice-dropped": ("degraded confirmed tls.sni_dropped", {"calls": DROPPED}),
    "viber-dropped": (DROPPED, {"web": DROPPED}),
    "snapchat-reset": (RESET, dict.fromkeys(("web", "api", "cdn"), RESET)),
    "roblox-network-dropped": (GONE, dict.fromkeys(("web", "api", "cdn"), GONE)),
    "linkedin-reset": (RESET, dict.fromkeys(("web", "cdn", "links"), RESET)),
    "facebook-delisted": (
        "blocked confirmed dns.delisted tls.sni_dropped",
        dict.fromkeys(("web", "api"), "blocked confirmed dns.delisted tls.sni_dropped") | {"cdn": DROPPED},
    ),
    "messenger-chat-dropped": ("degraded confirmed tls.sni_dropped", {"chat": DROPPED}),
    "instagram-pictures-reset": ("degraded confirmed tls.sni_reset", {"cdn": RESET}),
    "threads-dropped": (DROPPED, {"web": DROPPED}),
    "x-api-reset": ("degraded confirmed tls.sni_reset", {"api": RESET}),
    "tiktok-denied": (DELISTED, {"web": DELISTED}),
    "vk-dropped-abroad": (DROPPED, {"web": DROPPED, "api": DROPPED}),
    "tor-dropped": (RESET, {"web": RESET, "relays": IN_PART}),
    "wikipedia-images-dropped": ("degraded confirmed tls.sni_dropped", {"images": DROPPED}),
    "bbc-reset": (RESET, {"web": RESET}),
    "svoboda-delisted": (DELISTED, {"web": DELISTED}),
    "protonvpn-dropped": (DROPPED, {"web": DROPPED}),
}
"""A scenario's name begins with the service's."""
SAID_OF_DATA = {
    "x-throttled": ("degraded confirmed flow.throttled", {"cdn": "degraded confirmed flow.throttled"}),
}


@pytest.mark.parametrize("name", SAID)
def test_a_service_in_trouble(lab: Lab, name: str) -> None:
    assert_said(lab, name, *SAID[name])


@pytest.mark.parametrize("name", SAID_OF_DATA)
def test_a_service_whose_data_is_in_trouble(lab: Lab, name: str) -> None:
    assert_said(lab, name, *SAID_OF_DATA[name], deep=True)


def assert_said(lab: Lab, name: str, service: str, impaired: dict[str, str], *, deep: bool = False) -> None:
    lab.configure(SCENARIOS[name])
    report = check(lab, name.partition("-")[0], deep=deep).report
    seen = {id_: finding for id_, finding in components(report).items() if not finding.startswith("ok ")}
    assert (said(report), seen) == (service, impaired), "\n".join(steps(report))


def test_every_service_is_healthy_where_nothing_is_wrong(lab: Lab) -> None:
    lab.configure(SCENARIOS["healthy"])
    ids = lab.call(_ids)
    checked = check(lab, *ids)
    assert {report["target"]: said(report) for report in checked.reports} == dict.fromkeys(ids, "ok confirmed")
    assert checked.code == 0
    print(f"{len(ids)} services, {max(report['elapsed_s'] for report in checked.reports):.1f} s")


@pytest.mark.parametrize("name", ["signal", "telegram", "max"])
def test_web_sockets_are_opened(lab: Lab, name: str) -> None:
    lab.configure(SCENARIOS["healthy"])
    asked = [step for step in check(lab, name).report["observations"] if step["step"] == "http"]
    opened = {step["url"]: (step["failure"], step["status"]) for step in asked if step["url"].startswith("wss://")}
    assert opened
    assert set(opened.values()) == {(None, 101)}


def _ids() -> list[str]:
    from probes.catalogue import Catalogue  # noqa: PLC0415 (of the program under test)

    return [service.id for service in Catalogue.load()]


# --- a service of one's own -------------------------------------------------------------------------------------------

OWN = """\
name = "Nanogram"
category = "messenger"
sources = ["its owner"]

[aliases]
en = ["nano gram"]

[[components]]
id = "web"
roots = "nano"
endpoints = ["https://nanogram.example.org/"]

[[components]]
id = "centres"
essential = false
pool = "each"
endpoints = ["mtproto+obfuscated://149.154.175.100:443", "mtproto://149.154.175.100:80"]

[[components]]
id = "calls"
essential = false
endpoints = ["stun://nanogram.example.org:3478", "quic://nanogram.example.org"]
"""
OWN_WORLD = World().with_host("nanogram.example.org", certificate="private", quic=True)


@pytest.fixture
def own_catalogue(lab: Lab, tmp_path: Path) -> dict[str, str]:
    """A directory with one service file, and its authority, as the environment that names it."""
    (tmp_path / "nanogram.toml").write_text(OWN)
    (tmp_path / "roots").mkdir()
    (tmp_path / "roots" / "nano.pem").write_bytes(ensure_ca(lab.files).private_certificate.read_bytes())
    return {"CATALOGUE_DIR": os.fspath(tmp_path)}


@pytest.mark.parametrize("name", ["nanogram", "Nano Gram"])
def test_a_new_service_is_one_file(lab: Lab, own_catalogue: dict[str, str], name: str) -> None:
    lab.configure(Scenario("own", "", OWN_WORLD))
    report = check(lab, name, environment=own_catalogue).report
    assert (report["target"], said(report)) == ("nanogram", "ok confirmed")
    assert components(report)["centres"] == "ok likely"


def test_a_new_services_authority_is_believed_for_itself_alone(lab: Lab, own_catalogue: dict[str, str]) -> None:
    lab.configure(Scenario("own", "", OWN_WORLD))
    report = check(lab, "nanogram.example.org", environment=own_catalogue).report
    assert said(report) == "down confirmed service.certificate"


def test_services_are_listed_with_their_endpoints(lab: Lab, own_catalogue: dict[str, str]) -> None:
    here = {"PYTHONPATH": os.fspath(Path.cwd())}
    listed = lab.run([sys.executable, "-m", "bot", "services", "--json"], env=own_catalogue | here, cwd=lab.files)
    services = {service["id"]: service for service in map(json.loads, listed.stdout.splitlines())}
    assert services["nanogram"]["components"][1] == {
        "id": "centres",
        "essential": False,
        "pool": "each",
        "endpoints": ["mtproto+obfuscated://149.154.175.100:443", "mtproto://149.154.175.100:80"],
    }
