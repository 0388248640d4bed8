import ipaddress
import pickle
import re
import socket
import subprocess
import time
from collections import defaultdict
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import probes
from tests.lab.ca import AUTHORITIES, Leaf, ensure_ca, ensure_leaf
from tests.lab.world import stun
from tests.lab.world.atlas import Atlas
from tests.lab.world.conftest import Internet
from tests.lab.world.model import World
from tests.lab.world.names import CHAT_NAMES, DATA_CENTRES
from tests.lab.world.parts import rule

PROBES = Path(probes.__file__).parent
SERVICES, CONTROLS_FILE = PROBES / "services", PROBES / "controls.toml"
URL = re.compile(r'"([a-z+]+://[^"]+)"')
PORTS = {"https": 443, "http": 80, "wss": 443}
# Machines that serve several names, as they do in reality.
SHARED = {"telegram.org", "example.com", "badssl.com", "one.one.one.one", "dns.google", "dns.quad9.net"}


def test_a_world_survives_pickling_unchanged() -> None:
    world = World().with_refused("bit.ly", 443).with_resolver("nsdi", rule("whatsapp.com"))
    assert pickle.loads(pickle.dumps(world)) == world


def test_every_address_of_the_default_world_is_global() -> None:
    assert all(ipaddress.ip_address(address).is_global for address in World().addresses())


def test_machines_share_an_address_only_where_that_is_meant() -> None:
    world, names = World(), defaultdict(set)
    for host in world.hosts.values():
        for address in host.addresses:
            names[address].add(host.name)
    assert {min(SHARED & shared, default=min(shared)) for shared in names.values() if len(shared) > 1} <= SHARED


@pytest.mark.parametrize(
    "name",
    ["web.whatsapp.com", "www.youtube.com", "x.com", "max.ru", "vk.com", "discord.com", "www.torproject.org", "ya.ru"],
)
def test_every_alias_of_the_default_world_leads_to_an_address(name: str) -> None:
    world = World()
    assert world.addresses_of(name)
    assert all(world.addresses_of(host.name) for host in world.hosts.values())


def test_the_messengers_endpoints_are_in_the_world() -> None:
    world = World()
    assert all(len(world.addresses_of(name)) == 2 for name in CHAT_NAMES)
    assert {address for centre in DATA_CENTRES.values() for address in centre} <= world.addresses()


def endpoints_of_the_catalogue() -> list[str]:
    """Every URL that the shipped services and controls name."""
    files = [CONTROLS_FILE, *SERVICES.glob("*.toml")]
    return [found for file in files for found in URL.findall(file.read_text())]


@pytest.mark.parametrize("url", endpoints_of_the_catalogue())
def test_all_that_the_catalogue_names_is_open_in_the_healthy_world(url: str) -> None:
    parsed, world = urlsplit(url), World()
    host, port = parsed.hostname or "", parsed.port or PORTS[parsed.scheme]
    addresses = world.addresses_of(host) or (host,)
    assert set(addresses) <= world.addresses()
    atlas = Atlas(world)
    if parsed.scheme == "quic":
        assert world.host(host).quic
    elif parsed.scheme == "stun":
        assert all(any(one.stun for one in atlas.hosts_at[address]) for address in addresses)
        assert port in stun.PORTS
    else:
        assert {(address, port) for address in addresses} <= atlas.endpoints.keys()


def test_a_new_host_gets_stable_addresses_of_both_families() -> None:
    first, second = World().with_host("brand-new.example.org"), World().with_host("brand-new.example.org", ttl_s=5)
    assert first.addresses_of("brand-new.example.org") == second.addresses_of("brand-new.example.org")
    assert {ipaddress.ip_address(a).version for a in first.addresses_of("brand-new.example.org")} == {4, 6}


def test_ports_of_an_alias_are_those_of_its_machine() -> None:
    atlas = Atlas(World().with_refused("web.whatsapp.com", 443))
    for address in World().addresses_of("web.whatsapp.com"):
        assert (address, 443) not in atlas.endpoints
        assert (address, 80) in atlas.endpoints


def test_dead_resolvers_and_hosts_leave_the_addresses() -> None:
    world = World().with_dead("www.google.com", "9.9.9.9")
    assert not {*World().addresses_of("www.google.com"), "9.9.9.9"} & world.addresses()


@pytest.mark.parametrize("unknown", ["no-such.example.org", "300.1.2.3"])
def test_what_does_not_exist_cannot_die(unknown: str) -> None:
    with pytest.raises(KeyError):
        World().with_dead(unknown)


def test_rules_go_to_the_resolvers_that_are_meant() -> None:
    lie = rule("example.com")
    worlds = {at: World().with_resolver(at, lie) for at in ("8.8.8.8", "nsdi", "*")}
    changed = {at: sum(r.rules[:1] == (lie,) for r in world.resolvers.values()) for at, world in worlds.items()}
    assert changed == {"8.8.8.8": 1, "nsdi": 4, "*": len(World().resolvers)}


def test_configuring_anew_is_cheap(internet: Internet) -> None:
    worlds = [World().with_refused("bit.ly", 443), World().with_host("bit.ly", hello="reset"), World()] * 3
    spent = []
    for world in worlds:
        started = time.perf_counter()
        internet.become(world)
        spent.append(time.perf_counter() - started)
    assert min(spent) < 0.03


def test_a_world_that_makes_no_sense_is_an_error_and_changes_nothing(internet: Internet) -> None:
    kind, text = internet.ask("configure", World().with_host("bit.ly", addresses=("no address",)))
    assert (kind, "no address" in text) == ("error", True)
    with socket.create_connection(internet.place("67.199.248.11", 443)):
        pass


def test_an_unknown_command_is_an_error(internet: Internet) -> None:
    assert internet.ask("dance")[0] == "error"


def test_authorities_are_made_once_and_shared(tmp_path: Path) -> None:
    first = ensure_ca(tmp_path / "ca")
    before = first.certificate.read_bytes()
    assert ensure_ca(tmp_path / "ca") == first
    assert first.certificate.read_bytes() == before
    assert len({first.pair(authority)[0].read_bytes() for authority in AUTHORITIES}) == len(AUTHORITIES)


@pytest.mark.parametrize("authority", ["public", "interceptor", "national", "private"])
def test_a_leaf_is_strictly_valid_under_its_own_authority_only(tmp_path: Path, authority: str) -> None:
    files = ensure_ca(tmp_path)
    leaf = ensure_leaf(tmp_path, Leaf(authority, ("www.example.org", "1.1.1.1")))  # type: ignore[arg-type]
    for other in AUTHORITIES:
        command = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile"]
        verdict = subprocess.run([*command, str(files.pair(other)[0]), str(leaf)], capture_output=True, check=False)
        assert (verdict.returncode == 0) == (other == authority)
