"""What the bot keeps, in one SQLite file. Nothing outside this package knows any SQL."""

from bot.store.chats import Chat, Chats
from bot.store.database import StoreError
from bot.store.registries import Registries, RegistryEntry, RegistryList
from bot.store.store import Store, StoredReport

__all__ = ["Chat", "Chats", "Registries", "RegistryEntry", "RegistryList", "Store", "StoreError", "StoredReport"]
