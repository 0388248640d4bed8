"""How points in time are put together within a sentence."""

from __future__ import annotations

DATE_AND_TIME = "{date}, {time}"
"""A day and a time of it, within a sentence: "blocked since 22 Nov, 19:46". With the article if there has to be one."""
