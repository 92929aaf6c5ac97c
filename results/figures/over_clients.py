"""Latency and the server's CPU against the number of clients, with the lines that the prices draw."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import matplotlib.ticker
import pandas as pd
from matplotlib.axes import Axes

from results import table
from results.advice.fitted_costs import memory_of
from results.costs import Prices, answers, cost_runs, price_words, prices
from results.figures.layout import PAGE, Chart, conditions, freeze_layout, invalid_note, name_ends, new_figure, styled
from results.model import broadcast_mean
from results.select import NotMeasured, first_known, most_common, of_experiment
from results.transports import TRANSPORTS
from results.words import listed, milliseconds, number, times


@styled
def latency_and_cpu_over_clients(runs: pd.DataFrame, machine: Mapping[str, Any]) -> Chart:
    """Mean latency (ms) and the server's CPU (cores) against the number of clients, from `scale`.

    Points are medians of the valid repeats; invalid runs are hollow and crossed. Lines come from the prices that are
    fitted to the CPU of all loads: CPU itself, and the queue that a broadcast is, which is fitted to no latency. A
    long poll's CPU is taken in two parts, before and after the answer, so that its queue is not known from it.
    """
    all_loads = most_common(of_experiment(runs, "scale"), ["payload_bytes", "rtt_ms", "header_profile", "hold_s"])
    mine = most_common(all_loads, ["rate_hz", "poll_interval_s"])
    if mine["clients"].nunique() < 2:
        raise NotMeasured("the experiment `scale` was run with one number of clients only")
    found = {name: prices(cost_runs(runs), name) for name in TRANSPORTS if (mine["transport"] == name).any()}
    title, alt = _finding(found), _alt(mine, found)
    small = f"{conditions(mine, machine)} Dashed: computed from prices fitted to {_loads(all_loads)} loads."
    figure = new_figure(title, small + invalid_note(mine, "hollow and crossed, on no line"))
    left, right = figure.subplots(1, 2)
    left.set(title="mean latency, ms", yscale="log")
    right.set(title="server CPU, cores", yscale="log")
    for transport, own in mine.groupby("transport"):
        _points(left, own, "latency_mean_ms")
        _points(right, own, "server_cpu_share")
        _line(right, own, partial(_cpu, found[str(transport)], str(transport)))
        if not TRANSPORTS[str(transport)].asks:
            _line(left, own, partial(_queue, found[str(transport)]))
    clients_axis(left, mine)
    clients_axis(right, mine)
    for axes in (left, right):
        axes.margins(y=0.14)
    freeze_layout(figure)
    _name_ends(left, mine, "latency_mean_ms")
    _name_ends(right, mine, "server_cpu_share")
    return Chart("latency_and_cpu_over_clients", figure, title, alt)


def _queue(paid: Prices, runs: pd.DataFrame) -> float:
    """The mean latency in ms of a message that is sent to one client after another, once it is published."""
    clients = float(runs["clients"].iloc[0])
    each = paid.answer.at(clients * first_known(runs, "rate_hz"))
    return float(broadcast_mean(paid.publication.us + each, each, clients)) / 1000


def _cpu(paid: Prices, transport: str, runs: pd.DataFrame) -> float:
    seconds = runs["duration_s"].astype("float64")
    per_second = answers(runs, transport) / seconds, runs["published"].astype("float64") / seconds
    return paid.cpu_share(float(per_second[1].median()), float(per_second[0].median()), float(runs["clients"].iloc[0]))


def _line(axes: Axes, runs: pd.DataFrame, height: Callable[[pd.DataFrame], float]) -> None:
    good = table.valid(runs)
    line = pd.Series({clients: height(group) for clients, group in good.groupby(good["clients"].astype("int64"))})
    colour = TRANSPORTS[runs["transport"].iloc[0]].colour
    axes.plot(line.index, line, color=colour, linewidth=2, linestyle=(0, (4, 2)), marker="")


def _points(axes: Axes, runs: pd.DataFrame, name: str) -> None:
    look = TRANSPORTS[runs["transport"].iloc[0]]
    middle = _medians(runs, name)
    axes.plot(middle.index, middle, look.marker, color=look.colour, linestyle="")
    bad = table.invalid(runs).dropna(subset=[name, "clients"])
    if len(bad):
        x, y = bad["clients"].astype("float64"), bad[name].astype("float64")
        axes.plot(x, y, look.marker, color=look.colour, markerfacecolor="white", markersize=11, linestyle="")
        axes.plot(x, y, "x", color=look.colour, markersize=7, linestyle="")


def _medians(runs: pd.DataFrame, name: str) -> pd.Series:
    """The median over the valid repeats, by number of clients."""
    good = table.valid(runs).dropna(subset=["clients", name])
    return good.groupby(good["clients"].astype("int64"))[name].median().astype("float64")


def clients_axis(axes: Axes, runs: pd.DataFrame) -> None:
    """A logarithmic axis of the runs' numbers of clients, with room for names."""
    counts = sorted({int(count) for count in runs["clients"].dropna()})
    span = max(counts[-1] / counts[0], 2)
    room = 0.55 / PAGE.get() ** 2  # for the names
    axes.set(xscale="log", xlabel="clients", xlim=(counts[0] / span**0.06, counts[-1] * span**room))
    shown: list[int] = []
    for count in reversed(counts):
        if not shown or shown[-1] / count >= span ** (0.16 / PAGE.get()):
            shown.append(count)
    axes.set_xticks(shown, [f"{count:,}" for count in shown])
    axes.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
    axes.yaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.yaxis.set_minor_locator(matplotlib.ticker.NullLocator())


