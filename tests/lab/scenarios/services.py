"""What was reported to happen to the services that people ask about, each where the components of one show it."""

from tests.lab.censor import (
    Address,
    Drop,
    HttpHost,
    MtProto,
    QuicSni,
    Redirect,
    Reset,
    Residual,
    Rule,
    Sni,
    Stun,
    Throttle,
    delisted,
)
from tests.lab.scenarios.basic import ISP, NSDI
from tests.lab.scenarios.places import censored, quiet
from tests.lab.world import CONTROLS, INTERCEPTOR, Download, Page, PerVisitor, Route, Upgrade, World
from tests.lab.world.names import AUTHORITIES, CHAT_NAMES, DATA_CENTRES

WORLD = World()
MIDDLE = " ".join(WORLD.addresses_of(INTERCEPTOR))
CHAT = " ".join(address for name in CHAT_NAMES for address in WORLD.addresses_of(name))
CENTRES = " ".join(address for name in DATA_CENTRES for address in DATA_CENTRES[name])
TWO_CENTRES = " ".join((*DATA_CENTRES["dc2"], *DATA_CENTRES["dc4"]))
RELAYS = [address for group in AUTHORITIES.values() for address in group]
SIGNALS_OWN = tuple(name for name, host in WORLD.hosts.items() if host.certificate == "private")
MAX_HOSTS = ("max.ru", "web.max.ru", "ws-api.oneme.ru", "api.oneme.ru", "platform-api2.max.ru")
DENIED = f"{NSDI} {ISP}"

# --- WhatsApp: calls filtered in August 2025, all of it throttled or dropped in November, delisted in Feb

WHATSAPP = Sni("whatsapp.com whatsapp.net wa.me")
censored("whatsapp-calls-dropped", "STUN to the relays' ports is dropped.", Rule(Stun("3478-3497"), Drop()))
censored(
    "whatsapp-delisted",
    "whatsapp.com is delisted, and all its names are dropped; chat servers answer.",
    delisted("whatsapp.com", DENIED),
    Rule(WHATSAPP, Drop()),
)
censored("whatsapp-chat-dropped", "The chat servers are dropped, the web is not.", Rule(Address(CHAT), Drop()))
censored("whatsapp-chat-port-dropped", "Port 5222 of the chat servers is dropped.", Rule(Address(CHAT, 5222), Drop()))
censored("whatsapp-gone", "Chat servers and names are dropped.", Rule(Address(CHAT), Drop()), Rule(WHATSAPP, Drop()))
censored("whatsapp-media-reset", "The hosts of pictures are reset.", Rule(Sni("mmg.whatsapp.net"), Reset()))
quiet(
    "whatsapp-chat-in-part-dead",
    "Two chat servers are dead for everybody.",
    WORLD.with_dead("e3.whatsapp.net", "e7.whatsapp.net"),
)

# --- Telegram: data centres out of reach in part, then all of them; its protocol filtered ---

censored("telegram-two-centres-dropped", "Data centres 2 and 4 are dropped.", Rule(Address(TWO_CENTRES), Drop()))
censored(
    "telegram-two-centres-dropped-no-control",
    "They are, and no outside control answers.",
    Rule(Address(TWO_CENTRES), Drop()),
    world=WORLD.with_dead(*CONTROLS),
)
censored("telegram-centres-dropped", "All data centres are dropped.", Rule(Address(CENTRES), Drop()))
censored(
    "telegram-protocol-dropped", "Whoever speaks MTProto gets no answer; the web is open.", Rule(MtProto(), Drop())
)
censored("telegram-plain-dropped", "Plain MTProto is dropped.", Rule(MtProto(obfuscated=False), Drop()))
censored("telegram-obfuscated-dropped", "Obfuscated MTProto is dropped.", Rule(MtProto(plain=False), Drop()))
censored("telegram-5222-reset", "Port 5222 is closed by the network.", Rule(Address(CENTRES, 5222), Reset()))
censored("telegram-bots-dropped", "The Bot API's name is dropped.", Rule(Sni("=api.telegram.org"), Drop()))
censored(
    "telegram-gone",
    "Data centres and names are dropped.",
    Rule(Address(CENTRES), Drop()),
    Rule(Sni("telegram.org t.me cdn-telegram.org"), Drop()),
)
quiet("telegram-without-ipv6", "This host has no IPv6.", WORLD, ipv6=False)
quiet("telegram-without-5222", "Nobody listens at port 5222.", WORLD.with_refused("dc1.telegram", 5222))

