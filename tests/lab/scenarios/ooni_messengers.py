"""OONI's QA of its messenger tests (probe-cli:internal/experiment/{whatsapp,telegram,fbmessenger,signal}/*_test.go).

What is checked is this program's own services, whose components stand for OONI's targets; where OONI's tests inject
results, a network that brings these about stands in. `ooni` is the keys that they expect.
"""

from tests.lab.censor import Address, Close, Drop, MtProto, Reset, Rule, Sni
from tests.lab.ooni_case import Case
from tests.lab.scenario import register
from tests.lab.world import Addresses, World, rule
from tests.lab.world.names import DATA_CENTRES

_WORLD = World()
_BOGON = Addresses(("10.10.34.35",))
_OK, _CONNECTS, _UNKNOWN = "ok confirmed", "ok likely", "inconclusive possible not_measured"


def _at(*hosts: str) -> str:
    return " ".join(address for host in hosts for address in _WORLD.addresses_of(host))


_CHAT = _at("g.whatsapp.net", "g-fallback.whatsapp.net", *(f"e{number}.whatsapp.net" for number in range(1, 17)))
_DC1 = "149.154.175.50"
_DCS = " ".join(address for addresses in DATA_CENTRES.values() for address in addresses)
_FACEBOOK = _at(
    *("www.facebook.com", "graph.facebook.com", "b-api.facebook.com", "b-graph.facebook.com"),
    *("scontent.xx.fbcdn.net", "external.xx.fbcdn.net", "edge-mqtt.facebook.com"),
)


def _poisoned(*names: str) -> World:
    return _WORLD.with_resolver("isp", *(rule(name, _BOGON) for name in names))


WHATSAPP = (
    Case(
        name="whatsapp-without-DPI",
        target="whatsapp",
        network="nothing is wrong",
        ooni="all ok",
        ours="ok confirmed",
        components={"web": _OK, "signup": _OK, "chat": _CONNECTS},
    ),
    Case(
        name="whatsapp-poisoned-DNS",
        target="whatsapp",
        network="the provider's resolver gives a private address for web.whatsapp.com and www.whatsapp.com",
        world=_poisoned("whatsapp.com"),
        ooni="web blocked; registration, endpoints ok",
        ours="degraded confirmed dns.spoofed",
        components={"web": "blocked confirmed dns.spoofed", "signup": _OK, "chat": _CONNECTS},
        beyond_dns="ok",
    ),
    Case(
        name="whatsapp-drops-TLS-traffic-with-SNI",
        target="whatsapp",
        network="ClientHellos for web.whatsapp.com and www.whatsapp.com are reset (in spite of the case's name)",
        rules=(Rule(Sni("whatsapp.com"), Reset()),),
        ooni="web blocked; registration, endpoints ok",
        ours="degraded confirmed tls.sni_reset",
        components={"web": "blocked confirmed tls.sni_reset", "signup": _OK, "chat": _CONNECTS},
    ),
    Case(
        name="whatsapp-TestFailureAllEndpoints",
        target="whatsapp",
        network="nothing is wrong; the run is cancelled before it starts",
        budget_s=0.0,
        ooni="all blocked, each of 16 hosts",
        ours=_UNKNOWN,
        components=dict.fromkeys(("web", "signup", "chat"), _UNKNOWN),
        remark="not measured is not blocked",
    ),
    Case(
        name="whatsapp-cut-short",
        target="whatsapp",
        network="all chat servers are dropped, and the run ends before that can be known",
        rules=(Rule(Address(_CHAT), Drop()),),
        delay_s=0.05,
        budget_s=0.3,
        ooni="all blocked, its budget being spent on dropped connects",
        ours=_UNKNOWN,
        components={"chat": _UNKNOWN},
        remark="not measured is not blocked",
    ),
    Case(
        name="whatsapp-MixedEndpoints",
        target="whatsapp",
        network="of one chat server port 443 is refused on the way, 5222 is not",
        rules=(Rule(Address(_at("e7.whatsapp.net"), port=443), Reset()),),
        ooni="endpoints ok",
        ours="degraded confirmed ip.reset",
        components={"web": _OK, "signup": _OK, "chat": "degraded confirmed ip.reset"},
        remark="any one will do, and a member that is interfered with is told of",
    ),
    Case(
        name="whatsapp-OnlyEndpoints",
        target="whatsapp",
        network="both ports of all chat servers are refused on the way",
        rules=(Rule(Address(_CHAT), Reset()),),
        ooni="endpoints blocked; web, registration ok",
        ours="degraded confirmed ip.reset",
        components={"web": _OK, "signup": _OK, "chat": "blocked confirmed ip.reset"},
    ),
    Case(
        name="whatsapp-OnlyEndpoints-dropped",
        target="whatsapp",
        network="whatever is sent to any chat server vanishes",
        rules=(Rule(Address(_CHAT), Drop()),),
        ooni="endpoints blocked, after 60 s; web or registration too, where they had no turn",
        ours="degraded confirmed ip.dropped",
        components={"web": _OK, "signup": _OK, "chat": "blocked confirmed ip.dropped"},
        remark="every endpoint gets its turn, and all is said within seconds",
    ),
    Case(
        name="whatsapp-OnlyRegistrationServer",
        target="whatsapp",
        network="ClientHellos for v.whatsapp.net are reset",
        rules=(Rule(Sni("=v.whatsapp.net"), Reset()),),
        ooni="registration blocked; the rest ok",
        ours="degraded confirmed tls.sni_reset",
        components={"web": _OK, "signup": "blocked confirmed tls.sni_reset", "chat": _CONNECTS},
    ),
    Case(
        name="whatsapp-OnlyWebHTTPS",
        target="whatsapp",
        network="ClientHellos for web.whatsapp.com and www.whatsapp.com vanish",
        rules=(Rule(Sni("whatsapp.com"), Drop()),),
        ooni="web blocked; the rest ok",
        ours="degraded confirmed tls.sni_dropped",
        components={"web": "blocked confirmed tls.sni_dropped", "signup": _OK, "chat": _CONNECTS},
    ),
)

