"""The names of the default internet, by owner, and the addresses that are public knowledge.

`zone` derives the other addresses from the owner's network; what sets a host apart from a web site is in `special`.
"""

from dataclasses import dataclass

PORTAL, BLOCKPAGE, INTERCEPTOR, PROXY = "portal.example", "blockpage.example", "interceptor.example", "proxy.example"
CONTROLS = ("0.th.ooni.org", "1.th.ooni.org", "2.th.ooni.org", "3.th.ooni.org", "d33d1gs9kpq1c5.cloudfront.net")


@dataclass(frozen=True)
class Owner:
    """An operator's autonomous system and a part of its networks; `v6` may be "" where it publishes no IPv6."""

    asn: int
    v4: str
    v6: str
    quic: bool = False


OWNERS = {
    "meta": Owner(32934, "157.240.0.0/17", "2a03:2880:f000::/36", quic=True),
    "telegram": Owner(62041, "149.154.168.0/22", "2001:67c:4e8:f004::/64"),
    "google": Owner(15169, "142.250.0.0/15", "2a00:1450:4000::/37", quic=True),
    "cloudflare": Owner(13335, "104.16.0.0/13", "2606:4700:10::/44", quic=True),
    "signal": Owner(16509, "13.248.128.0/17", "2600:9000:a000::/36"),
    "twitter": Owner(13414, "104.244.42.0/24", ""),
    "vk": Owner(47541, "87.240.128.0/18", "2a00:bdc0::/32", quic=True),
    "max": Owner(47764, "155.212.204.0/22", "2a00:b4c0::/32"),
    "yandex": Owner(13238, "77.88.44.0/22", "2a02:6b8:a::/48"),
    "gosuslugi": Owner(12389, "213.59.252.0/22", ""),
    "wikimedia": Owner(14907, "185.15.58.0/23", "2a02:ec80:300:ed1a::/64"),
    "github": Owner(36459, "140.82.112.0/20", ""),
    "apple": Owner(714, "17.250.0.0/16", "2620:149:a00::/44"),
    "roblox": Owner(22697, "128.116.0.0/17", "2620:135:6000::/44"),
    "microsoft": Owner(8068, "13.107.42.0/24", "2620:1ec:21::/64"),
    "tor": Owner(24940, "116.202.0.0/16", "2a01:4f8:fff0::/48"),
    "ooni": Owner(14061, "142.93.128.0/17", "2a03:b0c0:2::/48"),
    "generic": Owner(20940, "23.192.0.0/11", "2600:1400::/28"),
}

