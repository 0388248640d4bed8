"""Every English text of the conversation, and nothing else: what is said when is decided in `bot.chat.replies`.

Texts with {placeholders} are filled with `str.format`; each stands whole, so that a translator sees a sentence.
"""

from __future__ import annotations

from probes.model import Cause, Confidence, Purpose, Status

# --- the answer ------------------------------------------------------------------------------------------------------

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

BRIEF = {
    Cause.DNS_DELISTED: "taken out of the national directory of names",
    Cause.DNS_NXDOMAIN: "DNS denies that the name exists",
    Cause.DNS_NODATA: "DNS hides the address",
    Cause.DNS_REFUSED: "DNS refuses to answer",
    Cause.DNS_SERVFAIL: "DNS answers with an error",
    Cause.DNS_TIMEOUT: "DNS does not answer",
    Cause.DNS_SPOOFED: "DNS gives a false address",
    Cause.DNS_REROUTED: "DNS questions are answered by somebody else",
    Cause.IP_DROPPED: "nothing comes back from its addresses",
    Cause.IP_RESET: "connections to its addresses are refused",
    Cause.IP_UNREACHABLE: "no way to its addresses",
    Cause.TLS_SNI_DROPPED: "silence once the name is said",
    Cause.TLS_SNI_RESET: "cut off once the name is said",
    Cause.TLS_INTERCEPTED: "a false certificate",
    Cause.HTTP_BLOCKPAGE: "a page that says it is blocked",
    Cause.HTTP_RESET: "the request is cut off",
    Cause.HTTP_DROPPED: "the request gets no answer",
    Cause.QUIC_DROPPED: "QUIC gets no answer",
    Cause.FLOW_FROZEN: "freezes after some kilobytes",
    Cause.FLOW_THROTTLED: "slowed down",
    Cause.PROTO_DROPPED: "the app's own protocol gets no answer",
    Cause.PROTO_RESET: "the app's own protocol is cut off",
    Cause.CALLS_DROPPED: "calls do not get through",
    Cause.NETWORK_ALLOWLIST: "this network lets only chosen sites through",
    Cause.HOST_OFFLINE: "this host itself is offline",
    Cause.HOST_CAPTIVE_PORTAL: "this host is behind a login page",
    Cause.HOST_RESOLVER_BROKEN: "this host's own DNS does not work",
    Cause.SERVICE_DOWN: "no answer elsewhere either",
    Cause.SERVICE_DNS_DEAD: "its name does not exist anywhere",
    Cause.SERVICE_CERTIFICATE: "its certificate is bad everywhere",
    Cause.SERVICE_REFUSES: "the service turns this host away",
    Cause.NO_OUTSIDE_CONTROL: "nobody outside this network could be asked",
    Cause.NOT_MEASURED: "not measured",
}
UNKNOWN_REASON = "the signs contradict each other"
TERSE = {
    Cause.DNS_DELISTED: "name taken out",
    Cause.DNS_NXDOMAIN: "name denied",
    Cause.DNS_NODATA: "address hidden",
    Cause.DNS_REFUSED: "name refused",
    Cause.DNS_SERVFAIL: "DNS error",
    Cause.DNS_TIMEOUT: "DNS silent",
    Cause.DNS_SPOOFED: "false address",
    Cause.DNS_REROUTED: "DNS rerouted",
    Cause.IP_DROPPED: "address silent",
    Cause.IP_RESET: "address refused",
    Cause.IP_UNREACHABLE: "no route",
    Cause.TLS_SNI_DROPPED: "name filtered, silence",
    Cause.TLS_SNI_RESET: "name filtered, cut",
    Cause.TLS_INTERCEPTED: "false certificate",
    Cause.HTTP_BLOCKPAGE: "block page",
    Cause.HTTP_RESET: "request cut",
    Cause.HTTP_DROPPED: "request swallowed",
    Cause.QUIC_DROPPED: "QUIC silent",
    Cause.FLOW_FROZEN: "loading freezes",
    Cause.FLOW_THROTTLED: "slowed down",
    Cause.PROTO_DROPPED: "app protocol silent",
    Cause.PROTO_RESET: "app protocol cut",
    Cause.CALLS_DROPPED: "no calls",
    Cause.NETWORK_ALLOWLIST: "chosen sites only",
    Cause.HOST_OFFLINE: "bot offline",
    Cause.HOST_CAPTIVE_PORTAL: "login page first",
    Cause.HOST_RESOLVER_BROKEN: "bot's DNS broken",
    Cause.SERVICE_DOWN: "down everywhere",
    Cause.SERVICE_DNS_DEAD: "no such name",
    Cause.SERVICE_CERTIFICATE: "own bad certificate",
    Cause.SERVICE_REFUSES: "turns us away",
    Cause.NO_OUTSIDE_CONTROL: "nothing to compare",
    Cause.NOT_MEASURED: "not measured",
}
"""Two or three words, where many services are listed."""

