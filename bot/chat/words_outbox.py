"""The texts of messages that nobody asked for at the moment, whatever they are about."""

from __future__ import annotations

REPEATED = "(repeated: the first may not have arrived)"
"""The first line of a message that is sent once more."""
