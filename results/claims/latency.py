"""C11: whether WebSockets deliver messages faster than each rival, where there is a network."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from results.claims.boundary import Boundary, boundary_rows, condition
from results.claims.claim import Evidence, Judgement
from results.claims.evidence import RIVALS, Condition, any_feed, conditions, feed, judge, listed_parts
from results.model import crossing, long_polling_mean
from results.select import NotMeasured
from results.transports import COMPARED, TRANSPORTS
from results.words import number, times

UNITS = {"polling": "round trips between polls", "long-polling": "messages per round trip"}
"""What decides for each rival, by the model; see `Case.place`."""
REAL_PATH = "over real packets"
SIGNIFICANT = 1.25
"""A WebSocket is significantly sooner where the rival's mean is at least this many times its own, interval and all."""


@dataclass(frozen=True)
class Mean:
    """A mean latency and the half width of its 95 % interval, in ms."""

    ms: float
    half_ms: float


@dataclass(frozen=True)
class Case:
    """The WebSocket against a rival under one condition; `busy` are the messages in a round trip, `wait` is the poll
    interval in round trips.
    """

    rival: str
    where: str
    kept: bool
    rtt_ms: float
    busy: float
    wait: float
    ours: Mean
    theirs: Mean

    @property
    def ratio(self) -> float:
        """How many times as late the rival is."""
        return self.theirs.ms / self.ours.ms

    @property
    def half_ratio(self) -> float:
        """Half the ratio's 95 % interval: the relative errors of independent means add up in squares."""
        return self.ratio * math.hypot(self.ours.half_ms / self.ours.ms, self.theirs.half_ms / self.theirs.ms)

    @property
    def sooner(self) -> bool:
        """Whether the whole interval lies at or above what is significant."""
        return self.ratio - self.half_ratio >= SIGNIFICANT

    @property
    def place(self) -> float:
        """What decides, by the model: for polling the interval in round trips, else messages in a round trip."""
        return self.wait if self.rival == "polling" else self.busy

    @property
    def where_in_words(self) -> str:
        where = self.where if self.rtt_ms else f"this machine alone, without a round trip ({self.where})"
        return f"{TRANSPORTS[self.rival].title} and WebSocket: {where}"

    @property
    def found(self) -> str:
        theirs, ours = (f"{number(mean.ms)} ± {number(mean.half_ms)} ms" for mean in (self.theirs, self.ours))
        return f"{theirs} and {ours}: {number(self.ratio)} ± {number(self.half_ratio)} times"


def latency(runs: pd.DataFrame) -> Judgement:
    """Judge C11 by the WebSocket's mean latency against each rival's, with a round trip and kept connections.

    The other cases are evidence, and judge nothing.
    """
    chosen = feed(runs, "latency real-feed", *COMPARED)
    cases = [case for name in chosen["experiment"].unique() for case in cases_of(chosen[chosen["experiment"] == name])]
    judged = [case for case in cases if case.rtt_ms and case.kept]
    if not judged:
        raise NotMeasured("no round trip was run validly with a WebSocket and a rival; the others measure the machine")
    rows = dict.fromkeys((case.where_in_words, case.found) for case in sorted(cases, key=lambda case: -case.rtt_ms))
    limits, model = _boundaries(judged), f"above {times(latency_threshold())} {UNITS['long-polling']}"
    return judge(
        [case.sooner for case in judged],
        holds=f"WebSocket is {SIGNIFICANT:g} times as fast or more in each of {len(judged)} comparisons",
        when=condition("against", limits),
        fails=f"in none of {len(judged)} comparisons is WebSocket {SIGNIFICANT:g} times as fast",
        evidence=(("significantly faster means", f"{SIGNIFICANT:g} times or more, with the whole 95 % interval"),
                  ("by the model, long polling is that much slower", model), *boundary_rows(limits),
                  *_over_packets(runs), *rows),
    )  # fmt: skip


def _boundaries(cases: list[Case]) -> dict[str, Boundary]:
    """Between which measured cases the boundary against each rival lies."""
    found = {rival: [(round(case.place, 6), case.sooner) for case in cases if case.rival == rival] for rival in RIVALS}
    return {TRANSPORTS[rival].words: Boundary.of(own, UNITS[rival]) for rival, own in found.items() if own}


def _over_packets(runs: pd.DataFrame) -> Evidence:
    """The same boundaries over real packets, for each share of them that is lost."""
    rows = []
    for loss, own in any_feed(runs, ["loss"], COMPARED).groupby("loss_percent"):
        for rival, boundary in _boundaries(list(cases_of(own))).items():
            rows.append((f"boundary {REAL_PATH}, {loss:g} % lost, {rival}", str(boundary)))
    return tuple(rows)


def latency_threshold() -> float:
    """Messages a round trip (Poisson, kept connections) at which a long poll is SIGNIFICANT times as late."""
    transit = 0.5  # of a round trip, which is then the unit of time
    return crossing(lambda rate: long_polling_mean(transit, rate), lambda _: SIGNIFICANT * transit, 1e-3, 1e3)


def cases_of(runs: pd.DataFrame) -> Iterator[Case]:
    """The cases of one experiment; how often polls come is no condition for long polling."""
    for each in conditions(runs):
        for rival in RIVALS:
            ours, theirs = mean_latency(each.runs, "websocket"), mean_latency(each.runs, rival)
            if ours is not None and theirs is not None:
                yield case_of(each, rival, ours, theirs)


def case_of(same: Condition, rival: str, ours: Mean, theirs: Mean) -> Case:
    first = same.runs[same.runs["transport"] == rival].iloc[0]
    rtt_s = float(first["rtt_ms"]) / 1000
    wait = float(first["poll_interval_s"]) / rtt_s if rtt_s and rival == "polling" else math.nan
    where = listed_parts(same.shared, same.polls if rival == "polling" else "") or str(first["experiment"])
    kept = bool(first["keep_alive"])
    return Case(rival, where, kept, 1000 * rtt_s, float(first["rate_hz"]) * rtt_s, wait, ours, theirs)


def mean_latency(runs: pd.DataFrame, transport: str) -> Mean | None:
    """The mean over the repeats; their intervals combine as independent ones do. The bound of clocks is added."""
    mine = runs[runs["transport"] == transport].dropna(subset=["latency_mean_ms", "latency_mean_ci_ms"])
    if mine.empty:
        return None
    half = math.sqrt(float((mine["latency_mean_ci_ms"] ** 2).sum())) / len(mine)
    clocks = float(mine["clock_bound_ms"].fillna(0.0).max())  # of other hosts: the same error in every message
    return Mean(float(mine["latency_mean_ms"].mean()), half + clocks)
