"""Why an answer says what it says: what was done, what came back, what it was held against, and what follows."""

from __future__ import annotations

from probes.model import Confidence
from probes.observations import Purpose

WHY_WHAT = "Whose evidence shall I show? For example: /why whatsapp"
WHY_DEEDS = {
    "dns": "I asked the resolver {where} for the address of {host} ({type}): {result}.",
    "tcp": "I opened a connection to {where}: {result}.",
    "tls": "I opened a connection to {where} and said the name {name} (TLS): {result}.",
    "http": "I asked {where} for {url}: {result}.",
    "quic": "I spoke QUIC to {where} and said the name {name}: {result}.",
    "mtproto": "I spoke the app's own protocol (MTProto) to {where}: {result}.",
    "stun": "I called the relay for calls at {where} (STUN): {result}.",
    "transfer": "I moved data to or from {where}: {result}.",
    "outside": "A server outside this network, {where}, tried {host}: {result}.",
}
WHY_NEGOTIATED = "I asked {where} whether it speaks QUIC, without saying any name: {result}."
WHY_BORROWED = "I fetched a large file of somebody else's from {where}, under the service's own name, {host}: {result}."
WHY_REPEATED = (
    "{count} more time, on a fresh connection or at another address: the same.",
    "{count} more times, on fresh connections or at other addresses: the same.",
)
WHY_CONTROLS = {
    (Purpose.HONEST_RESOLVER, True): (
        "To compare, a resolver that nobody here can lie for, {where}: {result}. So the name exists."
    ),
    (Purpose.HONEST_RESOLVER, False): (
        "To compare, a resolver that nobody here can lie for, {where}: {result}. So it is the same for everybody."
    ),
    (Purpose.HONEST_ADDRESS, True): (
        "To compare, the true address, {where}: {result}. So the service itself can be reached."
    ),
    (Purpose.HONEST_ADDRESS, False): "To compare, the true address, {where}: {result}. So that alone is no way out.",
    (Purpose.RESOLVER_TCP, True): (
        "To compare, the same resolver over TCP, {where}: {result}. So the false answer is put in on the way."
    ),
    (Purpose.RESOLVER_TCP, False): (
        "To compare, the same resolver over TCP, {where}: {result}. So it is the resolver itself that says so."
    ),
    (Purpose.INNOCUOUS_NAME, True): (
        "To compare, another name, {name}, said to the same address, {where}: {result}. So the server is there."
    ),
    (Purpose.INNOCUOUS_NAME, False): (
        "To compare, another name, {name}, said to the same address, {where}: {result}. So it is not about the name."
    ),
    (Purpose.UNRELATED_ADDRESS, True): (
        "To compare, the same name said to a server that has nothing to do with it, {where}: {result}. "
        "So the name alone is not enough to be stopped."
    ),
    (Purpose.UNRELATED_ADDRESS, False): (
        "To compare, the same name said to a server that has nothing to do with it, {where}: {result}. "
        "So it is about the name, whoever hears it."
    ),
    (Purpose.UNRELATED_BASELINE, True): (
        "To compare, another name, {name}, said to such a server, {where}: {result}. So the way there is open."
    ),
    (Purpose.UNRELATED_BASELINE, False): (
        "To compare, another name, {name}, said to such a server, {where}: {result}. So that way is closed as well."
    ),
    (Purpose.SECURE_TWIN, True): (
        "To compare, the same site over TLS, {where}: {result}. So the genuine server is there."
    ),
    (Purpose.SECURE_TWIN, False): "To compare, the same site over TLS, {where}: {result}. So it does not answer there.",
    (Purpose.OTHER_PORT, True): "To compare, another port of the same address, {where}: {result}. So it is alive.",
    (Purpose.OTHER_PORT, False): (
        "To compare, another port of the same address, {where}: {result}. So it is not about the port."
    ),
    (Purpose.OTHER_PROTOCOL, True): (
        "To compare, a harmless protocol at the same address, {where}: {result}. So the server is there."
    ),
    (Purpose.OTHER_PROTOCOL, False): (
        "To compare, a harmless protocol at the same address, {where}: {result}. So it is not about the protocol."
    ),
    (Purpose.TRANSFER_CONTROL, True): (
        "To compare, as much data under another name or over another way, {where}: {result}."
    ),
    (Purpose.TRANSFER_CONTROL, False): (
        "To compare, as much data under another name or over another way, {where}: {result}. So it is not the name."
    ),
    (Purpose.ROOT_SERVER, True): (
        "To compare, a root server, {where}, which never knows such names itself: {result}. "
        "So somebody on the way answers in its place."
    ),
    (Purpose.ROOT_SERVER, False): (
        "To compare, a root server, {where}, which never knows such names itself: {result}, as it should be."
    ),
    (Purpose.OUTSIDE, True): (
        "To compare, a server outside this network, {where}, tried {host}: {result}. So others reach the service."
    ),
    (Purpose.OUTSIDE, False): (
        "To compare, a server outside this network, {where}, tried {host}: {result}. So others cannot reach it either."
    ),
    (Purpose.DIRECTORY, True): (
        "To compare, the national directory of names itself, {where}: {result}. So it is listed."
    ),
    (Purpose.DIRECTORY, False): (
        "To compare, the national directory of names itself, {where}: {result}. "
        "So it is denied to everybody who relies on that directory."
    ),
    (Purpose.BASELINE, True): "To compare, what this host is held against, {host} at {where}: {result}.",
    (Purpose.BASELINE, False): "To compare, what this host is held against, {host} at {where}: {result}.",
}
"""By what a step was made for and whether it went through; of data, that it came does not say how fast."""
WHY_RELAYS = {
    True: "To compare, a relay that has nothing to do with it, {where}: {result}. So calls by others get through.",
    False: "To compare, a relay that has nothing to do with it, {where}: {result}. So it is not about this service.",
}
"""The same for calls, where no name is said."""
WHY_STRANGERS_DATA = "To compare, as much data under another name, {name}, at an unrelated server, {where}: {result}."
"""The same for data: how fast it came, the result does not say, and so nothing follows from that alone."""
WHY_NEGOTIATIONS = {
    True: "To compare, {where}, asked by QUIC without any name: {result}. So the server is there.",
    False: "To compare, {where}, asked by QUIC without any name: {result}. So it is not about the name.",
}
"""The same for QUIC, before any name is said."""
WHY_RESULT = "{result} after {milliseconds} ms"
WHY_OTHER_NAME = "one that nobody blocks"
WHY_SO = "It follows: {conclusion} [{rule}]"
"""In brackets: the rule's name in docs/verdicts.md."""
WHY_ALIKE = "The same as above: {reason}."
WHY_RULES = {
    "works": "what answers there is the service itself.",
    "not_measured": "time ran out before anything could be said.",
    "clear_text_alone": "nobody at all can connect to it by HTTPS: it was asked in clear text, by HTTP.",
    "redirects.endless": "it sends visitors round in circles.",
    "host.offline": "nothing works here, not even what nobody blocks: this host is offline.",
    "host.captive_portal": "this host is held at its network's login page.",
    "host.allowlist": "this network lets only chosen sites through, whatever the service.",
    "name.dead_but_answered": "nobody honest knows the name: the answer here is made up, and the site is gone.",
    "name.dead": "nobody honest knows the name either: it does not exist.",
    "name.without_usable_address": "its owner publishes no address that anybody could reach.",
    "name.resolver_broken": "the resolver fails for names that nobody blocks as well: it is broken.",
    "name.address_is_impossible": "such an address cannot be on the internet: the answer is false.",
    "name.denied": "others find the name, and only here it is denied: it is blocked in DNS.",
    "name.address_cannot_prove_name": (
        "the server there cannot prove to be the service, and the one at the true address can: the answer is false."
    ),
    "name.address_shows_block_page": "the address given leads to a block page: the answer is false.",
    "name.answer_is_injected": "somebody on the way answers in place of the resolver.",
    "name.address_is_doubtful": (
        "a false answer would explain it, and so would a dead server nearby; which of the two, cannot be told."
    ),
    "name.unclear": "with nobody honest to compare with, nothing can be told.",
    "name.answered_on_the_way": "it works, but somebody on the way answers for the name and may see what passes.",
    "address.blocked": "others reach the address and nothing from here ever does: the address is blocked.",
    "address.server_down": "nobody else reaches the address either: the server is down.",
    "address.unclear": "nobody outside could be asked, and from here alone a block looks like a dead server.",
    "handshake.clock_wrong": "an unrelated server's dates look wrong as well: it is this host's clock.",
    "handshake.intercepted_by_name": (
        "a server that has nothing to do with it shows the same certificate for this name: somebody in between does."
    ),
    "handshake.intercepted_at_address": (
        "outside, the same address shows a good certificate: here somebody puts another one in its place."
    ),
    "handshake.own_authority_unknown": (
        "nobody else is shown such a certificate here; the service may have changed it, so nobody is accused."
    ),
    "handshake.certificate_bad_for_all": "outside the certificate is bad as well: it is the owner's mistake.",
    "handshake.certificate_trusted_but_wrong": (
        "nobody in between is given such a certificate: it is the server's own, and its owner's mistake."
    ),
    "handshake.name_blocked": (
        "other names pass, and this one ends the same way even at servers that have nothing to do with it: "
        "the network filters by the name."
    ),
    "handshake.name_blocked_here": (
        "this address takes another name here, and this name outside: the network filters the two together."
    ),
    "handshake.name_answered_by_another": (
        "servers that have nothing to do with it give the very same answer to this name: somebody in between does."
    ),
    "handshake.address_blocked_after_connect": (
        "whatever name is said, this address falls silent here, and outside it answers: the network blocks the address."
    ),
    "handshake.fails_for_all": "it fails outside as well: the fault is the server's own.",
    "handshake.server_refuses": "the server itself ends it, and serves others: it turns this host away.",
    "handshake.unclear": "nothing tells a filter from a faulty server here.",
    "response.frozen": "the beginning comes and the rest never does, under this name only: the network holds it up.",
    "response.blocked_by_name": (
        "asked for this name, servers that have nothing to do with it end alike: the network filters by the name."
    ),
    "response.blocked_here": (
        "this address answers for another name here, and for this one outside: the network filters the two together."
    ),
    "response.address_blocked_after_connect": (
        "whatever is asked of this address stays unanswered here, and outside it answers: the address is blocked."
    ),
    "response.fails_for_all": "outside there is no answer either: the fault is the server's own.",
    "response.unclear": "nothing tells a filter from a slow or faulty server here.",
    "page.follows_the_name": (
        "a server that has nothing to do with it gives the very same page for this name: the page is made on the way."
    ),
    "page.is_known": "the page has the marks of a known block page.",
    "page.differs_from_secure_twin": (
        "over TLS this host is given the same page as others: the other one is put in its place on the way."
    ),
    "page.service_refuses": "the service itself says that it does not serve visitors from here.",
    "page.service_refuses_this_host": "the service itself turns this visitor away, and serves others.",
    "page.server_errs_here": "the server answers this host with errors of its own, and gives others the page.",
    "page.server_errs_for_all": "others are given errors of the server as well: the fault is the service's own.",
    "page.differs": "this host is given another page than others, and nothing tells by whom.",
    "protocol.blocked": (
        "the same address and port answers another protocol: the network filters the app's own protocol."
    ),
    "protocol.unclear": "the server answers no other protocol either, so nothing can be told.",
    "quic.blocked_by_name": "under another name the same address answers by QUIC: the network filters by the name.",
    "quic.blocked_altogether": "the server is there for QUIC, and no connection ever comes about: QUIC is filtered.",
    "quic.certificate": "the server is reached by QUIC: nothing is said of its certificate here.",
    "quic.unclear": "the server may not speak QUIC at all, so nothing is said.",
    "calls.blocked": (
        "an unrelated relay answers and this one's host is alive: what calls need is filtered on the way to it."
    ),
    "calls.unclear": "nothing else shows that the relay is alive, so nothing is said.",
    "flow.frozen_by_name": "under another name the same address delivers everything: the network holds up this name.",
    "flow.throttled_by_name": "under another name the same address is many times faster: the network slows this name.",
    "flow.frozen_by_address": "others are delivered everything, and this address is held up on the way.",
    "flow.throttled_in_clear": "over TLS the same address is many times faster: what can be read is slowed down.",
    "flow.throttled_by_address": "an unrelated server is many times faster: this address is slowed down on the way.",
    "flow.unclear": "nothing tells a network that slows it down from a slow server or a slow line here.",
    "flow.frozen_everywhere": "servers that have nothing to do with each other stop alike: it is the network.",
}
"""What each rule of docs/verdicts.md concludes."""

