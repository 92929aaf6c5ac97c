"""What a server's work costs, fitted over loads: µs of CPU per publication, per answer, per idle client-second.

CPU divided by deliveries depends on how often is published and to how many; these prices do not. A run's CPU in its
window is a · publications + b · answers + c · client-seconds: answers are the requests that were answered, or a
WebSocket's deliveries.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from results.select import NotMeasured
from results.transports import TRANSPORTS
from results.words import listed

FEWEST_LOADS = 3


@dataclass(frozen=True)
class Price:
    """Microseconds of CPU, and half the 95 % interval; None where there are as many prices as runs."""

    us: float
    half_us: float | None

    @property
    def told_from_nothing(self) -> bool:
        """Whether the interval leaves nothing out of it."""
        return self.half_us is not None and self.us > self.half_us


@dataclass(frozen=True)
class Prices:
    """What one transport's server takes per publication, per answer, and per second for a client that is there.

    `idle` is None where it cannot be told from nothing; then it counts as nothing.
    """

    publication: Price
    answer: Price
    idle: Price | None

    def cpu_share(self, publications: float, answers: float, clients: float) -> float:
        """Cores that so many of each in a second take."""
        idle = self.idle.us * clients if self.idle else 0.0
        return (self.publication.us * publications + self.answer.us * answers + idle) / 1e6


def answers(runs: pd.DataFrame, transport: str) -> pd.Series:
    """What the server has sent answers to: requests, or where nobody asks, deliveries."""
    return runs["requests" if TRANSPORTS[transport].asks else "deliveries"].astype("float64")


def prices(runs: pd.DataFrame, transport: str) -> Prices:
    """The prices from these runs of one transport; NotMeasured unless they have three loads or more.

    Least squares of relative errors, since a run errs by a share of what it takes.
    """
    mine = runs[runs["transport"] == transport].dropna(subset=["server_cpu_share", "published", "clients"])
    loads = mine[["clients", "rate_hz"]].drop_duplicates()
    if len(loads) < FEWEST_LOADS:
        raise NotMeasured(f"fewer than {FEWEST_LOADS} loads of {transport} are valid")
    seconds, clients = mine["duration_s"].astype("float64"), mine["clients"].astype("float64")
    factors = [mine["published"].astype("float64"), answers(mine, transport), clients * seconds]
    spent_us = (mine["server_cpu_share"] * seconds).to_numpy(dtype=float) * 1e6
    relative = np.column_stack(factors) / spent_us[:, None]
    if len(loads) > FEWEST_LOADS and np.linalg.matrix_rank(relative / relative.max(0)) == len(factors):
        found = [Price(*pair) for pair in least_squares(relative)]
        if found[-1].told_from_nothing:
            return Prices(found[0], found[1], found[2])
    publication, answer = (Price(*pair) for pair in least_squares(relative[:, :2]))
    return Prices(publication, answer, idle=None)


def least_squares(factors: np.ndarray) -> list[tuple[float, float | None]]:
    """The coefficients that make each row 1, with half their 95 % intervals (Student); None without a freedom left."""
    wanted = np.ones(len(factors))
    solution, *_ = np.linalg.lstsq(factors, wanted, rcond=None)
    freedom = len(wanted) - factors.shape[1]
    if freedom < 1:
        return [(float(price), None) for price in solution]
    error = float(np.sum((wanted - factors @ solution) ** 2)) / freedom
    spread = float(stdtrit(freedom, 0.975)) * np.sqrt(np.diag(np.linalg.pinv(factors.T @ factors)) * error)
    return [(float(price), float(half)) for price, half in zip(solution, spread, strict=True)]


def words(price: Price) -> str:
    """A price in words: 8.3 ± 0.4 µs."""
    half = "" if price.half_us is None or math.isinf(price.half_us) else f" ± {float(f'{price.half_us:.2g}'):,g}"
    return f"{float(f'{price.us:.3g}'):,g}{half} µs"


def answers_in_words(found: Mapping[str, Prices]) -> str:
    """What one more message, poll or long poll costs by each transport, the cheapest first."""
    looks = [TRANSPORTS[name] for name in sorted(found, key=lambda name: found[name].answer.us)]
    return listed(
        [f"{words(found[x.name].answer)} {x.unit}" + ("" if x.asks else f" by {x.title}") for x in looks]
    )
