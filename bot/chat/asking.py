"""What somebody who names something means: services and hosts to look at, and what is said of the rest.

Which names stand in a text is `bot.chat.matching`'s affair. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.chat import replies, words
from bot.chat.language import say
from bot.chat.matching import match
from bot.chat.reply import Reply
from probes.catalogue import fold
from probes.model import Service
from probes.targets import BadTarget, host_service

if TYPE_CHECKING:
    from probes.catalogue import Catalogue

MOST_TARGETS = 5
"""Of one message."""
_GREETINGS = frozenset(
    fold(
        "hi hello hey hiya yo good morning evening day afternoon greetings hola "
        "привет приветик приветствую здравствуйте здравствуй здрасте добрый доброе утро день вечер хай салам "
        "bonjour bonsoir salut coucou bonne journée soirée "
        "jambo habari hujambo mambo salama olá oi bom dia boa tarde noite مرحبا السلام عليكم سلام أهلا"
    ).split()
)
_WORD = re.compile(r"[^\W\d_]+")
_SIGNS_OF_A_HOST = ".:/@"


@dataclass(frozen=True, slots=True)
class Understood:
    """What a text asks for, and what has to be said of the rest of it."""

    services: Sequence[Service]
    refusal: Reply | None = None
    left_out: Sequence[Service] = ()


def understood(text: str, catalogue: Catalogue) -> Understood:
    """Return what a text asks for: services, hosts, or at least a hint how to ask."""
    found = match(text, catalogue)
    services, faults = list(found.services), []
    for host in found.hosts or ((text,) if _may_be_host(text) and not services else ()):
        try:
            services.append(host_service(host))
        except BadTarget as error:
            faults.append(say(error.text, **error.values))
    refusal = replies.plain(*dict.fromkeys(faults[:MOST_TARGETS])) if faults else None
    if found.suggestions and not services:
        refusal = replies.did_you_mean(found.suggestions)
    elif not services and not refusal:
        refusal = replies.plain(say(words.NOT_UNDERSTOOD))
    return Understood(services[:MOST_TARGETS], refusal, services[MOST_TARGETS:])


def is_greeting(text: str) -> bool:
    """Tell whether somebody only says hello, in any of the languages that are spoken here."""
    said = _WORD.findall(fold(text))
    return bool(said) and all(word in _GREETINGS for word in said)


def _may_be_host(text: str) -> bool:
    """Tell whether a text that names nothing known was meant as a host, so that its refusal says why it is none."""
    return len(text.split()) == 1 and (text[0].isdigit() or any(sign in text for sign in _SIGNS_OF_A_HOST))
