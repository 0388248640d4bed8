"""Worlds in which nobody interferes and much goes wrong all the same: `benign_world(seed)` is the same each time."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.probes.simulated import ISP, SILENCE, Server, Simulated

if TYPE_CHECKING:
    from collections.abc import Callable

HOST = "www.whatsapp.com"
ADDRESSES = ("157.240.9.53", "157.240.9.54", "2a03:2880:f30c::1", "2a03:2880:f30c::2")
GEO_ADDRESSES = ("31.13.72.53", "31.13.72.54", "2a03:2880:f0a::1")
DEAD_RESOLVER = "195.34.32.1"
_MOSTLY = 0.7


def benign_world(seed: int) -> Simulated:
    """Return a world with up to four of the troubles that everyday networks have."""
    rng = random.Random(seed)
    world = _plain(rng)
    chosen = rng.sample(TROUBLES, k=rng.randint(0, 4))
    for trouble in sorted(chosen, key=TROUBLES.index):
        world = trouble(world, rng)
    return world


def harsh_world(seed: int) -> Simulated:
    """Return the same on a bad line, mostly to a slow server: what looks most like a silent drop."""
    rng = random.Random(f"harsh {seed}")
    world = replace(benign_world(seed), loss=rng.uniform(0.02, 0.1))
    return _slow(world, rng) if HOST in world.names and rng.random() < _MOSTLY else world


def _plain(rng: random.Random) -> Simulated:
    few = ADDRESSES[: rng.choice([1, 2])] + (ADDRESSES[2:] if rng.random() < 0.5 else ())
    return Simulated(
        names={HOST: few},
        ipv6=rng.random() < 0.5,
        rtt_s=rng.choice([0.002, 0.04, 0.15, 0.4, 0.8, 1.2]),
        outside=rng.choice(["ok", "ok", "ok", "fails"]),
        outside_delay_s=rng.choice([0.1, 0.5, 2.0, 6.0]),
        seed=rng.randrange(1 << 30),
    )


def _told(world: Simulated) -> tuple[str, ...]:
    answer = world.names[HOST]
    assert isinstance(answer, tuple)
    return answer


def _everywhere(world: Simulated) -> tuple[str, ...]:
    """Return every address at which the service itself stands, near and far."""
    return (*_told(world), *world.servers)


def _lossy(world: Simulated, rng: random.Random) -> Simulated:
    return replace(world, loss=rng.uniform(0.005, 0.05))


def _jittery(world: Simulated, rng: random.Random) -> Simulated:
    return replace(world, jitter_s=rng.uniform(0.01, 0.4))


def _one_dead_address(world: Simulated, rng: random.Random) -> Simulated:
    dead = rng.choice(_told(world))
    how = rng.choice([SILENCE, "connection_refused", "host_unreachable"])
    return replace(world, servers={**world.servers, dead: Server(tcp=how)})


def _dead_resolver(world: Simulated, rng: random.Random) -> Simulated:
    order = [DEAD_RESOLVER, ISP]
    rng.shuffle(order)
    return replace(world, resolvers=tuple(order), dead_resolvers=(DEAD_RESOLVER,))


def _broken_resolver(world: Simulated, rng: random.Random) -> Simulated:
    return replace(world, system_failure=rng.choice([SILENCE, "dns_servfail_error", "dns_refused_error"]))


def _bad_certificate(world: Simulated, rng: random.Random) -> Simulated:
    bad = rng.choice(
        [Server(tls="ssl_invalid_certificate"), Server(names=("other.org",)), Server(authority="A private CA")]
    )
    return replace(world, servers={**world.servers, **dict.fromkeys(_everywhere(world), bad)})


def _geo_dns(world: Simulated, rng: random.Random) -> Simulated:
    """Honest resolvers differ: each side gets addresses near it, all of the service."""
    theirs = GEO_ADDRESSES[: rng.choice([1, 2, 3])]
    return replace(world, doh={HOST: theirs}, servers=dict.fromkeys((*theirs, *_told(world)), Server()))


def _outage(world: Simulated, rng: random.Random) -> Simulated:
    down = rng.choice(
        [
            Server(tcp=SILENCE),
            Server(tcp="connection_refused"),
            Server(tls=SILENCE),
            Server(tls="connection_reset"),
            Server(tls="eof_error"),
            Server(http=SILENCE),
            Server(http="connection_reset"),
            Server(status=503),
        ]
    )
    return replace(world, servers={**world.servers, **dict.fromkeys(_everywhere(world), down)})


def _gone(world: Simulated, rng: random.Random) -> Simulated:
    """Its owner has given the name up, or parked it on loopback: every resolver says so."""
    left = {} if rng.random() < 0.5 else {HOST: ("127.0.0.1",)}
    return replace(world, names=left, doh={})


def _captive(world: Simulated, _: random.Random) -> Simulated:
    return replace(world, captive=True)


def _offline(world: Simulated, _: random.Random) -> Simulated:
    return replace(world, online=False)


def _wrong_clock(world: Simulated, _: random.Random) -> Simulated:
    return replace(world, wrong_clock=True)


def _ipv6_black_hole(world: Simulated, _: random.Random) -> Simulated:
    return replace(world, ipv6=True, ipv6_black_hole=True)


def _slow(world: Simulated, rng: random.Random) -> Simulated:
    slow = rng.choice([Server(delay_s=rng.uniform(1, 14)), Server(hello_delay_s=rng.uniform(0.5, 14))])
    return replace(world, servers={**world.servers, **dict.fromkeys(_everywhere(world), slow)})


def _searching_resolver(world: Simulated, rng: random.Random) -> Simulated:
    return replace(world, search_s=rng.uniform(0.2, 4.0))


def _rate_limit(world: Simulated, rng: random.Random) -> Simulated:
    strict = rng.choice([Server(status=429), Server(patience=rng.randint(1, 3))])
    return replace(world, servers={**world.servers, **dict.fromkeys(_everywhere(world), strict)})


def _refuses(world: Simulated, rng: random.Random) -> Simulated:
    refusing = Server(status=rng.choice([403, 451]), title="Not available in your region")
    return replace(world, servers={**world.servers, **dict.fromkeys(_everywhere(world), refusing)})


def _clear_text_alone(world: Simulated, rng: random.Random) -> Simulated:
    """Nothing answers over TLS, and others are shown another page."""
    shown = Server(
        title="The site",
        over_tls=Server(tls="connection_reset"),
        to_others=Server(title=rng.choice(["The site", "Site"])),
    )
    return replace(world, servers={**world.servers, **dict.fromkeys(_everywhere(world), shown)})


def _intercepted(world: Simulated, _: random.Random) -> Simulated:
    """The provider answers every DNS question in clear text itself, and truly."""
    return replace(world, intercepted=True)


def _doh_unreachable(world: Simulated, rng: random.Random) -> Simulated:
    return replace(world, doh_failure=rng.choice([SILENCE, "connection_reset"]))


TROUBLES: tuple[Callable[[Simulated, random.Random], Simulated], ...] = (
    _lossy,
    _jittery,
    _geo_dns,
    _slow,
    _clear_text_alone,
    _bad_certificate,
    _rate_limit,
    _refuses,
    _outage,
    _one_dead_address,
    _dead_resolver,
    _searching_resolver,
    _broken_resolver,
    _doh_unreachable,
    _intercepted,
    _wrong_clock,
    _ipv6_black_hole,
    _captive,
    _offline,
    _gone,
)
"""In the order in which they are applied: those of the whole service before those of one address."""
