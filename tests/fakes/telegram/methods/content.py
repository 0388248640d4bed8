"""What a message says: text or caption with its entities, read and measured as Telegram does."""

from typing import Any

from tests.fakes.telegram.errors import Json, bad_request
from tests.fakes.telegram.markup import Formatted, parse_html, without_nested_in_code
from tests.fakes.telegram.text import utf16_length
from tests.fakes.telegram.world import Request, World

MAX_TEXT = 4096
MAX_CAPTION = 1024
MAX_ENTITIES = 100


def text_body(world: World, request: Request, *, allow_empty: bool = False) -> Json:
    """The body of a text message. Raises ApiError 400."""
    if not request.params.get("text") and not allow_empty:
        raise bad_request("message text is empty")
    formatted = _formatted(world, request, "text", "entities")
    if not formatted.text and not allow_empty:
        raise bad_request("text must be non-empty")
    if len(formatted.text) > MAX_TEXT:
        raise bad_request("message is too long")
    return {"text": formatted.text} | ({"entities": formatted.entities} if formatted.entities else {})


def caption_body(world: World, request: Request) -> Json:
    """The caption's part of a body; nothing when there is none. Raises ApiError 400."""
    formatted = _formatted(world, request, "caption", "caption_entities")
    if len(formatted.text) > MAX_CAPTION:
        raise bad_request("message caption is too long")
    caption = {"caption": formatted.text} if formatted.text else {}
    return caption | ({"caption_entities": formatted.entities} if formatted.entities else {})


def formatted_text(world: World, text: str, parse_mode: str | None, entities: Any = None) -> Formatted:
    """Text and entities by parse mode or by explicit entities. Raises ApiError 400."""
    if parse_mode and parse_mode.lower() != "html":
        raise bad_request("unsupported parse_mode")
    if parse_mode:
        formatted = parse_html(text, world.find_user)
    else:
        formatted = Formatted(text, without_nested_in_code(_checked(text, entities or [])))
    formatted = _trimmed(formatted)
    if len(formatted.entities) > MAX_ENTITIES:
        # Telegram shows such a message with the entities beyond the hundredth missing; refusing shows the mistake.
        raise bad_request("ENTITIES_TOO_LONG")
    return formatted


def _formatted(world: World, request: Request, text_field: str, entities_field: str) -> Formatted:
    params = request.params
    return formatted_text(world, params.get(text_field) or "", params.get("parse_mode"), params.get(entities_field))


def _checked(text: str, entities: list[Json]) -> list[Json]:
    end_of_text = utf16_length(text)
    for entity in entities:
        offset, end = entity["offset"], entity["offset"] + entity["length"]
        if offset < 0 or entity["length"] <= 0:
            raise bad_request("receive an entity with incorrect offset or length")
        if end > end_of_text:
            raise bad_request(
                f"entity beginning at UTF-16 offset {offset} ends after the end of the text at UTF-16 offset {end}"
            )
    return sorted(entities, key=lambda entity: (entity["offset"], -entity["length"]))


def _trimmed(formatted: Formatted) -> Formatted:
    """Telegram cuts white space at both ends, in front only up to the first entity."""
    first_entity = min((entity["offset"] for entity in formatted.entities), default=utf16_length(formatted.text))
    skipped = 0
    while skipped < first_entity and formatted.text[skipped : skipped + 1] in {" ", "\n"}:
        skipped += 1
    text = formatted.text[skipped:].rstrip(" \n\t")
    end = utf16_length(text)
    moved = ({**entity, "offset": entity["offset"] - skipped} for entity in formatted.entities)
    kept = [{**entity, "length": min(entity["length"], end - entity["offset"])} for entity in moved]
    return Formatted(text, [entity for entity in kept if entity["length"] > 0])
