"""What people type, turned into a host to check. The addresses behind the name are `probes.guard`' affair.

IP addresses are refused, plain and global ones too: what is checked is whether a *name* can be reached, and an address
has none to resolve, to say in a ClientHello or to prove by a certificate.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NoReturn
from urllib.parse import quote

import idna

from probes.guard import WEB_PORTS
from probes.model import Component, Endpoint, Service

MAX_TEXT = 2048
MAX_PATH = 1024
MAX_LABEL = 63
MAX_NAME = 253
"""Characters; a name's are counted in its ASCII form (RFC 1035 §2.3.4)."""

# What is wrong with what was typed: whole sentences, which whoever talks to people may translate.
NOTHING_TYPED = "Type the name of a host, such as example.org."
TOO_LONG = "That is too long: an address has at most {most} characters."
CONTROL_CHARACTERS = "That holds control characters; type a plain host name, such as example.org."
NOT_WEB = "Only web addresses are checked, those with http:// and https://."
PATH_TOO_LONG = "The path is too long: at most {most} characters are asked for."
NAMES_A_PERSON = "Leave out what stands before the @: only the host is checked."
NOT_A_HOST = "{typed} is not a host name."
NO_HOST = "There is no host name in that."
OTHER_PORT = "Port {port} is not checked: only 80 and 443 are."
NAME_TOO_LONG = "That name is too long: it may have {most} characters."
NOT_PUBLIC = "{typed} is no name of the public DNS: nothing under .{domain} is."
NOT_FULL = "{typed} is not a full host name, such as example.org."
LABEL_TOO_LONG = "A part of that name is too long: between two dots there may be {most} characters."
AN_ADDRESS = "{typed} is an IP address: type a host name, such as example.org."

