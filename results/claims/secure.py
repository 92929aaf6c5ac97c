"""C16: what TLS adds to a WebSocket, beside what it adds to HTTP."""

from __future__ import annotations

import pandas as pd

from results.claims.evidence import Judged, any_feed, judge
from results.select import NotMeasured, kept
from results.transports import COMPARED, TRANSPORTS
from results.words import listed, number

ALIKE = 1.1
"""TLS costs a WebSocket the same as HTTP if each of its handshakes takes at most this many times as much."""


def secure(runs: pd.DataFrame) -> Judged:
    """Bytes that TLS adds to a message, a poll and a long poll, and to each connection while joining.

    Judged by bytes alone: a record around a message costs no more than the two around a question and its answer, and a
    handshake no more than HTTP's. Ports and schemes are no run's figure.
    """
    chosen = any_feed(runs, ["connection"], COMPARED)
    chosen = chosen[kept(chosen) & ~chosen["deflate"].fillna(False)]
    added, joining = {}, {}
    for name in COMPARED:
        mine = chosen[chosen["transport"] == name]
        clear, hidden = mine[~mine["tls"]], mine[mine["tls"]]
        if clear.empty or hidden.empty:
            raise NotMeasured(f"no valid {name} run of connection with and without TLS")
        added[name] = _each(hidden, name) - _each(clear, name)
        joining[name] = _joining(hidden) - _joining(clear)
    http = [name for name in COMPARED if TRANSPORTS[name].asks]
    least, dearest = min(added[name] for name in http), max(joining[name] for name in http)
    cases = [added["websocket"] <= least, joining["websocket"] <= ALIKE * dearest]
    units = listed([f"{number(added[name])} B to {TRANSPORTS[name].unit}" for name in COMPARED])
    boundary = f"TLS adds {units} (by WebSocket), and {number(joining['websocket'])} B to each of its connections"
    numbers = [f"To join, a connection: {TRANSPORTS[name].title} {number(joining[name])} B more." for name in COMPARED]
    return judge(cases, "bytes of messages alone are compared", boundary), tuple(numbers)


def _each(runs: pd.DataFrame, transport: str) -> float:
    """Bytes beside the messages for each request, or for each message where nobody asks."""
    beside = float((runs["wire_sent"] + runs["wire_received"] - runs["payload"]).sum())
    return beside / float(runs["requests" if TRANSPORTS[transport].asks else "deliveries"].sum())


def _joining(runs: pd.DataFrame) -> float:
    """Bytes of joining for each connection."""
    return float((runs["joining_sent"] + runs["joining_received"]).sum()) / float(runs["connections"].sum())
