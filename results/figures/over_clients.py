"""Latency and the server's CPU time against the number of clients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.ticker
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from results import table
from results.figures.frame import Chart, conditions, frame, invalid_note, settle, styled
from results.select import NotMeasured, of_experiment, usual
from results.transports import TRANSPORTS
from results.words import milliseconds, number, times


@styled
def latency_and_cpu_over_clients(runs: pd.DataFrame, machine: Mapping[str, Any]) -> Chart:
    """Latency (ms) and the server's CPU time per delivery (µs) against the number of clients, from `scale`.

    Lines go through the medians of the valid repeats; invalid runs are hollow, crossed and on no line.
    """
    mine = usual(
        of_experiment(runs, "scale"),
        ["rate_hz", "payload_bytes", "poll_interval_s", "rtt_ms", "header_profile", "hold_s"],
    )
    if mine["clients"].nunique() < 2:
        raise NotMeasured("the experiment `scale` was run with one number of clients only")
    title, alt = _scale_finding(mine), _scale_alt(mine)
    note = invalid_note(mine, "hollow and crossed, on no line")
    figure = frame(title, conditions(mine, machine) + note)
    left, right = figure.subplots(1, 2)
    left.set(title="Latency, ms: half within (bold), 99\u00a0% (thin)", yscale="log")
    right.set(title="Server CPU for each message, µs")
    for transport, own in mine.groupby("transport"):
        _over_clients(left, own, "latency_p50_ms", TRANSPORTS[str(transport)].colour)
        _over_clients(left, own, "latency_p99_ms", TRANSPORTS[str(transport)].colour, thin=True)
        _over_clients(right, own, "server_cpu_us_per_delivery", TRANSPORTS[str(transport)].colour)
    _clients_axis(left, mine)
    _clients_axis(right, mine)
    right.set_ylim(bottom=0)
    left.margins(y=0.14)
    settle(figure)
    _name_ends(left, mine, "latency_p50_ms")
    _name_ends(right, mine, "server_cpu_us_per_delivery")
    return Chart("latency_and_cpu_over_clients", figure, title, alt)


def _over_clients(axes: Axes, runs: pd.DataFrame, name: str, colour: str, thin: bool = False) -> None:
    transport = runs["transport"].iloc[0]
    middle, marker = _medians(runs, name), TRANSPORTS[transport].marker
    axes.plot(middle.index, middle, color=colour, linewidth=1.2 if thin else 3, marker="" if thin else marker)
    bad = table.invalid(runs).dropna(subset=[name, "clients"])
    if not thin and len(bad):
        x, y = bad["clients"].astype("float64"), bad[name].astype("float64")
        axes.plot(x, y, marker, color=colour, markerfacecolor="white", markersize=11, linestyle="")
        axes.plot(x, y, "x", color=colour, markersize=7, linestyle="")


def _medians(runs: pd.DataFrame, name: str) -> pd.Series:
    """The median over the valid repeats, by number of clients."""
    good = table.valid(runs).dropna(subset=["clients", name])
    return good.groupby(good["clients"].astype("int64"))[name].median().astype("float64")


def _clients_axis(axes: Axes, runs: pd.DataFrame) -> None:
    counts = sorted({int(count) for count in runs["clients"].dropna()})
    span = max(counts[-1] / counts[0], 2)
    axes.set(xscale="log", xlabel="clients", xlim=(counts[0] / span**0.04, counts[-1] * span**0.55))
    shown: list[int] = []
    for count in reversed(counts):
        if not shown or shown[-1] / count >= span**0.16:
            shown.append(count)
    axes.set_xticks(shown, [f"{count:,}" for count in shown])
    axes.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
    axes.yaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.yaxis.set_minor_locator(matplotlib.ticker.NullLocator())


def _name_ends(axes: Axes, runs: pd.DataFrame, name: str) -> None:
    """Each transport's name right of its last point, pushed apart where two end close together."""
    last = runs["clients"].dropna().max()
    ends = {}
    for transport in TRANSPORTS:
        mine = runs[runs["transport"] == transport].dropna(subset=["clients", name])
        if len(mine):
            ends[transport] = mine[mine["clients"] == mine["clients"].max()][name].median()
    lowest = -np.inf
    for transport, value in sorted(ends.items(), key=lambda end: end[1]):
        height = axes.transData.transform((last, value))[1]
        push = max(0.0, lowest - height)
        axes.annotate(TRANSPORTS[transport].title, (last, value), (12, push * 72 / axes.figure.dpi), va="center",
                      textcoords="offset points", color=TRANSPORTS[transport].colour, fontweight="bold")  # fmt: skip
        lowest = height + push + 20


def _scale_finding(runs: pd.DataFrame) -> str:
    """The server's CPU time per message at the largest number of clients that all transports served validly."""
    by_transport = {
        name: _medians(runs[runs["transport"] == name], "server_cpu_us_per_delivery") for name in TRANSPORTS
    }
    there = {name: series for name, series in by_transport.items() if len(series)}
    shared = set.intersection(*(set(series.index) for series in there.values())) if there else set()
    if len(there) < 2 or not shared:
        raise NotMeasured("no number of clients was served validly by two transports")
    clients = max(shared)
    cost = {name: series[clients] for name, series in there.items()}
    dear, cheap = max(cost, key=cost.__getitem__), min(cost, key=cost.__getitem__)
    return (
        f"With {clients:,} clients, {TRANSPORTS[dear].words} costs the server {times(cost[dear] / cost[cheap])} times "
        f"the CPU of {TRANSPORTS[cheap].words} for each message"
    )


def _scale_alt(runs: pd.DataFrame) -> str:
    parts = []
    for name in TRANSPORTS:
        mine = runs[runs["transport"] == name]
        latency, cpu = _medians(mine, "latency_p50_ms"), _medians(mine, "server_cpu_us_per_delivery")
        parts += [f"{TRANSPORTS[name].title} with {n:,} clients: half within {milliseconds(latency[n])} ms, "
                  f"{number(cpu[n])} µs" for n in latency.index.intersection(cpu.index)]  # fmt: skip
    return (
        "Two panels of lines over the number of clients: latency, and server CPU per message. " + "; ".join(parts) + "."
    )
