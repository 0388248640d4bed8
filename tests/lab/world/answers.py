"""What a resolver can answer to a question, and a web server to a request: values only.

`dns` renders the first kind, `http` the second.
"""

from dataclasses import dataclass, field
from typing import Literal

Transport = Literal["udp", "tcp", "doh"]
ALL_TRANSPORTS: frozenset[Transport] = frozenset({"udp", "tcp", "doh"})


@dataclass(frozen=True)
class Honest:
    """What the zone says."""


@dataclass(frozen=True)
class NxDomain:
    """No such name. An honest one carries the parent's SOA (RFC 2308 §2.1) and, from a recursive server, no aa flag."""

    soa: bool = True
    aa: bool = False


@dataclass(frozen=True)
class NoData:
    """NOERROR without an answer (RFC 2308 §2.2)."""

    soa: bool = True


@dataclass(frozen=True)
class Refused:
    pass


@dataclass(frozen=True)
class ServFail:
    pass


@dataclass(frozen=True)
class Addresses:
    """These addresses, each family to its own question; a family that is not among them gets NODATA."""

    addresses: tuple[str, ...]
    ttl_s: int = 60
    aa: bool = False


@dataclass(frozen=True)
class Text:
    """A TXT record; other types get NODATA."""

    text: str
    aa: bool = False


@dataclass(frozen=True)
class Silent:
    """No answer at all; over TCP and DoH the connection stays open."""


@dataclass(frozen=True)
class Late:
    delay_s: float
    then: "Answer" = field(default_factory=Honest)


@dataclass(frozen=True)
class WrongId:
    """The answer to another question's id."""

    then: "Answer" = field(default_factory=Honest)


@dataclass(frozen=True)
class Truncated:
    """TC and no answer over UDP; the whole answer over TCP and DoH."""

    then: "Answer" = field(default_factory=Honest)


@dataclass(frozen=True)
class Malformed:
    """Bytes that are no DNS message."""


Answer = (
    Honest | NxDomain | NoData | Refused | ServFail | Addresses | Text | Silent | Late | WrongId | Truncated | Malformed
)


@dataclass(frozen=True)
class Page:
    """One response. Without a body a stable HTML page of the host is made, with its own title."""

    status: int = 200
    title: str = ""
    body: str | None = None
    content_type: str = "text/html; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Redirect:
    """Sends the client to a URL, whole or partial; to its own path it is a loop, to "http://" a broken Location."""

    to: str
    status: int = 302


@dataclass(frozen=True)
class Countdown:
    """`…/N` redirects to `…/N-1`; `…/0` is a page."""


@dataclass(frozen=True)
class Captive:
    """A captive portal: every name but its own is sent to its login page."""


@dataclass(frozen=True)
class Download:
    size_bytes: int


@dataclass(frozen=True)
class Slow:
    """The first byte of the response comes late."""

    delay_s: float
    then: "Action" = field(default_factory=Page)


@dataclass(frozen=True)
class Cut:
    """Announces the whole body, sends this much of it and closes (`end`="close") or goes silent ("stall")."""

    after_bytes: int
    end: Literal["close", "stall"] = "close"
    then: "Action" = field(default_factory=Page)


@dataclass(frozen=True)
class Paced:
    """A server that sends bodies no faster than this, over HTTP/1.1."""

    bytes_per_s: int
    then: "Action" = field(default_factory=Page)


@dataclass(frozen=True)
class RateLimit:
    """429 with Retry-After once a client address has asked this often."""

    requests: int
    retry_after_s: int = 60
    then: "Action" = field(default_factory=Page)


@dataclass(frozen=True)
class PerVisitor:
    """The client under test is told one thing, the outside control another."""

    client: "Action"
    control: "Action"


@dataclass(frozen=True)
class Upgrade:
    """101 to a WebSocket handshake (RFC 6455 §4.2.2), 400 to anything else; 403 where it comes from another `origin`.

    With a `subprotocol`, only to whoever offers to speak it. Not `honest`, it gives the answer to somebody else's key.
    """

    origin: str = ""
    subprotocol: str = ""
    honest: bool = True


@dataclass(frozen=True)
class Trace:
    """The caller's address as text, in the `key=value` lines of /cdn-cgi/trace."""


@dataclass(frozen=True)
class Break:
    """No response: RST, FIN, silence, or bytes that are no HTTP."""

    how: Literal["reset", "close", "hang", "garbage"]


@dataclass(frozen=True)
class Doh:
    """DNS over HTTPS (RFC 8484) by the resolver at this address."""


@dataclass(frozen=True)
class TestHelper:
    """OONI's test-helper protocol, answered from the world's truth."""

    __test__ = False


Action = (
    Page
    | Redirect
    | Countdown
    | Captive
    | Download
    | Slow
    | Cut
    | Paced
    | RateLimit
    | PerVisitor
    | Upgrade
    | Trace
    | Break
    | Doh
    | TestHelper
)


@dataclass(frozen=True)
class Route:
    """What answers a path and, where it ends in a slash, all below it."""

    path: str
    action: Action


RESET, CLOSE, HANG, GARBAGE = Break("reset"), Break("close"), Break("hang"), Break("garbage")
GEOBLOCK_403 = Page(
    status=403,
    title="Access denied",
    body="<html><head><title>Access denied</title></head><body><h1>403</h1>"
    "<p>This service is not available in your country or region.</p></body></html>",
)
GEOBLOCK_451 = Page(
    status=451,
    title="Unavailable For Legal Reasons",
    body="<html><head><title>Unavailable For Legal Reasons</title></head><body>"
    "<p>We are unable to offer this content in your country or region.</p></body></html>",
)
CAPTCHA = Page(
    status=503,
    title="Just a moment...",
    body="<html><head><title>Just a moment...</title></head><body>"
    "<form id=challenge-form>Checking your browser before accessing this site.</form></body></html>",
    headers=(("Server", "cloudflare"), ("cf-mitigated", "challenge")),
)
