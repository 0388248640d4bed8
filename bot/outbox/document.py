"""Contents as JSON and back: the one place that knows how they are stored."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from typing import Annotated, Any, get_args

from pydantic import PlainSerializer, PlainValidator, TypeAdapter, ValidationError

from bot.chat.reply import Block, Reply
from bot.outbox.model import Content, Copied, Said, Written

_BLOCKS = {kind.__name__.lower(): kind for kind in get_args(Block)}
_FIELDS = tuple(field.name for field in fields(Reply))


class DocumentError(ValueError):
    """A text is no content, or one that another version wrote."""


def _dump_block(block: object) -> dict[str, Any]:
    name = type(block).__name__.lower()
    return {"kind": name, **_adapter(_BLOCKS[name]).dump_python(block, mode="json")}


def _load_block(plain: Any) -> Any:  # noqa: ANN401 -- JSON in, whatever kind of block out
    if not isinstance(plain, dict) or plain.get("kind") not in _BLOCKS:
        raise ValueError("no block of a kind that is known")
    return _adapter(_BLOCKS[plain["kind"]]).validate_python(plain)


_AnyBlock = Annotated[Block, PlainSerializer(_dump_block), PlainValidator(_load_block)]
"""Some kinds have the same fields: each says which it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reply(Reply):
    """A reply as it is written."""

    blocks: tuple[_AnyBlock, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Document:
    """A content as it is written: one of the three."""

    said: _Reply | None = None
    written: Written | None = None
    copied: Copied | None = None


def dump(content: Content) -> str:
    """Return the content as one line of JSON."""
    match content:
        case Said():
            document = _Document(said=_Reply(**_parts(content.reply)))
        case Written():
            document = _Document(written=content)
        case Copied():
            document = _Document(copied=content)
    return _adapter(_Document).dump_json(document, exclude_none=True).decode()


def load(text: str) -> Content:
    """Return the content that `dump` wrote. Raises `DocumentError` for anything else."""
    try:
        document: _Document = _adapter(_Document).validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the text"
        raise DocumentError(f"not a content: {where}: {first['msg']}") from error
    content = Said(Reply(**_parts(document.said))) if document.said else document.written or document.copied
    if content is None:
        raise DocumentError("not a content: nothing of a kind that is known")
    return content


def _parts(reply: Reply) -> dict[str, Any]:
    return {name: getattr(reply, name) for name in _FIELDS}


@cache
def _adapter(kind: type) -> TypeAdapter[Any]:
    """Build a (de)serialiser when it is first needed: that takes longer than reading a content."""
    return TypeAdapter(kind)
