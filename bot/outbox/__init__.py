"""Messages that nobody asked for at the moment: kept until they are told, each told once or marked as a repeat."""

from bot.outbox.model import Content, Copied, Message, Outgoing, Priority, Said, Written

__all__ = ["Content", "Copied", "Message", "Outgoing", "Priority", "Said", "Written"]
