"""Measures whether services can be reached from this host, and what stops them. Knows nothing of chats or people."""

from probes.prober import Prober

__all__ = ["Prober"]
