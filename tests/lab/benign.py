"""Scenarios in which nobody interferes and much goes wrong all the same: `benign_scenario(seed)` is the same each time.

One path with the troubles of everyday networks, and several sites at its end, each with a trouble of its own.
"""

import random
from collections.abc import Callable
from dataclasses import replace

from tests.lab.censor import Action, Address, Censor, Drop, Redirect, Rule
from tests.lab.scenario import Scenario
from tests.lab.scenarios.hosts import PORTAL_ADDRESSES
from tests.lab.world import (
    CAPTCHA,
    CLOSE,
    CONTROLS,
    GEOBLOCK_403,
    GEOBLOCK_451,
    HANG,
    RESET,
    Addresses,
    Cut,
    Download,
    Late,
    Page,
    PerVisitor,
    RateLimit,
    ServFail,
    Silent,
    Slow,
    World,
    rule,
)

SITES = ("meduza.io", "www.bbc.com", "www.dw.com", "rutracker.org")
_SECOND = ("23.201.7.20", "23.202.8.30", "23.203.9.40", "23.204.10.50")
_CACHES = ("195.34.33.10", "195.34.33.11", "195.34.33.12", "195.34.33.13")
_UNUSED = "23.210.9.77"
_HALF = 0.5

SiteTrouble = Callable[[World, str, random.Random], World]
PathTrouble = Callable[[Scenario, random.Random], Scenario]


def benign_scenario(seed: int) -> Scenario:
    """Return a path with up to three troubles to sites of which most have one."""
    rng = random.Random(seed)
    world = World()
    for site in SITES:
        for trouble in rng.sample(SITE_TROUBLES, k=rng.choice([0, 1, 1, 1, 2])):
            world = trouble(world, site, rng)
    delay_s = rng.choice([0.001, 0.02, 0.02, 0.1, 0.3])
    scenario = Scenario(f"benign-{seed}", "", world, Censor(delay_s=delay_s, seed=seed), ipv6=rng.random() < 0.7)
    for change in rng.sample(PATH_TROUBLES, k=rng.choice([0, 1, 1, 2, 3])):
        scenario = change(scenario, rng)
    return scenario


def describe(seed: int) -> str:
    """Say what differs from a healthy world and path."""
    scenario = benign_scenario(seed)
    world, usual = scenario.world, World()
    assert isinstance(world, World)
    hosts = [host for name, host in world.hosts.items() if host != usual.hosts.get(name)]
    resolvers = {r.operator: r.rules[:-1] for a, r in world.resolvers.items() if r != usual.resolvers[a]}
    about = (scenario.censor, scenario.resolvers, scenario.ipv6, hosts, resolvers, sorted(world.dead_addresses))
    return f"benign_scenario({seed}): {about}"


# --- of a site -------------------------------------------------------------------------------------------------------


def _two_addresses(world: World, site: str) -> World:
    return world.with_host(site, addresses=(*world.addresses_of(site), _SECOND[SITES.index(site)]))


def _one_dead_address(world: World, site: str, rng: random.Random) -> World:
    pool = _two_addresses(world, site)
    return pool.with_dead(rng.choice(pool.addresses_of(site)))


def _dead(world: World, site: str, rng: random.Random) -> World:
    if not world.addresses_of(site):
        return world  # gone already
    return rng.choice([world.with_dead(site), world.with_refused(site, 443), world.with_silent(site, 443)])


def _gone(world: World, site: str, rng: random.Random) -> World:
    left: tuple[str, ...] = rng.choice([(), ("127.0.0.1",)])
    return world.with_host(site, addresses=left)


def _bad_certificate(world: World, site: str, rng: random.Random) -> World:
    return world.with_host(site, certificate=rng.choice(["expired", "wrong_name", "self_signed", "unknown_ca"]))


def _bad_handshake(world: World, site: str, rng: random.Random) -> World:
    return world.with_host(site, hello=rng.choice(["alert", "close", "reset", "silent", "garbage"]))


def _strict_about_names(world: World, site: str, rng: random.Random) -> World:
    return world.with_host(site, unknown_name=rng.choice(["alert", "reset"]))


def _late_handshake(world: World, site: str, rng: random.Random) -> World:
    return world.with_host(site, hello_delay_s=rng.uniform(0.3, 3.0))


def _slow(world: World, site: str, rng: random.Random) -> World:
    return world.with_host(site, page=Slow(rng.uniform(0.5, 8.0)))


