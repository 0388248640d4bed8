"""A Telegram Bot API of our own on loopback, strict enough to be believed.

Refuses what Telegram refuses, in Telegram's words; records every call; holds every request, update and answer to an
independent schema. Tests drive it from the people's side:

    async with FakeTelegram() as api:
        amina = api.user(1, "Amina", "sw")
        chat = api.private(amina)
        await chat.say(amina, "/check whatsapp")
        answer = await chat.reply()
        await chat.press(answer, "Check again")
"""

from tests.fakes.telegram import faults
from tests.fakes.telegram.clock import Clock
from tests.fakes.telegram.driving import Chat
from tests.fakes.telegram.model import Message, User
from tests.fakes.telegram.rates import Rate, Rates
from tests.fakes.telegram.server import Call, FakeTelegram

__all__ = ["Call", "Chat", "Clock", "FakeTelegram", "Message", "Rate", "Rates", "User", "faults"]
