"""Replies as Telegram's HTML, held against the fake's own reading of it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.chat.reply import Button, Headline, Items, Line, Moment, Paragraph, Reply
from bot.store.chats import token
from bot.transports.telegram.render import render
from probes.model import Status
from tests.fakes.telegram.markup import Formatted, parse_html

FOREIGN = st.text(st.sampled_from("<>&\"'/b \n😀ё"), max_size=400)


def read(reply: Reply) -> Formatted:
    return parse_html(render(reply).html, lambda _: None)


def test_a_reply_keeps_its_structure() -> None:
    formatted = read(
        Reply(
            blocks=(
                Headline("WhatsApp — blocked", Status.BLOCKED),
                Paragraph("Why."),
                Items("In detail", (Line("Website: blocked", Status.BLOCKED), Line("plain"))),
                Moment("Measured ", "just now", " from here.", 1_800_000_000.5),
                Items("Evidence", (Line("TCP <cut> & off"),), evidence=True),
            )
        )
    )
    assert formatted.text == (
        "⛔ WhatsApp — blocked\n\nWhy.\n\nIn detail\n⛔ Website: blocked\n• plain\n\n"
        "Measured just now from here.\n\nEvidence\n• TCP <cut> & off"
    )
    assert {entity["type"] for entity in formatted.entities} == {"bold", "date_time", "expandable_blockquote"}


@settings(deadline=None)
@given(headline=FOREIGN, text=FOREIGN, lines=st.lists(FOREIGN, max_size=40), evidence=st.booleans())
def test_whatever_strangers_wrote_is_text_and_fits(headline: str, text: str, lines: list[str], evidence: bool) -> None:
    items = Items("Evidence", tuple(map(Line, lines)), evidence=evidence)
    reply = Reply(blocks=(Headline(headline, Status.OK), Paragraph(text), items))
    formatted = read(reply)
    assert len(formatted.text.encode("utf-16-le")) // 2 <= 4096
    assert headline.strip() in formatted.text


def test_a_command_that_is_too_long_for_a_button_is_carried_by_its_token() -> None:
    fitting = Button("Again", "/again example.org")
    too_long = Button("Again", f"/again {'ё' * 40}.рф")
    rendered = render(Reply(blocks=(), buttons=((fitting, too_long),)))
    assert rendered.keyboard is not None
    data = [str(key.callback_data) for row in rendered.keyboard.inline_keyboard for key in row]
    assert data == ["/again example.org", f"#{token(too_long.command)}"]
    assert all(len(text.encode()) <= 64 for text in data)
    assert rendered.long_commands == (too_long.command,)
    assert render(Reply(blocks=())).keyboard is None
