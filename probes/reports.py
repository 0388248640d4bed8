"""Reports as JSON and back: the one place that knows how the vocabulary is written down.

The text is what `reachbot check --json` prints and what the bot stores. What a report means is not decided here.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from probes.model import Report
from probes.observations import AnyObservation


class ReportError(ValueError):
    """A text is no report, or one that another version of the vocabulary wrote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Document(Report):
    """A report as it is written: its observations told apart by their step alone, in place of trying every kind."""

    observations: tuple[Annotated[AnyObservation, Field(discriminator="step")], ...] = ()


_FIELDS = tuple(field.name for field in fields(Report))


def dump(report: Report) -> str:
    """Return the report as one line of JSON."""
    return _adapter().dump_json(_document(report)).decode()


def as_dict(report: Report) -> dict[str, Any]:
    """Return the report as plain values that any JSON writer takes."""
    plain: dict[str, Any] = _adapter().dump_python(_document(report), mode="json")
    return plain


def load(text: str) -> Report:
    """Return the report that `dump` wrote; unknown keys are passed over.

    Raises `ReportError` for anything else.
    """
    try:
        document = _adapter().validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the text"
        raise ReportError(f"not a report: {where}: {first['msg']}") from error
    return Report(**{name: getattr(document, name) for name in _FIELDS})


def _document(report: Report) -> _Document:
    return _Document(**{name: getattr(report, name) for name in _FIELDS})


def prepare() -> None:
    """Build now what writing and reading reports needs: done beside measurements, it would hold them up."""
    _adapter()


@cache
def _adapter() -> TypeAdapter[_Document]:
    """Build the (de)serialiser when it is first needed: that takes longer than reading a report."""
    return TypeAdapter(_Document)
