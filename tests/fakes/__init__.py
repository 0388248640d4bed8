"""Strict local stand-ins for the servers that the project talks to."""
