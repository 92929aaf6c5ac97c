"""Latency, requests and the server's CPU for a message, against the message rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from results import table
from results.crossings import by_rate, measured, orders
from results.figures.layout import (
    Chart,
    conditions,
    freeze_layout,
    invalid_note,
    logarithmic,
    name_ends,
    new_figure,
    styled,
)
from results.model import Values
from results.select import NotMeasured, first_known, of_experiment
from results.transport_models import MODELS, Setting, mean_s
from results.transports import TRANSPORTS, has_random_phase
from results.words import listed, number, times

CPU = "server_cpu_us_per_delivery"
PANELS = {
    "latency_mean_ms": "mean latency, ms",
    "requests": "requests\nper message",
    CPU: "server CPU,\nµs per message",
}
"""What is drawn of each message, with its words; the mean over the deliveries at a rate."""
ROOM = 2.0
"""Times the slowest and the fastest rate that an axis goes on."""
NAME_ROOM = 300
"""Times the fastest rate: to there the last panel goes on, for the transports' names."""

@styled
def message_over_rate(runs: pd.DataFrame, machine: Mapping[str, Any]) -> Chart:
    """Mean latency (ms), requests and CPU (µs) for a delivered message against the message rate, from `update-rate`.

    Points are measured. Lines of latency and requests are the model's.
    """
    mine = of_experiment(runs, "update-rate")
    good = table.valid(mine)
    if good["rate_hz"].nunique() < 2:
        raise NotMeasured("the experiment `update-rate` was run at one rate only")
    shown = {name: by_rate(good, name) for name in PANELS}
    rates = shown[CPU].index
    title, alt = _finding(good), _alt(shown)
    note = " Points: measured. Dashed: the model, which says nothing about CPU. A WebSocket sends no requests."
    figure = new_figure(title, conditions(mine, machine) + note + invalid_note(mine, "left out"))
    panels = figure.subplots(1, 3, width_ratios=(1, 1, 1.7))
    for axes, name in zip(panels, PANELS, strict=True):
        logarithmic(axes)
        axes.set_xlim(rates.min() / ROOM, rates.max() * ROOM)  # of all: a panel may have points at one rate only
        for transport, own in good.groupby("transport"):
            _draw(axes, shown[name][transport].dropna(), own, name)
        axes.set_xlabel("messages a second")
        axes.set_title(PANELS[name], fontsize=14)
        axes.margins(y=0.12)
    ends = {str(name): float(points.dropna().iloc[-1]) for name, points in shown[CPU].items() if points.notna().any()}
    panels[-1].set_xlim(right=float(rates.max()) * NAME_ROOM)
    freeze_layout(figure)
    name_ends(panels[-1], float(rates.max()), ends)
    return Chart("message_over_rate", figure, title, alt)


def _draw(axes: Axes, points: pd.Series, runs: pd.DataFrame, name: str) -> None:
    transport = str(runs["transport"].iloc[0])
    look, rates = TRANSPORTS[transport], np.geomspace(points.index.min(), points.index.max(), 100)
    if (points <= 0).all():
        return  # a logarithm has no place for it
    axes.plot(points.index, points, look.marker, color=look.colour, linestyle="")
    line = _model(transport, runs, name, rates)
    if line is not None:
        axes.plot(rates, np.broadcast_to(line, rates.shape), color=look.colour, linewidth=2, linestyle=(0, (4, 2)))


def _model(transport: str, runs: pd.DataFrame, name: str, rates: np.ndarray) -> Values | None:
    """What the model says of a message at these rates; None where it says that there is none."""
    own: dict[str, Any] = {parameter: first_known(runs, parameter) for parameter in TRANSPORTS[transport].own}
    setting = Setting(float(runs["rtt_ms"].iloc[0]) / 2000, rates, **own)
    if name == "requests":
        return MODELS[transport].requests(setting)
    waits = name == "latency_mean_ms" and has_random_phase(transport)  # else the machine's part is what is seen
    return 1000 * mean_s(transport, setting) if waits else None


def _finding(runs: pd.DataFrame) -> str:
    """From which rates on polling costs the server less for a message than the others, or where no order changes."""
    for name in ("websocket", "long-polling"):
        if rate := measured(runs, name, "polling", CPU):
            return f"Above {times(rate)} messages/s, polling takes less server CPU than {TRANSPORTS[name].words}"
    return orders(runs, CPU, "takes the least server CPU")


def _alt(shown: Mapping[str, pd.DataFrame]) -> str:
    parts = []
    for name, values in shown.items():
        for transport, own in values.items():
            known = own.dropna()
            at = [f"{number(value)} at {number(rate)}" for rate, value in zip(known.index, known, strict=True)]
            words = PANELS[name].replace("\n", " ")
            parts.append(f"{TRANSPORTS[str(transport)].title}, {words}: {listed(at)} messages/s")
    return "Three panels over the message rate, logarithmic axes. " + "; ".join(parts) + "."
