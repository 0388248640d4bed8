"""Block alerts begin here: what measurements over time amount to. Pure; who is told, and how, is decided elsewhere."""

from bot.incidents import agenda
from bot.incidents.machine import advance, lose, step
from bot.incidents.model import HOST, Change, Claim, Reading, Severity, State, Subject, in_directory, of_service
from bot.incidents.readings import readings

__all__ = [
    "HOST",
    "Change",
    "Claim",
    "Reading",
    "Severity",
    "State",
    "Subject",
    "advance",
    "agenda",
    "in_directory",
    "lose",
    "of_service",
    "readings",
    "step",
]
