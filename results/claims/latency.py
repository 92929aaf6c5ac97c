"""C11: whether WebSockets bring messages sooner, against each rival."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from results.claims.evidence import Judged, NotMeasured, conditions, feed, ratio
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


def latency(runs: pd.DataFrame) -> Judged:
    """The WebSocket's mean latency against polling's and against long polling's, condition by condition."""
    chosen, cases, numbers = feed(runs, "latency real-feed", *COMPARED), [], []
    for experiment in chosen["experiment"].unique():
        for words, group in conditions(chosen[chosen["experiment"] == experiment]):
            for rival in RIVALS:
                ours, theirs = mean_latency(group, "websocket"), mean_latency(group, rival)
                if ours is not None and theirs is not None:
                    faster = ours.significantly_below(theirs)
                    cases.append((faster, against(rival, experiment, words)))
                    numbers.append(compared(experiment, words, rival, ours, theirs))
    if not cases:
        raise NotMeasured("no condition was run validly with a WebSocket and a rival")
    sooner = f"Significantly means {SIGNIFICANT:g} times sooner or more, 95 % intervals apart."
    return summed_up(cases), (sooner, *dict.fromkeys(numbers))


def against(rival: str, experiment: str, words: str) -> str:
    extra = (
        words if rival == "polling" else ", ".join(part for part in words.split(", ") if not part.startswith("polls"))
    )
    return f"{rival}|{experiment}" + (f", {extra}" if extra and extra != "as run" else "")


def summed_up(cases: list[tuple[bool, str]]) -> str:
    """One rival won throughout is named by itself; else by its conditions."""
    unique = list(dict.fromkeys(cases))
    if all(holds for holds, _ in unique):
        return "holds"
    won = []
    for rival in RIVALS:
        mine = [(holds, words.split("|")[1]) for holds, words in unique if words.startswith(f"{rival}|")]
        good = [words for holds, words in mine if holds]
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


def compared(experiment: str, words: str, rival: str, ours: Mean, theirs: Mean) -> str:
    overlap = abs(ours.ms - theirs.ms) <= ours.half_ms + theirs.half_ms
    where = against(rival, experiment, words).split("|")[1]
    return (
        f"{where}: {rival} {number(theirs.ms)} ± {number(theirs.half_ms)} ms, WebSocket {number(ours.ms)} ± "
        f"{number(ours.half_ms)} ms, {ratio(theirs.ms, ours.ms)}, intervals {'overlap' if overlap else 'apart'}."
    )