# --- Signal and Max: authorities of their own ---

censored(
    "signal-chat-dropped", "The app's own hosts are dropped, the site is not.", Rule(Sni("chat.signal.org"), Drop())
)
censored("signal-reset", "All of Signal's names are reset.", Rule(Sni("signal.org"), Reset()))
censored("signal-calls-dropped", "STUN is dropped at 3478.", Rule(Stun("3478"), Drop()))
quiet(
    "signal-rotated-root",
    "The app's own hosts are certified by an authority that nobody has heard of.",
    WORLD.with_host(*SIGNALS_OWN, certificate="unknown_ca"),
)
quiet(
    "signal-certified-publicly",
    "They are certified by a public one.",
    WORLD.with_host(*SIGNALS_OWN, certificate="valid"),
)
censored("signal-intercepted", "Connections that name Signal end elsewhere.", Rule(Sni("signal.org"), Redirect(MIDDLE)))
censored(
    "signal-dropped-at-home",
    "A ClientHello to the chat server's own addresses vanishes, whatever it names.",
    Rule(Sni("*", addresses=" ".join(WORLD.addresses_of("chat.signal.org"))), Drop()),
)
quiet(
    "max-national",
    "All its hosts are certified by the national authority.",
    WORLD.with_host(*MAX_HOSTS, certificate="national"),
)
censored("max-dropped-abroad", "Max is dropped.", Rule(Sni("max.ru oneme.ru"), Drop()))
censored(
    "instagram-intercepted-nationally",
    "Connections that name Instagram end at a stranger who shows certificates of the national authority.",
    Rule(Sni("instagram.com cdninstagram.com"), Redirect(MIDDLE)),
    world=WORLD.with_host(INTERCEPTOR, certificate="national"),
)

# --- web sockets: whoever sees nothing but TLS cannot tell a handshake from a page, only stop the flow behind it ---

BEHIND_HELLO = Drop(after_packets=8)
SOCKETS = " ".join(f"{name}.web.telegram.org" for name in ("pluto", "venus", "aurora", "vesta", "flora"))
FORBIDDEN = Page(status=403, title="Forbidden")
LED_AWAY = Page(status=302, headers=(("Location", "https://nobody.max.ru/"),))
REFUSING = WORLD.with_host(INTERCEPTOR, page=Page(status=400, title="Bad Request"))

censored(
    "signal-socket-vanishes",
    "Flows to the chat server's name freeze behind the TLS handshake.",
    Rule(Sni("=chat.signal.org"), BEHIND_HELLO),
)
censored(
    "telegram-sockets-vanish",
    "Flows to the names of the web app's sockets freeze behind the TLS handshake.",
    Rule(Sni(SOCKETS), BEHIND_HELLO),
)
censored(
    "max-socket-vanishes",
    "Flows to the socket's name freeze behind the TLS handshake.",
    Rule(Sni("=ws-api.oneme.ru"), BEHIND_HELLO),
)
censored(
    "signal-socket-refused-by-proxy",
    "A proxy with a certificate of its own answers 400 in the chat server's place.",
    Rule(Sni("=chat.signal.org"), Redirect(MIDDLE)),
    world=REFUSING,
)
censored(
    "telegram-sockets-answered-by-proxy",
    "A proxy with a certificate of its own answers with a page in the sockets' place.",
    Rule(Sni(SOCKETS), Redirect(MIDDLE)),
)
quiet(
    "signal-socket-answered-wrongly",
    "The chat server's 101 is the answer to somebody else's handshake.",
    WORLD.with_host("chat.signal.org", routes=(Route("/v1/websocket/", Upgrade(honest=False)),)),
)
quiet(
    "max-socket-refused",
    "Max answers 403 to the handshakes of this host.",
    WORLD.with_host("ws-api.oneme.ru", routes=(Route("/websocket", PerVisitor(client=FORBIDDEN, control=Page())),)),
)
quiet(
    "max-socket-led-away",
    "Max leads handshakes to where nobody is.",
    WORLD.with_host("ws-api.oneme.ru", routes=(Route("/websocket", LED_AWAY),)),
)
quiet(
    "max-socket-is-a-page",
    "Max answers handshakes with a page.",
    WORLD.with_host("ws-api.oneme.ru", routes=(Route("/websocket", Page()),)),
)

