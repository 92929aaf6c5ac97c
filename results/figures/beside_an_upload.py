"""Whose latency suffers from an upload that fills the uplink's queue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from results import table
from results.figures.layout import Chart, conditions, freeze_layout, invalid_note, new_figure, styled
from results.packet_models import queue_s
from results.select import NotMeasured, of_experiment
from results.transport_models import Setting, mean_s
from results.transports import TRANSPORTS
from results.words import listed, milliseconds, times

UPLOAD = "upload"


@styled
def beside_an_upload(runs: pd.DataFrame, machine: Mapping[str, Any]) -> Chart:
    """Mean latency (ms) alone, beside an upload in a short queue, and in a deep one, from `bufferbloat`."""
    mine = of_experiment(runs, "bufferbloat").dropna(subset=["queue_packets", "link_mbps"])
    means = means_by_queue(table.valid(mine))
    queues = [words for words in means if words != ALONE]
    if not queues or ALONE not in means:
        raise NotMeasured("the experiment `bufferbloat` was not run with and without an upload")
    title, alt = _finding(means), _alt(means)
    note = f" The queue is in front of the uplink; messages come down past it.{_model_words(table.valid(mine))}"
    note += invalid_note(mine, "left out")
    figure = new_figure(title, conditions(mine, machine) + note)
    axes = figure.subplots()
    names = [name for name in TRANSPORTS if name in means.index]
    height = 0.8 / len(means.columns)
    for place, name in enumerate(names):
        for row, words in enumerate(means):
            y = -place - (row - (len(means.columns) - 1) / 2) * height
            strength = 0.35 + 0.65 * row / max(len(means.columns) - 1, 1)
            value = means[words][name]
            axes.barh(y, value, height * 0.92, color=TRANSPORTS[name].colour, alpha=strength)
            axes.annotate(f"{milliseconds(value)} ms, {words}", (value, y), (6, 0), textcoords="offset points",
                          va="center", fontsize=12)  # fmt: skip
    axes.set_yticks([-place for place in range(len(names))], [TRANSPORTS[name].title for name in names])
    for label, name in zip(axes.get_yticklabels(), names, strict=True):
        label.set(color=TRANSPORTS[name].colour, fontweight="bold")
    axes.set(xlabel="mean latency, ms", xlim=(0, 1.6 * float(means.max().max())))
    axes.grid(axis="y", visible=False)
    freeze_layout(figure)
    return Chart("beside_an_upload", figure, title, alt)


ALONE = "alone"


def means_by_queue(runs: pd.DataFrame) -> pd.DataFrame:
    """Mean latency in ms by transport, a column for each kind of run, that without an upload first."""
    kinds: dict[str, pd.Series] = {}
    for (fault, _), own in runs.groupby(["fault", "queue_packets"]):
        longest = queue_s(int(own["queue_packets"].iloc[0]), float(own["link_mbps"].iloc[0]))
        words = f"upload, queue of {longest:.2g} s" if fault == UPLOAD else ALONE
        kinds[words] = own.groupby("transport")["latency_mean_ms"].mean()
    return pd.DataFrame(kinds)


def _model_words(runs: pd.DataFrame) -> str:
    """What the model says of the deepest queue, always full; TCP fills it and empties it again, so less is measured."""
    beside = runs[runs["fault"] == UPLOAD]
    deep = beside[beside["queue_packets"] == beside["queue_packets"].max()]
    parts = []
    for name, own in deep.groupby("transport"):
        if TRANSPORTS[str(name)].asks:
            run = own.iloc[0]
            queued = queue_s(int(run["queue_packets"]), float(run["link_mbps"]))
            parameters: dict[str, Any] = {column: float(run[column]) for column in TRANSPORTS[str(name)].own}
            setting = Setting((float(run["rtt_ms"]) / 1000 + queued) / 2, float(run["rate_hz"]), **parameters)
            mean = float(mean_s(str(name), setting)) - queued / 2  # the queue is on the way up alone
            parts.append(f"{TRANSPORTS[str(name)].words} {milliseconds(1000 * mean)} ms")
    return f" By the model, with the deep queue always full: {listed(parts)}." if parts else ""


def _finding(means: pd.DataFrame) -> str:
    """How many times as late each is with the deepest queue as alone: the one that suffers most, and the least."""
    ratios = (means.iloc[:, -1] / means[ALONE]).dropna()
    if ratios.empty:
        raise NotMeasured("no transport of the experiment `bufferbloat` was measured alone and with the longest queue")
    most, least = str(ratios.idxmax()), str(ratios.idxmin())
    if "websocket" in ratios and ratios["websocket"] < 1.1 < ratios.max():
        return f"Beside an upload, {TRANSPORTS[most].words} is {times(ratios.max())} times later, WebSocket no later"
    return (f"Beside an upload, {TRANSPORTS[most].words} is {times(ratios.max())} times later, "
            f"{TRANSPORTS[least].words} {times(ratios.min())}")  # fmt: skip


def _alt(means: pd.DataFrame) -> str:
    parts = []
    for name, own in means.iterrows():
        at = [f"{milliseconds(float(value))} ms {words}" for words, value in own.dropna().items()]
        parts.append(f"{TRANSPORTS[str(name)].title}: {listed(at)}")
    return f"Bars of the mean latency without an upload and beside one. {'; '.join(parts)}."
