"""Every English text of the conversation, and nothing else: what is said when is decided in `bot.chat.replies`.

They are the keys of the catalogues in `bot.chat.locales`, and are said by `bot.chat.language`. Each stands whole, with
{placeholders}, so that a translator sees a sentence; where a number decides the form, it is a pair: (one, many).
"""

# ruff: noqa: F403 -- the areas are one vocabulary: whoever words a reply says words.X, wherever X stands

from bot.chat.language import LANGUAGES as LANGUAGES
from bot.chat.language import ago as ago
from bot.chat.words.alerts import *
from bot.chat.words.answer import *
from bot.chat.words.causes import *
from bot.chat.words.chat import *
from bot.chat.words.evidence import *
from bot.chat.words.history import *
from bot.chat.words.news import *
from bot.chat.words.subscriptions import *
from bot.chat.words.talk import *
from bot.chat.words.why import *
from bot.chat.words.works import *
