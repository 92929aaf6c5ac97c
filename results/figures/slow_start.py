"""When bytes cost a round trip: the stairs of a window that begins with ten segments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.ticker
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from results import table
from results.figures.layout import Chart, conditions, freeze_layout, invalid_note, new_figure, styled
from results.packet_models import FIRST_WINDOW, SEGMENT, exchange_round_trips
from results.select import NotMeasured
from results.slow_start import IDLE, NEW, WARM, by_state
from results.transports import TRANSPORTS
from results.words import listed, number

STATES = {NEW: ("polling", "new connection, HTTP", "-"), IDLE: ("websocket", "idle WebSocket", (0, (1, 1))),
          WARM: ("websocket", "busy WebSocket", "-")}  # fmt: skip
"""Whose colour each state of a connection has, its name, and its line."""


@styled
def round_trips_by_size(runs: pd.DataFrame, machine: Mapping[str, Any]) -> Chart:
    """Round trips that an echo takes, over its size in KB, on new, idle and busy connections; from `slow-start`.

    Points are measured: the mean latency over the path's round trip. Stairs are the model.
    """
    mine = by_state(runs)
    good = table.valid(mine[mine["cookie_bytes"].fillna(0) == 0])
    if good.empty or good["payload_bytes"].nunique() < 2:
        raise NotMeasured("the experiment `slow-start` was not run with two sizes of messages")
    title, alt = _finding(good), _alt(good)
    note = f" A first window is {FIRST_WINDOW} segments of {SEGMENT:,} B (RFC 6928); each round trip doubles it. "
    note += "There and back. Lines: the model." + invalid_note(mine, "left out")
    figure = new_figure(title, conditions(good, machine, leave_out=["rate_hz", "clients"]) + note)
    axes = figure.subplots()
    for state, own in good.groupby("state"):
        _stairs(axes, str(state), own.sort_values("payload_bytes"))
    sizes = sorted(good["payload_bytes"].unique())
    axes.set(xscale="log", xlabel="message, KB", ylabel="round trips", ylim=(0, None))
    axes.set_xlim(sizes[0] / 1.3, sizes[-1] * 9)  # room for the words at the ends
    axes.set_xticks(sizes, [f"{size / 1024:g}" for size in sizes])
    axes.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
    freeze_layout(figure)
    return Chart("round_trips_by_size", figure, title, alt)


def _stairs(axes: Axes, state: str, runs: pd.DataFrame) -> None:
    transport, words, line = STATES[state]
    look = TRANSPORTS[transport]
    sizes = np.geomspace(runs["payload_bytes"].min(), runs["payload_bytes"].max(), 400)
    model = [_model(state, size) for size in sizes]
    axes.plot(sizes, model, color=look.colour, linestyle=line, linewidth=2, marker="")
    axes.plot(runs["payload_bytes"], runs["round_trips"], look.marker, color=look.colour, linestyle="",
              markerfacecolor="white" if state == IDLE else look.colour, markersize=10)  # fmt: skip
    last = runs.iloc[-1]
    axes.annotate(words, (last["payload_bytes"], last["round_trips"]), (12, 0), textcoords="offset points",
                  va="center", color=look.colour, fontweight="bold")  # fmt: skip


def _model(state: str, size: float) -> float:
    return 1.0 if state == WARM else float(exchange_round_trips(round(size), round(size), state == NEW))


def _finding(runs: pd.DataFrame) -> str:
    """How many round trips the largest message takes on a connection that was silent, and on a busy one."""
    largest = runs[runs["payload_bytes"] == runs["payload_bytes"].max()]
    taken = {state: float(own["round_trips"].mean()) for state, own in largest.groupby("state")}
    size = f"{runs['payload_bytes'].max() / 1024:g} KB"
    if {IDLE, WARM} <= set(taken):
        return f"After a pause, {size} take {taken[IDLE]:.0f} round trips; otherwise {taken[WARM]:.0f}"
    state = max(taken, key=taken.__getitem__)
    return f"{size} take {taken[state]:.0f} round trips on {'an' if state == IDLE else 'a'} {state} connection"


def _alt(runs: pd.DataFrame) -> str:
    parts = []
    for state, own in runs.groupby("state"):
        at = [f"{number(float(row['round_trips']))} at {row['payload_bytes'] / 1024:g} KB"
              for _, row in own.sort_values("payload_bytes").iterrows()]  # fmt: skip
        parts.append(f"{STATES[str(state)][1]}: {listed(at)}")
    return f"Round trips of an echo over its size, with the model's stairs. {'; '.join(parts)}."
