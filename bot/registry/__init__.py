"""Published registers of blocked sites: copies of them, and what they say of a service."""

from bot.registry.registry import Record, Registry

__all__ = ["Record", "Registry"]
