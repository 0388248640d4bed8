"""OONI's QA of its messenger tests (probe-cli:internal/experiment/{whatsapp,telegram,fbmessenger,signal}/*_test.go).

Their targets are those of OONI's own lists (`tests/lab/ooni_services`); where its tests inject results, a network that
brings these about stands in. `ooni` is the keys that it expects.
"""

from tests.lab.censor import Address, Close, Drop, Payload, Reset, Rule, Sni
from tests.lab.ooni_case import Case
from tests.lab.scenario import register
from tests.lab.world import Addresses, Page, World, rule
from tests.lab.world.names import DATA_CENTRES

_DATA_CENTRES = tuple(f"{name}.telegram" for name in DATA_CENTRES)
_WORLD = World().with_host(*_DATA_CENTRES, page=Page(status=404, title="404 Not Found"))  # as they tell everybody
_BOGON = Addresses(("10.10.34.35",))
_CHAT_HOSTS = tuple(f"e{number}.whatsapp.net" for number in range(1, 17))
_CHAT = " ".join(address for host in _CHAT_HOSTS for address in _WORLD.addresses_of(host))
_FIRST_CHAT = _WORLD.addresses_of(_CHAT_HOSTS[0])[0]
_DC1 = "149.154.175.50"
_DCS = f"{_DC1} 149.154.167.51 149.154.175.100 149.154.167.91 149.154.171.5 95.161.76.100"
_B_API = " ".join(_WORLD.addresses_of("b-api.facebook.com"))
_FACEBOOK = " ".join(
    address
    for host in (
        *("b-api.facebook.com", "b-graph.facebook.com", "edge-mqtt.facebook.com", "star.c10r.facebook.com"),
        *("external.xx.fbcdn.net", "scontent.xx.fbcdn.net"),
    )
    for address in _WORLD.addresses_of(host)
)
_OK, _CONNECTS = "ok confirmed", "ok likely"


def _poisoned(*names: str) -> World:
    return _WORLD.with_resolver("isp", *(rule(name, _BOGON) for name in names))