_DEFAULT_PORTS = {"https": 443, "http": 80}
_URL = re.compile(
    r"(?:(?P<scheme>[a-z][a-z0-9+.-]*)://)?(?P<authority>[^/?#]*)(?P<path>/[^?#]*)?(?:[?#].*)?",
    re.IGNORECASE | re.DOTALL,
)
_AUTHORITY = re.compile(r"(?P<host>[^:]+)(?::(?P<port>[0-9]{0,5}))?")
_IPV6 = re.compile(r"\[.*|[0-9a-f.]*:[0-9a-f.]*:.*", re.IGNORECASE | re.DOTALL)
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""A last label like this makes the whole an IPv4 address to browsers and C libraries (URL Standard, §3.5)."""

# The special-use registry (RFC 6761), what RFC 6762 appendix G saw in private use, and names that are not the DNS's.
_SPECIAL_USE = frozenset(
    {"alt", "arpa", "corp", "example", "home", "internal", "intranet", "invalid"}
    | {"lan", "local", "localdomain", "localhost", "onion", "private", "test"}
)


class BadTarget(ValueError):  # noqa: N818 -- it says what was typed, as `except BadTarget` reads
    """Not a host that can be checked: `text` is one sentence for people, and `values` fill its {placeholders}."""

    def __init__(self, text: str, **values: object) -> None:
        super().__init__(text.format(**values))
        self.text = text
        self.values = values


def host_service(text: str) -> Service:
    """Return the host that `text` names as a service of one component. Raises `BadTarget`, and nothing else."""
    endpoint = parse(text)
    return Service(
        id=endpoint.host,
        name=_unicode_name(endpoint.host),
        kind="host",
        components=(Component(id="web", endpoints=(endpoint,)),),
    )


def parse(text: str) -> Endpoint:
    """Return the web endpoint that `text`, a host name or an http(s) URL, names. Raises `BadTarget`, and nothing else.

    Query and fragment are left out: they may hold what its owner would not want stored, and reach no other host.
    """
    scheme, authority, path = _split(text)
    host, port = _host_and_port(authority)
    if scheme is None:
        scheme = "http" if port == _DEFAULT_PORTS["http"] else "https"
    return Endpoint(scheme, _ascii_name(host), port or _DEFAULT_PORTS[scheme], path)


def _split(text: str) -> tuple[str | None, str, str]:
    text = text.strip()
    if not text:
        _refuse(NOTHING_TYPED)
    if len(text) > MAX_TEXT:
        _refuse(TOO_LONG, most=MAX_TEXT)
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in text):
        _refuse(CONTROL_CHARACTERS)
    parts = _URL.fullmatch(text)
    scheme = parts["scheme"].lower() if parts and parts["scheme"] else None
    if parts is None or scheme not in {None, *_DEFAULT_PORTS}:
        _refuse(NOT_WEB)
    return scheme, parts["authority"], _path(parts["path"] or "/")


def _path(typed: str) -> str:
    path = _without_dots(quote(typed, safe="/%:@!$&'()*+,;=~"))
    if len(path) > MAX_PATH:
        _refuse(PATH_TOO_LONG, most=MAX_PATH)
    return path


def _without_dots(path: str) -> str:
    """Remove the segments "." and "..", as browsers do before they ask (RFC 3986 §5.2.4; URL Standard on %2e)."""
    kept: list[str] = []
    for segment in path.split("/")[1:]:
        plain = segment.lower().replace("%2e", ".")
        if plain == "..":
            kept[-1:] = []
        if plain not in {".", ".."}:
            kept.append(segment)
    leads_into = path.lower().replace("%2e", ".").endswith(("/.", "/.."))
    return "/" + "/".join([*kept, ""] if leads_into else kept)


def _host_and_port(authority: str) -> tuple[str, int | None]:
    if "@" in authority:
        _refuse(NAMES_A_PERSON)
    if _IPV6.fullmatch(authority):
        _refuse_address(authority)
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None:
        _refuse(NOT_A_HOST if authority else NO_HOST, typed=_shown(authority))
    port = int(parts["port"]) if parts["port"] else None
    if port is not None and port not in WEB_PORTS:
        _refuse(OTHER_PORT, port=port)
    return parts["host"], port


def _ascii_name(typed: str) -> str:
    """Return the name as it is asked for: lower case, ASCII, without the final dot (UTS 46, RFC 5891)."""
    try:
        mapped = idna.uts46_remap(typed, std3_rules=False).removesuffix(".")
        labels = [_ascii_label(label) for label in mapped.split(".")]
    except UnicodeError as error:  # of which idna.IDNAError is one
        raise BadTarget(NOT_A_HOST, typed=_shown(typed)) from error
    name = ".".join(labels)
    if _NUMBER.fullmatch(labels[-1]):
        _refuse_address(typed)
    if len(name) > MAX_NAME:
        _refuse(NAME_TOO_LONG, most=MAX_NAME)
    if labels[-1] in _SPECIAL_USE:
        _refuse(NOT_PUBLIC, typed=_shown(typed), domain=labels[-1])
    if len(labels) == 1:
        _refuse(NOT_FULL, typed=_shown(typed))
    return name


def _ascii_label(label: str) -> str:
    """Return one label in ASCII; the hyphens of `r3---sn-…` are fine (RFC 1123 §2.1), though not for IDNA."""
    if not label.isascii() or label.startswith("xn--"):
        label = idna.alabel(idna.ulabel(label) if label.isascii() else label).decode()
    if len(label) > MAX_LABEL:
        _refuse(LABEL_TOO_LONG, most=MAX_LABEL)
    if not _LABEL.fullmatch(label):
        raise idna.IDNAError("not a letter-digit-hyphen label")
    return label


def _unicode_name(name: str) -> str:
    return ".".join(idna.ulabel(label) if label.startswith("xn--") else label for label in name.split("."))


def _refuse_address(typed: str) -> NoReturn:
    _refuse(AN_ADDRESS, typed=_shown(typed))


def _refuse(text: str, **values: object) -> NoReturn:
    raise BadTarget(text, **values)


def _shown(typed: str) -> str:
    shown = "".join(character if character.isprintable() else "�" for character in typed[:MAX_LABEL])
    return f"“{shown}{'…' if len(typed) > MAX_LABEL else ''}”"