TELEGRAM = (
    Case(
        name="telegram-without-DPI",
        target="telegram",
        network="nothing is wrong",
        ooni="all ok",
        ours="ok confirmed",
        components={"web": _OK, "chat": _CONNECTS},
    ),
    Case(
        name="telegram-poisoned-DNS",
        target="telegram",
        network="the provider's resolver gives a private address for web.telegram.org, telegram.org and t.me",
        world=_poisoned("telegram.org", "t.me"),
        ooni="web fails; data centres ok",
        ours="degraded confirmed dns.spoofed",
        components={"web": "blocked confirmed dns.spoofed", "chat": _CONNECTS},
        beyond_dns="ok",
    ),
    Case(
        name="telegram-drop-to-DC",
        target="telegram",
        network="whatever is sent to one data centre of five vanishes",
        rules=(Rule(Address(_DC1), Drop()),),
        ooni="blocked where its list is cut to that one, else ok",
        ours="degraded confirmed ip.dropped",
        components={"web": _OK, "chat": "degraded confirmed ip.dropped"},
        remark="whose account is in that data centre has no Telegram",
    ),
    Case(
        name="telegram-drops-SNI",
        target="telegram",
        network="ClientHellos for web.telegram.org, telegram.org and t.me are reset (in spite of the case's name)",
        rules=(Rule(Sni("telegram.org t.me"), Reset()),),
        ooni="web fails; data centres ok",
        ours="degraded confirmed tls.sni_reset",
        components={"web": "blocked confirmed tls.sni_reset", "chat": _CONNECTS},
    ),
    Case(
        name="telegram-one-EOF-one-success",
        target="telegram",
        network="port 80 of all data centres is refused on the way, the other ports are not",
        rules=(Rule(Address(_DCS, port=80), Reset()),),
        ooni="data centres ok",
        ours="degraded confirmed ip.reset",
        components={"web": _OK, "chat": "degraded confirmed ip.reset"},
        remark="it works, and what is interfered with is told of",
    ),
    Case(
        name="telegram-operation-unknown",
        target="telegram",
        network="data centres take connections, and whatever is sent then in Telegram's protocol vanishes",
        rules=(Rule(MtProto(), Drop()),),
        ooni="http_blocking, not tcp_blocking; web ok",
        ours="degraded confirmed proto.dropped",
        components={"web": _OK, "chat": "blocked confirmed proto.dropped"},
        remark="the protocol is what is filtered: the same port answers HTTP",
    ),
    Case(
        name="telegram-all-fail-in-connect",
        target="telegram",
        network="whatever is sent to any data centre vanishes",
        rules=(Rule(Address(_DCS), Drop()),),
        ooni="http_blocking and tcp_blocking; web ok",
        ours="degraded confirmed ip.dropped",
        components={"web": _OK, "chat": "blocked confirmed ip.dropped"},
    ),
    Case(
        name="telegram-web-fails",
        target="telegram",
        network="ClientHellos for web.telegram.org, telegram.org and t.me are answered by FIN",
        rules=(Rule(Sni("telegram.org t.me"), Close()),),
        ooni="web blocked, eof_error",
        ours="degraded confirmed tls.sni_reset",
        components={"web": "blocked confirmed tls.sni_reset", "chat": _CONNECTS},
    ),
)

