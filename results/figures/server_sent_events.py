"""What server-sent events cost beside the three transports: measured, and by the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from results import table
from results.audit.hours import SERVER_SENT_EVENTS, Costs, Following, per_message
from results.crossings import by_rate, heads_of
from results.figures.layout import Chart, freeze_layout, logarithmic, machine_words, new_figure, styled
from results.select import first_known, of_experiment
from results.transports import COMPARED, TRANSPORTS
from results.words import number

RATES = np.geomspace(0.05, 50, 61)  # messages a second


@styled
def server_sent_events(runs: pd.DataFrame, machine: Mapping[str, Any]) -> Chart:
    """Overhead per message over the message rate: points from `update-rate`, dashes by the model with its heads."""
    good = table.valid(of_experiment(runs, "update-rate"))
    lines, points = overheads(good), by_rate(good)
    title, alt = _finding(lines, points), _alt(lines, points)
    note = "Points: measured. Dashes: the model, with the headers of `update-rate` and Poisson arrivals; an event has "
    note += f"`id:`, `data:` and a chunk of its own. {machine_words(machine)}."
    figure = new_figure(title, note)
    axes = figure.subplots()
    for name in map(str, lines):
        look = TRANSPORTS[name]
        axes.plot(RATES, lines[name], color=look.colour, marker="", linestyle=(0, (4, 2)))
        if name in points:
            axes.plot(points.index, points[name], look.marker, color=look.colour, linestyle="")
        axes.annotate(look.title, (RATES[0], lines[name].iloc[0]), (6, 8), textcoords="offset points",
                      color=look.colour, fontweight="bold")  # fmt: skip
    axes.set(xlabel="messages a second", ylabel="overhead per message, B")
    logarithmic(axes)
    freeze_layout(figure)
    return Chart("server_sent_events", figure, title, alt)


def overheads(runs: pd.DataFrame) -> pd.DataFrame:
    """Overhead per message in bytes by the model, a column for each of the four, by rate."""
    polls = runs[runs["transport"] == COMPARED[0]]
    size = round(float(runs["payload"].sum() / runs["deliveries"].sum()))
    costs = Costs(heads_of(polls), handshake=0, stream=0)
    base = Following(message_bytes=size, poll_interval_s=first_known(polls, "poll_interval_s"))
    rows = [
        {each.transport: each.overhead_bytes for each in per_message(replace(base, rate_hz=rate), costs)}
        for rate in map(float, RATES)
    ]  # fmt: skip
    return pd.DataFrame(rows, index=RATES)


def _finding(lines: pd.DataFrame, points: pd.DataFrame) -> str:
    """What both push transports add to a message where no ping or comment comes between: measured, or computed."""
    wanted = [SERVER_SENT_EVENTS, "websocket"]
    both = points.dropna(subset=wanted) if {*wanted} <= {*points} else points[:0]
    events, pushed = (float((lines if both.empty else both)[name].iloc[-1]) for name in wanted)
    add = "would add" if both.empty else "add"
    return f"Server-sent events {add} {events:.0f} B to a message, WebSocket {pushed:.0f} B"


def _alt(lines: pd.DataFrame, points: pd.DataFrame) -> str:
    parts = []
    for name in map(str, lines):
        at = [f"{number(float(lines[name].iloc[place]))} B at {RATES[place]:.2g}" for place in (0, -1)]
        seen = points[name].dropna() if name in points else pd.Series(dtype=float)
        told = f" by the model, measured {number(float(seen.iloc[-1]))} B at {seen.index[-1]:.2g}" if len(seen) else ""
        parts.append(f"{TRANSPORTS[name].title}: {' and '.join(at)} messages/s{told}")
    return f"Overhead per message over the message rate, logarithmic axes. {'; '.join(parts)}."