SENTENCE = {
    Cause.DNS_DELISTED: (
        "Its name was taken out of the national directory of names, so providers here no longer find its address."
    ),
    Cause.DNS_NXDOMAIN: (
        "The provider's directory of names (DNS) claims that the service does not exist; honest ones know it well."
    ),
    Cause.DNS_NODATA: "The provider's directory of names (DNS) knows the service but hides its address.",
    Cause.DNS_REFUSED: "The provider's directory of names (DNS) refuses to say where the service is.",
    Cause.DNS_SERVFAIL: (
        "Asked for this service, the provider's directory of names (DNS) pretends to be broken; for others it works."
    ),
    Cause.DNS_TIMEOUT: "Asked for this service, the provider's directory of names (DNS) keeps silent.",
    Cause.DNS_SPOOFED: (
        "The provider's directory of names (DNS) gives a false address, so people end up at another server."
    ),
    Cause.DNS_REROUTED: "Somebody on the way answers in place of the directory of names (DNS) that was asked.",
    Cause.IP_DROPPED: "Whatever is sent to the service's addresses disappears on the way.",
    Cause.IP_RESET: "Connections to the service's addresses are turned away on the way.",
    Cause.IP_UNREACHABLE: "The network says that there is no way to the service's addresses.",
    Cause.TLS_SNI_DROPPED: (
        "A connection opens, but once it says the service's name everything goes silent: the network filters by name."
    ),
    Cause.TLS_SNI_RESET: (
        "A connection opens, but is cut off once it says the service's name: the network filters by name."
    ),
    Cause.TLS_INTERCEPTED: (
        "Somebody on the way poses as the service with a false certificate and could read what is sent."
    ),
    Cause.HTTP_BLOCKPAGE: "In place of the service comes a page that says that it is blocked.",
    Cause.HTTP_RESET: "The connection is cut off as soon as the page is asked for.",
    Cause.HTTP_DROPPED: "The page is asked for and never comes: the request is swallowed on the way.",
    Cause.QUIC_DROPPED: "QUIC, the faster way that apps and browsers try first, is closed; the slower one may be open.",
    Cause.FLOW_FROZEN: "Pages begin to load and freeze after a few kilobytes: the network stalls the connection.",
    Cause.FLOW_THROTTLED: "It loads, but the network slows it down until it is hardly of use.",
    Cause.PROTO_DROPPED: "Its servers can be reached, but what the app itself says to them gets no answer.",
    Cause.PROTO_RESET: "Its servers can be reached, but are cut off once the app itself speaks to them.",
    Cause.CALLS_DROPPED: "Messages may arrive, but voice and video calls do not get through.",
    Cause.NETWORK_ALLOWLIST: (
        "This network lets only a list of chosen sites through at the moment, and keeps back everything else."
    ),
    Cause.HOST_OFFLINE: (
        "The computer that this bot runs on has no internet connection, so nothing can be said of any service."
    ),
    Cause.HOST_CAPTIVE_PORTAL: (
        "The computer that this bot runs on is held at its network's login page, so nothing can be said of any service."
    ),
    Cause.HOST_RESOLVER_BROKEN: (
        "The directory of names (DNS) that this bot's computer uses does not work at all, for no service."
    ),
    Cause.SERVICE_DOWN: (
        "A server outside this network cannot reach it either, so the fault is most likely the service's own."
    ),
    Cause.SERVICE_DNS_DEAD: "No directory of names knows it, the honest ones included: this is no block.",
    Cause.SERVICE_CERTIFICATE: (
        "The service's own certificate has expired or is for another name: its owner's mistake, not a block."
    ),
    Cause.SERVICE_REFUSES: "The service answers, but turns visitors from this bot's network away by its own choice.",
    Cause.NO_OUTSIDE_CONTROL: (
        "No server outside this network could be asked to compare, so a block cannot be told from an outage."
    ),
    Cause.NOT_MEASURED: "Not everything could be measured in time.",
}

