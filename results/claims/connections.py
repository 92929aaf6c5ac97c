"""C5 and C6: whether the request waits, and who speaks on how many connections."""

from __future__ import annotations

import pandas as pd

from results.claims.boundary import LESS, Boundary, condition
from results.claims.evidence import Judged, any_feed, feed, judge, judge_parts, listed_parts, messages_a_trip
from results.model import away, crossing, long_polling_cycle
from results.select import NotMeasured, kept, share
from results.transports import COMPARED, TRANSPORTS
from results.words import listed, number, times

FEEDS = "real-feed overhead latency scale"
STATUS_TOO = " (one of them for /status while joining)"
HELD = 0.5
"""A server holds the request if it lies there for more than this share of the time."""


def held_requests(runs: pd.DataFrame) -> Judged:
    """The share of the time that a client's request lies at the server, by how many messages come in a round trip."""
    runs = feed(runs, FEEDS, "long-polling").dropna(subset=["held_mean_s"])
    runs = runs[kept(runs)]  # from question to answer a new connection's handshake passes, too
    if runs.empty:
        raise NotMeasured("no run on kept connections says how long a request was held")
    at_server = (runs["held_mean_s"] - runs["rtt_ms"] / 1000) * runs["requests"]
    runs = runs.assign(at_server=at_server, seconds=runs["clients"] * runs["duration_s"])
    shares = {busy: share(group, "at_server", "seconds") for busy, group in runs.groupby(messages_a_trip(runs))}
    empty, asked = share(runs, "empty_responses", "requests"), share(runs, "requests", "deliveries")
    limit = half_held()
    found = listed([f"{100 * part:.0f} % {_at(float(busy))}" for busy, part in shares.items()])
    boundary = f"of the time, a request lies at the server for {found}; for half, by the model, {_at(limit)}"
    numbers = (
        f"Held means more than {100 * HELD:.0f} % of the time.",
        f"{number(100 * empty)} % of the responses were empty; {number(asked)} requests a message.",
    )
    cases = {float(busy): part > HELD for busy, part in shares.items()}
    measured = Boundary.of(cases.items(), "messages in a round trip", LESS)
    when = condition("few messages come in a round trip", {"": measured})
    return judge(list(cases.values()), when, boundary), numbers


def _at(busy: float) -> str:
    return f"at {times(busy)} messages in one" if busy else "without a round trip"


def half_held() -> float:
    """Messages a round trip (Poisson, kept connections) at which a request lies at the server half of the time."""
    transit = 0.5  # of a round trip, which is then the unit of time
    return crossing(lambda rate: away(transit) / long_polling_cycle(transit, rate), lambda _: HELD, 1e-3, 1e3)


def connections(runs: pd.DataFrame) -> Judged:
    """Messages that came unasked, and connections per client beside the two rivals'.

    Clients speak in the runs of `duplex`, while they are told. That a connection lasts is no difference where all three
    keep theirs (RFC 9112 section 9.3).
    """
    pushed = feed(runs, FEEDS, "websocket")
    same = any_feed(runs, pushed["experiment"].unique(), COMPARED)
    asked, came = int(pushed["requests"].sum()), int(pushed["deliveries"].sum())
    lasting = share(pushed, "connections", "clients") <= 2  # one more looks at /status while joining
    each = [
        f"{name} {number(share(mine, 'connections', 'clients'))}{STATUS_TOO * (not TRANSPORTS[name].asks)}"
        for name in COMPARED if len(mine := same[(same["transport"] == name) & kept(same)])
    ]  # fmt: skip
    numbers = [f"Connections per client, where they are kept: {listed(each)}."] if each else []
    for name in ("polling", "long-polling"):
        mine = same[same["transport"] == name]
        if len(mine):
            numbers.append(f"{name}: {number(share(mine, 'requests', 'deliveries'))} requests a message.")
    closing = same[~kept(same)]
    for name in closing["transport"].unique():
        hundred = 100 * share(closing[closing["transport"] == name], "requests", "deliveries")  # each on its own
        numbers.append(f"{name} without kept connections: {number(hundred)} connections a 100 messages.")
    boundary = f"{came:,} messages came on {number(asked)} requests; that a connection lasts is no difference"
    game = runs[(runs["operation"] == "duplex") & (runs["deliveries"] > 0)]
    spoken, ways = both_ways(game)
    sides = {"the server": asked == 0 and lasting, "the client": spoken}
    ways = ways or ["whether clients speak unasked was not measured"]
    verdict = judge_parts(sides, "the side that speaks is {}", listed_parts(boundary, *ways[:1]))
    return verdict, (*numbers, *ways[1:])


def both_ways(runs: pd.DataFrame) -> tuple[bool, list[str]]:
    """Whether clients, too, spoke on the one connection without a request; and what it took each transport."""
    pushed = runs[runs["transport"] == "websocket"]
    if pushed.empty:
        return False, []
    up, down = int(pushed["published"].sum()), int(pushed["deliveries"].sum())
    words = [f"{up:,} went up while {down:,} came down on the same connections"]
    for name in COMPARED:
        mine = runs[runs["transport"] == name]
        if len(mine):
            each, asked = share(mine, "connections", "clients"), share(mine, "requests", "published")
            words.append(f"Both ways at once, {TRANSPORTS[name].words} takes {number(each)} connections per client and "
                         f"{number(asked)} requests for each message sent.")  # fmt: skip
    return int(pushed["requests"].sum()) == 0 and share(pushed, "connections", "clients") <= 2, words
