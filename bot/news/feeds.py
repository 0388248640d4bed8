"""Which feeds are read: the shipped list beside this file, and the operator's own (FEEDS_FILE)."""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from bot.config import SettingsError
from bot.news.links import web_address
from bot.news.model import Feed
from bot.news.vocabulary import LANGUAGES
from probes.toml_lines import line_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_FILE_BYTES = 256 * 1024
_MOST_FEEDS = 200


class FeedsError(SettingsError):
    """The list of feeds cannot be used. Its text is one line: the file, the line in it, and what is wrong."""


def _address(url: str) -> str:
    if web_address(url) is None:
        raise ValueError("no http(s) address of a public host")
    return url


def _language(language: str) -> str:
    if language not in LANGUAGES:
        raise ValueError(f"not one of {', '.join(LANGUAGES)}")
    return language


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Feed(_Strict):
    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
    name: Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^\S(.*\S)?$")]
    url: Annotated[str, AfterValidator(_address)]
    language: Annotated[str, AfterValidator(_language)]
    weight: Annotated[float, Field(ge=0, le=1, strict=False)] = 1.0


class _List(_Strict):
    replace: bool = False
    """Whether this list takes the place of the shipped one."""
    without: list[str] = []
    """Ids of shipped feeds that are not wanted."""
    feed: Annotated[list[_Feed], Field(max_length=_MOST_FEEDS)] = []


_FORMAT = TypeAdapter(_List)


def load_feeds(extra: Path | None = None) -> Mapping[str, Feed]:
    """Return the shipped feeds by id, with those of the file `extra` added or, by id, put in their place.

    Raises `FeedsError`.
    """
    shipped = _read("feeds.toml", (resources.files("bot.news") / "feeds.toml").read_bytes())
    feeds = _by_id(shipped)
    if extra is None:
        return feeds
    own = _read(str(extra), _bytes(extra))
    if own.replace:
        return _by_id(own)
    return {id_: feed for id_, feed in feeds.items() if id_ not in own.without} | _by_id(own)


def _by_id(list_: _List) -> dict[str, Feed]:
    return {feed.id: Feed(**feed.model_dump()) for feed in list_.feed}


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_FILE_BYTES + 1)
    except OSError as error:
        raise FeedsError(f"{path}: cannot be read: {error.strerror}") from error


def _read(path: str, data: bytes) -> _List:
    if len(data) > _FILE_BYTES:
        raise FeedsError(f"{path}: larger than {_FILE_BYTES // 1024} KiB")
    try:
        text = data.decode().replace("\r\n", "\n")
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise FeedsError(f"{path}: not TOML in UTF-8: {' '.join(str(error).split())}") from error
    try:
        return _FORMAT.validate_python(document)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(step) for step in problem["loc"])
        message = problem["msg"].removeprefix("Value error, ")
        raise FeedsError(f"{path}:{line_of(text, problem['loc'])}: {place}: {message}") from error
