"""The argument's history, step by step, each with the lab's own number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from results import table
from results.audit.lab import lab_bases
from results.audit.quantum import ratio
from results.claims.evidence import any_feed, feed
from results.figures.heads_compressed import measured_later
from results.select import NotMeasured, first_known, kept
from results.slow_start import NEW, WARM, by_state
from results.table import Results
from results.transports import COMPARED, WITH_GUESTS
from results.words import milliseconds, number

NOT_MEASURED = "not measured here"


@dataclass(frozen=True)
class Step:
    """A year, what came, its source, and how the lab's number for it is found in its results."""

    year: int
    what: str
    source: str
    found: Callable[[Results], str]


def round_trips(state: str, words: str) -> Callable[[Results], str]:
    """What 1 KB there and back takes in round trips, on connections in this state."""

    def found(results: Results) -> str:
        mine = by_state(table.valid(results.runs))
        mine = mine[(mine["state"] == state) & (mine["cookie_bytes"].fillna(0) == 0)]
        smallest = mine[mine["payload_bytes"] == mine["payload_bytes"].min()]
        return f"{number(round(first_known(smallest, 'round_trips'), 2))} round trips for 1 KB there and back, {words}"

    return found


def mean_latency(transport: str) -> Callable[[Results], str]:
    """The mean latency at a round trip of 100 ms."""

    def found(results: Results) -> str:
        far = feed(table.valid(results.runs), "latency", *COMPARED)
        far = far[kept(far) & (far["rtt_ms"] == 100) & (far["transport"] == transport)]
        polls = f", polls every {first_known(far, 'poll_interval_s'):g} s" if transport == "polling" else ""
        mean = milliseconds(float(far["latency_mean_ms"].mean()))
        return f"{mean} ms from publication to arrival, at a round trip of 100 ms{polls}"

    return found


def overhead(transport: str) -> Callable[[Results], str]:
    """What a message costs beside itself, at the highest rate measured."""

    def found(results: Results) -> str:
        mine = any_feed(table.valid(results.runs), ["update-rate"], WITH_GUESTS)
        mine = mine[mine["transport"] == transport]
        if mine.empty:
            raise NotMeasured(f"update-rate has no {transport}")
        fastest = mine[mine["rate_hz"] == mine["rate_hz"].max()]
        return f"{number(round(float(fastest['overhead_per_delivery'].mean()), 1))} B added to a message"

    return found


def quoted(results: Results) -> str:
    """What is left of the most quoted ratio."""
    own = lab_bases(feed(table.valid(results.runs), "overhead", *COMPARED))
    on_ip = next((each for each in own if "segments at 52 B" in each.name), None)
    if on_ip is None:
        raise NotMeasured("no segments were counted")
    return f"{number(ratio(on_ip.polling, on_ip.websocket))} : 1, with IP and TCP, instead of 436 : 1"


def compressed(results: Results) -> str:
    later = measured_later(results.observations)
    if later is None:
        raise NotMeasured("no HTTP/2 was observed")
    return f"{number(later)} B for the head of a later poll"


def none(results: Results) -> str:
    raise NotMeasured("the lab has neither")


HISTORY = (
    Step(1996, "HTTP/1.0: a connection for each request", "RFC 1945", round_trips(NEW, "on a new connection")),
    Step(1997, "HTTP/1.1: connections last", "RFC 2068", round_trips(WARM, "on a kept one")),
    Step(2005, "Ajax: pages poll", "Garrett, “Ajax”, February 2005", mean_latency("polling")),
    Step(2006, "Comet: requests are held", "Russell, “Comet”, March 2006", mean_latency("long-polling")),
    Step(2006, "Server-sent events", "Opera, September 2006; now HTML §9.2", overhead("server-sent-events")),
    Step(2010, "“A Quantum Leap”: 871 B against 2", "Lubbers & Greco, websocket.org", quoted),
    Step(2011, "WebSocket", "RFC 6455", overhead("websocket")),
    Step(2011, "The same, in time", "RFC 6202 §2.2 on long polling", mean_latency("websocket")),
    Step(2015, "HTTP/2: headers are compressed", "RFC 7540, RFC 7541", compressed),
    Step(2018, "WebSockets within HTTP/2", "RFC 8441", none),
    Step(2022, "HTTP/3 and WebTransport", "RFC 9114; W3C draft", none),
)


def rows(results: Results) -> list[list[str]]:
    """A row for each step, as text."""
    return [[str(step.year), step.what, step.source, said(step, results)] for step in HISTORY]


def said(step: Step, results: Results) -> str:
    try:
        return step.found(results)
    except (NotMeasured, IndexError):
        return NOT_MEASURED