def _name_ends(axes: Axes, runs: pd.DataFrame, name: str) -> None:
    """Each transport's name at the height of its last point."""
    ends = {}
    for transport in TRANSPORTS:
        mine = runs[runs["transport"] == transport].dropna(subset=["clients", name])
        if len(mine):
            ends[transport] = float(mine[mine["clients"] == mine["clients"].max()][name].median())
    name_ends(axes, float(runs["clients"].dropna().max()), ends)


def _finding(found: Mapping[str, Prices]) -> str:
    """How many messages by WebSocket cost the server as much as a long poll; else the dearest to the cheapest."""
    if len(found) < 2:
        raise NotMeasured("fewer than two transports were run validly")
    us = {name: paid.answer.us for name, paid in found.items() if paid.answer.us > 0}
    if {"long-polling", "websocket"} <= set(us):
        return f"A long poll costs the server {times(us['long-polling'] / us['websocket'])} WebSocket messages"
    dear, cheap = max(us, key=us.__getitem__), min(us, key=us.__getitem__)
    more = times(us[dear] / us[cheap])
    return f"{TRANSPORTS[dear].unit.capitalize()} costs the server {more} times {TRANSPORTS[cheap].unit}"


def _generator_delay_words(runs: pd.DataFrame) -> str:
    """The largest delay that the load generator has added, if the kernel stamped the arrivals."""
    largest = table.valid(runs)["generator_delay_p99_ms"].max()
    return "in the latency" if pd.isna(largest) else f"up to {milliseconds(largest)} ms"


def capacity_words(runs: pd.DataFrame) -> str:
    """Up to how many clients every run of a transport was valid, in a sentence; more are beyond this machine."""
    parts = []
    for name in TRANSPORTS:
        mine, bad = (side[side["transport"] == name]["clients"] for side in (table.valid(runs), table.invalid(runs)))
        under = mine[mine < (bad.min() if len(bad) else math.inf)]
        parts += [f"{under.max():,} clients by {TRANSPORTS[name].words}"] * (len(under) > 0)
    return f"Every run is valid up to {listed(parts)}."


def memory_words(runs: pd.DataFrame) -> str:
    """How much of the server's memory each client takes, in a sentence."""
    good = table.valid(runs)
    parts = [f"{memory_of(mine)[0] / 1024:.0f} KiB by {TRANSPORTS[name].words}" for name in TRANSPORTS
             if len(mine := good[good["transport"] == name])]  # fmt: skip
    return f"Each client takes {listed(parts)} of the server's memory."


def _loads(runs: pd.DataFrame) -> int:
    return len(table.valid(runs)[["clients", "rate_hz"]].drop_duplicates())


def _alt(runs: pd.DataFrame, found: Mapping[str, Prices]) -> str:
    parts = []
    for name, paid in found.items():
        mine = runs[runs["transport"] == name]
        latency, cpu = _medians(mine, "latency_mean_ms"), _medians(mine, "server_cpu_share")
        parts += [f"{TRANSPORTS[name].title} with {n:,} clients: {milliseconds(latency[n])} ms on average, "
                  f"{number(cpu[n])} cores" for n in latency.index.intersection(cpu.index)]  # fmt: skip
        parts.append(
            f"fitted: {price_words(paid.publication)} a publication, {price_words(paid.answer)} an answer or delivery"
        )
    return (
        "Two panels over the number of clients: mean latency, and the server's CPU, with fitted lines. "
        f"{'; '.join(parts)}. {capacity_words(runs)} {memory_words(runs)} The load generator's own delay is "
        f"{_generator_delay_words(runs)}."
    )  # fmt: skip
