"""A chat as text, the way a person would read it on the screen."""

from tests.fakes.telegram.model import ChatState, Message


def transcript(chat: ChatState) -> str:
    """Every message that is still there: number, sender, text, and the buttons row by row."""
    return "\n".join(line for message in chat.live for line in _lines(message))


def _lines(message: Message) -> list[str]:
    topic = f" #{message.thread_id}" if message.thread_id else ""
    edited = " (edited)" if message.edits else ""
    is_photo = "photo" in message.body
    first, *rest = (message.text if message.text or is_photo else _service(message)).split("\n")
    rows = [" ".join(f"[{label}]" for label in row) for row in message.buttons]
    head = f"[{message.id}{topic}] {_name(message)}: {'[photo] ' * is_photo}{first}{edited}"
    return [head, *(f"    {line}" for line in [*rest, *rows])]


def _name(message: Message) -> str:
    if message.by_bot:
        return "bot"
    if message.sender_chat is not None:
        return message.sender_chat.title
    return message.sender.first_name if message.sender else message.chat.title


def _service(message: Message) -> str:
    return f"({', '.join(message.body)})"
