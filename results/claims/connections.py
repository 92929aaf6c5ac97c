"""C5 and C6: whether the server holds a request, and who sends on how many connections."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from results.claims.boundary import LESS, Boundary
from results.claims.claim import Judgement
from results.claims.evidence import any_feed, feed, judge, messages_per_round_trip, names_of
from results.model import crossing, long_polling_cycle, turnaround
from results.select import NotMeasured, kept, ratio_of_sums
from results.transports import COMPARED, TRANSPORTS
from results.words import number, times

FEEDS = "real-feed overhead latency scale"
STATUS_TOO = " (one of them for /status)"
HELD = 0.5
"""A server holds requests if one lies there for more than this share of the time."""


def held_requests(runs: pd.DataFrame) -> Judgement:
    """Judge C5 by the share of the time that the server holds a client's request, over the messages per round trip."""
    runs = feed(runs, FEEDS, "long-polling").dropna(subset=["held_mean_s"])
    runs = runs[kept(runs)]  # from request to response a new connection's handshake passes, too
    if runs.empty:
        raise NotMeasured("no run on kept connections says how long a request was held")
    at_server = (runs["held_mean_s"] - runs["rtt_ms"] / 1000) * runs["requests"]
    runs = runs.assign(at_server=at_server, seconds=runs["clients"] * runs["duration_s"])
    shares = {float(rate): ratio_of_sums(group, "at_server", "seconds")
              for rate, group in runs.groupby(messages_per_round_trip(runs))}  # fmt: skip
    empty, asked = ratio_of_sums(runs, "empty_responses", "requests"), ratio_of_sums(runs, "requests", "deliveries")
    cases = {rate: part > HELD for rate, part in shares.items()}
    limit = Boundary.of(cases.items(), "messages per round trip", LESS)
    return judge(
        cases.values(),
        holds=f"the server holds a request at least {_percent(min(shares.values()))} of the time at any rate measured",
        when=f"{limit.condition}: there the server holds a request more than half of the time",
        fails=f"the server holds a request at most {_percent(max(shares.values()))} of the time",
        evidence=(
            ("boundary", str(limit)),
            *((f"share of the time a request is held{_at(rate)}", _percent(part)) for rate, part in shares.items()),
            ("by the model, a request is held half of the time", f"at {times(half_held())} messages per round trip"),
            ("empty responses", f"{number(100 * empty)} %"),
            ("requests per message", number(asked)),
        ),
    )


def _percent(part: float) -> str:
    return f"{100 * part:.0f} %"


def _at(rate: float) -> str:
    return f", {times(rate)} messages per round trip" if rate else ", without a round trip"


def half_held() -> float:
    """Messages per round trip (Poisson, kept connections) at which the server holds a request half of the time."""
    transit = 0.5  # of a round trip, which is then the unit of time
    return crossing(lambda rate: turnaround(transit) / long_polling_cycle(transit, rate), lambda _: HELD, 1e-3, 1e3)


def connections(runs: pd.DataFrame) -> Judgement:
    """Judge C6 by the messages that arrive without a request, and that clients send meanwhile (`duplex`).

    That a connection lasts is no difference where all three keep theirs (RFC 9112 section 9.3).
    """
    pushed = feed(runs, FEEDS, "websocket")
    same = any_feed(runs, pushed["experiment"].unique(), COMPARED)
    requests, received = int(pushed["requests"].sum()), int(pushed["deliveries"].sum())
    lasting = ratio_of_sums(pushed, "connections", "clients") <= 2  # one of them is for /status while joining
    game = runs[(runs["operation"] == "duplex") & (runs["deliveries"] > 0)]
    sent = _sent(game)
    sides = {"the server": requests == 0 and lasting, "the client": sent is not None and _unasked(game)}
    arrived = f"{received:,} messages arrived with {number(requests)} requests"
    also = f", while clients sent {sent:,} on the same connections" if sent is not None else ""
    return judge(
        sides.values(),
        holds=arrived + also,
        when=f"for {names_of(sides)} only: {arrived}{also or '; clients that send were not measured'}",
        fails=f"{arrived} and {number(ratio_of_sums(pushed, 'connections', 'clients'))} connections per client",
        evidence=(*_per_client(same), *_per_message(same), *_duplex(game)),
    )


def _sent(game: pd.DataFrame) -> int | None:
    """How many messages WebSocket clients sent while they received; None if that was not run."""
    pushed = game[game["transport"] == "websocket"]
    return None if pushed.empty else int(pushed["published"].sum())


def _unasked(game: pd.DataFrame) -> bool:
    """Whether WebSocket clients sent without a request, on the connection that they received on."""
    pushed = game[game["transport"] == "websocket"]
    return int(pushed["requests"].sum()) == 0 and ratio_of_sums(pushed, "connections", "clients") <= 2


def _per_client(runs: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Connections per client, where connections are kept."""
    for name in COMPARED:
        mine = runs[(runs["transport"] == name) & kept(runs)]
        if len(mine):
            what = f"connections per client, {TRANSPORTS[name].words}{'' if TRANSPORTS[name].asks else STATUS_TOO}"
            yield what, number(ratio_of_sums(mine, "connections", "clients"))


def _per_message(runs: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Requests per message, and connections per message where each request has its own."""
    closing = runs[~kept(runs)]
    for name in ("polling", "long-polling"):
        mine, own = (each[each["transport"] == name] for each in (runs, closing))
        if len(mine):
            yield (
                f"requests per message, {TRANSPORTS[name].words}",
                number(ratio_of_sums(mine, "requests", "deliveries")),
            )
        if len(own):
            what = f"connections per message, {TRANSPORTS[name].words} with one per request"
            yield what, number(ratio_of_sums(own, "requests", "deliveries"))


def _duplex(runs: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """What each transport needs while clients send and receive."""
    for name in COMPARED:
        mine = runs[runs["transport"] == name]
        if len(mine):
            each, asked = ratio_of_sums(mine, "connections", "clients"), ratio_of_sums(mine, "requests", "published")
            yield (f"both ways at once, {TRANSPORTS[name].words}",
                   f"{number(each)} connections per client, {number(asked)} requests per message sent")  # fmt: skip