NEXT_STEP = {
    Cause.TLS_INTERCEPTED: "Do not log in there and do not accept any warning about the certificate.",
    Cause.NETWORK_ALLOWLIST: "Another connection (Wi-Fi in place of mobile data) may be open.",
    Cause.HOST_OFFLINE: "Whoever runs this bot should look at its connection; then ask again.",
    Cause.HOST_CAPTIVE_PORTAL: "Whoever runs this bot should log in to the network; then ask again.",
    Cause.HOST_RESOLVER_BROKEN: "Whoever runs this bot should look at its DNS settings; then ask again.",
    Cause.SERVICE_DOWN: "All there is to do is to wait.",
    Cause.SERVICE_DNS_DEAD: "Look at the spelling of the name.",
    Cause.NO_OUTSIDE_CONTROL: "Ask again in a few minutes.",
    Cause.NOT_MEASURED: "Ask again in a few minutes.",
}
BEYOND_DNS = {
    "ok": "Choosing another DNS resolver (encrypted, such as 1.1.1.1 or 9.9.9.9) would help.",
    "blocked": "Choosing another DNS resolver alone would not help: more than the name is blocked.",
    "unknown": "Whether another DNS resolver alone would help could not be found out.",
}

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

DIRECTORY = {
    "listed": "National directory of names ({id}): listed.",
    "delisted": "National directory of names ({id}): taken out — {names}.",
    "silent": "National directory of names ({id}): does not answer.",
}
REGISTER_LISTED = {
    (True, True): "In Russia's register of blocked sites since {since}, by {authority}: {names}.",
    (True, False): "In Russia's register of blocked sites since {since}: {names}.",
    (False, True): "In Russia's register of blocked sites, by {authority}: {names}.",
    (False, False): "In Russia's register of blocked sites: {names}.",
}
"""By whether the date and the authority are known; an entry may be about the whole site or some pages of it."""
REGISTER_WITHOUT_ENTRY = "Known to be blocked in Russia without an entry in the register of blocked sites: {names}."
REGISTER_NOT_LISTED = "Not in Russia's register of blocked sites, yet blocked."
REGISTER_LINK = "{sentence} Look it up: {link}"
BASELINE_REROUTED = "On this host's network, DNS questions are answered by somebody else than the resolver asked."
BASELINE_RESOLVER_BROKEN = "This host's own DNS resolver does not work; honest ones were asked in its place."
BASELINE_ALLOWLIST = "This host's network seems to let only chosen sites through."

MEASURED = "Measured {when} from this bot's host."
MEASURED_IN = "Measured {when} from this bot's host ({place})."
TOOK = " It took {seconds} s."
JUST_NOW = "just now"

EVIDENCE = "Evidence"
MORE = "… and {count} more"
FAILURES = {
    "generic_timeout_error": "no answer",
    "connection_reset": "cut off",
    "connection_refused": "refused",
    "eof_error": "closed",
    "host_unreachable": "no way there",
    "network_unreachable": "no way there",
    "dns_nxdomain_error": "“no such name”",
    "dns_no_answer": "no address",
    "dns_refused_error": "“refused”",
    "dns_server_misbehaving": "an error",
    "dns_servfail_error": "“server failure”",
    "ssl_invalid_certificate": "bad certificate",
    "ssl_invalid_hostname": "certificate for another name",
    "ssl_unknown_authority": "certificate of an unknown authority",
}
PURPOSES = {
    Purpose.MEASURE: "",
    Purpose.REPEAT: "repeated",
    Purpose.REDIRECT: "redirected",
    Purpose.HONEST_RESOLVER: "to compare: an honest resolver",
    Purpose.HONEST_ADDRESS: "to compare: the true address",
    Purpose.RESOLVER_TCP: "to compare: the same resolver over TCP",
    Purpose.INNOCUOUS_NAME: "to compare: another name at this address",
    Purpose.UNRELATED_ADDRESS: "to compare: this name at an unrelated server",
    Purpose.UNRELATED_BASELINE: "to compare: another name at an unrelated server",
    Purpose.SECURE_TWIN: "to compare: the same site over TLS",
    Purpose.OTHER_PROTOCOL: "to compare: a harmless protocol at the same address",
    Purpose.TRANSFER: "moving some data",
    Purpose.TRANSFER_CONTROL: "to compare: as much data under another name",
    Purpose.ROOT_SERVER: "to compare: a root server, which should only refer",
    Purpose.OTHER_PORT: "to compare: another port",
    Purpose.OUTSIDE: "to compare: from outside this network",
    Purpose.BASELINE: "this host",
    Purpose.DIRECTORY: "national directory",
}
EVIDENCE_WORKED = "{step}: {result}, {milliseconds} ms"
EVIDENCE_COMPARED = "{step}: {result}, {milliseconds} ms ({purpose})"
CONNECTED = "connected"
NO_ADDRESS = "no address"
SECURED = "secured"
REACHED = "reached"
REACHED_IN_PART = "connected, but no TLS"
NOT_REACHED = "not reached"
ANSWERED = "answered"
MOVED = "{moved} of {wanted} bytes"

# --- while it is measured --------------------------------------------------------------------------------------------

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

# --- what works here -------------------------------------------------------------------------------------------------

