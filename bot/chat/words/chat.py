"""A chat's own settings, what is kept of it, the menus, and what people see before they ask."""

from __future__ import annotations

SLOW_DOWN = "That is a lot at once. Ask me again in {seconds} s."
BUTTON_FORGOTTEN = "I do not remember what this button was for. Please ask again."
ADMINS_ONLY = "Only administrators of this group can do that."
FORGOTTEN = "I deleted everything that I kept of this chat. If somebody asks me something here, I begin anew."
BROKE = "Something broke on my side. Reference: {reference}"
NOT_NOW = "I could not do that just now. Please try again in a minute."
LANGUAGE_NOW = "In this chat I speak {language}. Choose another:"
LANGUAGE_EACH_OWN = "In this chat I speak each person's own language. Choose one for all:"
LANGUAGE_SET = "From now on I speak {language} in this chat."
LANGUAGE_FREE = "From now on I speak each person's own language in this chat."
LANGUAGE_UNKNOWN = "I do not speak that. Choose one of these:"
LANGUAGE_OWN_BUTTON = "each person's own"

KEPT = "What I keep of this chat"
KEPT_ID = "its number in the messenger, so that I can write to it: {id}"
KEPT_LANGUAGE = "its language: {language}"
KEPT_EACH_OWN_LANGUAGE = "no language: I speak each person's own"
KEPT_NOTHING = "I keep nothing of this chat."
NOT_KEPT = "I never keep who asked, nor what was asked by whom."
KEPT_HOSTS = "What was measured of a site that somebody named is deleted after a day."
KEPT_FORGET = "/forget deletes all that I keep of this chat."


MENU = {
    "check": "Measure one or several services or sites",
    "why": "The evidence behind an answer",
    "works": "What works here",
    "status": "How everything stands that was measured lately",
    "history": "How a service worked over time",
    "news": "News about access",
    "again": "Measure anew",
    "services": "The services I know by name",
    "subscribe": "Tell this chat when a service is blocked",
    "unsubscribe": "Tell it no more",
    "subscriptions": "What I tell this chat of, and when",
    "mute": "Raise no alarm for some time",
    "quiet": "Hours in which I raise no alarm",
    "digest": "A summary every day or week",
    "language": "The language that I speak in this chat",
    "privacy": "What I keep of this chat",
    "forget": "Delete what I keep of this chat",
    "help": "How to ask",
    "announcements": "Whether you get announcements here",
    "broadcast": "Tell many people something",
    "broadcasts": "Past broadcasts and those on their way",
    "variant": "The text of a broadcast for one language",
    "stats": "How much the bot does",
    "health": "How the bot is doing",
    "feeds": "How the news feeds are doing",
}
ABOUT = (
    "I measure whether a service can be reached from where I run and, if not, what stops it: "
    "the service itself, or the network in between. Just ask: “whatsapp?” — or send the name of a site."
)
ABOUT_SHORT = "Can people reach a service, and if not, what stops it?"

INLINE_UNKNOWN = "Not measured lately: send it and it will be"
INLINE_UNKNOWN_ANSWER = "{name} was not measured lately. Press the button to have it measured now."
INLINE_PRIVATE = "Ask me in private"
GUEST_WHAT = "Name a service or a site together with me: @{bot} whatsapp"
