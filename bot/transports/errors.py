"""What can be wrong with a transport as a whole, whatever its platform."""

from __future__ import annotations


class TransportError(Exception):
    """The transport cannot work until the operator does something; the text is one line for them."""
