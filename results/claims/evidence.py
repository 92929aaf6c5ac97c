"""What verdicts have in common: choosing the runs, means and ratios, holds or not."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from results import table
from results.claims.claim import Evidence, Judgement, Outcome
from results.select import NotMeasured, applies, groups, varying
from results.words import describe, listed

RIVALS = ("polling", "long-polling")
"""Against whom the WebSocket is judged."""


def judge(cases: Iterable[bool], *, holds: str, when: str, fails: str, evidence: Evidence = ()) -> Judgement:
    """Return the judgement: HOLDS if all cases confirm the claim, CONDITIONAL if some do, else FAILS.

    `holds`, `when` and `fails` are the reasons for each outcome.
    """
    confirmed = list(cases)
    if all(confirmed):
        return Judgement(Outcome.HOLDS, holds, evidence)
    if any(confirmed):
        return Judgement(Outcome.CONDITIONAL, when, evidence)
    return Judgement(Outcome.FAILS, fails, evidence)


def names_of(parts: Mapping[str, bool], confirmed: bool = True) -> str:
    """List the parts of a claim that are confirmed, or else the others."""
    return listed([name for name, held in parts.items() if held is confirmed])


def feed(runs: pd.DataFrame, experiments: str, *transports: str) -> pd.DataFrame:
    """The faultless feed runs of these experiments and transports; NotMeasured unless each transport has some."""
    chosen = any_feed(runs, experiments.split(), transports)
    for transport in transports:
        if not (chosen["transport"] == transport).any():
            raise NotMeasured(f"no valid {transport} run of {' or '.join(experiments.split())}")
    return chosen


def any_feed(runs: pd.DataFrame, experiments: Iterable[str], transports: Iterable[str]) -> pd.DataFrame:
    """The faultless feed runs of these experiments and transports, perhaps none."""
    chosen = runs[runs["experiment"].isin(list(experiments)) & runs["transport"].isin(list(transports))]
    return chosen[(chosen["operation"] == "feed") & (chosen["fault"] == "") & (chosen["deliveries"] > 0)]


def messages_per_round_trip(runs: pd.DataFrame) -> pd.Series:
    """Messages published per round trip, for each run: what long polling's latency depends on."""
    return (runs["rate_hz"] * runs["rtt_ms"] / 1000).astype("float64").round(6)


@dataclass(frozen=True)
class Condition:
    """Runs that can be compared: what all transports share in words, and how often polls come, where that varies."""

    runs: pd.DataFrame
    shared: str
    polls: str

    @property
    def words(self) -> str:
        return listed_parts(self.shared, self.polls) or "as run"


def listed_parts(*parts: str) -> str:
    """The parts that say something, with commas between."""
    return ", ".join(filter(None, parts))


def conditions(runs: pd.DataFrame) -> list[Condition]:
    """The runs by what all transports share and by the poll interval.

    A run to which a parameter means nothing is compared with every value of it.
    """
    shared, found = varying(runs), []
    several = runs["poll_interval_s"][applies(runs, "poll_interval_s")].nunique() > 1
    for _, alike in groups(runs, shared):
        words = describe(table.records(alike)[0], shared)
        group = runs[_comparable(runs, shared, alike.iloc[0])]
        polls = applies(group, "poll_interval_s")
        intervals = sorted(group["poll_interval_s"][polls].unique())
        for interval in intervals or [math.nan]:
            own = group[~polls | (group["poll_interval_s"] == interval)]
            found.append(Condition(own, words, f"polls come every {interval:g} s" if several else ""))
    return found


def _comparable(runs: pd.DataFrame, names: Iterable[str], run: pd.Series) -> pd.Series:
    """Which of the runs have the same parameters of these names, as far as they mean something to both."""
    fits = pd.Series(True, index=runs.index)
    for name in names:
        same = runs[name].isna() if pd.isna(run[name]) else runs[name] == run[name]
        fits &= same.fillna(False).astype(bool) | ~applies(runs, name)
    return fits


def mean(runs: pd.DataFrame, transport: str, column: str) -> float:
    """The mean over the repeats of one transport; NaN without any."""
    return float(runs[runs["transport"] == transport][column].astype("float64").mean())
