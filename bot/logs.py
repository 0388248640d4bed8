"""Logging to standard error, with whatever gives access blacked out."""

import logging
import re
import sys
from types import TracebackType
from typing import TextIO

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"

# A bot's token as Telegram gives it out, and the user and password of a proxy's address.
_TOKEN = re.compile(r"\d+(?::|%3A)[A-Za-z0-9_-]{30,}", re.IGNORECASE)
_CREDENTIALS = re.compile(r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)")

# These write the address of each request at INFO.
_CHATTY = ("httpx", "httpcore")

_log = logging.getLogger(__name__)


def redact(text: str) -> str:
    """`text` without bot tokens and without passwords in addresses."""
    return _CREDENTIALS.sub("***", _TOKEN.sub("***", text))


class RedactingFormatter(logging.Formatter):
    """Redacts the finished line, so that arguments, tracebacks and stacks are covered too."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))

    def formatException(  # noqa: N802 - the standard library's name
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> str:
        # The record keeps this text for other handlers; it must be clean there as well.
        return redact(super().formatException(ei))


def configure(level: str, stream: TextIO | None = None) -> None:
    """Sends everything from `level` up to `stream` (standard error), uncaught exceptions included.

    May be called again, say with another level. Raises ValueError for a level that there is not.
    """
    root = logging.getLogger()
    root.setLevel(level.upper())
    for handler in [known for known in root.handlers if isinstance(known.formatter, RedactingFormatter)]:
        root.removeHandler(handler)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(RedactingFormatter(_FORMAT))
    root.addHandler(handler)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_uncaught


def _log_uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)
        return
    _log.critical("stopped by an error nobody caught", exc_info=(kind, error, traceback))
