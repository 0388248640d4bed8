"""Commands are read as people type them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.chat.commands import Message, parse


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("/check whatsapp telegram", Message("check", "whatsapp telegram")),
        ("  /CHECK   ватсап \n", Message("check", "ватсап")),
        ("/check@ReachBot x", Message("check", "x", "ReachBot")),
        ("/check\nwhatsapp", Message("check", "whatsapp")),
        ("/start", Message("start", "")),
        ("whatsapp?", Message(None, "whatsapp?")),
        ("/", Message(None, "/")),
        ("/etc/passwd", Message(None, "/etc/passwd")),
        ("", Message(None, "")),
    ],
)
def test_messages_are_read(text: str, message: Message) -> None:
    assert parse(text) == message


@settings(deadline=None)
@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    message = parse(text)
    assert message.command is not None or message.rest == text.strip()
