"""The comparison of the three transports in a few lines, as values and as a table for the terminal."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd
import rich.console
import rich.table
import rich.text

from results.select import groups, varying
from results.table import records, valid
from results.transports import TRANSPORTS
from results.words import describe, number


@dataclass(frozen=True)
class Compared:
    """One line of the summary: the runs of one transport under one condition, medians over the repeats.

    Latencies in ms, overhead in bytes; None where no valid run says anything.
    """

    experiment: str
    condition: str
    transport: str
    label: str
    clients: int | None
    runs: int
    invalid: int
    deliveries: float | None
    latency_p50_ms: float | None
    latency_p99_ms: float | None
    overhead_per_delivery: float | None
    requests_per_delivery: float | None
    server_cpu_us_per_delivery: float | None
    lost: int | None


def compared(runs: pd.DataFrame) -> list[Compared]:
    """A line per experiment, condition and transport, in the order of the runs; transports in their usual order."""
    lines = []
    for _, experiment in runs.groupby("experiment", sort=False):
        shared = varying(experiment)
        for _, same in groups(experiment, shared):
            for transport in TRANSPORTS:
                mine = same[same["transport"] == transport]
                own = varying(experiment[experiment["transport"] == transport], TRANSPORTS[transport].own)
                lines += [_line(group, shared, own) for _, group in groups(mine, own)]
    return lines


def _line(group: pd.DataFrame, shared: list[str], own: list[str]) -> Compared:
    first, good = records(group)[0], valid(group)
    words = describe(first, own)
    return Compared(
        experiment=first["experiment"],
        condition=describe(first, dict.fromkeys(["clients", *shared])),
        transport=first["transport"],
        label=f"{first['transport']}, {words}" if words else first["transport"],
        clients=None if pd.isna(first["clients"]) else int(first["clients"]),
        runs=len(good),
        invalid=len(group) - len(good),
        lost=int(good["lost"].sum()) if len(good) else None,
        requests_per_delivery=_median(good["requests"] / good["deliveries"]),
        **{name: _median(good[name]) for name in MEDIANS},
    )


MEDIANS = "deliveries latency_p50_ms latency_p99_ms overhead_per_delivery server_cpu_us_per_delivery".split()


def _median(values: pd.Series) -> float | None:
    median = values.astype("float64").replace([math.inf, -math.inf], math.nan).median()
    return None if pd.isna(median) else float(median)


# --- on the terminal -------------------------------------------------------------------------------------------------


HEADINGS = {
    "deliveries": "messages\ndelivered",
    "latency_p50_ms": "half\nwithin\nms",
    "latency_p99_ms": "99 %\nwithin\nms",
    "overhead_per_delivery": "overhead\nB a\nmessage",
    "requests_per_delivery": "requests\na\nmessage",
    "server_cpu_us_per_delivery": "server\nCPU µs a\nmessage",
    "lost": "lost",
    "invalid": "invalid\nruns",
}
COMPARED = tuple(HEADINGS)[1:6]
"""Fewer is better: the least in a block is set in bold."""


def blocks(lines: Iterable[Compared]) -> list[tuple[str, list[Compared]]]:
    """The lines of one experiment and condition together, under what they have in common."""
    grouped = itertools.groupby(lines, lambda line: (line.experiment, line.condition))
    return [(": ".join(filter(None, where)), list(block)) for where, block in grouped]


def terminal_table(runs: pd.DataFrame) -> rich.console.RenderableType:
    """The comparison, readable at a width of 100 columns: a block per condition, a line per transport."""
    parts: list[rich.console.RenderableType] = [_table(heading=True)]
    for title, block in blocks(compared(runs)):
        table = _table(heading=False)
        for line in block:
            table.add_row("  " + line.label, *(_cell(line, block, name) for name in HEADINGS))
        parts += [rich.text.Text(title, style="bold"), table]
    return rich.console.Group(*parts)


def _table(heading: bool) -> rich.table.Table:
    table = rich.table.Table(box=None, show_header=heading, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("", width=27)
    for words in HEADINGS.values():
        table.add_column(words, justify="right", vertical="bottom", no_wrap=True, width=9 if "deliv" in words else 8)
    return table


def _cell(line: Compared, block: list[Compared], name: str) -> rich.text.Text:
    style = {"least": "bold green", "alarm": "bold red", "": ""}[mark(line, block, name)]
    return rich.text.Text(number(getattr(line, name)), style=style)


def mark(line: Compared, block: list[Compared], name: str) -> str:
    """How a cell stands out in its block: "least" where less is better, "alarm" for a loss or an invalid run, or ""."""
    value = getattr(line, name)
    known = [getattr(other, name) for other in block if getattr(other, name) is not None]
    if name in COMPARED and len(known) > 1 and value == min(known):
        return "least"
    return "alarm" if name in ("lost", "invalid") and value else ""
