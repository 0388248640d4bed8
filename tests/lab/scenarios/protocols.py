"""What may happen to protocols other than TLS and HTTP: MTProto, QUIC and STUN, of the service in `services/`."""

from tests.lab.censor import Address, Drop, MtProto, QuicSni, Reset, Residual, Rule, Stun
from tests.lab.scenarios.places import censored, quiet
from tests.lab.world import World

TALK = "media.whatsapp.net"
CENTRES = "149.154.175.100 149.154.167.91"
RELAYS = " ".join(World().addresses_of(TALK))
CALLING = (
    World()
    .with_host("stun.l.google.com", addresses=("74.125.250.129",))
    .with_host("stun.cloudflare.com", addresses=("162.159.207.0",))
)
"""With the public STUN servers where the shipped controls expect them."""

censored("mtproto-dropped", "Whoever speaks MTProto gets no answer.", Rule(MtProto(), Drop()))
censored("mtproto-reset", "Whoever speaks MTProto is reset.", Rule(MtProto(), Reset()))
censored(
    "mtproto-plain-dropped", "MTProto is dropped unless it is obfuscated.", Rule(MtProto(obfuscated=False), Drop())
)
censored("centres-dropped", "The messenger's data centres are dropped.", Rule(Address(CENTRES), Drop()))
censored(
    "quic-dropped",
    "A QUIC Initial with the service's name is dropped, and its flow for 420 s.",
    Rule(QuicSni(TALK), Drop(), residual=Residual(420, extend=True)),
)
censored("quic-dropped-altogether", "Every QUIC Initial is dropped.", Rule(QuicSni("*"), Drop()))
censored(
    "udp-dropped",
    "All UDP but DNS is dropped.",
    Rule(Address("", 443, "udp"), Drop()),
    Rule(Stun(), Drop()),
    world=CALLING,
)
censored(
    "calls-dropped", "STUN to the service's relays is dropped.", Rule(Stun("3478-3497", RELAYS), Drop()), world=CALLING
)
quiet("service-without-quic", "The service does not speak QUIC.", World().with_host(TALK, quic=False))
