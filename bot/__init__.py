"""Talks to people about what `probes` measures."""

__version__ = "0.1.0"
