"""The format of one service file, and what is said when a file breaks it.

A file is TOML; its stem is the service's id. What the catalogue as a whole asks for is in `probes.catalogue`.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Literal, get_args
from urllib.parse import SplitResult, urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)

from probes.guard import PUBLIC_ANY_PORT
from probes.model import URL_PORTS, Component, Endpoint, Roots, Service
from probes.toml_lines import line_of
from probes.trials import is_address

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pydantic_core import ErrorDetails

SCHEMES: dict[str, int | None] = {
    **URL_PORTS,
    "tcp": None,
    "tls": None,
    "quic": 443,
    "stun": 3478,
    "mtproto": None,
    "mtproto+obfuscated": None,
}
"""How an endpoint may be reached, with the port that the scheme implies."""

Category = Literal[
    "messenger", "social", "video", "news", "vpn", "reference", "games", "work", "search", "apps", "state"
]
CATEGORIES: tuple[str, ...] = get_args(Category)

SYSTEM_ROOTS = "system"
"""The trust setting of services that everybody's authorities vouch for."""

FILE_BYTES = 64 * 1024
"""The size that a service file may have."""

_SHOWN = 60
"""Characters of a refused value that a message repeats."""
_HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))+|[0-9a-f:.]*:[0-9a-f:.]*")
_SYNTAX_LINE = re.compile(r" \(at line (\d+), column \d+\)$")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


class CatalogueError(Exception):
    """The catalogue cannot be read. Its text is one line: the file, the line in it, and what is wrong."""


@dataclass(frozen=True, slots=True)
class ServiceFile:
    """A service with the file that it came from, kept for what can only be judged beside other files."""

    path: str
    text: str
    service: Service
    ordinary_words: tuple[str, ...]

    def error(self, path: Sequence[str | int], problem: str) -> CatalogueError:
        """Return an error about the value at `path` in this file."""
        return _error(self.path, self.text, path, problem)


def fold(name: str) -> str:
    """Return `name` as it is compared: case, ё and е, width, invisible signs and extra blanks make no difference."""
    if not name.isascii():
        name = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).replace("ё", "е")
        name = "".join(sign for sign in name if unicodedata.category(sign) != "Cf")
    return " ".join(name.casefold().split())


def parse_endpoint(url: str) -> Endpoint:
    """Return the endpoint that `url` names. Raises ValueError with what is wrong, for people to read.

    Host names stand in their ASCII form (RFC 5890 A-labels), as they go over the wire.
    """
    shown = _shown(url)
    scheme = url.partition(":")[0] if isinstance(url, str) else ""
    if scheme not in SCHEMES:
        raise ValueError(f"{shown} is not one of {', '.join(SCHEMES)}")
    if not (url.isascii() and url.isprintable()) or " " in url:
        raise ValueError(f"{shown} has a sign in it that a URL cannot have")
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise ValueError(f"{shown} is no URL: {_one_line(str(error))}") from error
    host, port = _host_and_port(parts, shown)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    if is_address(host) and not PUBLIC_ANY_PORT.permits(host, port):
        raise ValueError(f"{shown} is no address of the public internet")
    if scheme in URL_PORTS:
        return Endpoint(scheme, host, port, path or "/")
    if path:
        raise ValueError(f"{shown} has a path, which {scheme} does not know")
    return Endpoint(scheme, host, port)


def _host_and_port(parts: SplitResult, shown: str) -> tuple[str, int]:
    host = parts.hostname or ""
    if "@" in parts.netloc or parts.fragment or not _is_host(host):
        raise ValueError(f"{shown} does not name a host in the form scheme://host:port/path")
    try:
        port = SCHEMES[parts.scheme] if parts.port is None else parts.port
    except ValueError:
        port = None
    if not port:
        raise ValueError(f"{shown} needs a port from 1 to 65535")
    return host, port


def _is_host(host: str) -> bool:
    """Tell a name or an address from what is neither: 127.1 and [1:2] name nothing that could be looked up."""
    numeric = ":" in host or host.rpartition(".")[2].isdigit()
    return bool(_HOST.fullmatch(host)) and (is_address(host) or not numeric)


def _with_possible_port(site: str) -> str:
    _host_and_port(urlsplit(site), _shown(site))
    return site


# --- the format ------------------------------------------------------------------------------------------------------

