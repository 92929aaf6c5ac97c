"""Lesson 3: the model beside what was measured."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lessons.shown.pictures import COMES_WITH, Picture, figure
from lessons.shown.recorded import reference, runs_of
from lessons.shown.sliders import Explorer, slider
from results.figures.distribution import Line
from results.figures.layout import Chart, freeze_layout, new_figure, styled
from results.latencies import read_latencies
from results.select import kept, most_common
from results.transport_models import MODELS, Setting, mean_s
from results.transports import COMPARED, TRANSPORTS
from results.words import listed, milliseconds

INTERVALS, ROUND_TRIPS = [0.1, 0.3, 0.7, 1.0, 2.1], [0, 20, 50, 100, 200]
HOLD_S = 25.0
Curve = tuple[np.ndarray, np.ndarray]
"""Latencies in ms, ascending, and the share of messages that have come within each."""


def against_the_model(rtt_ms: float) -> pd.DataFrame:
    """The means of `latency` at a round trip: measured, what the model says, this machine's floor, what is left."""
    mine = runs_at(rtt_ms)
    columns = ["latency_mean_ms", "latency_mean_ci_ms", "expected_mean_ms", "floor_ms"]
    found = mine.groupby("transport")[columns].mean().reindex(list(COMPARED))
    found["left"] = found["latency_mean_ms"] - found["expected_mean_ms"] - found["floor_ms"]
    found.columns = pd.Index(["measured, ms", "± 95 %", "by the model", "floor", "left over"])
    return found.rename(index={name: TRANSPORTS[name].title for name in COMPARED}).rename_axis(None).round(2)


def runs_at(rtt_ms: float) -> pd.DataFrame:
    """The runs of `latency` at a round trip, on kept connections, at the most common rate."""
    mine = most_common(runs_of("latency"), ["rate_hz"])
    return mine[(mine["rtt_ms"] == rtt_ms) & kept(mine)]


def distributions() -> Explorer:
    """Sliders for poll interval and round trip: how latencies spread by the model, and as measured where they were."""
    return Explorer(distribution, {
        "interval": slider("polls every", INTERVALS, 0.3, " s"),
        "rtt_ms": slider("round trip", ROUND_TRIPS, 100, " ms"),
    })  # fmt: skip


@styled
def distribution(interval: float, rtt_ms: float) -> Chart:
    """The share of messages that have come within a latency: broken lines by the model, full ones measured."""
    runs = runs_at(rtt_ms)
    rate = float(runs["rate_hz"].iloc[0])
    expected = {name: predicted(name, rtt_ms / 2000, interval, rate) for name in COMPARED}
    means = [f"{TRANSPORTS[name].title}\u00a0{milliseconds(1000 * mean_of(name, rtt_ms / 2000, interval, rate))}"
             for name in COMPARED]  # fmt: skip
    title = f"Mean latency by the model, ms: {', '.join(means)}"
    found = {name: measured(runs, name, interval) for name in COMPARED}
    missing = [TRANSPORTS[name].words for name, curve in found.items() if curve is None]
    note = f"Round trip {rtt_ms:g} ms, polls every {interval:g} s, {rate:g} messages/s. Broken: the model. "
    note += "Full: measured, runs of results/reference"
    note += f"; none of {listed(missing)} under these conditions." if missing else "."
    figure = new_figure(title, note)
    axes = figure.subplots()
    for name in COMPARED:
        look = TRANSPORTS[name]
        axes.plot(*expected[name], color=look.colour, linestyle=(0, (3, 2)), linewidth=2)
        if (curve := found[name]) is not None:
            axes.plot(*curve, color=look.colour, drawstyle="steps-post", alpha=0.6)
    end = 1000 * (interval + rtt_ms / 2000) * 1.1
    axes.set(xlabel="ms from publication to arrival", ylabel="share that has come", xlim=(0, end),
             ylim=(0, 1.05))  # fmt: skip
    freeze_layout(figure)
    _name(axes, expected)
    return Chart("distribution", figure, title, f"Curves of the share of messages over latency. {title}.")


def _name(axes: Axes, curves: dict[str, Curve]) -> None:
    for (name, (latency, share)), height in zip(curves.items(), (0.75, 0.45, 0.9), strict=True):
        axes.annotate(TRANSPORTS[name].title, (float(np.interp(height, share, latency)), height), (10, -5),
                      textcoords="offset points", color=TRANSPORTS[name].colour, fontweight="bold")  # fmt: skip


def predicted(transport: str, one_way: float, interval: float, rate: float) -> Curve:
    """The model's distribution: what waits does so for any time up to the longest alike."""
    share, longest = map(float, MODELS[transport].waiting(Setting(one_way, rate, interval, HOLD_S)))
    latency = 1000 * (one_way + np.array([0.0, 0.0, longest, 2 * longest + 10]))
    return latency, np.array([0.0, 1 - share, 1.0, 1.0])


def mean_of(transport: str, one_way: float, interval: float, rate: float) -> float:
    """The model's mean in seconds."""
    return float(mean_s(transport, Setting(one_way, rate, interval, HOLD_S)))


def measured(runs: pd.DataFrame, transport: str, interval: float) -> Curve | None:
    """As these runs have it; None without any."""
    mine = runs[runs["transport"] == transport]
    mine = mine[mine["poll_interval_s"] == interval] if transport == "polling" else mine
    if mine.empty:
        return None
    histogram = read_latencies(reference().folder, mine["run_id"])
    return Line(transport, "", histogram, clients=1).come_within()


def against_a_held_request() -> Picture:
    """How many times as late long polling is as a WebSocket, by how many messages come in a round trip."""
    return figure("held_requests", COMES_WITH)
