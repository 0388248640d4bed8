"""The scenarios to reach for first: nothing wrong, everything gone, one interference each, and a country's day."""

from tests.lab.censor import (
    Address,
    AllowList,
    Answer,
    Censor,
    Dns,
    Drop,
    HttpHost,
    QuicSni,
    Redirect,
    Reset,
    Residual,
    Rule,
    Sni,
    Stun,
    Throttle,
    delisted,
    frozen_flows,
    page,
)
from tests.lab.scenario import Scenario, register
from tests.lab.world import INTERCEPTOR, World
from tests.lab.world.names import CHAT_NAMES

NSDI = "195.208.4.1 195.208.5.1 2a0c:a9c7:8::1 2a0c:a9c7:9::1"
ISP = "195.34.32.116 2a02:2698::53"
PUBLIC_DNS = "1.1.1.1 8.8.8.8 9.9.9.9"

_WHATSAPP = "whatsapp.com whatsapp.net wa.me"
_WHATSAPP_CHAT = " ".join(address for name in CHAT_NAMES for address in World().addresses_of(name))
_YOUTUBE = "youtube.com youtu.be googlevideo.com ytimg.com ggpht.com"
_META = "facebook.com fbcdn.net messenger.com instagram.com cdninstagram.com threads.com threads.net"
_DOMESTIC = "max.ru oneme.ru vk.com vk.ru ya.ru yandex.ru gosuslugi.ru"

_RUSSIA = Censor(
    rules=(
        delisted("whatsapp.com youtube.com facebook.com messenger.com instagram.com", f"{NSDI} {ISP}"),
        Rule(Sni(f"{_WHATSAPP} {_META}"), Drop()),
        Rule(Address(_WHATSAPP_CHAT), Drop()),
        Rule(Sni(_YOUTUBE), Throttle(16_000, burst_bytes=12_000)),
        Rule(QuicSni(f"{_WHATSAPP} {_META} {_YOUTUBE}"), Drop(), residual=Residual(420, extend=True)),
        Rule(Address("149.154.175.50 149.154.175.53 149.154.167.51 91.108.56.130"), Drop()),
        Rule(Stun("3478-3497"), Drop()),
    )
)

register(
    Scenario("healthy", "Nothing is wrong: every name resolves, every server answers.", World()),
    Scenario("offline", "Not a single packet gets through.", World(), Censor(rules=(Rule(Address(), Drop()),))),
    Scenario(
        "russia-2026-02",
        "WhatsApp, Facebook, Instagram delisted and dropped, YouTube throttled, Telegram in part; Max and VK fine.",
        World(),
        _RUSSIA,
    ),
    Scenario(
        "delisted",
        "The national and the provider's resolvers deny whatsapp.com; nothing else is touched.",
        World(),
        Censor(rules=(delisted("whatsapp.com", f"{NSDI} {ISP}"),)),
    ),
    Scenario(
        "dns-rerouted",
        "UDP to public resolvers ends at the national one, which denies youtube.com; of five queries the first.",
        World(),
        Censor(
            rules=(
                Rule(Dns("*", resolvers=PUBLIC_DNS), Redirect("195.208.4.1"), every=5),
                delisted("youtube.com", NSDI),
            )
        ),
    ),
    Scenario(
        "dns-injected",
        "For youtube.com a forged address arrives before the true one, from whatever resolver.",
        World(),
        Censor(rules=(Rule(Dns("youtube.com", types="A"), Answer(addresses="10.10.34.35", inject=True)),)),
    ),
    Scenario(
        "sni-reset",
        "A ClientHello for instagram.com is answered by RST to both ends.",
        World(),
        Censor(rules=(Rule(Sni("instagram.com"), Reset()),)),
    ),
    Scenario(
        "sni-dropped",
        "A ClientHello for instagram.com vanishes.",
        World(),
        Censor(rules=(Rule(Sni("instagram.com"), Drop()),)),
    ),
    Scenario(
        "instagram-intercepted",
        "Connections that name instagram.com end at a stranger who shows a certificate of its own.",
        World(),
        Censor(rules=(Rule(Sni("instagram.com"), Redirect(" ".join(World().addresses_of(INTERCEPTOR)))),)),
    ),
    Scenario(
        "block-page",
        "Plain HTTP to example.com ends at a block page.",
        World(),
        Censor(rules=(Rule(HttpHost("example.com"), page("<h1>Доступ ограничен</h1>", status="451 Blocked")),)),
    ),
    Scenario(
        "16-kb-freeze",
        "Flows to port 443 outside the country freeze after 25 packets.",
        World(),
        Censor(rules=(frozen_flows(),)),
    ),
    Scenario(
        "allow-list",
        "Only listed domestic services answer; elsewhere the SYN passes and the ClientHello vanishes.",
        World(),
        Censor(allow_list=AllowList(names=_DOMESTIC, addresses=f"{ISP} {NSDI}")),
    ),
)
