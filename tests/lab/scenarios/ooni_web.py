"""The 50 cases of OONI's web_connectivity QA (probe-cli:internal/webconnectivityqa), in its order.

`ooni` is what its newer engine (0.5.28) answers: accessible, blocking.
"""

from collections.abc import Iterator
from typing import Any

from tests.lab.censor import Action, Address, Answer, Close, Degrade, Dns, Drop, HttpHost, Reset, Rule, Sni, page
from tests.lab.ooni_case import Case
from tests.lab.scenario import register
from tests.lab.world import CONTROLS, NxDomain, World, rule
from tests.lab.world import Addresses as Told

EXAMPLE, EXAMPLE_ADDRESS, LARGEFILE_ADDRESS = "www.example.com", "93.184.216.34", "52.35.36.75"
PROXY_ADDRESS, BLOCKPAGE_ADDRESS, BADSSL_ADDRESS = "130.192.182.17", "83.224.65.41", "104.154.89.105"
HTTP, HTTPS = f"http://{EXAMPLE}/", f"https://{EXAMPLE}/"
SHORT_LINKS = ("https://bit.ly/32447", "https://bit.ly/21645")  # to the two of them

_WORLD = World()
_DENIED_BY_ISP = _WORLD.with_resolver("isp", rule(EXAMPLE, NxDomain()))
_WITHOUT_ADDRESS = _WORLD.with_host(EXAMPLE, cname="web01.example.com").with_host("web01.example.com", addresses=())
_REQUEST, _HELLO = HttpHost(f"={EXAMPLE}", addresses=EXAMPLE_ADDRESS), Sni(f"={EXAMPLE}")
_ACCESS_DENIED = page("<html><head><title>Access Denied</title></head><body><h1>Access Denied</h1></body></html>")


def _spoofed(name: str, *addresses: str) -> Rule:
    """Every answer in clear text, of whatever resolver, is preceded by a forged one; no address: NXDOMAIN."""
    forged = Answer("NOERROR" if addresses else "NXDOMAIN", addresses=" ".join(addresses), inject=True)
    return Rule(Dns(f"={name}"), forged)


def _filtered(action: Action) -> tuple[Rule, ...]:
    return Rule(_REQUEST, action), Rule(_HELLO, action)


def _refused(address: str, *ports: int) -> tuple[Rule, ...]:
    return tuple(Rule(Address(address, port=port), Reset()) for port in ports)


def _both(name: str, **shared: Any) -> Iterator[Case]:
    """Two cases that differ in the scheme: `name` and `target` have a place for it; of a pair, each gets its own."""
    for nth, scheme in enumerate(("HTTP", "HTTPS")):
        fields = {key: value[nth] if key in ("target", "ours", "ooni") else value for key, value in shared.items()}
        yield Case(name=name.format(scheme), **fields)


def _redirected(then: str, network: str, rules: tuple[Rule, ...], *ours: str) -> Iterator[Case]:
    yield from _both(
        f"redirectWithConsistentDNSAndThen{then}For{{}}",
        target=SHORT_LINKS,
        network=f"a redirect; {network}",
        rules=rules,
        ooni=("false, http-failure",) * 2,
        ours=ours,
        hop=EXAMPLE,
        remark="the layer and the hop",
    )


def _fine(name: str, target: str, network: str, ours: str) -> Case:
    return Case(name=name, target=target, network=network, ooni="true, false", ours=ours)


def _certificate(name: str, host: str, fault: str) -> Case:
    return Case(
        name=name,
        target=f"https://{host}/",
        network=f"the server shows everybody a certificate {fault}",
        ooni="false, false",
        ours="down confirmed service.certificate",
    )


