"""Reports as JSON and back: the one place that knows how the vocabulary is written down.

The text is what `reachbot check --json` prints and what the bot stores. What a report means is not decided here.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from probes.model import Report


class ReportError(ValueError):
    """A text is no report, or one that another version of the vocabulary wrote."""


def dump(report: Report) -> str:
    """Return the report as one line of JSON."""
    return _adapter().dump_json(report).decode()


def as_dict(report: Report) -> dict[str, Any]:
    """Return the report as plain values that any JSON writer takes."""
    plain: dict[str, Any] = _adapter().dump_python(report, mode="json")
    return plain


def load(text: str) -> Report:
    """Return the report that `dump` wrote; unknown keys are passed over.

    Raises `ReportError` for anything else.
    """
    try:
        return _adapter().validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the text"
        raise ReportError(f"not a report: {where}: {first['msg']}") from error


@cache
def _adapter() -> TypeAdapter[Report]:
    """Build the (de)serialiser when it is first needed: that takes longer than reading a report."""
    return TypeAdapter(Report)
