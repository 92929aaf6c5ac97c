"""Choose runs by experiment, by condition, by the parameters that apply to them; group the rest."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import pandas as pd

from results.table import PARAMETERS, valid
from results.transports import TRANSPORTS, inapplicable, owner


class NotMeasured(Exception):
    """The runs do not hold what a chart shows or a verdict rests on; the message says what is missing."""


PLAIN = {"run_id", "experiment", "transport", "repeat", "attempt", "seed", "duration_s"}
SHARED = tuple(column.name for column in PARAMETERS if column.name not in PLAIN and not owner(column.name))
"""Parameters of the condition that all transports share; what only one of them has belongs to its name."""


OPEN = ("payload_bytes", "link_mbps")
"""What an empty cell of says something, too: earthquakes, as long as they are; a link without a limit."""


def varying(runs: pd.DataFrame, names: Iterable[str] = SHARED) -> list[str]:
    """Return the parameters of `names` that take more than one value in these runs; for OPEN ones none is a value."""
    return [name for name in names if runs[name].nunique(dropna=name not in OPEN) > 1]


def applies(runs: pd.DataFrame, name: str) -> pd.Series:
    """For each run whether this parameter does anything there: a WebSocket's poll interval does not."""
    means_nothing = runs["transport"].map(lambda transport: name in inapplicable(transport))
    return (runs[name].notna() | (name in OPEN)) & ~means_nothing.astype(bool)


def groups(runs: pd.DataFrame, names: list[str]) -> Iterable[tuple[Any, pd.DataFrame]]:
    """The runs by these parameters, one group for all if there are none; empty cells make a group of their own."""
    if not names:
        return [((), runs)] if len(runs) else []
    return runs.groupby(names, sort=True, dropna=False)


def of_experiment(runs: pd.DataFrame, experiment: str) -> pd.DataFrame:
    """The feed runs of one experiment; NotMeasured if none of them counts."""
    mine = runs[(runs["experiment"] == experiment) & (runs["operation"] == "feed")]
    if mine.empty:
        raise NotMeasured(f"there are no runs of the experiment `{experiment}`")
    if valid(mine).empty:
        raise NotMeasured(f"none of the {len(mine)} runs of the experiment `{experiment}` is valid")
    return mine


def first_known(runs: pd.DataFrame, column: str) -> float:
    """The first value that these runs have in a column; NotMeasured if none of them has one."""
    known = runs[column].dropna()
    if known.empty:
        raise NotMeasured(f"no valid run says its {column}")
    return float(known.iloc[0])


def need_each(runs: pd.DataFrame, transports: Iterable[str], where: str) -> pd.DataFrame:
    """The same runs; NotMeasured unless each of these transports has one."""
    there = set(runs["transport"])
    if missing := [name for name in transports if name not in there]:
        raise NotMeasured(f"{where} has no valid run of {' or '.join(missing)}")
    return runs


def most_common(runs: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    """Only the runs made under the most frequent value of each of these parameters: one condition, not a mixture.

    Valid runs decide which value that is; invalid ones only where none is valid.
    """
    for name in names:
        matters = applies(runs, name)
        values = runs[name][matters]
        if values.nunique(dropna=name not in OPEN) > 1:
            counting = valid(runs[matters])[name]
            most = (counting if len(counting) else values).mode(dropna=name not in OPEN)
            runs = runs[~matters | _equal(runs[name], most.dropna() if most.notna().any() else most)]
    return runs


def _equal(values: pd.Series, candidates: pd.Series) -> pd.Series:
    """Which values are the first of the candidates; an empty cell equals an empty cell."""
    wanted = candidates.iloc[0]
    return values.isna() if pd.isna(wanted) else (values == wanted).fillna(False).astype(bool)


def ratio_of_sums(runs: pd.DataFrame, of: str, per: str) -> float:
    """The sum of one column over the sum of another: a mean that weighs every request or delivery alike."""
    below = float(runs[per].sum())
    return float(runs[of].sum()) / below if below else math.nan


def wire_bytes(runs: pd.DataFrame) -> pd.Series:
    """Bytes that passed in the window, both ways, for each run."""
    return runs["wire_sent"] + runs["wire_received"]


def overhead_bytes(runs: pd.DataFrame) -> pd.Series:
    """All bytes of the window but the messages, for each run."""
    return wire_bytes(runs) - runs["payload"]


def joining_bytes(runs: pd.DataFrame) -> pd.Series:
    """Bytes of connecting, both ways, of all clients of each run."""
    return runs["joining_sent"] + runs["joining_received"]


def header_bytes_per_request(runs: pd.DataFrame) -> float:
    """Bytes of headers and cookies of each request; NaN without requests."""
    return ratio_of_sums(runs, "request_head", "requests") + ratio_of_sums(runs, "cookies", "requests")


def overhead_per_request(runs: pd.DataFrame, transport: str) -> float:
    """Overhead per request, or per message where there are no requests, in bytes; NaN for no run."""
    overhead = runs.assign(overhead=overhead_bytes(runs))
    return ratio_of_sums(overhead, "overhead", "requests" if TRANSPORTS[transport].asks else "deliveries")


def kept(runs: pd.DataFrame) -> pd.Series:
    """Which of the runs keep their connections."""
    return runs["keep_alive"].fillna(True).astype(bool)


def shortest_and_longest(runs: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The runs with the shortest heads of requests, and those with the longest; NotMeasured without two lengths."""
    heads = runs.groupby(["header_profile", "cookie_bytes"])[["request_head", "cookies", "requests"]].sum()
    sizes = ((heads["request_head"] + heads["cookies"]) / heads["requests"]).dropna().sort_values()
    if len(sizes) < 2:
        raise NotMeasured("these runs do not make requests with two lengths of headers")
    keys = runs[["header_profile", "cookie_bytes"]].apply(tuple, axis=1)
    return runs[keys == sizes.index[0]], runs[keys == sizes.index[-1]]


def without_tls_or_deflate(runs: pd.DataFrame) -> pd.DataFrame:
    """Those in which bytes travel as they were written: neither TLS nor compression adds or takes any."""
    return runs[~runs["tls"].fillna(False).astype(bool) & ~runs["deflate"].fillna(False).astype(bool)]
