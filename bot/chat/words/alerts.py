"""What a chat is told of its own accord: that something was blocked, changed, or is over; and its digests."""

from __future__ import annotations

from probes.model import Confidence, Status

ALERT = {
    (Status.DEGRADED, Confidence.CONFIRMED): "{name} — works only in part since {when}",
    (Status.DEGRADED, Confidence.LIKELY): "{name} — very likely works only in part since {when}",
    (Status.DEGRADED, Confidence.POSSIBLE): "{name} — may work only in part since {when}",
    (Status.BLOCKED, Confidence.CONFIRMED): "{name} — blocked since {when} (confirmed)",
    (Status.BLOCKED, Confidence.LIKELY): "{name} — very likely blocked since {when}",
    (Status.BLOCKED, Confidence.POSSIBLE): "{name} — possibly blocked since {when}",
    (Status.DOWN, Confidence.CONFIRMED): "{name} — down since {when} (confirmed)",
    (Status.DOWN, Confidence.LIKELY): "{name} — very likely down since {when}",
    (Status.DOWN, Confidence.POSSIBLE): "{name} — possibly down since {when}",
}
ALERT_OUTAGE = "This looks like a fault of the service itself, not like a block."
ALERT_AFFECTED = "Affected: {components}"
ALERT_LAST_WELL = "Last seen working: {when}."
ALERT_DELISTED = "{name} — taken out of the national directory of names ({id}) since {when}"
ALERT_DELISTED_CONNECTS = (
    "Seen from this bot's host it still connects. Whoever relies on that directory no longer finds its address."
)
ALERT_DELISTED_MEANS = "Whoever relies on that directory no longer finds its address."
ALERT_HOST = "This bot's own network is in trouble since {when}"
ALERT_HOST_MEANS = "Until that is over I cannot tell how services are doing, and raise no alarm about any."
ALERT_HOST_CLEAR = "This bot's own network works again"
ALERT_HOST_CLEAR_MEANS = "It was in trouble for {duration}. I measure all services again."
ALERT_HOST_PAST = "This bot's own network was in trouble"
ALERT_HOST_PAST_MEANS = "From {begin} to {end}, for {duration}, I could not tell how services were doing."
ALERT_HOST_FLAPPING = "This bot's own network keeps failing and coming back"

CHANGED = {
    Status.DEGRADED: "{name} — works again, but only in part",
    Status.BLOCKED: "{name} — now blocked altogether",
    Status.DOWN: "{name} — now down for everybody",
}
CHANGED_CAUSES = {
    Status.DEGRADED: "{name} — still works only in part, and more was added",
    Status.BLOCKED: "{name} — still blocked, and more was added",
    Status.DOWN: "{name} — still down, and more was found out",
}
CHANGED_NOW_ALSO = "Now also: {reasons}."
CHANGED_SINCE = "The trouble has lasted {duration}, since {when}."

CLEAR = "{name} — works again"
CLEAR_STEADY = "{name} — works again, and steadily"
CLEAR_WAS = {
    Status.DEGRADED: "It worked only in part for {duration}, from {begin} to {end}.",
    Status.BLOCKED: "It was blocked for {duration}, from {begin} to {end}.",
    Status.DOWN: "It was down for {duration}, from {begin} to {end}.",
}
CLEAR_MIXED = "It was blocked or worked only in part for {duration}, from {begin} to {end}."
CLEAR_UNSEEN = "Between {begin} and {end} I could not tell how it was: it may have been over earlier."
CLEAR_STEADY_SINCE = "It no longer comes and goes: it works since {when}."
CLEAR_LISTED = "{name} — back in the national directory of names ({id})"
CLEAR_LISTED_WAS = "It had been taken out for {duration}, from {begin} to {end}."

PAST = {
    Status.DEGRADED: "{name} — worked only in part from {begin} to {end}, works again",
    Status.BLOCKED: "{name} — was blocked from {begin} to {end}, works again",
    Status.DOWN: "{name} — was down from {begin} to {end}, works again",
}
PAST_LASTED = "That was {duration}."
PAST_DELISTED = "{name} — was taken out of the national directory of names ({id}) from {begin} to {end}"