CASES = (
    _certificate("badSSLWithUnknownAuthorityWithConsistentDNS", "untrusted-root.badssl.com", "of an unknown authority"),
    _certificate("badSSLWithExpiredCertificate", "expired.badssl.com", "that has expired"),
    _certificate("badSSLWithWrongServerName", "wrong.host.badssl.com", "for another name"),
    Case(
        name="badSSLWithUnknownAuthorityWithInconsistentDNS",
        target=HTTPS,
        network="forged DNS answers lead to another site's server, whose certificate nobody trusts",
        rules=(_spoofed(EXAMPLE, BADSSL_ADDRESS),),
        ooni="false, dns",
        ours="blocked confirmed dns.spoofed",
        beyond_dns="ok",
    ),
    *_both(
        "cloudflareCAPTCHAWith{}",
        target=("http://www.cloudflare-cache.com/", "https://www.cloudflare-cache.com/"),
        network="the server gives this host alone a CAPTCHA",
        ooni=("false, http-diff", "true, false"),
        ours=("degraded likely service.refuses",) * 2,
        remark="the server's own word, as it comes over TLS too, and to others it gives the page",
    ),
    *_both(
        "controlFailureWithSuccessful{}Website",
        target=("http://www.example.org/", "https://www.example.org/"),
        network="connections to the outside controls are reset by name",
        rules=(Rule(Sni(" ".join(CONTROLS)), Reset()),),
        ooni=("null, null", "true, false"),
        ours=("ok likely", "ok confirmed"),
        remark="what works needs no control",
    ),
    Case(
        name="dnsBlockingAndroidDNSCacheNoData",
        target=HTTPS,
        network="the provider's resolver denies the name",
        world=_DENIED_BY_ISP,
        ooni="false, dns",
        ours="blocked confirmed dns.nxdomain",
        beyond_dns="ok",
        remark="Android's own error text hides a plain NXDOMAIN, which a resolver that is asked directly tells",
    ),
    Case(
        name="dnsBlockingBOGON",
        target=HTTPS,
        network="the provider's resolver gives a private address",
        world=_WORLD.with_resolver("isp", rule(EXAMPLE, Told(("10.10.34.35",)))),
        ooni="false, dns",
        ours="blocked confirmed dns.spoofed",
        beyond_dns="ok",
    ),
    Case(
        name="dnsBlockingNXDOMAIN",
        target=HTTPS,
        network="the provider's resolver denies the name",
        world=_DENIED_BY_ISP,
        ooni="false, dns",
        ours="blocked confirmed dns.nxdomain",
        beyond_dns="ok",
    ),
    *_both(
        "dnsHijackingToLocalhostWith{}",
        target=(HTTP, HTTPS),
        network="forged DNS answers give a loopback address",
        rules=(_spoofed(EXAMPLE, "127.0.0.1"),),
        ooni=("false, dns",) * 2,
        ours=("blocked confirmed dns.spoofed",) * 2,
        beyond_dns="ok",
    ),
    *_both(
        "dnsHijackingToProxyWith{}URL",
        target=(HTTP, HTTPS),
        network="forged DNS answers lead to a proxy that passes everything on",
        rules=(_spoofed(EXAMPLE, PROXY_ADDRESS),),
        delay_s=0.1,
        ooni=("true, false",) * 2,
        ours=("ok likely dns.spoofed", "ok confirmed dns.spoofed"),
        remark="it works, and answers for its name are forged: a root server, which never answers, seems to give them",
    ),
    *_both(
        "ghostDNSBlockingWith{}",
        target=("http://itsat.info/", "https://itsat.info/"),
        network="the name no longer exists, yet forged DNS answers lead to a block page",
        world=_WORLD.without_host("itsat.info"),
        rules=(_spoofed("itsat.info", BLOCKPAGE_ADDRESS),),
        ooni=("false, dns",) * 2,
        ours=("down confirmed dns.spoofed service.dns_dead",) * 2,
        remark="answers are forged, and the site is gone for everybody all the same",
    ),
    Case(
        name="httpBlockingConnectionReset",
        target=HTTP,
        network="requests for the name are reset at its own address",
        rules=(Rule(_REQUEST, Reset()),),
        ooni="false, http-failure",
        ours="blocked likely http.reset",
    ),
    Case(
        name="httpDiffWithConsistentDNS",
        target=HTTP,
        network="requests for the name are answered by a block page at its own address",
        rules=(Rule(_REQUEST, _ACCESS_DENIED),),
        ooni="false, http-diff",
        ours="blocked likely http.blockpage",
    ),
    Case(
        name="httpDiffWithInconsistentDNS",
        target=HTTP,
        network="forged DNS answers lead to a proxy; a block page answers there and at the true address",
        rules=(
            _spoofed(EXAMPLE, PROXY_ADDRESS),
            Rule(HttpHost(f"={EXAMPLE}", addresses=f"{EXAMPLE_ADDRESS} {PROXY_ADDRESS}"), _ACCESS_DENIED),
        ),
        ooni="false, dns",
        ours="blocked confirmed dns.spoofed http.blockpage",
        beyond_dns="blocked",
        remark="both layers: an honest resolver alone would not help",
    ),
    _fine("idnaWithoutCensorshipLowercase", "http://яндекс.рф/", "nothing is wrong", "ok likely"),
    _fine("idnaWithoutCensorshipWithFirstLetterUppercase", "http://Яндекс.рф/", "nothing is wrong", "ok likely"),
    _fine("largeFileWithHTTP", "http://largefile.com/", "nothing is wrong; the page is huge", "ok likely"),
    _fine("largeFileWithHTTPS", "https://largefile.com/", "nothing is wrong; the page is huge", "ok confirmed"),
    *_both(
        "localhostWith{}",
        target=(HTTP, HTTPS),
        network="the site gives everybody a loopback address",
        world=_WORLD.with_host(EXAMPLE, addresses=("127.0.0.1",)),
        ooni=("false, false",) * 2,
        ours=("down confirmed service.dns_dead",) * 2,
    ),
    *_both(
        "redirectWithBrokenLocationFor{}",
        target=("http://httpbin.com/broken-redirect-http", "https://httpbin.com/broken-redirect-https"),
        network="the server redirects this host alone to no host at all",
        ooni=("false, http-failure",) * 2,
        ours=("inconclusive possible not_measured",) * 2,
        remark="an odd answer for this host alone is no proof of interference",
    ),
    *_redirected(
        "ConnectionRefused",
        "connections to where it leads are refused on the way",
        _refused(EXAMPLE_ADDRESS, 80, 443),
        *("blocked confirmed ip.reset",) * 2,
    ),
    *_redirected(
        "ConnectionReset",
        "where it leads, requests and ClientHellos are reset by name",
        _filtered(Reset()),
        "blocked likely http.reset",
        "blocked confirmed tls.sni_reset",
    ),
    Case(
        name="redirectWithConsistentDNSAndThenNXDOMAIN",
        target=SHORT_LINKS[1],
        network="a redirect; forged DNS answers deny the name that it leads to",
        rules=(_spoofed(EXAMPLE),),
        ooni="false, dns",
        ours="blocked confirmed dns.nxdomain dns.rerouted",
        hop=EXAMPLE,
        beyond_dns="ok",
        remark="the hop; and somebody answers in the resolver's name, as over TCP it tells the truth",
    ),
    *_redirected(
        "EOF",
        "where it leads, requests and ClientHellos are answered by FIN",
        _filtered(Close()),
        "blocked likely http.reset",
        "blocked confirmed tls.sni_reset",
    ),
    *_redirected(
        "Timeout",
        "where it leads, requests and ClientHellos vanish",
        _filtered(Drop()),
        "blocked likely http.dropped",
        "blocked confirmed tls.sni_dropped",
    ),
    *_both(
        "redirectWithMoreThanTenRedirectsAnd{}",
        target=("http://httpbin.com/redirect/15", "https://httpbin.com/redirect/15"),
        network="the server redirects everybody 15 times",
        ooni=("false, false",) * 2,
        ours=("down likely service.down",) * 2,
    ),
    _fine("successWithHTTP", HTTP, "nothing is wrong", "ok likely"),
    _fine("successWithHTTPS", HTTPS, "nothing is wrong", "ok confirmed"),
    Case(
        name="tcpBlockingConnectTimeout",
        target=HTTPS,
        network="whatever is sent to the server's address and port vanishes",
        rules=(Rule(Address(EXAMPLE_ADDRESS, port=443), Drop()),),
        ooni="false, tcp_ip",
        ours="blocked confirmed ip.dropped",
    ),
    Case(
        name="tcpBlockingConnectionRefusedWithInconsistentDNS",
        target="http://www.example.org/",
        network="forged DNS answers lead to a block page's server, and connections to that are refused on the way",
        rules=(_spoofed("www.example.org", BLOCKPAGE_ADDRESS), *_refused(BLOCKPAGE_ADDRESS, 80)),
        ooni="false, dns",
        ours="blocked confirmed dns.spoofed",
        beyond_dns="ok",
    ),
    Case(
        name="throttlingWithHTTP",
        target="http://largefile.com/",
        network="each packet to the server's address and port takes 300 ms more, and one in ten is lost",
        rules=(Rule(Address(LARGEFILE_ADDRESS, port=80), Degrade(delay_s=0.3, loss=0.1)),),
        deep=True,
        ooni="false, http-failure",
        ours="degraded likely flow.throttled",
        remark="asked with --deep: in clear text the address takes far less than over TLS",
    ),
    Case(
        name="throttlingWithHTTPS",
        target="https://largefile.com/",
        network="each packet behind a ClientHello with the name takes 300 ms more, and one in ten is lost",
        rules=(Rule(Sni("=largefile.com"), Degrade(delay_s=0.3, loss=0.1)),),
        deep=True,
        ooni="false, http-failure",
        ours="degraded confirmed flow.throttled",
        remark="asked with --deep: under this name the address takes far less than under another",
    ),
    Case(
        name="tlsBlockingConnectionResetWithConsistentDNS",
        target=HTTPS,
        network="requests and ClientHellos with the name are reset",
        rules=_filtered(Reset()),
        ooni="false, http-failure",
        ours="blocked confirmed tls.sni_reset",
        remark="the layer",
    ),
    Case(
        name="tlsBlockingConnectionResetWithInconsistentDNS",
        target=HTTPS,
        network="forged DNS answers lead to a proxy; requests and ClientHellos with the name are reset",
        rules=(_spoofed(EXAMPLE, PROXY_ADDRESS), *_filtered(Reset())),
        ooni="false, dns",
        ours="blocked confirmed dns.spoofed tls.sni_reset",
        beyond_dns="blocked",
        remark="both layers: an honest resolver alone would not help",
    ),
    Case(
        name="websiteDownNXDOMAIN",
        target="http://www.example.xyz/",
        network="the name exists nowhere",
        ooni="false, false",
        ours="down confirmed service.dns_dead",
    ),
    Case(
        name="websiteDownNoAddrs",
        target=HTTP,
        network="every resolver gives an alias without an address",
        world=_WITHOUT_ADDRESS,
        ooni="false, false",
        ours="down confirmed service.dns_dead",
    ),
    Case(
        name="websiteDownTCPConnect",
        target="http://www.example.com:444/",
        network="the port is closed for everybody",
        ooni="false, false",
        ours="refused Port 444 is not checked: only 80 and 443 are.",
        remark="by design: the bot is no port scanner",
    ),
)

register(*(case.scenario for case in CASES))
