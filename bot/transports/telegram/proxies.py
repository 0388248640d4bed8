"""The way to Telegram through a proxy: HTTP by aiohttp's own means, SOCKS by aiohttp-socks'.

Names are resolved by a SOCKS proxy too: where Telegram is blocked, its name may be as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import aiohttp
from aiohttp_socks import ProxyConnectionError, ProxyConnector, ProxyError, ProxyTimeoutError, ProxyType

if TYPE_CHECKING:
    from urllib.parse import SplitResult

TIMEOUTS = (TimeoutError, ProxyTimeoutError)
ERRORS = (ProxyConnectionError, ProxyError, *TIMEOUTS)
"""What a SOCKS proxy may fail with, always before a byte of the request left."""
_HTTP = {"http", "https"}
_SOCKS = {
    "socks4": ProxyType.SOCKS4,
    "socks4a": ProxyType.SOCKS4,
    "socks5": ProxyType.SOCKS5,
    "socks5h": ProxyType.SOCKS5,
}
_SOCKS_PORT = 1080


def checked(proxy: str | None) -> SplitResult | None:
    """Return the address in its parts. Raises ValueError for one of another kind, without a word of it."""
    if proxy is None:
        return None
    parts = urlsplit(proxy)
    if parts.scheme not in _HTTP | _SOCKS.keys() or not parts.hostname:
        raise ValueError("the proxy for Telegram must be an http://, https://, socks5:// or socks4:// address")
    return parts


def for_aiohttp(proxy: SplitResult | None) -> str | None:
    """Return the proxy that aiohttp itself is to be told of."""
    return proxy.geturl() if proxy and proxy.scheme in _HTTP else None


def connector(proxy: SplitResult | None, **options: Any) -> aiohttp.TCPConnector:  # noqa: ANN401 -- aiohttp's own
    """Return what makes connections, through the proxy where it is a SOCKS one."""
    if proxy is None or proxy.scheme in _HTTP:
        return aiohttp.TCPConnector(**options)
    return ProxyConnector(
        proxy.hostname or "",
        proxy.port or _SOCKS_PORT,
        proxy_type=_SOCKS[proxy.scheme],
        username=unquote(proxy.username or ""),
        password=unquote(proxy.password or ""),
        rdns=True,
        **options,
    )
