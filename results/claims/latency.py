"""C11: whether WebSockets bring messages sooner, against each rival, where there is a network."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from results.claims.boundary import Boundary, condition
from results.claims.evidence import Condition, Judged, conditions, feed, judge, listed_parts
from results.model import away, crossing, long_polling_cycle, long_polling_mean
from results.select import NotMeasured
from results.transports import COMPARED, TRANSPORTS
from results.words import listed, number, times

RIVALS = ("polling", "long-polling")
"""Against whom the WebSocket is judged."""
UNITS = {"polling": "round trips between polls", "long-polling": "messages in a round trip"}
"""What decides for each rival, by the model; see `Case.place`."""
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

    def __str__(self) -> str:
        where = self.where if self.rtt_ms else f"this machine, nothing else ({self.where})"
        theirs, ours = (f"{number(mean.ms)} ± {number(mean.half_ms)} ms" for mean in (self.theirs, self.ours))
        times = f"{number(self.ratio)} ± {number(self.half_ratio)} times"
        return f"{where}: {self.rival} {theirs}, WebSocket {ours}, {times}."


def latency(runs: pd.DataFrame) -> Judged:
    """The WebSocket's mean latency against each rival's, where there is a round trip and connections are kept.

    The other cases are shown, and judge nothing.
    """
    chosen = feed(runs, "latency real-feed", *COMPARED)
    cases = [case for name in chosen["experiment"].unique() for case in cases_of(chosen[chosen["experiment"] == name])]
    far = [case for case in cases if case.rtt_ms and case.kept]
    if not far:
        raise NotMeasured("no round trip was run validly with a WebSocket and a rival; the others measure the machine")
    boundary = listed([against(rival, mine) for rival in RIVALS if (mine := [c for c in far if c.rival == rival])])
    verdict = judge([case.sooner for case in far], when(far), boundary)
    meaning = f"Significantly: {SIGNIFICANT:g} times sooner, or more, with the ratio's whole 95 % interval."
    return verdict, (meaning, *dict.fromkeys(map(str, sorted(cases, key=lambda case: -case.rtt_ms))))


def when(cases: list[Case]) -> str:
    """Against which rivals it holds, and between which measured cases the boundary of each lies."""
    found = {}
    for rival in RIVALS:
        mine = [(round(case.place, 6), case.sooner) for case in cases if case.rival == rival]
        if any(held for _, held in mine):
            found[f"against {TRANSPORTS[rival].words}"] = Boundary.of(mine, UNITS[rival])
    return condition("the rival's messages have to wait", found)


def against(rival: str, cases: list[Case]) -> str:
    """How many times as late a rival was, between the two conditions that are furthest apart."""
    cases = sorted(cases, key=lambda case: case.place)
    ends = dict.fromkeys([cases[0], cases[-1]])
    unit = UNITS[rival]
    found = listed([f"{times(case.ratio)} times as late at {times(case.place)}" for case in ends])
    by_model = f" ({SIGNIFICANT:g} times, by the model without this machine's part, at {times(worthwhile())})"
    model = "" if rival == "polling" else by_model
    return f"{TRANSPORTS[rival].words} was {found} {unit}{model}"


def worthwhile() -> float:
    """Messages a round trip (Poisson, kept connections) at which a long poll is SIGNIFICANT times as late."""
    transit = 0.5  # of a round trip, which is then the unit of time
    return crossing(lambda rate: long_polling_mean(transit, rate), lambda _: SIGNIFICANT * transit, 1e-3, 1e3)


def away_share() -> float:
    """The share of messages that find a long-polling client away where a long poll is SIGNIFICANT times as late.

    λD/λC, by the model: those messages wait for its next request (Poisson, kept connections).
    """
    transit = 0.5
    return float(away(transit) / long_polling_cycle(transit, worthwhile()))


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
    """The mean over the repeats; their intervals combine as independent ones do."""
    mine = runs[runs["transport"] == transport].dropna(subset=["latency_mean_ms", "latency_mean_ci_ms"])
    if mine.empty:
        return None
    half = math.sqrt(float((mine["latency_mean_ci_ms"] ** 2).sum())) / len(mine)
    return Mean(float(mine["latency_mean_ms"].mean()), half)