# --- YouTube: slowed down in 2024, QUIC filtered, delisted in 2026 ---

YOUTUBE = "youtube.com youtu.be googlevideo.com ytimg.com ggpht.com"
censored("youtube-throttled", "Its names get 16 kB/s.", Rule(Sni(YOUTUBE), Throttle(16_000, burst_bytes=12_000)))
censored(
    "youtube-downloads-throttled",
    "As in 2024, what comes down by its videos' names gets 16 kB/s.",
    Rule(Sni("googlevideo.com"), Throttle(16_000, burst_bytes=12_000, direction="down")),
)
censored(
    "youtube-quic-dropped",
    "QUIC Initials with its names vanish, and their flows for 420 s.",
    Rule(QuicSni(YOUTUBE), Drop(), residual=Residual(420, extend=True)),
)
censored("youtube-delisted", "It is delisted.", delisted(YOUTUBE, DENIED))
censored("youtube-images-dropped", "The hosts of its images are dropped.", Rule(Sni("ytimg.com ggpht.com"), Drop()))

# --- everybody else ---

DISCORD = "discord.com discord.gg discordapp.com discordapp.net discord.media"
censored("discord-dropped", "All its names are dropped.", Rule(Sni(DISCORD), Drop()))
censored("discord-voice-dropped", "The domain of its voice servers is dropped.", Rule(Sni("discord.media"), Drop()))
censored("viber-dropped", "Its names are dropped.", Rule(Sni("viber.com"), Drop()))
censored("snapchat-reset", "Its names are reset.", Rule(Sni("snapchat.com sc-cdn.net sc-gw.com"), Reset()))
censored(
    "roblox-network-dropped", "Its networks are dropped.", Rule(Address("128.116.0.0/17 2620:135:6000::/44"), Drop())
)
censored("linkedin-reset", "Its names are reset.", Rule(Sni("linkedin.com licdn.com lnkd.in"), Reset()))
censored(
    "facebook-delisted",
    "It is delisted, its apps' names are dropped.",
    delisted("facebook.com", DENIED),
    Rule(Sni("facebook.com fbcdn.net"), Drop()),
)
censored(
    "messenger-chat-dropped", "The name of its chat servers is dropped.", Rule(Sni("edge-mqtt.facebook.com"), Drop())
)
censored("instagram-pictures-reset", "The hosts of its pictures are reset.", Rule(Sni("cdninstagram.com"), Reset()))
censored("threads-dropped", "Its names are dropped.", Rule(Sni("threads.com threads.net"), Drop()))
censored(
    "x-throttled",
    "As in 2021, the hosts of pictures get 16 kB/s.",
    Rule(Sni("twimg.com"), Throttle(16_000, burst_bytes=12_000)),
    world=WORLD.with_host("abs.twimg.com", "pbs.twimg.com", "video.twimg.com", page=Download(200_000)),
)
censored("x-api-reset", "The app's host is reset.", Rule(Sni("=api.x.com"), Reset()))
censored("tiktok-denied", "The national and the provider's resolvers deny it.", delisted("tiktok.com", DENIED))
censored("vk-dropped-abroad", "VK is dropped, as in Ukraine.", Rule(Sni("vk.com vk.ru"), Drop()))
censored(
    "tor-dropped",
    "The site's names are reset, most directory authorities dropped.",
    Rule(Sni("torproject.org"), Reset()),
    Rule(Address(" ".join(RELAYS[1:])), Drop()),
)
censored("wikipedia-images-dropped", "The host of its images is dropped.", Rule(Sni("upload.wikimedia.org"), Drop()))
censored(
    "bbc-reset", "Its names are reset.", Rule(Sni("bbc.com bbc.co.uk"), Reset()), Rule(HttpHost("bbc.com"), Reset())
)
censored("svoboda-delisted", "It is delisted.", delisted("svoboda.org rferl.org", DENIED))
censored("protonvpn-dropped", "Its name is dropped.", Rule(Sni("protonvpn.com"), Drop()))
