"""What many services are told about at once, and the kinds of services."""

from __future__ import annotations

from probes.model import Confidence, Status

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
WORKS_UNSURE = "{name} ({sureness})"
SURENESS = {Confidence.LIKELY: "very likely", Confidence.POSSIBLE: "possibly"}
WORKS_SINCE = "The oldest of these answers was measured {when}."
WORKS_MORE = "Other lists: /works with {names}"
UNKNOWN_CATEGORY = "I do not know “{word}”. These kinds of services I know: {names}."
UPDATE_BUTTON = "Update"
