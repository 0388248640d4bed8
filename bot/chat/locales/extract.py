"""The texts in the sources → a template of the catalogues. For development: the running bot does without.

Every constant of the modules of words is a text, without a mark; a pair (one, many) is a text with plural forms. What
stands beneath a constant as its documentation is shown to translators.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from babel.messages.catalog import Catalog

from bot.chat.locales import HOME
from probes import targets

if TYPE_CHECKING:
    from collections.abc import Iterator

CHAT = HOME.parent
_CONSTANT = re.compile(r"[A-Z][A-Z0-9_]*")
_ONLY_A_PLACEHOLDER = re.compile(r"(\{\w+\})?")
"""There is nothing to translate in it."""
_PAIR = 2


class Text(NamedTuple):
    """A text, or its forms for one and for many, and what translators are told of it."""

    forms: tuple[str, ...]
    comments: tuple[str, ...] = ()


def template() -> Catalog:
    """Return all texts, in the order of the sources."""
    catalog = Catalog()
    for source in sources():
        for text in texts(source.read_text()):
            place = (str(source.relative_to(CHAT.parents[1])), 0)
            catalog.add(text.forms if len(text.forms) > 1 else text.forms[0], None, [place], (), text.comments)
    return catalog


def sources() -> list[Path]:
    """Return the modules of words, and the one beyond the chat whose sentences people are told."""
    return [*sorted([*(CHAT / "words").rglob("*.py"), *CHAT.glob("words_*.py")]), Path(targets.__file__)]


def texts(source: str) -> Iterator[Text]:
    """Yield the texts that a module's constants hold."""
    body = ast.parse(source).body
    for statement, after in zip(body, [*body[1:], None], strict=True):
        name, value = _assigned(statement)
        if value is not None and _CONSTANT.fullmatch(name):
            comments = (name, *_documentation(after))
            yield from (Text(forms, comments) for forms in _forms(value))


def _assigned(statement: ast.stmt) -> tuple[str, ast.expr | None]:
    match statement:
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=value) | ast.AnnAssign(target=ast.Name(id=name), value=value)
        ):
            return name, value
    return "", None


def _documentation(statement: ast.stmt | None) -> tuple[str, ...]:
    match statement:
        case ast.Expr(value=ast.Constant(value=str(text))):
            return (" ".join(text.split()),)
    return ()


def _forms(value: ast.expr) -> Iterator[tuple[str, ...]]:
    match value:
        case ast.Constant(value=str(text)):
            if not _ONLY_A_PLACEHOLDER.fullmatch(text):
                yield (text,)
        case ast.Tuple(elts=[ast.Constant(value=str(one)), ast.Constant(value=str(many))]):
            yield one, many
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Dict(values=parts):
            for part in parts:
                yield from _forms(part)
