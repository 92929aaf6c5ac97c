"""Mean latency against the poll interval and against the round trip, with the model drawn over it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import matplotlib.ticker
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from results import table
from results.figures.layout import (
    PAGE,
    Chart,
    conditions,
    freeze_layout,
    in_lines,
    invalid_note,
    name_ends,
    new_figure,
    styled,
)
from results.model import Values
from results.select import NotMeasured, kept, most_common, of_experiment
from results.transport_models import Setting, mean_s
from results.transports import TRANSPORTS
from results.words import milliseconds, number, times

NEW_LINE = "\n"
MODES = {True: "kept", False: "new"}


@styled
def latency_over_round_trip(runs: pd.DataFrame, machine: Mapping[str, Any]) -> Chart:
    """Mean latency (ms) with its 95 % interval, left over the poll interval, right over the round trip; from `latency`.

    Lines are the model's, nothing fitted; hollow points have a new connection for each request, and their lines dots.
    """
    mine = most_common(of_experiment(runs, "latency"), ["rate_hz"])
    good = table.valid(mine)
    far = good[good["rtt_ms"] > 0]
    if far.empty:
        raise NotMeasured("the experiment `latency` was run without a round trip only")
    title, alt = _finding(far), _alt(good)
    note = " Points: measured, 95 % interval. Lines: the model. Hollow, dotted: a connection for each request."
    figure = new_figure(title, conditions(mine, machine) + note + invalid_note(mine, "left out"))
    left, right = figure.subplots(1, 2)
    _over(left, good[good["rtt_ms"] == 0], "poll_interval_s")
    intervals = far["poll_interval_s"][far["transport"] == "polling"].mode()
    same = float(intervals.iloc[0]) if len(intervals) else math.nan
    also = good[(good["rtt_ms"] == 0) & ((good["transport"] != "polling") | (good["poll_interval_s"] == same))]
    _over(right, pd.concat([also, far]), "rtt_ms")
    left.set(title="no added round trip", xlabel="poll interval, seconds", ylabel="mean latency, ms")
    right.set(title="" if math.isnan(same) else f"polls every {same:g} s", xlabel="round trip, ms")
    for axes in (left, right):
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_formatter(matplotlib.ticker.StrMethodFormatter("{x:,.0f}"))
    right.set_xlim(right=1.6 / PAGE.get() * float(far["rtt_ms"].max()))
    freeze_layout(figure)
    _name_ends(right, far[kept(far)] if kept(far).any() else far)
    _name_polling(left, good[(good["rtt_ms"] == 0) & (good["transport"] == "polling")])
    return Chart("latency_over_round_trip", figure, title, alt)


def _over(axes: Axes, runs: pd.DataFrame, factor: str) -> None:
    """Each transport's points and its model; one that the factor means nothing to has a level line."""
    spread = runs[factor].dropna()
    if spread.empty:
        axes.set(xticks=[], yticks=[])
        axes.annotate("not measured", (0.5, 0.5), xycoords="axes fraction", ha="center", va="center")
        return
    places = np.linspace(spread.min() if factor == "poll_interval_s" else 0, spread.max(), 100)
    for name, own in runs.groupby("transport"):
        for keeps, group in own.groupby(kept(own)):
            colour, marker = TRANSPORTS[str(name)].colour, TRANSPORTS[str(name)].marker
            line = _model(str(name), group, factor, places, MODES[bool(keeps)])
            axes.plot(places, line, color=colour, linewidth=2, linestyle=(0, (4, 2)) if keeps else ":", marker="")
            if group[factor].isna().any() or factor == "poll_interval_s" and name != "polling":
                continue
            means = group.groupby(factor)[["latency_mean_ms", "latency_mean_ci_ms"]].mean().fillna(0.0)
            axes.errorbar(means.index, means["latency_mean_ms"], means["latency_mean_ci_ms"], linestyle="", capsize=3,
                          color=colour, marker=marker, markerfacecolor=colour if keeps else "white")  # fmt: skip


def _model(transport: str, runs: pd.DataFrame, factor: str, places: np.ndarray, mode: str) -> Values:
    """The model's mean in ms at these places of the factor."""
    first = runs.iloc[0]
    one_way = places / 2000 if factor == "rtt_ms" else np.full_like(places, float(first["rtt_ms"]) / 2000)
    polls = transport == "polling" and factor == "poll_interval_s"
    own: dict[str, Any] = {name: float(runs[name].iloc[0]) for name in TRANSPORTS[transport].own}
    setting = Setting(one_way, float(first["rate_hz"]), connection=mode, **own)
    return 1000 * mean_s(transport, replace(setting, poll_interval_s=places) if polls else setting)


def _name_ends(axes: Axes, runs: pd.DataFrame) -> None:
    """Each transport's name and mean where its line ends."""
    furthest = runs[runs["rtt_ms"] == runs["rtt_ms"].max()]
    means = furthest.groupby("transport")["latency_mean_ms"].mean()
    ends = {str(name): float(mean) for name, mean in means.items()}
    words = {}
    for name, mean in ends.items():
        title = in_lines(TRANSPORTS[name].title)
        words[name] = f"{title}{' ' if NEW_LINE in title else NEW_LINE}{milliseconds(mean)}\u00a0ms"
    name_ends(axes, float(furthest["rtt_ms"].iloc[0]), ends, words)


def _name_polling(axes: Axes, runs: pd.DataFrame) -> None:
    """Name the one line of the left panel that rises."""
    if runs["poll_interval_s"].nunique() > 1:
        middle = runs[runs["poll_interval_s"] == sorted(runs["poll_interval_s"].unique())[-2]]
        place = float(middle["poll_interval_s"].iloc[0]), float(middle["latency_mean_ms"].mean())
        axes.annotate("Polling: half\nthe interval", place, (14, -6), textcoords="offset points", va="top",
                      color=TRANSPORTS["polling"].colour, fontweight="bold")  # fmt: skip


def _finding(runs: pd.DataFrame) -> str:
    """How many times as late long polling is as a WebSocket at the largest round trip, on kept connections."""
    same = runs[kept(runs)] if kept(runs).any() else runs
    furthest = same[same["rtt_ms"] == same["rtt_ms"].max()]
    means = furthest.groupby("transport")["latency_mean_ms"].mean()
    where = f"At {float(furthest['rtt_ms'].iloc[0]):g} ms round trip"
    if {"long-polling", "websocket"} <= set(means.index):
        more = times(means["long-polling"] / means["websocket"])
        return f"{where}, long polling has {more} times a WebSocket's latency"
    slowest = str(means.idxmax())
    return f"{where}, {TRANSPORTS[slowest].words} takes {milliseconds(means[slowest])} ms"


def _alt(runs: pd.DataFrame) -> str:
    parts = []
    for (name, keeps, rtt_ms), own in runs.groupby(["transport", kept(runs), "rtt_ms"]):
        for interval, same in own.groupby(own["poll_interval_s"].fillna(0)):
            every = f" every {interval:g} s" if interval else ""
            connection = "" if keeps else ", a connection for each request"
            parts.append(f"{TRANSPORTS[str(name)].title}{every} at {rtt_ms:g} ms{connection}: "
                         f"{number(float(same['latency_mean_ms'].mean()))} ms")  # fmt: skip
    return f"Mean latency over the poll interval and the round trip, with the model's lines. {'; '.join(parts)}."
