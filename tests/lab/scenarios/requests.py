"""What may happen to a request, and to the answer."""

from tests.lab.censor import Address, Close, Drop, HttpHost, Redirect, Reset, Rule, frozen_flows, page
from tests.lab.scenarios.places import BOTH, SITE, censored, quiet
from tests.lab.world import (
    BLOCKPAGE,
    CAPTCHA,
    CLOSE,
    GEOBLOCK_403,
    GEOBLOCK_451,
    HANG,
    Download,
    Page,
    PerVisitor,
    RateLimit,
    Slow,
    World,
)
from tests.lab.world import Redirect as Moved
from tests.lab.world.special import BLOCKPAGE_HTML

ASKED = HttpHost(SITE)
STUB = " ".join(World().addresses_of(BLOCKPAGE))
UNKNOWN_NOTICE = "<html><head><title>Sorry</title></head><body>This site cannot be shown.</body></html>"
BIG = World().with_host(SITE, page=Download(200_000))

censored("request-dropped", "A request for the site in clear text vanishes.", Rule(ASKED, Drop()))
censored("request-reset", "A request for the site in clear text is reset.", Rule(ASKED, Reset()))
censored("request-closed", "A request for the site in clear text is answered by FIN.", Rule(ASKED, Close()))
censored("request-paged", "It is answered by a well-known block page.", Rule(ASKED, page(BLOCKPAGE_HTML)))
censored(
    "request-paged-racing", "A block page races the true answer.", Rule(ASKED, page(BLOCKPAGE_HTML, in_path=False))
)
censored("request-paged-unknown", "It is answered by a page that nobody knows.", Rule(ASKED, page(UNKNOWN_NOTICE)))
censored("request-451", "It is answered by 451.", Rule(ASKED, page(UNKNOWN_NOTICE, status="451 Unavailable")))
censored(
    "request-moved",
    "It is answered by a redirect to the operator's notice.",
    Rule(ASKED, page("", status="302 Found", location="http://warning.rt.ru/?id=17")),
)
censored(
    "request-moved-unknown",
    "It is answered by a redirect to a page that nobody knows.",
    Rule(ASKED, page("", status="302 Found", location=f"http://{BLOCKPAGE}/")),
)
censored(
    "request-led-astray",
    "Connections to the site's port 80 end at a block page.",
    Rule(Address(BOTH, 80), Redirect(STUB)),
)
censored(
    "request-dropped-at-home",
    "A request for the site vanishes at its own addresses only.",
    Rule(HttpHost(SITE, addresses=BOTH), Drop()),
)
censored("all-frozen", "Every flow to the site freezes after 25 packets.", frozen_flows(BOTH), world=BIG)
quiet("service-451", "The site shows 451 to everybody from here.", World().with_host(SITE, page=GEOBLOCK_451))
quiet(
    "service-451-here",
    "The site shows 451 to this country alone.",
    World().with_host(SITE, page=PerVisitor(GEOBLOCK_451, Page())),
)
quiet(
    "service-403-here",
    "The site shows 403 to this country alone.",
    World().with_host(SITE, page=PerVisitor(GEOBLOCK_403, Page())),
)
quiet(
    "service-captcha-here",
    "The site asks this country for a CAPTCHA.",
    World().with_host(SITE, page=PerVisitor(CAPTCHA, Page())),
)
quiet("service-429", "The site limits how often one may ask.", World().with_host(SITE, page=RateLimit(1)))
quiet("service-503", "The site is out of order.", World().with_host(SITE, page=Page(status=503)))
quiet("service-502", "The site's gateway says that it is out of order.", World().with_host(SITE, page=Page(status=502)))
quiet(
    "service-503-here",
    "The site answers this country alone with 503.",
    World().with_host(SITE, page=PerVisitor(Page(status=503), Page())),
)
quiet("service-in-clear-text", "The site takes no connections by HTTPS.", World().with_refused(SITE, 443))
quiet("service-hangs", "The site takes requests and never answers.", World().with_host(SITE, page=HANG))
quiet("service-hangs-up", "The site takes requests and hangs up.", World().with_host(SITE, page=CLOSE))
quiet("service-slow", "The site takes 8 s over its answer.", World().with_host(SITE, page=Slow(8.0)))
quiet("service-very-slow", "The site takes 12 s over its answer.", World().with_host(SITE, page=Slow(12.0)))
quiet(
    "service-moved",
    "The site redirects to another one.",
    World().with_host(SITE, page=Moved("https://www.example.com/")),
)
quiet("service-moved-in-a-circle", "The site redirects to itself.", World().with_host(SITE, page=Moved("/")))
quiet("clear-text-works", "The site answers in clear text, too.", World())
