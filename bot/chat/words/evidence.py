"""Single observations: what was done, what came of it, and what it was for."""

from __future__ import annotations

from probes.observations import Purpose

EVIDENCE = "Evidence"
MORE = "… and {count} more"
SOME = "{shown} … and {count} more"
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
BORROWED = "somebody else's file, under this name"
UNRELATED_RELAY = "to compare: an unrelated relay"
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
