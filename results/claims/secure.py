"""C16: what TLS adds to a WebSocket and to HTTP, and what the schemes have in common."""

from __future__ import annotations

import pandas as pd

from results.claims.claim import Judgement
from results.claims.evidence import any_feed, judge, names_of
from results.claims.observed import NotObserved, Observed
from results.select import NotMeasured, joining_bytes, kept, overhead_per_request
from results.transports import COMPARED, TRANSPORTS
from results.words import listed, number

PORT = "port without saying one"
PAGES = ("from a page over http", "from a page over https")
NAMES = {PORT: "default ports", PAGES[0]: "pages over http", PAGES[1]: "pages over https"}
ALIKE = 1.1
"""TLS costs a WebSocket the same as HTTP if each of its handshakes takes at most this many times as much."""


SCHEMES = {"ws": "http", "wss": "https"}
"""Each scheme of WebSockets, and HTTP's beside it."""


def secure(runs: pd.DataFrame, observations: pd.DataFrame) -> Judgement:
    """Judge C16 by the bytes that TLS adds per message, poll, long poll and connection; and by ports and pages.

    A record around a message should cost no more than the two around a request and its response. A handshake should
    cost no more than HTTP's. A scheme has the port of HTTP's, and opens from the same pages.
    """
    chosen = any_feed(runs, ["connection"], COMPARED)
    chosen = chosen[kept(chosen) & ~chosen["deflate"].fillna(False)]
    added, joining = {}, {}
    for name in COMPARED:
        mine = chosen[chosen["transport"] == name]
        clear, hidden = mine[~mine["tls"]], mine[mine["tls"]]
        if clear.empty or hidden.empty:
            raise NotMeasured(f"no valid {name} run of connection with and without TLS")
        added[name] = overhead_per_request(hidden, name) - overhead_per_request(clear, name)
        joining[name] = _joining(hidden) - _joining(clear)
    http = [name for name in COMPARED if TRANSPORTS[name].asks]
    least, dearest = min(added[name] for name in http), max(joining[name] for name in http)
    parts = {"bytes per message": added["websocket"] <= least,
             "bytes per connection": joining["websocket"] <= ALIKE * dearest}  # fmt: skip
    units = [f"{number(added[name])} B to {TRANSPORTS[name].unit}" for name in COMPARED]
    found = f"TLS adds {listed(units)} by WebSocket"
    alike, rows = schemes(observations)
    parts |= alike
    return judge(
        parts.values(),
        holds=found,
        when=f"except for {names_of(parts, confirmed=False)}; {found}",
        fails=found,
        evidence=(
            *((f"TLS adds to {TRANSPORTS[name].unit}", f"{number(added[name])} B") for name in COMPARED),
            *((f"TLS adds to a connection, {TRANSPORTS[name].words}", f"{number(joining[name])} B")
              for name in COMPARED),
            *rows,
        ),
    )


def schemes(observations: pd.DataFrame) -> tuple[dict[str, bool], list[tuple[str, str]]]:
    """Whether each scheme behaves as HTTP's does, and the evidence; no case without observations."""
    seen = Observed(observations, "C16")
    try:
        found = {words: seen.under(words) for words in (PORT, *PAGES)}
    except NotObserved:
        return {}, [("default ports, and what a page may open", "not observed here")]
    if lacking := [scheme for by in found.values() for pair in SCHEMES.items() for scheme in pair if scheme not in by]:
        return {}, [(f"what happens to {listed(sorted(set(lacking)))}", "not observed here")]
    alike = {NAMES[words]: all(by[scheme] == by[http] for scheme, http in SCHEMES.items())
             for words, by in found.items()}  # fmt: skip
    ports = [(f"default ports of {scheme} and {http}", f"{found[PORT][scheme]} and {found[PORT][http]}")
             for scheme, http in SCHEMES.items()]  # fmt: skip
    pages = [(f"{scheme} {words}", value) for words in PAGES for scheme, value in found[words].items()]
    return alike, [*ports, *pages]


def _joining(runs: pd.DataFrame) -> float:
    """Bytes of joining for each connection."""
    return float(joining_bytes(runs).sum()) / float(runs["connections"].sum())
