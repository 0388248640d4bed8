"""What operators and readers are told about broadcasts, and about the bot's own state."""

from __future__ import annotations

# --- writing one -----------------------------------------------------------------------------------------------------

WRITE_WHAT = (
    "Write the message behind the command: /broadcast Dear readers … — or send a picture with that below it, "
    "or answer any message with /broadcast to pass it on as it is."
)
REFUSED = "Telegram does not take this message: {reason}"
TOO_LONG_TEXT = "The text is too long: {count} of at most {most} characters."
DRAFT = "Broadcast {id} — a draft"
DRAFT_PREVIEW = "Above you see it as it will arrive."
SCHEDULED = "Broadcast {id} — begins {when}"
TO_EVERYONE = "To everyone."
TO_KINDS = "To these kinds of chats: {names}."
TO_LANGUAGES = "To chats that speak: {names}."
TO_SERVICES = "To subscribers of alerts about: {names}."
RECIPIENTS = (
    "It goes to {count} chat, in about {duration}.",
    "It goes to {count} chats, in about {duration}.",
)
NOBODY = "Nobody is in this audience."
VARIANTS = "Texts for single languages: {names}. Everybody else gets the first one."
VARIANT_HINT = "A text for one language: /variant {id} ru …"
SERVICE_HINT = "Only to subscribers of a service: /broadcasts {id} service whatsapp"
TIME_HINT = "At another time: /broadcasts {id} at 2026-12-01 09:00 (UTC)"
KINDS = {"private": "private chats", "group": "groups", "channel": "channels"}
CHOSEN = "✓ {name}"
SEND_BUTTON = ("Send to {count} chat", "Send to {count} chats")
PREVIEW_BUTTON = "Preview"
IN_AN_HOUR_BUTTON = "In an hour"
TOMORROW_BUTTON = "Tomorrow 09:00 UTC"
DISCARD_BUTTON = "Discard"
TO_DRAFT_BUTTON = "Back to the draft"
VARIANT_WHAT = "Tell the broadcast, the language and the text: /variant {id} ru Дорогие читатели …"
VARIANT_LANGUAGE = "I do not speak “{language}”. These I speak: {names}"

# --- one that is on its way ------------------------------------------------------------------------------------------

HEADLINES = {
    "running": "Broadcast {id} — on its way",
    "paused": "Broadcast {id} — paused",
    "finished": "Broadcast {id} — finished",
    "stopped": "Broadcast {id} — stopped",
    "cancelled": "Broadcast {id} — discarded",
}
BAR = "{bar} {percent} %"
PROGRESS = "So far"
SENT = "arrived: {count}"
UNKNOWN = "may have arrived, or not: {count}"
FAILED = "cannot be told: {count}"
LEFT = "still to come: {count}"
NOT_TOLD = "not told any more: {count}"
REMAINING = "About {duration} left."
PAUSE_BUTTON = "Pause"
RESUME_BUTTON = "Go on"
STOP_BUTTON = "Stop"
RESEND_BUTTON = ("Send again to {count} unknown", "Send again to {count} unknown")
STARTED = "Broadcast {id} has begun. Its progress is below."
NO_SUCH = "There is no broadcast {id}."
CANNOT_BE_DONE = "Broadcast {id} is {state}: that cannot be done with it now."
STATES = {
    "draft": "a draft",
    "scheduled": "waiting for its time",
    "running": "on its way",
    "paused": "paused",
    "finished": "finished",
    "stopped": "stopped",
    "cancelled": "discarded",
}
BAD_TIME = "I do not understand this time. Write it like this: 2026-12-01 09:00 (UTC), in the future."
BAD_ORDER = "I do not understand what to do with broadcast {id}."

LIST = "Broadcasts"
LIST_LINE = "{id} ({when}): {state} — {sent} of {total}"
LIST_DRAFT = "{id} ({when}): {state}"
LIST_EMPTY = "There are no broadcasts yet. /broadcast begins one."
OPEN_BUTTON = "Broadcast {id}"
OLDER_BROADCASTS_BUTTON = "Older ▶"
NEWER_BROADCASTS_BUTTON = "◀ Newer"

# --- what readers see ------------------------------------------------------------------------------------------------

NO_MORE_BUTTON = "No more announcements"
REFUSING = "You get no more announcements here. Alerts that you subscribed to still come. /announcements on undoes it."
ACCEPTING = "You get announcements here. /announcements off ends them."
KEPT_REFUSAL = "That no announcements are wanted here"

# --- how the bot is doing --------------------------------------------------------------------------------------------

STATS = "Counts"
CHATS_BY = "Chats: {kind}, {language}: {count}"
CHATS = "Chats that can be written to: {count}"
NO_LANGUAGE = "no language chosen"
NONE_COUNTED = "none"
SUBSCRIPTIONS_OF = "alerts about {subject}: {count}"
OF_CATEGORY = "all of “{name}”"
OF_EVERYTHING = "everything"
SUBSCRIPTIONS = "Subscriptions"
CHECKS = "Measurements"
CHECKS_A_DAY = "{day}: {count}"
OUTBOX = "Outbox"
OUTBOX_STATE = "{state}: {count}"
OUTBOX_STATES = {
    "waiting": "waiting",
    "leased": "being sent",
    "paused": "paused",
    "sent": "arrived",
    "unknown": "may have arrived, or not",
    "dead": "cannot be told",
    "expired": "too late to be told",
    "cancelled": "not told any more",
}
ERROR_RATE = "Of all messages of the last 7 days, {percent} % could not be told."
NOTHING_SENT = "No messages were sent in the last 7 days."

HEALTH = "How the bot is doing"
HEALTH_UP = "Running for {duration}, version {version}, Python {python}."
HEALTH_VANTAGE = "It looks from {place}."
HEALTH_NO_VANTAGE = "Where it looks from is not known yet: nothing was measured."
HEALTH_BASELINE = "Its network is {network}, its resolver {resolver} ({when})."
HEALTH_FEEDS = "Feeds: {count}; failing: {failing}; not read yet: {unread}."
HEALTH_REGISTER = "Register of blocked sites: {entries} entries, read {when}."
HEALTH_NO_REGISTER = "Register of blocked sites: not read yet."
HEALTH_DATABASE = "Database: {megabytes} MB, SQLite {version}."
HEALTH_OLD_SQLITE = (
    "SQLite before 3.51.3 can damage a database that two programs write at once: let only this bot open it."
)
HEALTH_OUTBOX = "Outbox: the oldest message has waited for {duration}."
HEALTH_OUTBOX_EMPTY = "Outbox: nothing is waiting."
