"""News about access: feeds are read, kept, and linked where they explain an answer."""

from bot.news.feeds import load_feeds
from bot.news.mentions import Names
from bot.news.model import Feed, Story
from bot.news.news import FeedHealth, News
from bot.news.service import Poller

__all__ = ["Feed", "FeedHealth", "Names", "News", "Poller", "Story", "load_feeds"]
