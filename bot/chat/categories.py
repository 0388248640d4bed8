"""Which categories of services a text is about, and whether it asks what works at all: English, Russian and French.

Pure. Which services a text names is `bot.chat.matching`'s affair.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.chat.matching import BEFORE_PLACE, FILLER, MOST_CHARACTERS
from bot.chat.spelling import case_forms, is_cyrillic
from probes.catalogue import fold

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

DEFAULT = "messenger"
"""What somebody is told about who asks what works and says no more."""
EVERYTHING = "all"

_NAMES = {
    EVERYTHING: "all everything anything все всё всего всех tout tous toutes",
    "messenger": "messenger messengers messaging chat chats мессенджер мессенджеры чат чаты messagerie messageries",
    "social": "social socials networks соцсеть соцсети соцсетей социальные социальных социальная сети сеть"
    " sociaux réseau réseaux",
    "video": "video videos streaming видео видеосервисы видеохостинг видеохостинги стриминг vidéo vidéos",
    "news": "news media press newspapers новости новостей новостями сми медиа пресса газеты"
    " actualités actualité actu actus infos info médias presse journaux nouvelles",
    "vpn": "vpn vpns circumvention anticensorship впн впны обход обхода блокировок contournement",
    "reference": "reference encyclopedia encyclopedias справочник справочники энциклопедия энциклопедии encyclopédie"
    " encyclopédies référence",
    "games": "game games gaming игра игры игр jeu jeux",
    "work": "work office business работа офис бизнес рабочие travail bureau",
    "search": "search searching engines поиск поисковик поисковики recherche moteur moteurs",
    "apps": "app apps stores store приложение приложения приложений магазины магазин application applications applis"
    " appli boutiques",
    "state": "state government gov public государство государственные государственное гос état gouvernement publics",
}
_VERBS = """
work works working available reachable accessible blocked broken open down
работает работают доступно доступен доступны открывается открываются открыто заблокировано заблокирован
заблокированы блокируют блокируется живо недоступно недоступны
marche marchent fonctionne fonctionnent accessibles disponible disponibles bloqué bloque bloqués bloquée bloquées
"""
_QUESTIONS = "what which что чего какие какой какая каких qui quoi quel quelle quels quelles"
_HERE = FILLER | {"here", "s", "services", "сервисы", "сервисов", "здесь", "тут", "ici"}
"""Words of a question that name nothing."""
_DOES_IT_WORK = frozenset(fold(_VERBS).split())
_WHAT = frozenset(fold(_QUESTIONS).split())
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Reading:
    """The categories that a text names, each once, and the words that are neither such a name nor a question's."""

    categories: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def read(text: str, known: Collection[str]) -> Reading:
    """Return what follows a command: names of categories, `known` being those that there are."""
    return _read(_words(text), known)


def asked(text: str, known: Collection[str]) -> tuple[str, ...] | None:
    """Return the categories that a question is about ("какие vpn работают?"), none for "what works?".

    None stands for any other question.
    """
    words = _words(text)
    reading = _read([word for word in words if word not in _DOES_IT_WORK and word not in _WHAT], known)
    is_about = reading.categories or any(word in _WHAT for word in words)
    if reading.unknown or not is_about or not any(word in _DOES_IT_WORK for word in words):
        return None
    return reading.categories


def _read(words: Iterable[str], known: Collection[str]) -> Reading:
    found: dict[str, None] = {}
    unknown: list[str] = []
    for word in words:
        category = _BY_NAME.get(word, word)
        if category == EVERYTHING:
            found |= dict.fromkeys(known)
        elif category in known:
            found[category] = None
        elif word not in _HERE:
            unknown.append(word)
    return Reading(tuple(found), tuple(unknown))


def _words(text: str) -> list[str]:
    """Return the folded words, but for those that say where somebody is: "in Moscow"."""
    words = _WORD.findall(fold(text[:MOST_CHARACTERS]))
    return [word for before, word in zip([None, *words], words, strict=False) if before not in BEFORE_PLACE]


def _names() -> Iterator[tuple[str, str]]:
    for category, names in _NAMES.items():
        for name in map(fold, names.split()):
            yield from ((form, category) for form in (case_forms(name) if is_cyrillic(name) else ()))
    for category, names in _NAMES.items():  # a name goes before another one's case
        yield from ((fold(name), category) for name in names.split())


_BY_NAME = dict(_names())
