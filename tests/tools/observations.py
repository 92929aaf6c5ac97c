"""Observations with one value changed, for tests of the verdicts that rest on them."""

import pandas as pd


def changed(observations: pd.DataFrame, claim: str, quantity: str, condition: str, value: str) -> pd.DataFrame:
    """A copy with another value in one row."""
    row = (observations["claim"] == claim) & (observations["quantity"] == quantity)
    row &= observations["condition"] == condition
    assert row.sum() == 1, (claim, quantity, condition)
    return observations.assign(value=observations["value"].where(~row, value))