WHY_DIRECTORY = "{directory}, asked directly"
WHY_NAMES = {
    "listed": "{name}: listed",
    "delisted": "{name}: taken out",
    "spoofed": "{name}: addresses that cannot be true",
    "dead": "{name}: exists nowhere; honest resolvers deny it as well",
    "unclear": "{name}: cannot be told from the answers",
    "silent": "{name}: no answer",
}
WHY_NOT_MEASURED = "Not measured"
NOT_MEASURED_COMPONENT = "{component}: {reason}"
NOT_MEASURED_OUTSIDE = "how it fares outside this network: nobody there had to be asked"
NOT_MEASURED_TRANSFER = "whether much data passes as fast as little"
NOT_MEASURED_IPV6 = "IPv6: this host has none, or there was nothing to reach by it"
NOT_MEASURED_ELSEWHERE = "other providers and mobile networks: I see only what passes on the way from this host"
SURE = {
    Confidence.CONFIRMED: "Confirmed: it was repeated, and the comparisons agree.",
    Confidence.LIKELY: "Very likely: something else is possible, but little speaks for it.",
    Confidence.POSSIBLE: "Possible, no more: the evidence does not suffice.",
}

DETAILS = ("{count} observation", "{count} observations")
DETAILS_TIMES = "{line} — {count} times"
