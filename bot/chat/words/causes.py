"""What stops a service, at four lengths, and what can be done about it."""

from __future__ import annotations

from probes.model import Cause

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

BRIEF_IN_PART = {
    Cause.IP_DROPPED: "nothing comes back from some of its addresses",
    Cause.IP_RESET: "connections to some of its addresses are refused",
    Cause.IP_UNREACHABLE: "no way to some of its addresses",
}
SENTENCE_IN_PART = {
    Cause.DNS_DELISTED: (
        "Some of its names were taken out of the national directory of names, so providers here no longer find them."
    ),
    Cause.DNS_NXDOMAIN: (
        "The provider's directory of names (DNS) claims that some of its names do not exist; honest ones know them "
        "well."
    ),
    Cause.DNS_NODATA: "The provider's directory of names (DNS) knows some of its names but hides their addresses.",
    Cause.DNS_SPOOFED: (
        "The provider's directory of names (DNS) gives false addresses for some of its names, so people end up at "
        "other servers."
    ),
    Cause.IP_DROPPED: "Whatever is sent to some of the service's addresses disappears on the way.",
    Cause.IP_RESET: "Connections to some of the service's addresses are turned away on the way.",
    Cause.IP_UNREACHABLE: "The network says that there is no way to some of the service's addresses.",
    Cause.TLS_SNI_DROPPED: (
        "Connections to a part of it open, but once they say its name everything goes silent: the network filters by "
        "name."
    ),
    Cause.TLS_SNI_RESET: (
        "Connections to a part of it open, but are cut off once they say its name: the network filters by name."
    ),
    Cause.HTTP_BLOCKPAGE: "In place of a part of it comes a page that says that it is blocked.",
    Cause.CALLS_DROPPED: "Messages may arrive, but voice and video calls, or some of them, do not get through.",
}
"""Said of what works only in part, in place of what would be said of all of it."""

BRIEF_UNSETTLED = {
    Cause.SERVICE_CERTIFICATE: "its certificate is by an authority that it is not known to use",
}
TERSE_UNSETTLED = {
    Cause.SERVICE_CERTIFICATE: "unknown authority",
}
SENTENCE_UNSETTLED = {
    Cause.SERVICE_CERTIFICATE: (
        "Its certificate comes from an authority that the service is not known to use. The service may have changed "
        "its authority, or somebody on the way may pose as it: which of the two, I cannot tell from here."
    ),
}
"""Said where the finding is inconclusive, in place of what is said where the cause is known."""

BRIEF_BY_RULE = {
    (Cause.NOT_MEASURED, "flow.unclear"): "data is held back, and it cannot be told by whom",
}
TERSE_BY_RULE = {
    (Cause.NOT_MEASURED, "flow.unclear"): "held back, unclear by whom",
}
SENTENCE_BY_RULE = {
    (Cause.NOT_MEASURED, "flow.unclear"): (
        "It answers, but data comes slowly or stops. Whether the network, the service or the line holds it back, I "
        "cannot tell from here."
    ),
}
"""Said where a rule of docs/verdicts.md knows more than its cause says, in place of that."""

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
BEYOND_DNS_BLOCKED_BY = "Choosing another DNS resolver alone would not help, as something else stops it too: {reason}."