WORKS = "What works here: {what}"
WORKS_PROGRESS = "Checking {what} … {done} of {count}"
WORKS_SERVICES = "your list"
WORKS_GROUPS = {
    Status.OK: "Works ({count})",
    Status.DEGRADED: "Works in part ({count})",
    Status.BLOCKED: "Blocked ({count})",
    Status.DOWN: "Down ({count})",
    Status.INCONCLUSIVE: "Cannot be told from here ({count})",
}
WORKS_NOT_YET = "Not measured yet ({count})"
WORKS_NOT_YET_HINT = "Time ran out for some. Ask again for the rest."
WORKS_LEFT_OUT = "That is too much at a time. Left out: {names}"
WORKS_BECAUSE = "{name} — {reason}"
WORKS_UNSURE = "{line} ({sureness})"
SURENESS = {Confidence.LIKELY: "very likely", Confidence.POSSIBLE: "possibly"}
WORKS_SINCE = "The oldest of these answers was measured {when}."
WORKS_MORE = "Other lists: /works with {names}"
UNKNOWN_CATEGORY = "I do not know “{word}”. These kinds of services I know: {names}"
UPDATE_BUTTON = "Update"

# --- the conversation ------------------------------------------------------------------------------------------------

START = (
    "I measure whether a service can be reached from where I run and, if not, what stops it: "
    "the service itself, or the network in between."
)
TRY = "Just ask: “whatsapp?”, “is youtube blocked”, “ватсап работает?” — or send the name of a site: example.org"
COMMANDS = "Commands"
COMMAND_LINES = (
    "/check whatsapp telegram — measure one or several services or sites",
    "/again whatsapp — measure anew, whatever is known already",
    "/works — what works here: messengers, or /works news, /works vpn …",
    "/news — news about access; /news whatsapp — about one service",
    "/services — the services I know by name; /services vpn — those of a kind",
    "/help — this text",
)
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
OR = " or "
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
CHECK_BUTTON = "{name}"


# --- news ------------------------------------------------------------------------------------------------------------

NEWS = "In the news"
ALL_NEWS = "News about access"
NEWS_OF = "News: {asked}"
NO_NEWS = "I know no recent news about access."
NO_NEWS_OF = "I know no recent news: {asked}."
NO_MORE_NEWS = "There are no more."
STORY = "{title} ({source}, {ago})"
STORY_UNDATED = "{title} ({source})"
NEWER_BUTTON = "◀ Newer"
OLDER_BUTTON = "Older ▶"
FEEDS = "{count} feeds, {failing} failing"
FEED_UNREAD = "{id}: not read yet"
FEED_READ = "{id}: {read}"
FEED_FAILING = "{id}: failed {failures}× in a row ({error}); {read}"
FEED_LAST = "{entries} entries {ago}"
FEED_NEVER = "never read"


def ago(age_s: float) -> str:
    """Return how long ago something was, in words, a second at least."""
    for unit, seconds in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if age_s >= seconds:
            return f"{_count(int(age_s // seconds), unit)} ago"
    return f"{_count(max(1, int(age_s)), 'second')} ago"


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


# --- the chat itself -------------------------------------------------------------------------------------------------

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
KEPT_THREAD = "the topic that I write into of my own accord: {thread}"
KEPT_NOTHING = "I keep nothing of this chat."
NOT_KEPT = "I never keep who asked, nor what was asked by whom."
KEPT_HOSTS = "What was measured of a site that somebody named is deleted after a day."
KEPT_FORGET = "/forget deletes all that I keep of this chat."

# --- menus and what people see before they ask -----------------------------------------------------------------------

MENU = {
    "check": "Measure one or several services or sites",
    "works": "What works here",
    "news": "News about access",
    "again": "Measure anew",
    "services": "The services I know by name",
    "language": "The language that I speak in this chat",
    "privacy": "What I keep of this chat",
    "forget": "Delete what I keep of this chat",
    "help": "How to ask",
    "feeds": "How the news feeds are doing",
}
LANGUAGES = {"en": "English"}
"""Those that can be chosen, each by its own name."""
ABOUT = (
    "I measure whether a service can be reached from where I run and, if not, what stops it: "
    "the service itself, or the network in between. Just ask: “whatsapp?” — or send the name of a site."
)
ABOUT_SHORT = "Can people reach a service, and if not, what stops it?"

# --- asked from any chat ---------------------------------------------------------------------------------------------

INLINE_UNKNOWN = "Not measured lately: send it and it will be"
INLINE_UNKNOWN_ANSWER = "{name} was not measured lately. Press the button to have it measured now."
INLINE_PRIVATE = "Ask me in private"
GUEST_WHAT = "Name a service or a site together with me: @{bot} whatsapp"
