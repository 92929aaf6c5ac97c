"""C11: whether WebSockets bring messages sooner, against each rival."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from results.claims.evidence import Condition, Judged, conditions, feed, listed_parts, ratio
from results.select import NotMeasured
from results.transports import COMPARED
from results.words import number

RIVALS = ("polling", "long-polling")
"""Against whom the WebSocket is judged."""
SIGNIFICANT = 1.25
"""A mean latency is significantly less if the intervals do not overlap and the other is at least this many times it."""


@dataclass(frozen=True)
class Mean:
    """A mean latency and the half width of its 95 % interval, in ms."""

    ms: float
    half_ms: float

    def significantly_below(self, other: Mean) -> bool:
        """Intervals apart, and by a factor that matters."""
        apart = self.ms + self.half_ms < other.ms - other.half_ms
        return apart and other.ms >= SIGNIFICANT * self.ms


@dataclass(frozen=True)
class Case:
    """The WebSocket against a rival under one condition."""

    rival: str
    where: str
    ours: Mean
    theirs: Mean

    @property
    def faster(self) -> bool:
        return self.ours.significantly_below(self.theirs)

    def __str__(self) -> str:
        ours, theirs = self.ours, self.theirs
        overlap = abs(ours.ms - theirs.ms) <= ours.half_ms + theirs.half_ms
        return (
            f"{self.where}: {self.rival} {number(theirs.ms)} ± {number(theirs.half_ms)} ms, WebSocket "
            f"{number(ours.ms)} ± {number(ours.half_ms)} ms, {ratio(theirs.ms, ours.ms)}, "
            f"intervals {'overlap' if overlap else 'apart'}."
        )


def latency(runs: pd.DataFrame) -> Judged:
    """The WebSocket's mean latency against polling's and against long polling's, condition by condition."""
    chosen = feed(runs, "latency real-feed", *COMPARED)
    cases = [
        case
        for experiment in chosen["experiment"].unique()
        for condition in conditions(chosen[chosen["experiment"] == experiment])
        for rival in RIVALS
        if (case := case_of(experiment, condition, rival)) is not None
    ]
    if not cases:
        raise NotMeasured("no condition was run validly with a WebSocket and a rival")
    sooner = f"Significantly means {SIGNIFICANT:g} times sooner or more, 95 % intervals apart."
    return summed_up(cases), (sooner, *dict.fromkeys(map(str, cases)))


def case_of(experiment: str, condition: Condition, rival: str) -> Case | None:
    """The case, None where one side was not measured; how often polls come is no condition for long polling."""
    ours, theirs = mean_latency(condition.runs, "websocket"), mean_latency(condition.runs, rival)
    if ours is None or theirs is None:
        return None
    where = listed_parts(experiment, condition.shared, condition.polls if rival == "polling" else "")
    return Case(rival, where, ours, theirs)


def summed_up(cases: list[Case]) -> str:
    """One rival won throughout is named by itself; else by its conditions."""
    if all(case.faster for case in cases):
        return "holds"
    won = []
    for rival in RIVALS:
        mine = {case.where: case.faster for case in cases if case.rival == rival}
        good = [where for where, faster in mine.items() if faster]
        if good:
            won.append(f"the rival is {rival}" + ("" if len(good) == len(mine) else f" ({'; '.join(good)})"))
    return f"holds when {' or '.join(won)}" if won else "does not hold"


def mean_latency(runs: pd.DataFrame, transport: str) -> Mean | None:
    """The mean over the repeats; their intervals combine as independent ones do."""
    mine = runs[runs["transport"] == transport].dropna(subset=["latency_mean_ms", "latency_mean_ci_ms"])
    if mine.empty:
        return None
    half = math.sqrt(float((mine["latency_mean_ci_ms"] ** 2).sum())) / len(mine)
    return Mean(float(mine["latency_mean_ms"].mean()), half)
