"""What a server's work costs, fitted over loads: µs of CPU per publication, per answer, per idle client-second.

CPU divided by deliveries depends on how often is published and to how many; these prices do not. A run's CPU in its
window is a · publications + b · answers + c · client-seconds: answers are the requests that were answered, or a
WebSocket's deliveries. A lack-of-fit test says whether one price b fits all loads; where it does not, each load has its
own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import fdtrc, stdtrit

from results.select import NotMeasured
from results.table import valid
from results.transports import TRANSPORTS
from results.words import listed, significant

FEWEST_LOADS = 3
EXPERIMENTS = ("scale", "idle")
"""The experiments whose loads the prices are fitted over: many clients, and clients to whom next to nothing happens."""
SIGNIFICANT = 0.05
"""One price does not fit if deviations this large from it come about by chance less often than this."""


@dataclass(frozen=True)
class AtLoad:
    """The CPU cost of an answer at one load, in µs, with its number of clients and its answers a second."""

    answers_per_s: float
    clients: int
    us: float


@dataclass(frozen=True)
class Price:
    """Microseconds of CPU, and half the 95 % interval; None where there are as many prices as runs.

    Where one price does not fit all loads, `loads` has that of each, by answers a second; `us` is then no more than
    their compromise.
    """

    us: float
    half_us: float | None
    loads: tuple[AtLoad, ...] = ()

    @property
    def is_significant(self) -> bool:
        """Whether the interval leaves nothing out of it."""
        return self.half_us is not None and self.us > self.half_us

    @property
    def fits(self) -> bool:
        """Whether it is one price for all loads."""
        return not self.loads

    def at(self, answers_per_s: float) -> float:
        """Microseconds of one at this rate. Between measured loads it is on a line through logarithms, beyond them
        it is the nearest one's.
        """
        if self.fits:
            return self.us
        rates, us = (np.log([getattr(each, name) for each in self.loads]) for name in ("answers_per_s", "us"))
        return float(np.exp(np.interp(math.log(max(answers_per_s, 1e-9)), rates, us)))


@dataclass(frozen=True)
class Prices:
    """What one transport's server takes per publication, per answer, and per second for a client that is there.

    `idle` is None where it cannot be told from nothing; then it counts as nothing.
    """

    publication: Price
    answer: Price
    idle: Price | None

    def cpu_share(self, publications: float, answers: float, clients: float) -> float:
        """Cores for these rates of each per second."""
        idle = self.idle.us * clients if self.idle else 0.0
        return (self.publication.us * publications + self.answer.at(answers) * answers + idle) / 1e6


def cost_runs(runs: pd.DataFrame) -> pd.DataFrame:
    """The valid runs that prices are fitted over."""
    return valid(runs[runs["experiment"].isin(EXPERIMENTS)])


def answers(runs: pd.DataFrame, transport: str) -> pd.Series:
    """Count the answers of a run: requests, or deliveries where there are no requests."""
    return runs["requests" if TRANSPORTS[transport].asks else "deliveries"].astype("float64")


def prices(runs: pd.DataFrame, transport: str) -> Prices:
    """The prices from these runs of one transport; NotMeasured unless they have three loads or more.

    Least squares of relative errors, since a run errs by a share of what it takes. Only a transport that asks has
    prices by load: rare requests each wake the server. A push wakes it once for a publication, which has its own price.
    """
    mine = runs[runs["transport"] == transport].dropna(subset=["server_cpu_share", "published", "clients"])
    loads = mine[["clients", "rate_hz"]].drop_duplicates()
    if len(loads) < FEWEST_LOADS:
        raise NotMeasured(f"fewer than {FEWEST_LOADS} loads of {transport} are valid")
    seconds, clients = mine["duration_s"].astype("float64"), mine["clients"].astype("float64")
    factors = [mine["published"].astype("float64"), answers(mine, transport), clients * seconds]
    spent_us = (mine["server_cpu_share"] * seconds).to_numpy(dtype=float) * 1e6
    relative = np.column_stack(factors) / spent_us[:, None]
    found = [Price(*pair) for pair in least_squares(relative[:, :2])]
    if len(loads) > FEWEST_LOADS and np.linalg.matrix_rank(relative / relative.max(0)) == len(factors):
        with_idle = [Price(*pair) for pair in least_squares(relative)]
        found = with_idle if with_idle[-1].is_significant else found
    fitted = relative[:, : len(found)] @ [price.us for price in found]  # as a share of what was spent
    chance = lack_of_fit((1 - fitted) / fitted, mine.groupby(["clients", "rate_hz"]).ngroup(), len(found))
    if chance is not None and chance < SIGNIFICANT and TRANSPORTS[transport].asks:
        publication, own = by_load(mine, transport, spent_us, found[0])
        if len(own) > 1:  # then there is no idle client's price either: it would be a part of that of each load
            return Prices(publication, replace(found[1], loads=own), idle=None)
    return Prices(found[0], found[1], found[2] if len(found) > 2 else None)


def lack_of_fit(residuals: np.ndarray, loads: pd.Series, prices_fitted: int) -> float | None:
    """How often chance alone makes loads deviate so far from a fit: an F test of their means against their repeats.

    `residuals` are relative, a row each; `loads` numbers each row's load. None without repeats, or with too few loads
    (Draper and Smith, Applied Regression Analysis, section 2.1).
    """
    groups = [residuals[(loads == load).to_numpy()] for load in sorted(loads.unique())]
    free, repeats = len(groups) - prices_fitted, len(residuals) - len(groups)
    if free < 1 or repeats < 1:
        return None
    within = sum(float(((group - group.mean()) ** 2).sum()) for group in groups) / repeats
    between = sum(len(group) * float(group.mean()) ** 2 for group in groups) / free
    return float(fdtrc(free, repeats, between / within)) if within else 0.0 if between else 1.0


def by_load(
    runs: pd.DataFrame, transport: str, spent_us: np.ndarray, publication: Price
) -> tuple[Price, tuple[AtLoad, ...]]:
    """The price of a publication, and of an answer at each rate of answers, by that rate; where one does not fit all.

    Loads that differ in publications alone give a publication's price; without such, `publication` is taken. Loads in
    which publishing is more than a quarter of the CPU are left out: they say little about answers.
    """
    from scipy.optimize import nnls  # here, because its import takes longer than a command line's start may

    sent, published = answers(runs, transport).to_numpy(dtype=float), runs["published"].to_numpy(dtype=float)
    rates = sent / runs["duration_s"].to_numpy(dtype=float)
    same = np.round(np.log(rates) / SAME_RATE)
    groups = np.unique(same)
    factors = np.column_stack([published, *(sent * (same == group) for group in groups)])
    if np.linalg.matrix_rank(factors / factors.max(0)) == factors.shape[1]:
        publication = Price(float(nnls(factors / spent_us[:, None], np.ones(len(factors)))[0][0]), None)
    publishing = publication.us * published
    found = []
    for group in groups:
        own = (same == group) & (publishing < 0.25 * spent_us)
        if own.any():
            us = float(np.median((spent_us[own] - publishing[own]) / sent[own]))
            found.append(AtLoad(float(np.median(rates[own])), int(runs["clients"].to_numpy()[own][0]), us))
    return publication, tuple(found)


SAME_RATE = 0.05
"""Rates of answers that differ by less than about this share are one load."""


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


def price_words(price: Price) -> str:
    """A price in words: 8.3 ± 0.4 µs; where one does not fit, the range with its loads."""
    if not price.fits:
        least, most = (pick(price.loads, key=lambda each: each.us) for pick in (min, max))
        low, high = (f"{significant(each.us, 2)} µs" for each in (least, most))
        return f"{low} ({least.clients:,} clients) to {high} ({most.clients:,})"
    half = "" if price.half_us is None or math.isinf(price.half_us) else f" ± {float(f'{price.half_us:.2g}'):,g}"
    return f"{float(f'{price.us:.3g}'):,g}{half} µs"


def answers_in_words(found: Mapping[str, Prices]) -> str:
    """What one more message, poll or long poll costs by each transport, the cheapest first."""
    looks = [TRANSPORTS[name] for name in sorted(found, key=lambda name: found[name].answer.us)]
    return listed(
        [f"{price_words(found[x.name].answer)} {x.unit}" + ("" if x.asks else f" by {x.title}") for x in looks]
    )
