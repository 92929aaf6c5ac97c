"""What the run that comes with the lab holds, and the classic figures, as tables in a notebook."""

from __future__ import annotations

import functools

import pandas as pd

from results import claims, table
from results.claims import Verdict
from results.folders import REFERENCE
from results.report import classic as classics
from results.table import Results


@functools.cache
def reference() -> Results:
    """The run that comes with the lab: its runs, its observations, its machine."""
    return table.read(REFERENCE)


def runs_of(experiment: str) -> pd.DataFrame:
    """The valid runs of one experiment of the reference."""
    good = table.valid(reference().runs)
    return good[good["experiment"] == experiment]


def classic(name: str) -> pd.DataFrame:
    """A classic figure as a table: "leap", "points", "heads" or "hour"; its title is printed above it."""
    grid = getattr(classics, name)(table.valid(reference().runs), reference().observations)
    first, *others = grid.headings
    rows = {row[0]: list(row[1:]) for row in grid.rows}
    print(grid.title)
    return pd.DataFrame.from_dict(rows, orient="index", columns=pd.Index(others)).rename_axis(first)


@functools.cache
def all_verdicts() -> tuple[Verdict, ...]:
    """What the reference says of each of the sixteen claims."""
    return tuple(claims.verdicts(reference().runs, reference().observations))


def verdict(claim: str) -> Verdict:
    """What the reference says of a claim, "C11"."""
    return claims.verdict(claim, reference().runs, reference().observations)
