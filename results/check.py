"""Whether the rows of runs.csv keep the promises of the project's contract."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from results.samples import FEWEST_FOR_INTERVAL, PERCENTILES, enough_for
from results.table import COLUMNS, LEDGER, records


def check(runs: pd.DataFrame) -> list[str]:
    """What breaks the contract's promises, a sentence each; an empty list if all rows keep them."""
    twice = runs["run_id"][runs[["run_id", "attempt"]].duplicated()].unique()
    messages = [f"{run_id}: this run_id stands in more than one row of the same attempt" for run_id in twice]
    for row in records(runs):
        messages += [f"{row['run_id']}: {text}" for rule in RULES for text in rule(row)]
    return messages


def _enough_samples(row: dict[str, Any]) -> Iterator[str]:
    """Five messages or more beyond a percentile, thirty for an interval."""
    if pd.isna(row["published"]):
        return
    for name, percent in PERCENTILES.items():
        if not pd.isna(row[name]) and not enough_for(percent, row["published"]):
            yield f"{name} of {row['published']} messages"
    if not pd.isna(row["latency_mean_ci_ms"]) and row["published"] < FEWEST_FOR_INTERVAL:
        yield f"an interval from {row['published']} messages"


def _nothing_negative(row: dict[str, Any]) -> Iterator[str]:
    """But a difference of two measurements; and compressed, a message takes less of the wire than it is long."""
    differences = {"floor_ms", "floor_asking_ms", *(["overhead_per_delivery"] if row["deflate"] is True else [])}
    for name in sorted(set(NUMBERS) - differences):
        if not pd.isna(row[name]) and row[name] < 0:
            yield f"{name} is {row[name]:g}"


def _invalid_has_reason(row: dict[str, Any]) -> Iterator[str]:
    if pd.isna(row["valid"]):
        yield "neither valid nor invalid"
    elif not row["valid"] and not row["invalid_reason"]:
        yield "invalid without a reason"
    elif row["valid"] and row["invalid_reason"]:
        yield f"valid, yet with a reason why not: {row['invalid_reason']}"


def _ledger_adds_up(row: dict[str, Any]) -> Iterator[str]:
    """Six headings against the two directions: the same bytes, counted twice."""
    if not _counts(row):
        return
    if empty := [name for name in (*LEDGER, "wire_sent", "wire_received") if pd.isna(row[name])]:
        yield f"empty in a valid run: {', '.join(empty)}"
        return
    headings, wire = sum(row[name] for name in LEDGER), row["wire_sent"] + row["wire_received"]
    if headings != wire:
        yield f"the six headings hold {headings} B, the wire {wire} B"


def _overhead_agrees(row: dict[str, Any]) -> Iterator[str]:
    """Without compression the payload heading is the messages' own size, so what is left over is the overhead."""
    known = not any(pd.isna(row[name]) for name in ("overhead_per_delivery", "deliveries", "payload", "wire_sent"))
    if not _counts(row) or row["deflate"] is not False or not known or row["deliveries"] == 0:
        return
    rest = row["wire_sent"] + row["wire_received"] - row["payload"]
    if abs(row["overhead_per_delivery"] - rest / row["deliveries"]) > 0.01:
        yield (
            f"overhead_per_delivery is {row['overhead_per_delivery']:.2f} B, "
            f"the wire gives {rest / row['deliveries']:.2f} B"
        )


def _no_missing_values(row: dict[str, Any]) -> Iterator[str]:
    if not _counts(row) or row["fault"]:
        return
    for name in ("lost", "duplicated", "out_of_order"):
        if not pd.isna(row[name]) and row[name] != 0:
            yield f"valid, without a fault, and {row[name]} {name}"


def _counts(row: dict[str, Any]) -> bool:
    return not pd.isna(row["valid"]) and bool(row["valid"])


NUMBERS = tuple(column.name for column in COLUMNS if column.kind in ("int", "float"))
RULES = (_nothing_negative, _enough_samples, _invalid_has_reason, _ledger_adds_up, _overhead_agrees, _no_missing_values)
