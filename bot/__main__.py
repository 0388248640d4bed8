"""`python -m bot` is `reachbot`."""

from bot.cli import main

main()
