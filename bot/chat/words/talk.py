"""The conversation: how to ask, and what cannot be answered."""

from __future__ import annotations

START = (
    "I measure whether a service can be reached from where I run and, if not, what stops it: "
    "the service itself, or the network in between."
)
TRY = "Just ask: “whatsapp?”, “is youtube blocked”, “ватсап работает?” — or send the name of a site: example.org"
COMMANDS = "Commands"
COMMAND_LINES = {
    "check": "/check whatsapp telegram — measure services or sites; /again whatsapp — measure anew",
    "why": "/why whatsapp — what was tried, what came back, and what follows from it",
    "works": "/works — which messengers work here; also /works news, /works vpn …",
    "status": "/status — how everything stands that was measured lately",
    "history": "/history whatsapp 7d — how it worked over time: 24h, 7d, 30d or 1y",
    "news": "/news — news about access; /news whatsapp — about one service",
    "services": "/services — the services I know by name",
    "subscribe": "/subscribe whatsapp — tell this chat when it is blocked and when that is over",
    "subscriptions": "/subscriptions — what this chat is told; /mute, /quiet, /digest — and when",
}
PRIVACY = "I keep what was measured, never who asked."

SERVICES = "Services I know by name"
CATEGORY = "{category}: {names}"
CATEGORIES = {
    "all": "All that I know",
    "messenger": "Messengers",
    "social": "Social networks",
    "video": "Video",
    "news": "News",
    "search": "Search",
    "reference": "Reference",
    "work": "Work",
    "games": "Games",
    "apps": "Apps",
    "vpn": "VPN and anti-censorship",
    "state": "State services",
}
ANY_SITE = "Any other site can be checked by its host name: /check example.org"

CHECK_WHAT = "What shall I check? For example: /check whatsapp — or a site: /check example.org"
DID_YOU_MEAN = "I am not sure what you mean. Did you mean {names}?"
NOT_UNDERSTOOD = (
    "I did not find a service or a site in that. Ask like this: /check whatsapp — or /services for all names."
)
UNKNOWN_COMMAND = "I do not know the command /{command}. These I know:"
TOO_MANY = "I check {count} at a time. Left out: {names}"
BUSY = "Too many measurements are waiting at the moment. Ask again in a minute."
BROKEN = (
    "Something broke on my side while I was checking {name}; it says nothing of {name} itself. Reference: {reference}"
)
TOO_LONG = "That message is too long for me."

AGAIN_BUTTON = "Check again"
WHY_BUTTON = "Why?"
DETAILS_BUTTON = "Details"
ALERT_BUTTON = "Alert me"
COMMA = ", "
"""Between the parts of a list."""
SEMICOLON = "; "
"""Between parts that may have commas of their own."""