def _breaks(world: World, site: str, rng: random.Random) -> World:
    stalls = Cut(20_000, "stall", Download(200_000))
    return world.with_host(site, page=rng.choice([HANG, CLOSE, RESET, Page(status=503), stalls]))


def _rate_limits(world: World, site: str, rng: random.Random) -> World:
    return world.with_host(site, page=RateLimit(rng.randint(0, 3)))


def _refuses(world: World, site: str, rng: random.Random) -> World:
    return world.with_host(site, page=PerVisitor(rng.choice([GEOBLOCK_403, GEOBLOCK_451, CAPTCHA]), Page()))


def _in_network_cache(world: World, site: str, _: random.Random) -> World:
    cache = _CACHES[SITES.index(site)]
    return world.with_cache(cache, site).with_resolver("isp", rule(site, Addresses((cache,))))


def _geo_dns(world: World, site: str, _: random.Random) -> World:
    return world.with_host(site, addresses=(*world.addresses_of(site), *_SECOND), geo=True)


def _near_server_dead(world: World, site: str, _: random.Random) -> World:
    return world.with_resolver("isp", rule(site, Addresses((_UNUSED,))))


def _slow_to_resolve(world: World, site: str, rng: random.Random) -> World:
    return world.with_resolver("isp", rule(site, Late(rng.uniform(0.2, 2.5))))


SITE_TROUBLES: tuple[SiteTrouble, ...] = (
    _one_dead_address,
    _dead,
    _gone,
    _bad_certificate,
    _bad_handshake,
    _strict_about_names,
    _late_handshake,
    _slow,
    _breaks,
    _rate_limits,
    _refuses,
    _in_network_cache,
    _geo_dns,
    _near_server_dead,
    _slow_to_resolve,
)


# --- of the path, and of this host -----------------------------------------------------------------------------------


def _lossy(scenario: Scenario, rng: random.Random) -> Scenario:
    return replace(scenario, censor=replace(scenario.censor, loss=rng.uniform(0.005, 0.05)))


def _jittery(scenario: Scenario, rng: random.Random) -> Scenario:
    return replace(scenario, censor=replace(scenario.censor, jitter_s=rng.uniform(0.005, 0.1)))


def _ipv6_black_hole(scenario: Scenario, _: random.Random) -> Scenario:
    return _with_rules(replace(scenario, ipv6=True), Rule(Address(family=6), Drop()))


def _portal(scenario: Scenario, rng: random.Random) -> Scenario:
    http = Rule(Address(port=80, transport="tcp"), Redirect(PORTAL_ADDRESSES))
    action: Action = Drop() if rng.random() < _HALF else Redirect(PORTAL_ADDRESSES)
    return _with_rules(scenario, http, Rule(Address(port=443), action))


def _offline(scenario: Scenario, _: random.Random) -> Scenario:
    return _with_rules(scenario, Rule(Address(), Drop()))


def _dead_resolver(scenario: Scenario, rng: random.Random) -> Scenario:
    order = ["195.34.32.117", "195.34.32.116"]
    rng.shuffle(order)
    return replace(scenario, resolvers=tuple(order))


def _broken_resolver(scenario: Scenario, rng: random.Random) -> Scenario:
    fails = rule(".", ServFail()) if rng.random() < _HALF else rule(".", Silent())
    return _with_world(scenario, lambda world: world.with_resolver("isp", fails))


def _controls_dead(scenario: Scenario, rng: random.Random) -> Scenario:
    if rng.random() < _HALF:
        return _with_world(scenario, lambda world: world.with_dead(*CONTROLS))
    return _with_world(scenario, lambda world: world.with_control(Page(status=503)))


def _operator_dead(scenario: Scenario, rng: random.Random) -> Scenario:
    return _with_world(scenario, lambda world: world.with_dead(rng.choice(["1.1.1.1", "8.8.8.8", "9.9.9.9"])))


PATH_TROUBLES: tuple[PathTrouble, ...] = (
    _lossy,
    _lossy,
    _jittery,
    _ipv6_black_hole,
    _portal,
    _offline,
    _dead_resolver,
    _broken_resolver,
    _controls_dead,
    _operator_dead,
)


def _with_rules(scenario: Scenario, *rules: Rule) -> Scenario:
    return replace(scenario, censor=replace(scenario.censor, rules=(*scenario.censor.rules, *rules)))


def _with_world(scenario: Scenario, change: Callable[[World], World]) -> Scenario:
    world = scenario.world
    assert isinstance(world, World)
    return replace(scenario, world=change(world))
