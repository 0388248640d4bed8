"""What is said of subscriptions: what a chat is told of its own accord, and when."""

from __future__ import annotations

SUBSCRIBE_WHAT = (
    "What shall I watch for this chat? For example: /subscribe whatsapp telegram — or a kind of services: "
    "/subscribe messengers — or /subscribe everything. I tell when something is blocked and when that is over. To hear "
    "as well when it is down or works only in part, add a word: /subscribe whatsapp degradations"
)
SUBSCRIBE_NOWHERE = "Here I can only answer. To chats of a messenger I can also tell something of my own accord."
SUBSCRIBED = "From now on I tell this chat when one of these is blocked, and when that is over: {names}."
SUBSCRIBED_ALL = (
    "From now on I tell this chat when one of these is blocked, works only in part or is down, and when that is over: "
    "{names}."
)
SUBSCRIBED_HERE = "I tell it here, in this topic."
SUBSCRIBED_NOW = "At the moment"
SUBSCRIBED_NOW_LINE = {
    "blocked": "{name} — blocked since {when}",
    "degraded": "{name} — works only in part since {when}",
    "down": "{name} — down since {when}",
    "directory": "{name} — out of the national directory of names ({id}) since {when}",
}
SUBSCRIBE_NO_HOSTS = (
    "To a site by its host name nobody can subscribe ({names}): I watch the services that I know by name, and do not "
    "keep what sites people ask about. /services shows what I know."
)
SUBSCRIBE_UNKNOWN = "I do not know: {names}. /services shows what I know."
SUBSCRIBE_MEANT = "I do not know: {names}. Did you mean {guesses}?"
SUBSCRIBE_TOO_MANY = (
    "A chat can have {count} subscriptions. A whole kind of services counts as one: /subscribe messengers"
)
DEGRADATIONS_BUTTON = "Degradations too"
EVERYTHING_BUTTON = "Everything"

UNSUBSCRIBED = "I tell this chat no more of: {names}."
UNSUBSCRIBED_ALL = (
    "I tell this chat of no service any more. What those who run this bot announce may still come: "
    "/announcements off ends that as well."
)
UNSUBSCRIBE_NOT = "This chat did not subscribe to: {names}."
UNSUBSCRIBE_PART_OF = "{name} still belongs to what this chat subscribed to: {whole}."
UNSUBSCRIBE_BUTTON_OF = "Unsubscribe: {name}"

SUBSCRIPTIONS_TITLE = "What I tell this chat of"
SUBSCRIPTIONS_NONE = "This chat subscribed to nothing. For example: /subscribe whatsapp"
SUBSCRIPTION_BLOCKS = "{name} — when it is blocked"
SUBSCRIPTION_ALL = "{name} — also when it works only in part or is down"
SUBSCRIPTION_ELSEWHERE = "{line}, in another topic"
MORE_DEGRADATIONS_BUTTON = "{name}: degradations too"
ONLY_BLOCKS_BUTTON = "{name}: blocks only"
REMOVE_BUTTON = "✕ {name}"
BACK_BUTTON = "◀"
ONWARD_BUTTON = "▶"
WISHES = "When"
WISH_MUTED = "muted until {when}"
WISH_QUIET = "quiet hours: {hours} ({zone})"
WISH_DIGEST = {"daily": "a digest every day at {time} ({zone})", "weekly": "a digest every Monday at {time} ({zone})"}
WISH_AT_ONCE = "at any time, some minutes after it begins: I measure every few minutes, and more than once"
NOTHING_SUBSCRIBED = (
    "So far this chat subscribed to nothing, so there is nothing to tell it. For example: /subscribe whatsapp"
)

MUTED = (
    "Until {when} I raise no alarm here. What still goes on then, I tell afterwards; what came and went meanwhile, "
    "/history shows. If something is over that I raised alarm about, I still say so."
)
MUTED_NOT = "I am not muted here. For how long shall I be? For example: /mute 8h, /mute 2d — or /mute off"
MUTED_NOW = "I am muted here until {when}. Change it: /mute 8h, /mute 2d — or /mute off"
UNMUTED = "From now on I raise alarms here again."
MUTE_UNKNOWN = "I do not understand that length of time. For example: /mute 8h, /mute 2d — or /mute off"
MUTE_TOO_LONG = "30 days is the longest. To be told of no service at all: /unsubscribe everything"
UNMUTE_BUTTON = "Unmute"
MUTE_BUTTONS = {"1h": "1 h", "8h": "8 h", "1d": "1 day", "7d": "7 days"}

QUIET_SET = "During {hours} ({zone}) I raise no alarm here, and catch up afterwards."
QUIET_OFF = "I raise alarms here at any time of the day."
QUIET_NOW = "Quiet hours here: {hours} ({zone}). Change them: /quiet 23:00-07:00 Europe/Moscow — or /quiet off"
QUIET_NONE = "No quiet hours here. For example: /quiet 23:00-07:00 Europe/Moscow"
QUIET_UNKNOWN = (
    "I do not understand that. For example: /quiet 23:00-07:00 — with the zone of these times, if it is not {zone}: "
    "/quiet 23:00-07:00 Europe/Moscow, /quiet 23:00-07:00 UTC+3"
)
QUIET_ZONE = "Another zone: /quiet {hours} Europe/Moscow, or UTC+3"
ZONE_SET = "Times here are those of {zone} from now on."

DIGEST_SET = {
    "daily": "You get a digest every day at {time} ({zone}).",
    "weekly": "You get a digest every Monday at {time} ({zone}).",
}
DIGEST_OFF = "There will be no digest here."
DIGEST_NONE = "No digest here. Choose one:"
DIGEST_UNKNOWN = "I do not understand that. For example: /digest daily, /digest weekly Europe/Moscow, /digest off"
DIGEST_BUTTONS = {"daily": "Daily", "weekly": "Weekly", "off": "None"}

KEPT_SUBSCRIPTIONS = "what it subscribed to: {names}"
KEPT_ZONE = "in which time zone it is told times: {zone}"
KEPT_ALERTS_LANGUAGE = "the language of what I tell it of my own accord: {language}"
KEPT_TOLD = "what I told it that is not over yet: {names}"
