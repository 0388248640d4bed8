"""Nothing that gives access is ever written down."""

import io
import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest

from bot.logs import configure, redact

_TOKEN = "123456789:AAFakeTokenOfTheLocalBotApi_0123456"


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    stream = io.StringIO()
    configure("debug", stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (f"POST https://api.telegram.org/bot{_TOKEN}/getMe", "POST https://api.telegram.org/bot***/getMe"),
        (f"/bot{_TOKEN.replace(':', '%3A')}/getMe", "/bot***/getMe"),
        (f"`{_TOKEN}` and {_TOKEN}", "`***` and ***"),
        ("http://user:pass@proxy:3128", "http://***@proxy:3128"),
        ("12:34:56 GET https://example.org:443/a:b@c", "12:34:56 GET https://example.org:443/a:b@c"),
    ],
)
def test_tokens_and_passwords_are_blacked_out(text: str, clean: str) -> None:
    assert redact(text) == clean


def test_messages_arguments_tracebacks_and_stacks_are_clean(log: io.StringIO) -> None:
    logger = logging.getLogger("somebody.elses")
    logger.debug("calling %s", f"https://api.telegram.org/bot{_TOKEN}/getMe")
    error = ValueError(_TOKEN)
    error.__cause__ = KeyError(_TOKEN)
    logger.error("failed with %s", _TOKEN, stack_info=True, exc_info=error)
    assert _TOKEN not in log.getvalue()
    assert log.getvalue().count("***") == 4
    assert "ValueError" in log.getvalue()


def test_configuring_again_changes_the_level_and_doubles_nothing(log: io.StringIO) -> None:
    configure("WARNING", log)
    logging.getLogger("x").info("silent")
    logging.getLogger("x").warning("once")
    assert log.getvalue().count("once") == 1
    assert "silent" not in log.getvalue()


@pytest.mark.usefixtures("log")
def test_an_unknown_level_is_an_error() -> None:
    with pytest.raises(ValueError, match="LOUD"):
        configure("loud")


def test_an_uncaught_error_is_logged_clean() -> None:
    code = f"from bot.logs import configure; configure('INFO'); raise ValueError('{_TOKEN}')"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "ValueError: ***" in ended.stderr
    assert _TOKEN not in ended.stderr
