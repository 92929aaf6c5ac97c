"""The one table of transports for loadtests and results: names, words, colours, and their own parameters.

A further row is a further transport. A guest takes part only in the experiments, figures and claims that name it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

FOLLOWED = ("feed", "duplex")
"""The operations in which every client follows the feed; in the others each has back what it sends."""


@dataclass(frozen=True)
class Transport:
    """One transport.

    `name` stands in commands and tables, `title` on curves and at the beginning of a sentence, `words` within one.
    `own` are the parameters of a run that only this transport has; `always_shown` appear even if they do not vary.
    `without` are parameters of others that mean nothing to it.
    """

    name: str
    title: str
    words: str
    colour: str
    marker: str
    users: Mapping[str, str]  # by operation, the class in loadtests/users
    scheme: str = "http"  # of its address without TLS
    asks: bool = True  # for messages, again and again; else it is told
    unit: str = "a request"  # what its bytes and its CPU are paid for
    own: tuple[str, ...] = ()
    always_shown: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    guest: bool = False


HTTP_USERS = {"echo": "HttpEchoUser", "post": "HttpPostUser"}
TRANSPORTS = {
    transport.name: transport
    for transport in (
        Transport("polling", "Polling", "polling", "#D55E00", "o",
                  HTTP_USERS | {"feed": "PollingUser", "duplex": "PollingDuplexUser"},
                  unit="a poll", own=("poll_interval_s",), always_shown=("poll_interval_s",)),
        Transport("long-polling", "Long polling", "long polling", "#0072B2", "s",
                  HTTP_USERS | {"feed": "LongPollingUser", "duplex": "LongPollingDuplexUser"},
                  unit="a long poll", own=("hold_s",)),
        Transport("websocket", "WebSocket", "a WebSocket", "#009E73", "D",
                  {"feed": "WebSocketUser", "echo": "WebSocketEchoUser", "post": "WebSocketPostUser",
                   "duplex": "WebSocketDuplexUser"}, "ws",
                  asks=False, unit="a message", without=("keep_alive",)),
        Transport("server-sent-events", "Server-sent events", "server-sent events", "#CC79A7", "^",
                  {"feed": "ServerSentEventsUser"}, asks=False, unit="a message", without=("keep_alive",), guest=True),
    )
}
"""By name, in the order in which they are listed; the colours are vermilion, blue, green and purple of Okabe and Ito's
set."""

COMPARED = tuple(name for name, transport in TRANSPORTS.items() if not transport.guest)
"""The three that every experiment compares."""
WITH_GUESTS = tuple(TRANSPORTS)
"""Those, and the guests: for the experiments, figures and claims that name them."""


def has_random_phase(transport: str) -> bool:
    """Whether its clients ask at intervals, each from a random phase on: then the phases are part of the sample."""
    return "poll_interval_s" in TRANSPORTS[transport].own


def owner(parameter: str) -> str | None:
    """The transport for which alone this parameter of a run means something; None if it does for all."""
    return next((name for name, transport in TRANSPORTS.items() if parameter in transport.own), None)


def others_parameters(transport: str) -> list[str]:
    """The parameters of a run that are other transports' own."""
    return [name for other in TRANSPORTS.values() if other.name != transport for name in other.own]


def inapplicable(transport: str) -> list[str]:
    """The parameters of a run that mean nothing to this transport."""
    return [*others_parameters(transport), *TRANSPORTS[transport].without]