FACEBOOK = (
    Case(
        name="facebook-without-DPI",
        target="messenger",
        network="nothing is wrong",
        ooni="all consistent and reachable",
        ours="ok confirmed",
        components={"web": _OK, "chat": _OK, "calls": _CONNECTS},
    ),
    Case(
        name="facebook-cancelled-context",
        target="messenger",
        network="nothing is wrong; the run is cancelled before it starts",
        budget_s=0.0,
        ooni="dns_blocking",
        ours=_UNKNOWN,
        components=dict.fromkeys(("web", "chat", "calls"), _UNKNOWN),
        remark="not measured is not blocked",
    ),
    Case(
        name="facebook-drop-b-api",
        target="facebook",
        network="whatever is sent to b-api.facebook.com's address vanishes",
        rules=(Rule(Address(_at("b-api.facebook.com"), port=443), Drop()),),
        ooni="b_api_reachable false, tcp_blocking",
        ours="degraded confirmed ip.dropped",
        components={"web": _OK, "api": "degraded confirmed ip.dropped", "cdn": _OK},
    ),
    Case(
        name="facebook-poisoned-DNS",
        target="messenger",
        network="the provider's resolver gives a private address for all names",
        world=_poisoned("facebook.com", "fbsbx.com", "messenger.com", "m.me"),
        ooni="dns_blocking, all inconsistent",
        ours="blocked confirmed dns.spoofed",
        components=dict.fromkeys(("web", "chat", "calls"), "blocked confirmed dns.spoofed"),
        beyond_dns="ok",
    ),
    Case(
        name="facebook-connect-fails",
        target="facebook",
        network="connections to all of its addresses are refused on the way",
        rules=(Rule(Address(_FACEBOOK), Reset()),),
        ooni="tcp_blocking; dns_blocking instead where its table does not know the addresses' network",
        ours="blocked confirmed ip.reset",
        components=dict.fromkeys(("web", "api", "cdn"), "blocked confirmed ip.reset"),
        remark="whose network an address is in proves nothing",
    ),
)

SIGNAL = (
    Case(
        name="signal-TestUpdate",
        target="signal",
        network="ClientHellos for chat.signal.org are answered by FIN",
        rules=(Rule(Sni("=chat.signal.org"), Close()),),
        ooni="backend blocked, eof_error",
        ours="blocked confirmed tls.sni_reset",
        components={"chat": "blocked confirmed tls.sni_reset", "directory": _OK, "storage": _OK},
    ),
)

CASES = (*WHATSAPP, *TELEGRAM, *FACEBOOK, *SIGNAL)

register(*(case.scenario for case in CASES))
