"""What server-sent events would cost beside the three transports: computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from results import table
from results.audit.hours import SERVER_SENT_EVENTS, Costs, Following, per_message
from results.crossings import heads_of
from results.figures.layout import Chart, freeze_layout, logarithmic, machine_words, new_figure, styled
from results.select import first_known, of_experiment
from results.transports import COMPARED, TRANSPORTS
from results.words import number

COLOUR, TITLE = "#555555", "Server-sent events"
RATES = np.geomspace(0.05, 50, 61)  # messages a second


@styled
def server_sent_events(runs: pd.DataFrame, machine: Mapping[str, Any]) -> Chart:
    """Overhead per message over the message rate, by the model with the heads of `update-rate`."""
    good = table.valid(of_experiment(runs, "update-rate"))
    lines = overheads(good)
    title, alt = _finding(lines), _alt(lines)
    note = "Computed for all four, with the headers of `update-rate` and Poisson arrivals "
    note += f"(Poisson), an event has `id:`, `data:` and a chunk of its own. {machine_words(machine)}."
    figure = new_figure(title, note)
    axes = figure.subplots()
    for name in lines:
        colour = COLOUR if name == SERVER_SENT_EVENTS else TRANSPORTS[str(name)].colour
        words = TITLE if name == SERVER_SENT_EVENTS else TRANSPORTS[str(name)].title
        axes.plot(RATES, lines[name], color=colour, marker="", linestyle=(0, (4, 2)))
        axes.annotate(words, (RATES[0], lines[name].iloc[0]), (6, 8), textcoords="offset points", color=colour,
                      fontweight="bold")  # fmt: skip
    axes.set(xlabel="messages a second", ylabel="bytes beside each message")
    logarithmic(axes)
    freeze_layout(figure)
    return Chart("server_sent_events", figure, title, alt)


def overheads(runs: pd.DataFrame) -> pd.DataFrame:
    """Overhead per message in bytes, a column for each of the four, by rate."""
    polls = runs[runs["transport"] == COMPARED[0]]
    size = round(float(runs["payload"].sum() / runs["deliveries"].sum()))
    costs = Costs(heads_of(polls), handshake=0, stream=0)
    base = Following(message_bytes=size, poll_interval_s=first_known(polls, "poll_interval_s"))
    rows = [
        {each.transport: each.overhead_bytes for each in per_message(replace(base, rate_hz=rate), costs)}
        for rate in map(float, RATES)
    ]  # fmt: skip
    return pd.DataFrame(rows, index=RATES)


def _finding(lines: pd.DataFrame) -> str:
    events, pushed = (float(lines[name].iloc[0]) for name in (SERVER_SENT_EVENTS, "websocket"))
    return f"Server-sent events would add {events:.0f} B to a message, WebSocket {pushed:.0f} B"


def _alt(lines: pd.DataFrame) -> str:
    parts = []
    for name in lines:
        words = TITLE if name == SERVER_SENT_EVENTS else TRANSPORTS[str(name)].title
        at = [f"{number(float(lines[name].iloc[place]))} B at {RATES[place]:.2g}" for place in (0, -1)]
        parts.append(f"{words}: {' and '.join(at)} messages/s")
    return f"Overhead per message over the message rate, computed, logarithmic axes. {'; '.join(parts)}."
