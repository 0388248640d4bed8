"""Telegram: its updates into chat requests, replies into its messages."""

import os

# Without it python-telegram-bot 22 warns at each RetryAfter, and gives its wait as an int; so it is a timedelta.
os.environ.setdefault("PTB_TIMEDELTA", "1")
