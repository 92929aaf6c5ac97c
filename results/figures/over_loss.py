"""What lost packets do to latency: over the share that is lost, and how many messages wait behind one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib.ticker
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from results import table
from results.figures.layout import Chart, conditions, freeze_layout, invalid_note, name_ends, new_figure, styled
from results.latencies import read_latencies
from results.packet_models import one_lost, pushed_mean_s
from results.select import NotMeasured, of_experiment
from results.transports import TRANSPORTS
from results.words import listed, milliseconds, number, times

SLOWEST = 99.0
"""The percentile that is drawn. Each client has its own connection, so each delivery counts, and not each message."""
BEYOND_TRANSIT = 0.25
"""Of a round trip: a message is late, and not only delivered by a busy machine, if it takes so much more than half."""


@styled
def latency_over_loss(runs: pd.DataFrame, machine: Mapping[str, Any], folder: str | os.PathLike[str]) -> Chart:
    """Mean latency and its 99th percentile (ms) over the share of packets lost (%), from `loss`, at one rate."""
    mine = _of_loss(runs)
    good = table.valid(mine)
    rate_hz = sorted(good["rate_hz"].unique())[len(good["rate_hz"].unique()) // 2]
    good = good[good["rate_hz"] == rate_hz]
    if good["loss_percent"].nunique() < 2:
        raise NotMeasured("the experiment `loss` was run with one share of loss only")
    means = good.pivot_table(index="loss_percent", columns="transport", values="latency_mean_ms")
    slow = pd.DataFrame({name: {loss: _percentile(own, folder) for loss, own in each.groupby("loss_percent")}
                         for name, each in good.groupby("transport")})  # fmt: skip
    title, alt = _finding(slow), _alt(means, slow)
    note = " Dashed: the model of a push. Each delivery counts: losses meet each connection by itself."
    figure = new_figure(title, conditions(good, machine) + note + invalid_note(mine, "left out"))
    left, right = figure.subplots(1, 2)
    for axes, values, words in ((left, means, "mean latency, ms"), (right, slow, "p99: 99 % of messages within, ms")):
        _lines(axes, values, words)
    if any(not TRANSPORTS[str(name)].asks for name in means):
        model = [1000 * pushed_mean_s(rate_hz, _rtt_s(good), loss / 100) for loss in means.index]
        left.plot(range(len(model)), model, color="#555555", linewidth=2, linestyle=(0, (4, 2)), marker="")
    freeze_layout(figure)
    for axes, values in ((left, means), (right, slow)):
        name_ends(axes, len(values) - 1, {str(name): float(values[name].dropna().iloc[-1]) for name in values})
    return Chart("latency_over_loss", figure, title, alt)


@styled
def behind_a_lost_packet(runs: pd.DataFrame, machine: Mapping[str, Any], folder: str | os.PathLike[str]) -> Chart:
    """How many messages one lost packet makes late, over the message rate, from the largest share of `loss`."""
    mine = _of_loss(runs)
    good = table.valid(mine)
    good = good[(good["loss_percent"] == good["loss_percent"].max()) & (good["loss_percent"] > 0)]
    good = good[good["transport"].isin([name for name, look in TRANSPORTS.items() if not look.asks])]
    if good["rate_hz"].nunique() < 2:
        raise NotMeasured("the experiment `loss` has no push transport at two rates")
    counts = pd.DataFrame({name: {rate: _late_for_each_lost(own, folder) for rate, own in each.groupby("rate_hz")}
                           for name, each in good.groupby("transport")})  # fmt: skip
    fastest = float(counts.index[-1])
    title = f"At {fastest:g} messages/s, one lost packet makes {_most(counts, fastest)} messages late"
    alt = _alt_behind(counts)
    note = f" Late: more than {1000 * (0.5 + BEYOND_TRANSIT) * _rtt_s(good):g} ms. Lost: that share of the deliveries. "
    note += "Dashed: the model, TCP's rules for sending again (RFC 8985)." + invalid_note(mine, "left out")
    figure = new_figure(title, conditions(good, machine) + note)
    axes = figure.subplots()
    rates = np.geomspace(counts.index[0], fastest, 60)
    model = [one_lost(rate, _rtt_s(good)).late for rate in rates]
    axes.plot(rates, model, color="#555555", linewidth=2, linestyle=(0, (4, 2)), marker="")
    for name, own in counts.items():
        look = TRANSPORTS[str(name)]
        axes.plot(own.index, own, look.marker, color=look.colour, linestyle="", markersize=11)
    axes.set(xscale="log", xlabel="messages a second", ylabel="messages late for one packet lost")
    axes.set_ylim(0, max(1.2 * float(counts.max().max()), 1.0))
    axes.set_xticks(counts.index, [f"{rate:g}" for rate in counts.index])
    axes.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
    axes.set_xlim(counts.index[0] / 1.3, fastest * 5)
    freeze_layout(figure)
    name_ends(axes, fastest, {str(name): float(own.dropna().iloc[-1]) for name, own in counts.items()})
    return Chart("behind_a_lost_packet", figure, title, alt)


def _of_loss(runs: pd.DataFrame) -> pd.DataFrame:
    return of_experiment(runs, "loss").dropna(subset=["loss_percent"])


def _rtt_s(runs: pd.DataFrame) -> float:
    return float(runs["rtt_ms"].iloc[0]) / 1000


def _lines(axes: Axes, values: pd.DataFrame, words: str) -> None:
    """A line for each transport over equally spaced shares of loss."""
    places = range(len(values))
    for name in values:
        look = TRANSPORTS[str(name)]
        axes.plot(places, values[name], marker=look.marker, color=look.colour)
    axes.set(title=words, xlabel="packets lost", yscale="log", xlim=(-0.2, len(values) * 1.75 - 1))
    axes.set_xticks(places, [f"{loss:g} %" for loss in values.index])
    axes.yaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.set_yticks([tick for tick in (20, 50, 100, 200, 500, 1000) if tick < 1.3 * float(values.max().max())])
    axes.yaxis.set_minor_locator(matplotlib.ticker.NullLocator())


def _percentile(runs: pd.DataFrame, folder: str | os.PathLike[str]) -> float:
    return float(_histogram(runs, folder).get_value_at_percentile(SLOWEST)) / 1000


def _histogram(runs: pd.DataFrame, folder: str | os.PathLike[str]) -> Any:
    for name in runs["run_id"]:
        if not Path(folder, "latency", f"{name}.hdr").is_file():
            raise NotMeasured(f"the valid run {name} has no histogram latency/{name}.hdr")
    return read_latencies(folder, runs["run_id"])


def _late_for_each_lost(runs: pd.DataFrame, folder: str | os.PathLike[str]) -> float:
    """Messages that came late, over the deliveries that this share of loss has met."""
    histogram = _histogram(runs, folder)
    total = histogram.get_total_count()
    late = (0.5 + BEYOND_TRANSIT) * _rtt_s(runs) * 1e6  # µs
    counts = np.array(histogram.counts)
    (recorded,) = counts.nonzero()
    beyond = sum(int(counts[index]) for index in recorded if histogram.get_value_from_index(int(index)) > late)
    return beyond / (total * float(runs["loss_percent"].iloc[0]) / 100)


def _most(counts: pd.DataFrame, rate: float) -> str:
    return times(float(counts[counts.index == rate].max().max()))


def _finding(slow: pd.DataFrame) -> str:
    """How many times as late the slowest messages are with the most loss as with the least: a push, and polling."""
    ratios = (slow.iloc[-1] / slow.iloc[0]).dropna()
    if ratios.empty:
        raise NotMeasured("no transport of the experiment `loss` was measured with the least loss and with the most")
    loss = f"{slow.index[-1]:g} % loss"
    if {"websocket", "polling"} <= set(ratios.index):
        ours, theirs = times(float(ratios["websocket"])), times(float(ratios["polling"]))
        return f"With {loss}, WebSocket's p99 is {ours} times higher, polling's {theirs}"
    most = str(ratios.idxmax())
    return f"With {loss}, p99 by {TRANSPORTS[most].words} is {times(float(ratios.max()))} times higher"


def _alt(means: pd.DataFrame, slow: pd.DataFrame) -> str:
    parts = []
    for name in map(str, means):
        at = [f"{milliseconds(float(means[name][loss]))} and {milliseconds(float(slow[name][loss]))} ms at {loss:g} %"
              for loss in means.index if not means[name].isna()[loss]]  # fmt: skip
        parts.append(f"{TRANSPORTS[name].title}: {listed(at)}")
    return f"Two panels over the share of packets lost: mean latency, and the 99th percentile. {'; '.join(parts)}."


def _alt_behind(counts: pd.DataFrame) -> str:
    parts = []
    for name, own in counts.items():
        at = [f"{number(float(value))} at {rate:g} messages/s" for rate, value in own.dropna().items()]
        parts.append(f"{TRANSPORTS[str(name)].title}: {listed(at)}")
    return f"Messages that come late for each packet lost, over the message rate. {'; '.join(parts)}."