WHATSAPP = (
    Case(
        name="whatsapp-without-DPI",
        target="ooni-whatsapp",
        network="nothing is wrong",
        ooni="all ok",
        ours="ok confirmed",
        components={"web": _OK, "registration": _OK, "endpoints": _CONNECTS},
    ),
    Case(
        name="whatsapp-poisoned-DNS",
        target="ooni-whatsapp",
        network="the provider's resolver gives a private address for web.whatsapp.com",
        world=_poisoned("web.whatsapp.com"),
        ooni="web blocked; registration, endpoints ok",
        ours="degraded confirmed dns.spoofed",
        components={"web": "blocked confirmed dns.spoofed", "registration": _OK, "endpoints": _CONNECTS},
        beyond_dns="ok",
    ),
    Case(
        name="whatsapp-drops-TLS-traffic-with-SNI",
        target="ooni-whatsapp",
        network="ClientHellos for web.whatsapp.com are reset (so they are, in spite of the case's name)",
        rules=(Rule(Sni("=web.whatsapp.com"), Reset()),),
        ooni="web blocked; registration, endpoints ok",
        ours="degraded confirmed tls.sni_reset",
        components={"web": "blocked confirmed tls.sni_reset", "registration": _OK, "endpoints": _CONNECTS},
    ),
    Case(
        name="whatsapp-TestFailureAllEndpoints",
        target="ooni-whatsapp",
        network="nothing is wrong; the run is cancelled before it starts",
        budget_s=0.0,
        ooni="all blocked, each of 16 hosts",
        ours="inconclusive possible not_measured",
        components=dict.fromkeys(("web", "registration", "endpoints"), "inconclusive possible not_measured"),
        remark="not measured is not blocked",
    ),
    Case(
        name="whatsapp-cut-short",
        target="ooni-whatsapp",
        network="all chat servers are dropped, and the run ends before that can be known",
        rules=(Rule(Address(_CHAT), Drop()),),
        delay_s=0.05,
        budget_s=0.3,
        ooni="all blocked (its whole budget being spent on dropped connects)",
        ours="inconclusive possible not_measured",
        components={"endpoints": "inconclusive possible not_measured"},
        remark="not measured is not blocked",
    ),
    Case(
        name="whatsapp-MixedEndpoints",
        target="ooni-whatsapp",
        network="of one chat server port 443 is refused on the way, 5222 is not",
        rules=(Rule(Address(_FIRST_CHAT, port=443), Reset()),),
        ooni="endpoints ok",
        ours="degraded confirmed ip.reset",
        components={"web": _OK, "registration": _OK, "endpoints": "degraded confirmed ip.reset"},
        remark="any one will do, and a member that is interfered with is told of",
    ),
    Case(
        name="whatsapp-OnlyEndpoints",
        target="ooni-whatsapp",
        network="both ports of all chat servers are refused on the way",
        rules=(Rule(Address(_CHAT), Reset()),),
        ooni="endpoints blocked; web, registration ok",
        ours="degraded confirmed ip.reset",
        components={"web": _OK, "registration": _OK, "endpoints": "blocked confirmed ip.reset"},
    ),
    Case(
        name="whatsapp-OnlyEndpoints-dropped",
        target="ooni-whatsapp",
        network="whatever is sent to any chat server vanishes",
        rules=(Rule(Address(_CHAT), Drop()),),
        ooni="endpoints blocked, after 60 s; web or registration too, where they had no turn",
        ours="degraded confirmed ip.dropped",
        components={"web": _OK, "registration": _OK, "endpoints": "blocked confirmed ip.dropped"},
        remark="every endpoint gets its turn, and all is said within seconds",
    ),
    Case(
        name="whatsapp-OnlyRegistrationServer",
        target="ooni-whatsapp",
        network="ClientHellos for v.whatsapp.net are reset",
        rules=(Rule(Sni("=v.whatsapp.net"), Reset()),),
        ooni="registration blocked; the rest ok",
        ours="degraded confirmed tls.sni_reset",
        components={"web": _OK, "registration": "blocked confirmed tls.sni_reset", "endpoints": _CONNECTS},
    ),
    Case(
        name="whatsapp-OnlyWebHTTPS",
        target="ooni-whatsapp",
        network="ClientHellos for web.whatsapp.com vanish",
        rules=(Rule(Sni("=web.whatsapp.com"), Drop()),),
        ooni="web blocked; the rest ok",
        ours="degraded confirmed tls.sni_dropped",
        components={"web": "blocked confirmed tls.sni_dropped", "registration": _OK, "endpoints": _CONNECTS},
    ),
)

