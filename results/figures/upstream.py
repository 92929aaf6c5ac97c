"""Sending: what goes around a text that is sent, and how long both ways take in a game."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.ticker
import pandas as pd
from matplotlib.axes import Axes

from results import table
from results.figures.layout import Chart, conditions, freeze_layout, invalid_note, new_figure, styled
from results.select import NotMeasured, first_known, need_each, overhead_bytes
from results.transports import COMPARED, TRANSPORTS
from results.words import listed, number

BY = {"polling": "POST", "websocket": "WebSocket"}


@styled
def sending(runs: pd.DataFrame, machine: Mapping[str, Any]) -> Chart:
    """Bytes around each text of an echo over its size, left; right, both ways in `duplex`, ms; from `upstream`."""
    mine = runs[runs["experiment"] == "upstream"]
    good = table.valid(mine)
    echoes, game = good[good["operation"] == "echo"], good[good["operation"] == "duplex"]
    need_each(echoes, BY, "the echo of `upstream`")
    far = need_each(game[game["rtt_ms"] == game["rtt_ms"].max()], COMPARED, "`upstream`, both ways at once,")
    if far[["upstream_mean_ms", "latency_mean_ms"]].isna().any(axis=None):
        raise NotMeasured("these runs of `upstream` do not say how long both ways took")
    title, alt = _finding(echoes), _alt(echoes, far)
    note = f" Right: {far['clients'].iloc[0]} players, {far['rate_hz'].iloc[0]:g} texts a second each; polls every "
    note += f"{first_known(far, 'poll_interval_s'):g} s." + invalid_note(mine, "left out")
    figure = new_figure(title, conditions(echoes, machine, leave_out=["rate_hz", "poll_interval_s"]) + note)
    left, right = figure.subplots(1, 2)
    _around(left, echoes)
    _both_ways(right, far)
    freeze_layout(figure)
    return Chart("sending", figure, title, alt)


def overhead_by_size(runs: pd.DataFrame) -> pd.DataFrame:
    """Bytes around each text and its echo, by size, a column for each transport."""
    extra = runs.assign(extra=overhead_bytes(runs))
    sums = extra.groupby(["payload_bytes", "transport"])[["extra", "deliveries"]].sum()
    return (sums["extra"] / sums["deliveries"]).unstack().astype("float64")


def _around(axes: Axes, runs: pd.DataFrame) -> None:
    around = overhead_by_size(runs)
    for name in around.columns:
        look = TRANSPORTS[name]
        axes.plot(around.index, around[name], look.marker + "-", color=look.colour)
        middle = around.index[(len(around) - 1) // 2]
        words = f"{BY[name]}: {around[name].min():,.0f} to {around[name].max():,.0f} B"
        axes.annotate(words, (middle, around[name][middle]), (0, 14), textcoords="offset points", ha="center",
                      color=look.colour, fontweight="bold")  # fmt: skip
    axes.set(xscale="log", ylim=(0, 1.25 * around.max().max()), xlabel="size of the text")
    axes.set_title("bytes around a text\nand its echo")
    axes.set_xticks(list(around.index), [_size(int(size)) for size in around.index])
    axes.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
    axes.yaxis.set_major_locator(matplotlib.ticker.MaxNLocator(4))
    axes.margins(x=0.12)


def _size(size: int) -> str:
    return f"{size // 2**20} MiB" if size >= 2**20 else f"{size // 1024} KiB" if size >= 1024 else f"{size} B"


def _both_ways(axes: Axes, runs: pd.DataFrame) -> None:
    for place, name in enumerate(COMPARED):
        mine = runs[runs["transport"] == name]
        up, down = float(mine["upstream_mean_ms"].mean()), float(mine["latency_mean_ms"].mean())
        axes.barh(-place, up, color=TRANSPORTS[name].colour, alpha=0.45, height=0.6)
        axes.barh(-place, down, left=up, color=TRANSPORTS[name].colour, height=0.6)
        axes.annotate(f"up {up:.0f}", (up / 2, -place), ha="center", va="center", fontsize=12)
        axes.annotate(f"down {down:.0f}", (up + down / 2, -place), ha="center", va="center", fontsize=12, color="white")
    axes.set_yticks([-place for place in range(len(COMPARED))], [TRANSPORTS[name].title for name in COMPARED])
    for label, name in zip(axes.get_yticklabels(), COMPARED, strict=True):
        label.set(color=TRANSPORTS[name].colour, fontweight="bold")
    axes.set(xlabel="ms from player to player", title=f"{runs['rtt_ms'].iloc[0]:g} ms round trip,\nboth ways at once")
    axes.grid(axis="y", visible=False)


def _finding(echoes: pd.DataFrame) -> str:
    each = overhead_by_size(echoes)
    return f"POST adds {each['polling'].min():,.0f} B to an echo, WebSocket at most {each['websocket'].max():,.0f} B"


def _alt(echoes: pd.DataFrame, game: pd.DataFrame) -> str:
    around, parts = overhead_by_size(echoes), []
    for name in around.columns:
        sizes = [f"{number(value)} B at {size:,} B" for size, value in zip(around.index, around[name], strict=True)]
        parts.append(f"{BY[name]}: {listed(sizes)}")
    for name in COMPARED:
        mine = game[game["transport"] == name]
        parts.append(f"{TRANSPORTS[name].title}: {number(float(mine['upstream_mean_ms'].mean()))} ms up, "
                     f"{number(float(mine['latency_mean_ms'].mean()))} ms down")  # fmt: skip
    return f"Bytes around a text and its echo over its size; times of both ways in a game. {'; '.join(parts)}."