_TRIMMED = r"^\S(.*\S)?$"
_IDENTIFIER = r"^[a-z0-9][a-z0-9_-]*$"
_LANGUAGE = r"^[a-z]{2,3}$"
_HOST_NAME = r"^[a-z0-9-]+(\.[a-z0-9-]+)+$"
_ORIGIN = r"^https://[a-z0-9-]+(\.[a-z0-9-]+)+(:[0-9]{1,5})?$"
_ONE_WORD = r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"
_MEANT = {
    _TRIMMED: "begins or ends with a blank",
    _IDENTIFIER: "is not made of small letters, digits, - and _",
    _LANGUAGE: "is not the code of a language, such as en",
    _HOST_NAME: "is not a host name in small letters, such as example.org",
    _ORIGIN: "is not a site without a path, such as https://example.org",
    _ONE_WORD: "is not one word of letters, digits and signs that a header can have",
}
"""What a value is told that does not look as it should."""

Text = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=_TRIMMED)]
Identifier = Annotated[str, StringConstraints(max_length=32, pattern=_IDENTIFIER)]
Language = Annotated[str, StringConstraints(pattern=_LANGUAGE)]
HostName = Annotated[str, StringConstraints(max_length=253, pattern=_HOST_NAME)]
Origin = Annotated[str, StringConstraints(max_length=253, pattern=_ORIGIN), AfterValidator(_with_possible_port)]
Subprotocol = Annotated[str, StringConstraints(max_length=64, pattern=_ONE_WORD)]
Texts = Annotated[list[Text], Field(max_length=100)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Component(_Strict):
    id: Identifier
    essential: bool = True
    pool: Literal["all", "any", "each"] = "all"
    roots: Identifier = SYSTEM_ROOTS
    transfer: bool = False
    origin: Origin = ""
    """The site that WebSockets are opened from (RFC 6455 §4.1): servers of web apps ask for it."""
    subprotocol: Subprotocol = ""
    """What WebSockets are opened for (RFC 6455 §1.9)."""
    endpoints: Annotated[list[Annotated[Endpoint, PlainValidator(parse_endpoint)]], Field(min_length=1, max_length=64)]


class _Service(_Strict):
    name: Text
    category: Category
    sources: Texts = []
    directory_names: Annotated[list[HostName], Field(max_length=16)] = []
    aliases: dict[Language, Texts] = {}
    ordinary_words: Texts = []
    """Those of the names that are ordinary words as well: they count only where a message says nothing else."""
    components: Annotated[list[_Component], Field(min_length=1, max_length=16)]


_OF_WEBSOCKETS = {"origin", "subprotocol"}
_NO_ROOTS: Mapping[str, Roots] = MappingProxyType({})
_FORMAT = TypeAdapter(_Service)
_ID = TypeAdapter(Identifier)


def read_service_file(stem: str, path: str, data: bytes, roots: Mapping[str, Roots] = _NO_ROOTS) -> ServiceFile:
    """Return the service that `data` describes; `path` is how messages call the file. Raises CatalogueError.

    `roots` are the trust settings that components may name, but for the system's.
    """
    text = _decode(path, data)
    document = _parse(path, text)
    try:
        _ID.validate_python(stem)
        parsed = _FORMAT.validate_python(document)
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        location = tuple(detail["loc"])
        raise _error(path, text, location, _problem(detail) if location else f"{_shown(stem)} is no id") from error
    for location, problem in (*_contradictions(parsed, stem), *_unknown_roots(parsed, roots)):
        raise _error(path, text, location, problem)
    return ServiceFile(path, text, _service(stem, parsed, roots), tuple(parsed.ordinary_words))


def _decode(path: str, data: bytes) -> str:
    if len(data) > FILE_BYTES:
        raise CatalogueError(f"{path}:1: larger than {FILE_BYTES // 1024} KiB")
    try:
        return data.decode().replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise CatalogueError(f"{path}:{line}: not UTF-8: byte 0x{data[error.start]:02x}") from error


def _parse(path: str, text: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise CatalogueError(f"{path}:1: nested too deeply") from error
    except ValueError as error:
        found = _SYNTAX_LINE.search(str(error))
        line = int(found[1]) if found else text.rstrip("\n").count("\n") + 1
        raise CatalogueError(f"{path}:{line}: {_one_line(_SYNTAX_LINE.sub('', str(error)))}") from error


_PROBLEMS = {
    "extra_forbidden": "unknown key",
    "missing": "missing",
    "bool_type": "{shown} is neither true nor false",
    "dict_type": "{shown} is no table",
    "list_type": "{shown} is no list",
    "model_type": "{shown} is no table",
    "string_too_long": "{shown} is longer than {max_length} characters",
    "string_too_short": "is empty",
    "string_type": "{shown} is no text",
    "too_long": "has more than {max_length} entries",
    "too_short": "is empty",
}
"""What pydantic finds, by its type of error."""


def _problem(detail: ErrorDetails) -> str:
    """Say in one clause what pydantic found."""
    shown, context = _shown(detail["input"]), detail.get("ctx", {})
    match detail["type"]:
        case "value_error":
            return str(context["error"])
        case "literal_error":
            return f"{shown} is not one of {context['expected']}".replace(" or ", ", ")
        case "string_pattern_mismatch":
            return f"{shown} {_MEANT[context['pattern']]}"
        case type_ if type_ in _PROBLEMS:
            return _PROBLEMS[type_].format(shown=shown, **context)
        case _:
            return f"{_one_line(detail['msg'].removeprefix('Input '))}, not {shown}"


def _contradictions(parsed: _Service, stem: str) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield what no single field shows, with its place."""
    if not any(component.essential for component in parsed.components):
        yield ("components",), "none is essential"
    seen: set[str] = set()
    for index, component in enumerate(parsed.components):
        if component.id in seen:
            yield ("components", index, "id"), f"{_shown(component.id)} is there twice"
        seen.add(component.id)
        if not any(endpoint.scheme == "wss" for endpoint in component.endpoints):
            for key in component.model_fields_set & _OF_WEBSOCKETS:
                yield ("components", index, key), "is of use to endpoints with wss only"
        for place, endpoint in enumerate(component.endpoints):
            if endpoint in component.endpoints[:place]:
                yield ("components", index, "endpoints", place), f"'{endpoint}' is there twice"
    names = {fold(name) for name in (stem, parsed.name, *(name for group in parsed.aliases.values() for name in group))}
    for index, word in enumerate(parsed.ordinary_words):
        if fold(word) not in names:
            yield ("ordinary_words", index), f"{_shown(word)} is neither the id nor the name nor an alias"


def _unknown_roots(parsed: _Service, roots: Mapping[str, Roots]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for index, component in enumerate(parsed.components):
        if component.roots != SYSTEM_ROOTS and component.roots not in roots:
            known = ", ".join(map(repr, (SYSTEM_ROOTS, *sorted(roots))))
            yield ("components", index, "roots"), f"{_shown(component.roots)} is not one of {known}"


def _service(stem: str, parsed: _Service, roots: Mapping[str, Roots]) -> Service:
    return Service(
        id=stem,
        name=parsed.name,
        category=parsed.category,
        aliases={language: tuple(names) for language, names in parsed.aliases.items()},
        components=tuple(
            Component(
                id=part.id,
                essential=part.essential,
                pool=part.pool,
                roots=roots.get(part.roots),
                transfer=part.transfer,
                endpoints=tuple(_said_whole(endpoint, part) for endpoint in part.endpoints),
            )
            for part in parsed.components
        ),
        directory_names=tuple(parsed.directory_names),
        sources=tuple(parsed.sources),
    )


def _said_whole(endpoint: Endpoint, part: _Component) -> Endpoint:
    """Add to a WebSocket's endpoint what the component has for all of its own."""
    if endpoint.scheme != "wss":
        return endpoint
    return replace(endpoint, origin=part.origin, subprotocol=part.subprotocol)


# --- messages --------------------------------------------------------------------------------------------------------


def _error(file: str, text: str, path: Sequence[str | int], problem: str) -> CatalogueError:
    place = f"{_dotted(path)}: " if path else ""
    return CatalogueError(f"{file}:{line_of(text, path)}: {place}{problem}")


def _dotted(path: Sequence[str | int]) -> str:
    """Return `path` as a reader of TOML writes it: components[0].endpoints[1]."""
    steps = "".join(_step(key) for key in path if key != "[key]")
    return steps.removeprefix(".")


def _step(key: str | int) -> str:
    if isinstance(key, int):
        return f"[{key}]"
    return f".{key}" if _BARE_KEY.fullmatch(key) else f".{_shown(key)}"


def _shown(value: object) -> str:
    """Return a value as one short, printable piece of a line."""
    shown = repr(value)
    return shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 1]}…"


def _one_line(message: str) -> str:
    message = " ".join(message.split())
    return message[:1].lower() + message[1:]