LOST = "{name} — not watched any longer"
LOST_MEANS = "It was in trouble from {begin}; I last saw that at {end}. I shall not know how that ends."

FLAPPING = "{name} — keeps coming and going"
FLAPPING_TIMES = {
    Status.DEGRADED: (
        "{count} time since {when} it worked only in part.",
        "{count} times since {when} it worked only in part.",
    ),
    Status.BLOCKED: ("{count} time since {when} it was blocked.", "{count} times since {when} it was blocked."),
    Status.DOWN: ("{count} time since {when} it was down.", "{count} times since {when} it was down."),
}
FLAPPING_SILENCE = "I say no more of it until it has settled."
FLAPPING_LISTED = "{name} — keeps vanishing from the national directory of names ({id})"
SETTLED = "It no longer comes and goes."

ALERTS = ("News of {count} service", "News of {count} services")
ALERTS_BLOCKED = ("{count} service is blocked", "{count} services are blocked")
ALERTS_CLEAR = ("{count} service works again", "{count} services work again")
ALERTS_ALIKE = "The same stops all of them: {reason}."
GROUP_BLOCKED = "Blocked ({count})"
GROUP_DELISTED = "Taken out of a national directory of names ({count})"
GROUP_DEGRADED = "Works only in part ({count})"
GROUP_DOWN = "Down ({count})"
GROUP_FLAPPING = "Keeps coming and going ({count})"
GROUP_CLEAR = "Works again ({count})"
GROUP_PAST = "Over already ({count})"
GROUP_LOST = "Not watched any longer ({count})"
GROUP_LINE_SINCE = "{name}, since {when}"
GROUP_LINE_BECAUSE = "{name} — {reason}, since {when}"
GROUP_LINE_WAS = {
    Status.DEGRADED: "{name} — worked only in part from {begin} to {end}, {duration}",
    Status.BLOCKED: "{name} — was blocked from {begin} to {end}, {duration}",
    Status.DOWN: "{name} — was down from {begin} to {end}, {duration}",
}
GROUP_LINE_LISTED = "{name} — taken out of the national directory from {begin} to {end}, {duration}"
GROUP_LINE_STEADY = "{name} — no longer comes and goes"
ALERT_UNWORDED = "Something has changed, and I cannot put it into words: {names}. Ask me how it is: /check"
CATCH_UP = "While you wanted quiet ({hours}):"

CHECK_BUTTON = "Check now"
HISTORY_24H_BUTTON = "History"
MUTE_BUTTON = "Mute for 8 h"
UNSUBSCRIBE_BUTTON = "Unsubscribe"
SUBSCRIPTIONS_BUTTON = "Subscriptions"

DIGEST = {"daily": "The last 24 hours", "weekly": "The last 7 days"}
DIGEST_NOTHING = {
    "daily": "The last 24 hours: nothing happened to what you subscribed to.",
    "weekly": "The last 7 days: nothing happened to what you subscribed to.",
}
DIGEST_LINE = (
    "{name} — {count} incident, {duration} in all; works now",
    "{name} — {count} incidents, {duration} in all; works now",
)
DIGEST_LINE_OPEN = {
    Status.DEGRADED: (
        "{name} — {count} incident, {duration} in all; works only in part now",
        "{name} — {count} incidents, {duration} in all; works only in part now",
    ),
    Status.BLOCKED: (
        "{name} — {count} incident, {duration} in all; blocked now",
        "{name} — {count} incidents, {duration} in all; blocked now",
    ),
    Status.DOWN: (
        "{name} — {count} incident, {duration} in all; down now",
        "{name} — {count} incidents, {duration} in all; down now",
    ),
}
DIGEST_DELISTED = "{name} — taken out of the national directory of names ({id}) now"
DIGEST_WAS_DELISTED = "{name} — was out of the national directory of names ({id}) for {duration}"
DIGEST_OTHERS = ("{count} other service had no incidents.", "{count} other services had no incidents.")
