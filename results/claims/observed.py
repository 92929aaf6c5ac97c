"""What verdicts on a protocol have in common: choosing observations."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from results.select import NotMeasured
from results.table import TableError

BROWSER = "a browser"


class NotObserved(NotMeasured):
    """The observations do not hold what a verdict rests on."""


class Observed:
    """The observations of one claim; NotObserved where one is missing that a verdict asks for."""

    def __init__(self, observations: pd.DataFrame, claim: str) -> None:
        self._claim = claim
        self._rows = observations[observations["claim"] == claim]

    def under(self, quantity: str) -> dict[str, str]:
        """What was seen of a quantity, by condition, in the order of the table."""
        rows = self._rows[self._rows["quantity"] == quantity]
        if rows.empty:
            raise NotObserved(f"nothing was observed of: {quantity}")
        return dict(zip(rows["condition"], rows["value"], strict=True))

    def one(self, quantity: str, condition: str) -> str:
        """What was seen of a quantity under one condition."""
        found = self.under(quantity)
        if condition not in found:
            raise NotObserved(f"nothing was observed of: {quantity}, {condition}")
        return found[condition]

    def whole(self, quantity: str, condition: str) -> int:
        """The same as a whole number; TableError if it is none."""
        value = self.one(quantity, condition)
        if not value.isdecimal():
            where = f"observations.csv, {self._claim}, {quantity}, {condition}"
            raise TableError(f"{where}: {value!r} is no whole number")
        return int(value)

    def of_each(self, quantity: str, conditions: Iterable[str]) -> dict[str, str]:
        """What was seen of a quantity under each of these conditions; NotObserved where one is missing."""
        return {condition: self.one(quantity, condition) for condition in conditions}

    def quantities(self, condition: str) -> dict[str, str]:
        """All that was seen under one condition, by quantity."""
        rows = self._rows[self._rows["condition"] == condition]
        return dict(zip(rows["quantity"], rows["value"], strict=True))
