"""DNS over HTTPS (RFC 8484): a resolver's reply carried in a web server's."""

import base64
import binascii
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

from tests.lab.world import dns, http
from tests.lab.world.answers import HANG, Break
from tests.lab.world.atlas import Atlas

MEDIA_TYPE = "application/dns-message"


def answer(atlas: Atlas, request: http.Request) -> http.Reply | Break:
    """Answer as the resolver at the request's address; its silence leaves the request open."""
    message = _message(request)
    if message is None:
        return http.reply(400, "no DNS message\n", "text/plain")
    reply = dns.reply(atlas, message, request.address, "doh", request.client)
    if reply.wire is None:
        return HANG
    return replace(http.reply(200, reply.wire, MEDIA_TYPE, (("Cache-Control", "max-age=60"),)), delay_s=reply.delay_s)


def _message(request: http.Request) -> bytes | None:
    if request.method == "POST":
        return request.body if request.headers.get("content-type") == MEDIA_TYPE else None
    encoded = parse_qs(urlsplit(request.path).query).get("dns", [""])[0]
    try:
        return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)) or None
    except binascii.Error:
        return None
