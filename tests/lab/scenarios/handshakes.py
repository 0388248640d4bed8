"""What may happen to a TLS handshake."""

from tests.lab.censor import Address, Close, Drop, Redirect, Reply, Reset, Residual, Rule, Sni, alert
from tests.lab.scenarios.places import BOTH, SITE, censored, quiet
from tests.lab.world import INTERCEPTOR, World

NAMED = Sni(SITE)
MIDDLE = " ".join(World().addresses_of(INTERCEPTOR))

censored("name-dropped", "A ClientHello with the site's name vanishes.", Rule(NAMED, Drop()))
censored("name-dropped-5ms", "The same, 5 ms away.", Rule(NAMED, Drop()), delay_s=0.0025)
censored("name-dropped-400ms", "The same, 400 ms away.", Rule(NAMED, Drop()), delay_s=0.2)
censored(
    "address-dropped-400ms", "The site's addresses are dropped, 400 ms away.", Rule(Address(BOTH), Drop()), delay_s=0.2
)
censored("name-reset", "The name is answered by RST to both ends, the ClientHello dropped.", Rule(NAMED, Reset()))
censored("name-reset-400ms", "The same, 400 ms away.", Rule(NAMED, Reset()), delay_s=0.2)
censored("name-reset-racing", "RST races the server's answer.", Rule(NAMED, Reset(in_path=False)))
censored("name-reset-client", "RST goes to the client alone, and ahead of the answer.", Rule(NAMED, Reset(to="client")))
censored("name-reset-server", "RST goes to the server alone.", Rule(NAMED, Reset(to="server")))
censored("name-closed", "The name is answered by FIN.", Rule(NAMED, Close()))
censored("name-alerted", "The name is answered by a forged alert.", Rule(NAMED, alert()))
censored(
    "name-paged", "The name is answered by a page in clear text.", Rule(NAMED, Reply(b"HTTP/1.1 403 Forbidden\r\n\r\n"))
)
censored(
    "name-dropped-residual",
    "The name vanishes, and then its server's port for a while.",
    Rule(NAMED, Drop(), residual=Residual(60, by="endpoint")),
)
censored(
    "name-reset-residual",
    "The name is reset, and its server's port dropped for a while.",
    Rule(NAMED, Reset(), residual=Residual(60, by="endpoint")),
)
censored("name-dropped-late", "The name's flow freezes behind the handshake.", Rule(NAMED, Drop(after_packets=8)))
censored("name-dropped-down", "What the server answers to the name vanishes.", Rule(NAMED, Drop(direction="down")))
censored(
    "name-dropped-at-home", "The name is dropped at its own addresses only.", Rule(Sni(SITE, addresses=BOTH), Drop())
)
censored("name-reset-at-home", "The name is reset at its own addresses only.", Rule(Sni(SITE, addresses=BOTH), Reset()))
censored(
    "intercepted",
    "The site's addresses are led to somebody who makes certificates.",
    Rule(Address(BOTH, 443), Redirect(MIDDLE)),
)
censored(
    "all-intercepted",
    "All HTTPS is led to somebody who makes certificates.",
    Rule(Address(port=443, transport="tcp"), Redirect(MIDDLE)),
)
quiet("certificate-expired", "The site's certificate is expired.", World().with_host(SITE, certificate="expired"))
quiet(
    "certificate-of-other",
    "The site shows another name's certificate.",
    World().with_host(SITE, certificate="wrong_name"),
)
quiet(
    "certificate-self-signed",
    "The site has signed its certificate itself.",
    World().with_host(SITE, certificate="self_signed"),
)
quiet(
    "certificate-unknown",
    "The site's certificate comes from an unknown authority.",
    World().with_host(SITE, certificate="unknown_ca"),
)
quiet("server-alerts", "The site's server ends every handshake by an alert.", World().with_host(SITE, hello="alert"))
quiet("server-resets", "The site's server resets every handshake.", World().with_host(SITE, hello="reset"))
quiet("server-hangs", "The site's server never answers a ClientHello.", World().with_host(SITE, hello="silent"))
quiet(
    "server-is-late",
    "The site's server takes a second over each handshake.",
    World().with_host(SITE, hello_delay_s=1.0),
)