TELEGRAM = (
    Case(
        name="telegram-without-DPI",
        target="ooni-telegram",
        network="nothing is wrong; data centres answer HTTP with 404",
        world=_WORLD,
        ooni="all ok",
        ours="ok confirmed",
        components={"web": _OK, "data-centres": _CONNECTS},
    ),
    Case(
        name="telegram-poisoned-DNS",
        target="ooni-telegram",
        network="the provider's resolver gives a private address for web.telegram.org",
        world=_poisoned("web.telegram.org"),
        ooni="web fails; data centres ok",
        ours="degraded confirmed dns.spoofed",
        components={"web": "blocked confirmed dns.spoofed", "data-centres": _CONNECTS},
        beyond_dns="ok",
    ),
    Case(
        name="telegram-drop-to-DC",
        target="ooni-telegram",
        network="whatever is sent to one data centre of six vanishes",
        world=_WORLD,
        rules=(Rule(Address(_DC1), Drop()),),
        ooni="blocked where its list is cut to that one, else ok",
        ours="degraded confirmed ip.dropped",
        components={"web": _OK, "data-centres": "degraded confirmed ip.dropped"},
        remark="one live data centre is not ok for everybody",
    ),
    Case(
        name="telegram-drops-SNI",
        target="ooni-telegram",
        network="ClientHellos for web.telegram.org are reset (so they are, in spite of the case's name)",
        world=_WORLD,
        rules=(Rule(Sni("=web.telegram.org"), Reset()),),
        ooni="web fails; data centres ok",
        ours="degraded confirmed tls.sni_reset",
        components={"web": "blocked confirmed tls.sni_reset", "data-centres": _CONNECTS},
    ),
    Case(
        name="telegram-one-EOF-one-success",
        target="ooni-telegram",
        network="port 80 of all data centres is refused on the way, port 443 is not",
        world=_WORLD,
        rules=(Rule(Address(_DCS, port=80), Reset()),),
        ooni="data centres ok",
        ours="degraded confirmed ip.reset",
        components={"web": _OK, "data-centres": "degraded confirmed ip.reset"},
        remark="it works, and what is interfered with is told of",
    ),
    Case(
        name="telegram-operation-unknown",
        target="ooni-telegram",
        network="data centres take connections, and whatever they are sent then is answered by RST on the way",
        world=_WORLD,
        rules=(Rule(Payload(b"GET ", addresses=_DCS), Reset()),),
        ooni="http_blocking, not tcp_blocking; web ok",
        ours="degraded likely ip.reset",
        components={"web": _OK, "data-centres": "blocked likely ip.reset"},
    ),
    Case(
        name="telegram-all-fail-in-connect",
        target="ooni-telegram",
        network="whatever is sent to any data centre vanishes",
        world=_WORLD,
        rules=(Rule(Address(_DCS), Drop()),),
        ooni="http_blocking and tcp_blocking; web ok",
        ours="degraded confirmed ip.dropped",
        components={"web": _OK, "data-centres": "blocked confirmed ip.dropped"},
    ),
    Case(
        name="telegram-web-fails",
        target="ooni-telegram",
        network="ClientHellos for web.telegram.org are answered by FIN",
        world=_WORLD,
        rules=(Rule(Sni("=web.telegram.org"), Close()),),
        ooni="web blocked, eof_error",
        ours="degraded confirmed tls.sni_reset",
        components={"web": "blocked confirmed tls.sni_reset", "data-centres": _CONNECTS},
    ),
)

FACEBOOK = (
    Case(
        name="facebook-without-DPI",
        target="ooni-facebook",
        network="nothing is wrong",
        ooni="all consistent and reachable",
        ours="ok likely",
        components={"services": _CONNECTS},
    ),
    Case(
        name="facebook-cancelled-context",
        target="ooni-facebook",
        network="nothing is wrong; the run is cancelled before it starts",
        budget_s=0.0,
        ooni="dns_blocking",
        ours="inconclusive possible not_measured",
        components={"services": "inconclusive possible not_measured"},
        remark="not measured is not blocked",
    ),
    Case(
        name="facebook-drop-b-api",
        target="ooni-facebook",
        network="whatever is sent to b-api.facebook.com's address vanishes",
        rules=(Rule(Address(_B_API, port=443), Drop()),),
        ooni="b_api_reachable false, tcp_blocking",
        ours="degraded confirmed ip.dropped",
        components={"services": "degraded confirmed ip.dropped"},
    ),
    Case(
        name="facebook-poisoned-DNS",
        target="ooni-facebook",
        network="the provider's resolver gives a private address for all names",
        world=_poisoned("facebook.com", "fbcdn.net"),
        ooni="dns_blocking, all inconsistent",
        ours="blocked confirmed dns.spoofed",
        components={"services": "blocked confirmed dns.spoofed"},
        beyond_dns="ok",
    ),
    Case(
        name="facebook-connect-fails",
        target="ooni-facebook",
        network="connections to all services are refused on the way",
        rules=(Rule(Address(_FACEBOOK), Reset()),),
        ooni="tcp_blocking; dns_blocking instead where its table does not know the addresses' network",
        ours="blocked confirmed ip.reset",
        components={"services": "blocked confirmed ip.reset"},
        remark="whose network an address is in proves nothing",
    ),
)

SIGNAL = (
    Case(
        name="signal-TestUpdate",
        target="signal",
        network="ClientHellos for signal.org are answered by FIN",
        rules=(Rule(Sni("signal.org"), Close()),),
        ooni="backend blocked, eof_error",
        ours="blocked confirmed tls.sni_reset",
        components={"web": "blocked confirmed tls.sni_reset"},
    ),
)

CASES = (*WHATSAPP, *TELEGRAM, *FACEBOOK, *SIGNAL)

register(*(case.scenario for case in CASES))