NAMES = {
    "meta": """web.whatsapp.com www.whatsapp.com mmx-ds.cdn.whatsapp.net v.whatsapp.net mmg.whatsapp.net
        static.whatsapp.net media.whatsapp.net media.cdn.whatsapp.net *.cdn.whatsapp.net wa.me whatsapp.com
        whatsapp.net graph.whatsapp.com chat.whatsapp.com whatsapp.biz faq.whatsapp.com www.facebook.com
        facebook.com m.facebook.com graph.facebook.com b-api.facebook.com b-graph.facebook.com
        edge-mqtt.facebook.com star.c10r.facebook.com star-mini.c10r.facebook.com scontent.xx.fbcdn.net
        external.xx.fbcdn.net *.fbcdn.net stun.fbsbx.com www.messenger.com messenger.com m.me
        www.instagram.com instagram.com i.instagram.com cdninstagram.com scontent.cdninstagram.com
        *.cdninstagram.com ig.me www.threads.com threads.com www.threads.net threads.net fbcdn.net""",
    "telegram": """web.telegram.org telegram.org www.telegram.org api.telegram.org t.me core.telegram.org
        pluto.web.telegram.org venus.web.telegram.org aurora.web.telegram.org vesta.web.telegram.org
        flora.web.telegram.org desktop.telegram.org cdn1.cdn-telegram.org cdn2.cdn-telegram.org cdn3.cdn-telegram.org
        cdn4.cdn-telegram.org cdn5.cdn-telegram.org cdn6.cdn-telegram.org""",
    "signal": """chat.signal.org cdsi.signal.org storage.signal.org sfu.voip.signal.org svr2.signal.org cdn.signal.org
        cdn2.signal.org cdn3.signal.org updates.signal.org signal.org www.signal.org uptime.signal.org
        turn3.voip.signal.org""",
    "google": """www.youtube.com youtube.com m.youtube.com youtu.be youtube-ui.l.google.com i.ytimg.com yt3.ggpht.com
        youtubei.googleapis.com redirector.googlevideo.com manifest.googlevideo.com googlevideo.com
        *.googlevideo.com www.google.com google.com connectivitycheck.gstatic.com www.gstatic.com
        play.google.com stun.l.google.com stun1.l.google.com news.google.com clients3.google.com ytimg.com
        s.youtube.com googleapis.com ggpht.com""",
    "twitter": """x.com www.x.com twitter.com www.twitter.com api.x.com abs.twimg.com pbs.twimg.com video.twimg.com
        t.co twimg.com""",
    "max": "max.ru web.max.ru www.max.ru api.oneme.ru ws-api.oneme.ru dev.max.ru platform-api2.max.ru",
    "vk": "vk.com www.vk.com vk.ru m.vk.com api.vk.com api.vk.ru userapi.com login.vk.com id.vk.com",
    "yandex": "ya.ru yandex.ru www.yandex.ru xn--d1acpjx3f.xn--p1ai yandex.com www.yandex.com",
    "gosuslugi": """gosuslugi.ru www.gosuslugi.ru mail.ru www.mail.ru ok.ru rutube.ru www.ok.ru www.rutube.ru mos.ru
        rbc.ru""",
    "cloudflare": """discord.com gateway.discord.gg cdn.discordapp.com media.discordapp.net discord.gg *.discord.media
        www.cloudflare.com cloudflare.com cp.cloudflare.com stun.cloudflare.com speed.cloudflare.com
        windscribe.com getoutline.org www.cloudflare-cache.com httpbin.com www.patreon.com medium.com
        cloudflare-ech.com discordapp.com discordapp.net zoom.us us04web.zoom.us us05web.zoom.us""",
    "github": "github.com www.github.com api.github.com githubusercontent.com raw.githubusercontent.com",
    "wikimedia": """www.wikipedia.org wikipedia.org ru.wikipedia.org en.wikipedia.org wikimedia.org www.wikimedia.org
        de.wikipedia.org fr.wikipedia.org upload.wikimedia.org""",
    "apple": """identity.ess.apple.com facetime.apple.com *.push.apple.com apps.apple.com www.apple.com
        captive.apple.com itunes.apple.com""",
    "roblox": "www.roblox.com roblox.com apis.roblox.com rbxcdn.com rbxinfra.net *.rbxcdn.com",
    "microsoft": "www.linkedin.com linkedin.com licdn.com static.licdn.com lnkd.in www.msftconnecttest.com",
    "tor": "www.torproject.org torproject.org bridges.torproject.org",
    "ooni": "api.ooni.org api.ooni.io ooni.org explorer.ooni.org " + " ".join(CONTROLS),
    "generic": """www.viber.com viber.com vbcdn.com www.snapchat.com snapchat.com accounts.snapchat.com
        app.snapchat.com *.sc-cdn.net *.sc-gw.com www.tiktok.com tiktok.com protonvpn.com proton.me
        nordvpn.com amnezia.org psiphon.ca psiphon3.com mullvad.net www.expressvpn.com apkmirror.com
        www.apkmirror.com rutracker.org www.bbc.com bbc.com www.dw.com dw.com www.svoboda.org
        www.currenttime.tv meduza.io www.themoscowtimes.com novayagazeta.eu www.rferl.org iana.org
        www.iana.org detectportal.firefox.com speedtest.selectel.ru dns.yandex.ru globalping.io
        proof.ovh.net fsn1-speed.hetzner.com
        api.globalping.io check-host.net ipinfo.io example.net badssl.com expired.badssl.com
        wrong.host.badssl.com self-signed.badssl.com untrusted-root.badssl.com largefile.com bit.ly
        itsat.info reddit.com www.reddit.com old.reddit.com twitch.tv www.twitch.tv mail.proton.me
        protonmail.com account.protonvpn.com rferl.org svoboda.org currenttime.tv themoscowtimes.com
        expressvpn.com novayagazeta.ru sc-cdn.net bbc.co.uk www.bbc.co.uk www.nordvpn.com www.meduza.io
        openai.com chatgpt.com www.netflix.com www.microsoft.com www.amazon.com""",
}

# The WhatsApp chat pool has names but no web server behind them.
CHAT_NAMES = (*(f"e{number}.whatsapp.net" for number in range(1, 17)), "g.whatsapp.net", "g-fallback.whatsapp.net")

# Tor's directory authorities, by the ports at which they take clients.
AUTHORITIES = {
    9201: ("128.31.0.39",),
    443: (
        "217.196.147.77",
        "45.66.35.11",
        "131.188.40.189",
        "193.23.244.244",
        "199.58.81.140",
        "204.13.164.118",
        "216.218.219.41",
    ),
    80: ("171.25.193.9",),
}

DATA_CENTRES = {
    "dc1": ("149.154.175.50", "149.154.175.53", "2001:b28:f23d:f001::a"),
    "dc2": ("149.154.167.51", "95.161.76.100", "2001:67c:4e8:f002::a"),
    "dc2-media": ("149.154.167.151",),
    "dc3": ("149.154.175.100", "2001:b28:f23d:f003::a"),
    "dc4": ("149.154.167.91", "2001:67c:4e8:f004::a"),
    "dc4-media": ("149.154.164.250",),
    "dc5": ("91.108.56.130", "91.108.56.100", "149.154.171.5", "2001:b28:f23f:f005::a"),
    "dc203": ("91.105.192.100", "2a0a:f280:203:a:5000::100"),
}
