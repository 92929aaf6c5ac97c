"""When a held request is as good as a WebSocket: over how many messages come in one round trip."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from results import model, table
from results.claims.latency import SIGNIFICANT, latency_threshold
from results.figures.layout import Chart, conditions, freeze_layout, invalid_note, new_figure, room_for_names, styled
from results.select import NotMeasured, kept, of_experiment
from results.transports import TRANSPORTS

Point = tuple[float, float, float]
"""A rate, messages/s; a round trip, ms; long polling's mean latency to the WebSocket's."""


@styled
def held_requests(runs: pd.DataFrame, machine: Mapping[str, Any]) -> Chart:
    """Long polling's mean latency to the WebSocket's over messages per round trip, with the model; from `latency`."""
    mine = of_experiment(runs, "latency")
    mine = mine[(mine["rtt_ms"] > 0) & kept(mine)]
    good = table.valid(mine)
    points = [point for _, alike in good.groupby(["rate_hz", "rtt_ms"]) if (point := point_of(alike))]
    if not points:
        raise NotMeasured("`latency` has no condition with a round trip under which both were measured")
    limit = latency_threshold()
    title = f"Long polling keeps up with WebSocket below {limit:.2g} messages per round trip"
    note = "Line: the model, Poisson arrivals, kept connections. Points: measured, with what this machine adds. "
    note += f"Grey: less than {SIGNIFICANT:g} times as late. "
    left_out = conditions(good, machine, leave_out=["rate_hz", "rtt_ms", "poll_interval_s"])
    figure = new_figure(title, note + left_out + invalid_note(mine, "left out"))
    axes, look = figure.subplots(), TRANSPORTS["long-polling"]
    busy = np.geomspace(0.02, 10, 200)
    axes.axhspan(1, SIGNIFICANT, color="#EEEEEE")
    axes.plot(busy, model.long_polling_mean(0.5, busy) / 0.5, color=look.colour, linewidth=2, linestyle=(0, (4, 2)))
    for rate, rtt_ms, value in points:
        place = rate * rtt_ms / 1000
        axes.plot(place, value, look.marker, color=look.colour, markersize=11)
        offset, part = ((-10, 0), "right") if place < limit else ((14, -26), "left")
        axes.annotate(f"{value:.2f}: {rate:g}/s, {rtt_ms:g} ms", (place, value), offset,
                      textcoords="offset points", ha=part, color=look.colour)  # fmt: skip
    axes.axvline(limit, color="#666666", linewidth=1)
    highest = max(2.2, 1.1 * max(value for _, _, value in points))
    axes.set(xscale="log", xlabel="messages per round trip", ylabel="times as late as a WebSocket",
             ylim=(min(0.95, *(value for _, _, value in points)), highest))  # fmt: skip
    axes.xaxis.set_major_formatter("{x:g}")
    axes.minorticks_off()
    freeze_layout(figure)
    room_for_names(axes)
    alt = "; ".join(f"{value:.2f} times at {rate:g}/s and {rtt_ms:g} ms" for rate, rtt_ms, value in points)
    return Chart("held_requests", figure, title, f"{title}, by the model. Measured: {alt}.")


def point_of(runs: pd.DataFrame) -> Point | None:
    """What these runs, alike but for their transport, say; None unless both were measured."""
    means = runs.groupby("transport")["latency_mean_ms"].mean().dropna()
    if not {"long-polling", "websocket"} <= set(means.index) or not means["websocket"] > 0:
        return None
    ratio = float(means["long-polling"] / means["websocket"])
    return float(runs["rate_hz"].iloc[0]), float(runs["rtt_ms"].iloc[0]), ratio
