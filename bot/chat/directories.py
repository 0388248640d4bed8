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
    """Return what was taken out of a directory, what is still there, and of what that cannot be told."""
    missing, rest = ([name for name, state in found.names.items() if state == one] for one in ("delisted", "listed"))
    doubtful = [name for name, state in found.names.items() if state not in _CLEAR]
    named = {"missing": missing, "rest": rest, "doubtful": doubtful}
    facts = {kind: some(names, _MOST_NAMES) for kind, names in named.items()}
    text = _sentence(found, rest=bool(rest), doubtful=bool(doubtful))
    return Paragraph(say(text, directory=_title(found), **facts))


def _sentence(found: DirectoryFinding, *, rest: bool, doubtful: bool) -> str:
    """Return the text that tells of all kinds of names that there are."""
    answered = set(found.names.values()) - {"silent"}
    if found.status == "silent" and answered:
        return words.DIRECTORY_DEAD if answered == {"dead"} else words.DIRECTORY_UNCLEAR
    if found.status == "listed" and doubtful:
        return words.DIRECTORY_IN_DOUBT
    if found.status == "delisted" and doubtful:
        return words.DIRECTORY_IN_PART_IN_DOUBT if rest else words.DIRECTORY_WITHOUT_REST_IN_DOUBT
    if found.status == "delisted" and rest:
        return words.DIRECTORY_IN_PART
    return words.DIRECTORY[found.status]


def items(found: DirectoryFinding) -> Items:
    """Return what a directory says of each name."""
    unclear = words.WHY_NAMES["unclear"]
    lines = (say(words.WHY_NAMES.get(state, unclear), name=name) for name, state in found.names.items())
    return Items(say(words.WHY_DIRECTORY, directory=_title(found)), tuple(map(Line, lines)))


def _title(found: DirectoryFinding) -> str:
    """Return whose directory it is; a report that was kept may be about one that is asked no more."""
    known = next((one for one in shipped() if one.id == found.id), None)
    text = words.DIRECTORY_OF if known else words.DIRECTORY_OF_UNKNOWN
    return say(text, id=found.id.upper(), country=country(known.country) if known else "")
