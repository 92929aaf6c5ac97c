"""C16: what TLS adds to a WebSocket beside what it adds to HTTP, and what the schemes have in common."""

from __future__ import annotations

import pandas as pd

from results.claims.evidence import Judged, any_feed, judge_parts
from results.claims.observed import NotObserved, Seen
from results.select import NotMeasured, beside_each, kept
from results.transports import COMPARED, TRANSPORTS
from results.words import listed, number

PORT = "port without saying one"
ALIKE = 1.1
"""TLS costs a WebSocket the same as HTTP if each of its handshakes takes at most this many times as much."""


SCHEMES = {"ws": "http", "wss": "https"}
"""Each scheme of WebSockets, and HTTP's beside it."""


def secure(runs: pd.DataFrame, observations: pd.DataFrame) -> Judged:
    """Bytes that TLS adds to a message, a poll and a long poll, and to each connection while joining; ports and pages.

    A record around a message costs no more than the two around a question and its answer, and a handshake no more than
    HTTP's; a scheme has the port of HTTP's, and opens from the same pages.
    """
    chosen = any_feed(runs, ["connection"], COMPARED)
    chosen = chosen[kept(chosen) & ~chosen["deflate"].fillna(False)]
    added, joining = {}, {}
    for name in COMPARED:
        mine = chosen[chosen["transport"] == name]
        clear, hidden = mine[~mine["tls"]], mine[mine["tls"]]
        if clear.empty or hidden.empty:
            raise NotMeasured(f"no valid {name} run of connection with and without TLS")
        added[name] = beside_each(hidden, name) - beside_each(clear, name)
        joining[name] = _joining(hidden) - _joining(clear)
    http = [name for name in COMPARED if TRANSPORTS[name].asks]
    least, dearest = min(added[name] for name in http), max(joining[name] for name in http)
    parts = {"bytes of each message": added["websocket"] <= least,
             "bytes of joining": joining["websocket"] <= ALIKE * dearest}  # fmt: skip
    units = listed([f"{number(added[name])} B to {TRANSPORTS[name].unit}" for name in COMPARED])
    boundary = f"TLS adds {units} (by WebSocket), and {number(joining['websocket'])} B to each of its connections"
    numbers = [f"To join, a connection: {TRANSPORTS[name].title} {number(joining[name])} B more." for name in COMPARED]
    alike, words = schemes(observations)
    return judge_parts(parts | alike, "only these are compared: {}", boundary), (*numbers, *words)


def schemes(observations: pd.DataFrame) -> tuple[dict[str, bool], list[str]]:
    """Whether each scheme fares as HTTP's does, and how; no case without observations."""
    seen = Seen(observations, "C16")
    try:
        found = {words: seen.under(words) for words in (PORT, "from a page over http", "from a page over https")}
    except NotObserved:
        return {}, ["Not observed here: ports, and what a page may open."]
    if lacking := [scheme for by in found.values() for pair in SCHEMES.items() for scheme in pair if scheme not in by]:
        return {}, [f"Not observed here: what becomes of {listed(sorted(set(lacking)))}."]
    alike = {words: all(by[scheme] == by[http] for scheme, http in SCHEMES.items()) for words, by in found.items()}
    ports = [f"{scheme} and {http} {found[PORT][scheme]} and {found[PORT][http]}" for scheme, http in SCHEMES.items()]
    pages = [f"{words[0].upper()}{words[1:]}: {listed([f'{scheme} is {value}' for scheme, value in by.items()])}."
             for words, by in found.items() if words != PORT]  # fmt: skip
    return alike, [f"{PORT[0].upper()}{PORT[1:]}: {listed(ports)}.", *pages]


def _joining(runs: pd.DataFrame) -> float:
    """Bytes of joining for each connection."""
    return float((runs["joining_sent"] + runs["joining_received"]).sum()) / float(runs["connections"].sum())
