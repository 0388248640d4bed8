"""Links as feeds write them, made into ones that may be shown: http(s), to a public host, without trackers. Pure."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from probes.targets import BadTarget, parse

MOST_CHARACTERS = 2000
_SAFE = "/%:@!$&'()*+,;=~-._"
_TRACKING = re.compile(
    r"(?:utm|at|ns|pk|mtm|piwik|hsa|mc|oly|vero|wt)_.*|(?:fb|g|dc|y|ym|msc|tw|tt|l)clid|[wg]braid|igshid|igsh|xtor|cmpid|cmp"
    r"|ito|_openstat|mkt_tok|ref_src|ref_url|guccounter|guce_.*|spm|_hsenc|_hsmi|ocid|smid|sref|s_cid|traffic_source",
    re.IGNORECASE,
)
_FROM_FEED = re.compile(r"(?:ref|from|source|src|medium|via|partner)=(?:rss|feed|atom|rssfeed|rss_feed)", re.IGNORECASE)


def web_address(url: str) -> SplitResult | None:
    """Return an address taken apart, its host in ASCII, if it is http(s) to a host that the guard lets people name.

    That leaves out IP addresses, names of special use, ports other than the web's, and whatever stands before an @.
    """
    try:
        parts = urlsplit(url.strip())
        if parts.scheme not in {"http", "https"}:
            return None
        endpoint = parse(f"{parts.scheme}://{parts.netloc}")
    except (ValueError, BadTarget):
        return None
    usual = endpoint.port == {"https": 443, "http": 80}[endpoint.scheme]
    netloc = endpoint.host if usual else f"{endpoint.host}:{endpoint.port}"
    return parts._replace(netloc=netloc)


def story_link(link: str, base: str) -> str | None:
    """Return a feed's link, relative to `base`, as it may be shown; None for what leads nowhere on the web."""
    try:
        parts = web_address(urljoin(base, link.strip())) if link.strip() else None
    except ValueError:
        return None
    if parts is None:
        return None
    query = "&".join(pair for pair in parts.query.split("&") if pair and not _tracks(pair))
    plain = parts._replace(
        path=quote(parts.path or "/", safe=_SAFE), query=quote(query, safe=_SAFE + "?"), fragment=""
    ).geturl()
    return plain if len(plain) <= MOST_CHARACTERS else None


def _tracks(pair: str) -> bool:
    return bool(_TRACKING.fullmatch(pair.partition("=")[0]) or _FROM_FEED.fullmatch(pair))
