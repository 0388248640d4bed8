"""The history of a service and the board of all: pictures and what stands beneath them."""

from __future__ import annotations

from probes.model import Status

HISTORY_WHAT = "Of which service? For example: /history whatsapp 7d — or 24h, 30d, 1y."
HISTORY_PERIODS = "These periods I know: 24h, 7d, 30d, 1y. For example: /history {asked} 30d"
HISTORY_HOST = "Of a site that somebody named I keep a day, and no more."
HISTORY_NONE = "{name}: I have not measured it in this time."
PICTURE_ELSEWHERE = "Messengers show this as a picture too."

PERIODS = {"24h": "24 hours", "7d": "7 days", "30d": "30 days", "1y": "one year"}
PERIOD_BUTTONS = {"24h": "24 h", "7d": "7 d", "30d": "30 d", "1y": "1 y"}
LIGHT_BUTTON = "Light picture"
DARK_BUTTON = "Dark picture"

STATE_SINCE = {
    Status.OK: "{name} — works since {when}",
    Status.DEGRADED: "{name} — works only in part since {when}",
    Status.BLOCKED: "{name} — blocked since {when}",
    Status.DOWN: "{name} — down since {when}",
    Status.INCONCLUSIVE: "{name} — cannot be told from here since {when}",
}
STATE_LAST = {
    Status.OK: "{name} — worked when last measured, {when}",
    Status.DEGRADED: "{name} — worked only in part when last measured, {when}",
    Status.BLOCKED: "{name} — blocked when last measured, {when}",
    Status.DOWN: "{name} — down when last measured, {when}",
    Status.INCONCLUSIVE: "{name} — could not be told when last measured, {when}",
}
STATE_AT_LEAST = "Before that nothing was measured for a while: it may be longer."
WORKED = "In {period} it worked {share} % of the time that could be told."
WORKED_NEVER_TOLD = "In {period} nothing could be told."
MEASURED_SHARE = "Measured for {share} % of that time."
INCIDENTS = ("{count} incident", "{count} incidents")
NO_INCIDENTS = "No incidents were recorded."
NOT_WATCHED = "Incidents are not recorded: nobody subscribed to it."
LONGEST = "The longest time without it: {lasting}, from {when}."
LONGEST_SO_FAR = "The longest time without it: {lasting} so far, from {when}."
ANSWERED_IN = "It answers in {typical} ms; 95 of 100 times within {slow} ms."
ANSWERED_WHILE_WORKING = "While it worked, it answered in {typical} ms; 95 of 100 times within {slow} ms."
STOPPED_BY = "What stopped it: {reasons}."

CHART_PERIODS = {"24h": "Last 24 hours", "7d": "Last 7 days", "30d": "Last 30 days", "1y": "Last year"}
CHART_SINCE = {
    Status.OK: "Works since {when}",
    Status.DEGRADED: "Works only in part since {when}",
    Status.BLOCKED: "Blocked since {when}",
    Status.DOWN: "Down since {when}",
    Status.INCONCLUSIVE: "Cannot be told since {when}",
}
CHART_LAST = {
    Status.OK: "Worked when last measured, {when}",
    Status.DEGRADED: "Worked only in part when last measured, {when}",
    Status.BLOCKED: "Blocked when last measured, {when}",
    Status.DOWN: "Down when last measured, {when}",
    Status.INCONCLUSIVE: "Could not be told when last measured, {when}",
}
CHART_NOTHING = "Not measured in this time"
CHART_WORKED = "Worked {share} % of the time"
CHART_WHOLE = "All in all"
CHART_CAUSES = "What stopped it"
CHART_RESPONSE = "Time to answer, in ms: typical, and 95 of 100"
CHART_NO_RESPONSE = "Nothing answered in this time"
CHART_UNMEASURED = "not measured"
CHART_ZONE = "Times: {zone}"

BOARD = "How things stand"
BOARD_HOURS = "with the last 24 hours"
BOARD_EMPTY = "I have not measured anything in the last 24 hours. Ask what works: /works"
BOARD_STATES = {
    Status.OK: ("{count} works", "{count} work"),
    Status.DEGRADED: ("{count} works in part", "{count} work in part"),
    Status.BLOCKED: ("{count} blocked", "{count} blocked"),
    Status.DOWN: ("{count} down", "{count} down"),
    Status.INCONCLUSIVE: ("{count} cannot be told", "{count} cannot be told"),
}
BOARD_UNKNOWN = ("{count} not measured lately", "{count} not measured lately")
BOARD_AT = "{when}, {zone}. Empty: not measured."
BOARD_LATEST = "The last measurement was {ago}."
BOARD_BECAUSE = "{name} — {reason}"
