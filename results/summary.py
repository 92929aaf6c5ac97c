"""The comparison of the three transports in a few lines: their values, their headings, and what stands out."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from results.select import groups, varying
from results.table import PARAMETERS, invalid, records, valid
from results.transports import TRANSPORTS
from results.words import describe, number

SETTING = ("rate_hz", "payload_bytes", "rtt_ms")  # said once of an experiment in which they do not vary


@dataclass(frozen=True)
class Compared:
    """One line of the summary: the runs of one transport under one condition, medians over the repeats.

    They are of the valid runs. Where none is valid, they are of the invalid ones, for looking at: the line does not
    count, and `reasons` says why. Latencies in ms, overhead in bytes; None where no run says anything.
    """

    experiment: str
    condition: str
    setting: str
    transport: str
    label: str
    clients: int | None
    runs: int
    invalid: int
    counts: bool
    reasons: tuple[str, ...]
    deliveries: int | None
    latency_mean_ms: float | None
    expected_mean_ms: float | None
    floor_ms: float | None
    latency_p90_ms: float | None
    overhead_per_delivery: float | None
    requests_per_delivery: float | None
    server_cpu_us_per_delivery: float | None
    lost: int


def compared(runs: pd.DataFrame) -> list[Compared]:
    """A line per experiment, condition and transport, in the order of the runs; transports in their usual order."""
    lines = []
    runs = runs[[column.name for column in PARAMETERS] + SHOWN]  # fewer columns are much faster to take rows of
    for _, experiment in runs.groupby("experiment", sort=False):
        shared = varying(experiment)
        for _, same in groups(experiment, shared):
            for transport in TRANSPORTS:
                mine = same[same["transport"] == transport]
                own = varying(experiment[experiment["transport"] == transport], TRANSPORTS[transport].own)
                lines += [_line(group, shared, own) for _, group in groups(mine, own)]
    return lines


def _line(group: pd.DataFrame, shared: list[str], own: list[str]) -> Compared:
    first, good = records(group.head(1))[0], valid(group)
    given_up = invalid(group)
    shown = good if len(good) else given_up
    words = describe(first, dict.fromkeys([*TRANSPORTS[first["transport"]].always_shown, *own]))
    deliveries = _median(shown["deliveries"])
    return Compared(
        experiment=first["experiment"],
        condition=describe(first, dict.fromkeys(["clients", *shared])),
        setting=describe(first, [name for name in SETTING if name not in shared]),
        transport=first["transport"],
        label=f"{first['transport']}, {words}" if words else first["transport"],
        clients=None if pd.isna(first["clients"]) else int(first["clients"]),
        runs=len(good),
        invalid=len(given_up),
        counts=len(good) > 0,
        reasons=() if len(good) else tuple(given_up["invalid_reason"].unique()),
        lost=int(shown["lost"].sum()),
        deliveries=None if deliveries is None else round(deliveries),
        requests_per_delivery=_median(shown["requests"] / shown["deliveries"]),
        **{name: _median(shown[name]) for name in MEDIANS},
    )


MEDIANS = (
    "latency_mean_ms expected_mean_ms floor_ms latency_p90_ms overhead_per_delivery server_cpu_us_per_delivery".split()
)


SHOWN = [*MEDIANS, "requests", "deliveries", "lost", "valid", "invalid_reason"]


def _median(values: pd.Series) -> float | None:
    median = values.astype("float64").replace([math.inf, -math.inf], math.nan).median()
    return None if pd.isna(median) else float(median)


# --- how it is shown -------------------------------------------------------------------------------------------------


HEADINGS = {
    "deliveries": "messages\ndelivered",
    "latency_mean_ms": "mean\nms",
    "expected_mean_ms": "model\nms",
    "floor_ms": "floor\nms",
    "latency_p90_ms": "90 %\nwithin\nms",
    "overhead_per_delivery": "overhead\nB a\nmessage",
    "requests_per_delivery": "requests\na\nmessage",
    "server_cpu_us_per_delivery": "server\nCPU µs a\nmessage",
    "lost": "lost",
    "invalid": "not\nvalid\nruns",
}
COMPARED = ("latency_mean_ms", "latency_p90_ms", "overhead_per_delivery", "requests_per_delivery")
"""Fewer is better: the least in a block is set in bold. CPU a message is not among them: it is of this load alone."""
ALARMS = ("lost", "invalid")
MODEL = "Model: waiting, round trips and bytes, nothing fitted. Floor: what this machine adds at zero delay."
NOT_COUNTED = "Figures in brackets are of runs that are not valid: they do not count."


def blocks(lines: Iterable[Compared]) -> list[tuple[str, list[Compared]]]:
    """The lines of one experiment and condition together, under what they have in common."""
    grouped = itertools.groupby(lines, lambda line: (line.experiment, line.condition))
    return [(": ".join(filter(None, where)), list(block)) for where, block in grouped]


def figure(line: Compared, name: str) -> str:
    """A figure of the line as it is shown: in brackets where the line does not count."""
    text = number(getattr(line, name))
    return text if line.counts or name == "invalid" or text == "–" else f"({text})"


def mark(line: Compared, block: list[Compared], name: str) -> str:
    """How a cell stands out in its block: "least" where less is better, "alarm" for a loss or an invalid run, or ""."""
    value = getattr(line, name)
    known = [getattr(other, name) for other in block if other.counts and getattr(other, name) is not None]
    if name in COMPARED and line.counts and len(known) > 1 and value == min(known):
        return "least"
    return "alarm" if name in ALARMS and value else ""


def reasons(block: list[Compared]) -> list[str]:
    """Why lines of the block do not count, a sentence each."""
    return [f"{line.label} does not count: {reason}" for line in block for reason in line.reasons]
