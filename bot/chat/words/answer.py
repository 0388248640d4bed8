"""The answer about one service: its headline, what stands beneath it, and how it comes about."""

from __future__ import annotations

from probes.model import Confidence, Status

HEADLINE = {
    (Status.OK, Confidence.CONFIRMED): "{name} — works",
    (Status.OK, Confidence.LIKELY): "{name} — very likely works",
    (Status.OK, Confidence.POSSIBLE): "{name} — seems to work",
    (Status.DEGRADED, Confidence.CONFIRMED): "{name} — works only in part",
    (Status.DEGRADED, Confidence.LIKELY): "{name} — very likely works only in part",
    (Status.DEGRADED, Confidence.POSSIBLE): "{name} — may work only in part",
    (Status.BLOCKED, Confidence.CONFIRMED): "{name} — blocked (confirmed)",
    (Status.BLOCKED, Confidence.LIKELY): "{name} — very likely blocked",
    (Status.BLOCKED, Confidence.POSSIBLE): "{name} — possibly blocked",
    (Status.DOWN, Confidence.CONFIRMED): "{name} — down (confirmed)",
    (Status.DOWN, Confidence.LIKELY): "{name} — very likely down",
    (Status.DOWN, Confidence.POSSIBLE): "{name} — possibly down",
}
INCONCLUSIVE = "{name} — inconclusive: {reason}"
STATUS = {
    Status.OK: "works",
    Status.DEGRADED: "works in part",
    Status.BLOCKED: "blocked",
    Status.DOWN: "down",
    Status.INCONCLUSIVE: "inconclusive",
}
CONFIDENCE = {
    Confidence.CONFIRMED: "{status}",
    Confidence.LIKELY: "very likely {status}",
    Confidence.POSSIBLE: "possibly {status}",
}
THIN_EVIDENCE = "The evidence is thin: one measurement, or signs that contradict each other. Ask again in a while."

COMPONENTS = "In detail"
COMPONENT = "{component}: {finding}"
COMPONENT_BECAUSE = "{component}: {finding} — {reason}"
OPTIONAL_COMPONENT = "{component} (extra)"
COMPONENT_NAMES = {
    "web": "Website",
    "chat": "Chat servers",
    "bots": "Bots",
    "media": "Pictures and videos",
    "signup": "Sign-up",
    "calls": "Calls",
    "group-calls": "Group calls",
    "api": "App servers",
    "push": "Notifications",
    "cdn": "Content servers",
    "images": "Pictures",
    "video": "Videos",
    "links": "Short links",
    "quic": "QUIC",
    "sockets": "Web app's connection",
    "directory": "Contact search",
    "storage": "Storage",
    "relays": "Relays",
}

SITE_ONLY = "{name} (website only)"
SITE_ONLY_MEANS = "Only its website was measured, not its app: whether that works, I cannot tell."

DIRECTORY_OF = "National directory of names of {country} ({id})"
DIRECTORY_OF_UNKNOWN = "National directory of names ({id})"
DIRECTORY = {
    "listed": "{directory}: listed.",
    "delisted": "{directory}: taken out: {missing}.",
    "silent": "{directory}: does not answer.",
}
DIRECTORY_IN_PART = "{directory}: taken out: {missing}; still there: {rest}."
DIRECTORY_IN_PART_IN_DOUBT = "{directory}: taken out: {missing}; still there: {rest}; unclear: {doubtful}."
DIRECTORY_WITHOUT_REST_IN_DOUBT = "{directory}: taken out: {missing}; unclear: {doubtful}."
DIRECTORY_IN_DOUBT = "{directory}: still there: {rest}; unclear: {doubtful}."
DIRECTORY_DEAD = "{directory}: does not know its names, and neither does anybody else."
DIRECTORY_UNCLEAR = "{directory}: from its answers it cannot be told whether its names are still there."
REGISTER_LISTED = {
    (True, True): (
        "In Russia's register of blocked sites since {since}, by {authority}, the whole site or some of its pages: "
        "{names}."
    ),
    (True, False): (
        "In Russia's register of blocked sites since {since}, the whole site or some of its pages: {names}."
    ),
    (False, True): (
        "In Russia's register of blocked sites, by {authority}, the whole site or some of its pages: {names}."
    ),
    (False, False): "In Russia's register of blocked sites, the whole site or some of its pages: {names}.",
}
"""By whether the date and the authority are known; what an entry is about, the lists of names do not say."""
REGISTER_WITHOUT_ENTRY = (
    "On Roskomsvoboda's list of what is blocked in Russia without an entry in the register of blocked sites: {names}."
)
REGISTER_NOT_LISTED = "Not in Russia's register of blocked sites, yet blocked."
REGISTER_NOT_LISTED_SOMEWHERE = (
    "Not in Russia's register of blocked sites, yet blocked here; whether this bot's host is in Russia is not known."
)
REGISTER_LINK = "{sentence} Look it up: {link}"
BASELINE_REROUTED = "On this host's network, DNS questions are answered by somebody else than the resolver asked."
BASELINE_RESOLVER_BROKEN = "This host's own DNS resolver does not work; honest ones were asked in its place."
BASELINE_ALLOWLIST = "This host's network seems to let only chosen sites through."

MEASURED = "Measured {when} from this bot's host."
MEASURED_IN = "Measured {when} from this bot's host ({place})."
PLACE_IN_DATA_CENTRE = "{place}, a data centre"
"""A part of MEASURED_IN's place."""
VIA = {
    "vpn": "This bot's host is behind a VPN: people around it may see something else.",
    "fakeip": "This bot's host is behind a proxy that answers DNS itself: people without it may see something else.",
}
BEGAN = "This began {when}."
LASTS_AT_LEAST = "This was so already {when}; whether it was before, I do not know."
WORKS_AGAIN = "It works again: that began {when}."
INSTEAD = "What works here instead: {names}."
TOOK = "It took {seconds} s."
JUST_NOW = "just now"

CHECKING = "Checking {name} …"
CHECKING_SO_FAR = "Checking {name} … {counts}"
STEP_COUNT = "{step} {count}"
STEP_COUNT_FAILED = "{step} {count} ({failed} without success)"
STEPS = {
    "dns": "names",
    "tcp": "connections",
    "tls": "handshakes",
    "http": "pages",
    "quic": "QUIC",
    "mtproto": "app handshakes",
    "stun": "calls",
    "transfer": "transfers",
    "outside": "outside views",
}
