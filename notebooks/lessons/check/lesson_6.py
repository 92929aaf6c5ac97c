"""Lesson 6, the verdict."""

from __future__ import annotations

from typing import Any

from lessons.check.mark import RIGHT, UNANSWERED, WRONG, Check, unanswered
from lessons.choosing import name_of, reference_costs
from results.advice import Workload, choices
from results.advice import cheapest as cheapest_of
from results.transports import COMPARED

BY_RATE = {"C2": "more messages share a poll's heads", "C5": "a busy long poll is hardly ever held",
           "C11": "messages in a round trip decide"}  # fmt: skip


def by_rate(answer: Any) -> Check:
    """C2, C5 and C11, in any order."""
    if unanswered(answer):
        return UNANSWERED
    given = {str(each).upper() for each in answer} if isinstance(answer, (list, tuple, set)) else {str(answer)}
    if wrong := sorted(given - BY_RATE.keys()):
        return Check(WRONG, f"{wrong[0]} says the same at any rate: which number in its evidence is of a rate?")
    if missing := BY_RATE.keys() - given:
        return Check(WRONG, f"Right so far; {len(missing)} more.")
    return Check(RIGHT, "; ".join(f"{name}: {why}" for name, why in BY_RATE.items()) + ".")


def cheapest(answer: Any, **workload: float) -> Check:
    """As the advice has it."""
    if unanswered(answer):
        return UNANSWERED
    best = found(Workload(**workload))  # type: ignore[arg-type]
    if answer not in COMPARED:
        return Check(WRONG, f"One of {', '.join(COMPARED)}.")
    if best is None:
        return Check(WRONG, "None of them is fast enough.")
    if answer == best.transport:
        return Check(RIGHT, f"{name_of(best)}: of the transports that are fast enough, it gives the server least work.")
    return Check(WRONG, "First: which transports are fast enough? Then: which of them gives the server least work?")


def another(answer: Any, than: str, **workload: float) -> Check:
    """A latency wanted with which it is not `than`."""
    if unanswered(answer):
        return UNANSWERED
    try:
        best = found(Workload(within_ms=float(answer), **workload))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return Check(WRONG, "A number of milliseconds is asked for.")
    if best is None:
        return Check(WRONG, "No transport is that fast: half a round trip alone takes longer.")
    if best.transport == than:
        return Check(WRONG, f"{name_of(best)} still is. Ask for less.")
    return Check(RIGHT, f"{name_of(best)}, then: polling would have to ask too often.")


def found(workload: Workload) -> Any:
    costs = reference_costs()
    return cheapest_of(choices(workload, costs))
