"""What national directories of names say of a service, in an answer's one line and name by name. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.chat import words
from bot.chat.evidence import some
from bot.chat.language import country, say
from bot.chat.reply import Items, Line, Paragraph
from probes.directory import shipped

if TYPE_CHECKING:
    from probes.model import DirectoryFinding

_MOST_NAMES = 4
"""Of each kind, in an answer's line."""
_CLEAR = {"listed", "delisted", "dead"}


def line(found: DirectoryFinding) -> Paragraph:
    """Return what was taken out of a directory, and what is still there."""
    missing, rest = ([name for name, told in found.names.items() if told == one] for one in ("delisted", "listed"))
    doubtful = [name for name, told in found.names.items() if told not in _CLEAR]
    told = {"directory": _title(found), "missing": some(missing, _MOST_NAMES), "rest": some(rest, _MOST_NAMES)}
    if found.status == "delisted" and rest:
        return Paragraph(say(words.DIRECTORY_IN_PART, **told))
    if found.status == "listed" and doubtful:
        return Paragraph(say(words.DIRECTORY_IN_DOUBT, doubtful=some(doubtful, _MOST_NAMES), **told))
    if found.status == "silent" and (answered := set(found.names.values()) - {"silent"}):
        return Paragraph(say(words.DIRECTORY_DEAD if answered == {"dead"} else words.DIRECTORY_UNCLEAR, **told))
    return Paragraph(say(words.DIRECTORY[found.status], **told))


def items(found: DirectoryFinding) -> Items:
    """Return what a directory says of each name."""
    unclear = words.WHY_NAMES["unclear"]
    lines = (say(words.WHY_NAMES.get(told, unclear), name=name) for name, told in found.names.items())
    return Items(say(words.WHY_DIRECTORY, directory=_title(found)), tuple(map(Line, lines)))


def _title(found: DirectoryFinding) -> str:
    """Return whose directory it is; a report that was kept may be about one that is asked no more."""
    known = next((one for one in shipped() if one.id == found.id), None)
    text = words.DIRECTORY_OF if known else words.DIRECTORY_OF_UNKNOWN
    return say(text, id=found.id.upper(), country=country(known.country) if known else "")
