"""Sending: what goes around a text that a client sends and has back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.ticker
import pandas as pd
from matplotlib.axes import Axes

from results import table
from results.figures.layout import Chart, conditions, freeze_layout, invalid_note, new_figure, styled
from results.select import need_each, overhead_bytes
from results.transports import TRANSPORTS
from results.words import listed, number

BY = {"polling": "POST", "websocket": "WebSocket"}


@styled
def sending(runs: pd.DataFrame, machine: Mapping[str, Any]) -> Chart:
    """Bytes around each text of an echo, over the size of the text; from `upstream`."""
    mine = runs[(runs["experiment"] == "upstream") & (runs["operation"] == "echo")]
    echoes = need_each(table.valid(mine), BY, "the echo of `upstream`")
    title, alt = _finding(echoes), _alt(echoes)
    small_print = conditions(echoes, machine, leave_out=["rate_hz", "poll_interval_s"])
    figure = new_figure(title, small_print + invalid_note(mine, "left out"))
    _around(figure.subplots(), echoes)
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
    axes.set(xscale="log", ylim=(0, 1.25 * around.max().max()), xlabel="size of the text",
             ylabel="overhead of a text and its echo, B")  # fmt: skip
    axes.set_xticks(list(around.index), [_size(int(size)) for size in around.index])
    axes.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
    axes.yaxis.set_major_locator(matplotlib.ticker.MaxNLocator(4))
    axes.margins(x=0.12)


def _size(size: int) -> str:
    return f"{size // 2**20} MiB" if size >= 2**20 else f"{size // 1024} KiB" if size >= 1024 else f"{size} B"


def _finding(echoes: pd.DataFrame) -> str:
    each = overhead_by_size(echoes)
    return f"POST adds {each['polling'].min():,.0f} B to an echo, WebSocket at most {each['websocket'].max():,.0f} B"


def _alt(echoes: pd.DataFrame) -> str:
    around, parts = overhead_by_size(echoes), []
    for name in around.columns:
        sizes = [f"{number(value)} B at {size:,} B" for size, value in zip(around.index, around[name], strict=True)]
        parts.append(f"{BY[name]}: {listed(sizes)}")
    return f"Bytes around a text and its echo over its size. {'; '.join(parts)}."
