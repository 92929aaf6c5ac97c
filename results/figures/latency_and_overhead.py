"""The answer in one picture: how late a message is, and how many bytes it costs, by each transport."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from results import table
from results.crossings import heads_of
from results.figures.layout import (
    Chart,
    conditions,
    freeze_layout,
    in_a_talk,
    invalid_note,
    logarithmic,
    new_figure,
    styled,
)
from results.model import ModelError, crossing, polling_mean, polling_overhead
from results.select import NotMeasured, kept, most_common, need_each, of_experiment
from results.transports import COMPARED, TRANSPORTS
from results.words import listed, milliseconds, times

BEYOND = 8  # times the longest interval measured, to which polling's line goes on


@styled
def latency_and_overhead(runs: pd.DataFrame, machine: Mapping[str, Any], experiment: str = "latency") -> Chart:
    """Mean latency (ms) against overhead per message (bytes), both logarithmic: near the corner is fast and light.

    A point for each transport at the shortest round trip, on kept connections; polling has one for each poll interval,
    and the model's line through them.
    """
    mine = of_experiment(runs[runs["transport"].isin(COMPARED)], experiment)
    mine = most_common(mine[kept(mine)], ["rate_hz", "payload_bytes", "header_profile", "cookie_bytes", "clients"])
    mine = mine[mine["rtt_ms"] == mine["rtt_ms"].min()]
    good = need_each(table.valid(mine), COMPARED, f"the shortest round trip of `{experiment}`")
    points = _points(good)
    title, alt = _finding(points), _alt(points)
    note = " Overhead: all bytes but the message. Dashed: the model."
    figure = new_figure(title, conditions(mine, machine) + note + invalid_note(mine, "left out"))
    axes = figure.subplots()
    _draw_polling(axes, good[good["transport"] == "polling"], points)
    for point in table.records(points):
        look = TRANSPORTS[str(point["transport"])]
        axes.plot(point["latency"], point["overhead"], look.marker, color=look.colour, markersize=13)
    _axis(axes, points)
    _name_points(axes, points)
    freeze_layout(figure)
    return Chart("latency_and_overhead", figure, title, alt)


def _points(runs: pd.DataFrame) -> pd.DataFrame:
    """A row for each transport and poll interval: transport, interval (s), latency (ms), overhead (bytes)."""
    runs = runs.assign(interval=runs["poll_interval_s"].where(runs["transport"] == "polling", 0.0).fillna(0.0))
    means = runs.groupby(["transport", "interval"])[["latency_mean_ms", "overhead_per_delivery"]].mean().reset_index()
    points = means.set_axis(["transport", "interval", "latency", "overhead"], axis=1).astype({"interval": float})
    if points[["latency", "overhead"]].isna().any(axis=None) or (points[["latency", "overhead"]] <= 0).any(axis=None):
        raise NotMeasured("a run says nothing of its latency or its overhead, or compression takes more than there is")
    return points


def _draw_polling(axes: Axes, runs: pd.DataFrame, points: pd.DataFrame) -> None:
    """The model's line over the poll interval, and where it needs no more bytes than a WebSocket."""
    rate, one_way = float(runs["rate_hz"].iloc[0]), float(runs["rtt_ms"].iloc[0]) / 2000
    shortest, longest = float(runs["poll_interval_s"].min()), BEYOND * float(runs["poll_interval_s"].max())
    colour, heads = TRANSPORTS["polling"].colour, heads_of(runs)
    intervals = np.geomspace(shortest, longest, 100)
    axes.plot(1000 * polling_mean(one_way, intervals), polling_overhead(rate, intervals, heads), color=colour,
              linewidth=2, linestyle=(0, (4, 2)))  # fmt: skip
    frame = float(points["overhead"][points["transport"] == "websocket"].iloc[0])
    with suppress(ModelError):  # no such interval among those drawn
        interval = crossing(lambda _: frame, lambda each: polling_overhead(rate, each, heads), shortest, longest)
        late_ms = 1000 * float(polling_mean(one_way, interval))
        axes.plot(late_ms, frame, TRANSPORTS["polling"].marker, color=colour, markerfacecolor="white", markersize=11)
        axes.annotate(f"every {times(interval)} s:\nas light as a WebSocket", (late_ms, frame), (-14, -6), ha="right",
                      va="top", textcoords="offset points", color=colour)  # fmt: skip


def _axis(axes: Axes, points: pd.DataFrame) -> None:
    axes.set(xlabel="mean latency, ms", ylabel="overhead per message, bytes")
    logarithmic(axes)
    lowest = min(points["overhead"].min(), axes.get_ylim()[0])
    axes.set_xlim(points["latency"].min() / 3, points["latency"].max() * BEYOND)
    axes.set_ylim(lowest / 2.5, points["overhead"].max() * 4)


def _name_points(axes: Axes, points: pd.DataFrame) -> None:
    """Each transport's name with its two numbers, or what polling trades where it has several intervals."""
    for name in COMPARED:
        mine = points[points["transport"] == name].sort_values("interval")
        look, first = TRANSPORTS[name], mine.iloc[0]
        words = f"{look.title}\n{milliseconds(first['latency'])} ms, {times(first['overhead'])} B"
        if len(mine) > 1:
            words = f"{look.title}\nfewer polls: fewer\nbytes, more delay"
        if name == "polling":
            for point in table.records(mine):
                axes.annotate(f"every {point['interval']:g} s", (point["latency"], point["overhead"]), (-12, -14),
                              ha="right", textcoords="offset points", color=look.colour)  # fmt: skip
        right = name == "polling" or first["latency"] <= points["latency"].median()
        axes.annotate(words, (first["latency"], first["overhead"]), (16 if right else -16, 12), va="bottom",
                      textcoords="offset points", ha="left" if right else "right", color=look.colour, fontweight="bold",
                      linespacing=1.3)  # fmt: skip
    corner: dict[str, Any] = {"xycoords": "axes fraction", "fontsize": 12, "color": "#555555", "style": "italic"}
    axes.annotate("fast and light", (0.015, 0.03), **corner)
    if not in_a_talk():
        axes.annotate("slow and heavy", (0.985, 0.97), ha="right", va="top", **corner)


def _finding(points: pd.DataFrame) -> str:
    """Who is fastest and who sends the fewest bytes; if it is the same, what polling trades."""
    rows = table.records(points)
    fastest, lightest = (str(min(rows, key=lambda row: row[cost])["transport"]) for cost in ("latency", "overhead"))
    polls = points[points["transport"] == "polling"].sort_values("interval")
    trades = len(polls) > 1 and polls["latency"].is_monotonic_increasing and polls["overhead"].is_monotonic_decreasing
    if fastest != lightest:
        return f"{TRANSPORTS[fastest].title} is fastest; {TRANSPORTS[lightest].words} adds the fewest bytes"
    found = f"{TRANSPORTS[fastest].title} is both fast and light"
    return f"{found}; polling trades one for the other" if trades and fastest != "polling" else found


def _alt(points: pd.DataFrame) -> str:
    parts = []
    for point in table.records(points):
        every = f" every {point['interval']:g} s" if point["interval"] else ""
        numbers = f"{milliseconds(point['latency'])} ms and {times(point['overhead'])} B"
        parts.append(f"{TRANSPORTS[point['transport']].title}{every}: {numbers}")
    return f"Mean latency against overhead per message, logarithmic axes. {listed(parts)}."
