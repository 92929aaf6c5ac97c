"""The message rates at which one transport comes to cost more bytes than another: measured, and by the model."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from results.model import Heads, ModelError, crossing, crossover_rate, polling_overhead, websocket_overhead
from results.select import NotMeasured, first_known
from results.transports import TRANSPORTS
from results.words import times

OVERHEAD = "overhead_per_delivery"
SLOWEST, FASTEST = 1e-3, 1e5  # messages a second, between which a crossing is looked for


def heads_of(runs: pd.DataFrame) -> Heads:
    """Bytes of a request and of a response, empty or not, of these runs of one HTTP transport: least squares.

    NotMeasured if they have no requests.
    """
    runs = runs.dropna(subset=["requests", "empty_responses", "request_head", "cookies", "response_head"])
    requests, empty = (runs[name].to_numpy(dtype=float) for name in ("requests", "empty_responses"))
    if not requests.sum() > 0:
        raise NotMeasured("no valid run has requests, from which the bytes of heads would be known")
    request = float((runs["request_head"] + runs["cookies"]).sum()) / requests.sum()
    kinds = np.column_stack([empty, requests - empty])
    (without, with_messages), *_ = np.linalg.lstsq(kinds, runs["response_head"].to_numpy(dtype=float), rcond=None)
    return Heads(request, float(without), float(with_messages))


def measured(runs: pd.DataFrame, dearer: str, cheaper: str, cost: str = OVERHEAD) -> float | None:
    """The rate from which `dearer` has more of a `cost` for a message than `cheaper`; None unless it changes once.

    Rates are those at which messages have really come. Between two that were run, costs are taken to be straight lines
    on logarithmic axes, as the model's overheads are.
    """
    both = by_rate(runs, cost).dropna(subset=[dearer, cheaper]) if {dearer, cheaper} <= set(runs["transport"]) else None
    if both is None or both.empty:
        return None
    gap = np.log((both[dearer] / both[cheaper]).to_numpy(dtype=float))
    rates = np.log(both.index.to_numpy(dtype=float))
    (changes,) = np.nonzero(np.diff(np.sign(gap)))
    if len(changes) != 1 or gap[-1] <= 0:
        return None
    at = int(changes[0])
    return math.exp(rates[at] - gap[at] * (rates[at + 1] - rates[at]) / (gap[at + 1] - gap[at]))


def by_rate(runs: pd.DataFrame, cost: str = OVERHEAD) -> pd.DataFrame:
    """A cost for a message, a column for each transport, by the rate at which messages have really come.

    `cost` is a cell that is said of one delivery, in its own unit; or `requests`, which are of the whole run.
    """
    spent = runs[cost] * (1 if cost == "requests" else runs["deliveries"])
    sums = runs.assign(spent=spent, seconds=runs["duration_s"]).groupby(["rate_hz", "transport"])[
        ["spent", "deliveries", "published", "seconds"]
    ].sum().astype("float64")  # fmt: skip
    overheads = (sums["spent"] / sums["deliveries"]).unstack()
    rates = sums.groupby("rate_hz")[["published", "seconds"]].sum()
    return overheads.set_axis(rates["published"] / rates["seconds"], axis=0)


def orders(runs: pd.DataFrame, cost: str, words: str) -> str:
    """Which transport has the least of a cost, where no single crossing is found; `words` say so: "adds the …".

    NotMeasured unless two transports were run at the same rate.
    """
    both = by_rate(runs, cost)
    both = both[both.notna().sum(axis=1) > 1]
    if both.empty:
        raise NotMeasured("no rate of `update-rate` was run validly with two transports")
    winners = [TRANSPORTS[str(name)].title for name in dict.fromkeys(both.idxmin(axis=1))]
    if len(winners) > 1:
        return f"Which transport {words} changes with the message rate"
    rates = both.index.to_numpy(dtype=float)
    slowest, fastest = times(rates.min()), times(rates.max())
    span = f"at {slowest}" if slowest == fastest else f"from {slowest} to {fastest}"
    return f"{winners[0]} {words} {span} messages/s"


def predicted_over_polling(runs: pd.DataFrame) -> float:
    """The rate from which long polling has more overhead than polling, by the model with the heads of these runs."""
    polls, held = (runs[runs["transport"] == name] for name in ("polling", "long-polling"))
    interval, hold = first_known(polls, "poll_interval_s"), first_known(held, "hold_s")
    return crossover_rate(first_known(held, "rtt_ms") / 2000, interval, hold, heads=heads_of(polls))


def predicted_under_websocket(runs: pd.DataFrame) -> float | None:
    """The rate from which polling has less overhead than a WebSocket; None if it never has."""
    polls, pushed = (runs[runs["transport"] == name] for name in ("polling", "websocket"))
    interval, heads = first_known(polls, "poll_interval_s"), heads_of(polls)
    frame = websocket_overhead(round(float(pushed["payload"].sum() / pushed["deliveries"].sum())))
    try:
        return crossing(lambda _: frame, lambda rate: polling_overhead(rate, interval, heads), SLOWEST, FASTEST)
    except ModelError:
        return None
