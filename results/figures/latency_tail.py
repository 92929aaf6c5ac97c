"""The tail of the latencies: the share of messages that are later than a given latency."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import matplotlib.ticker
import pandas as pd
from matplotlib.axes import Axes

from results import table
from results.figures.distribution import Line, alt_text, condition_runs, lines_of, more_room_left, tail_finding
from results.figures.layout import Chart, conditions, freeze_layout, invalid_note, new_figure, styled
from results.transports import TRANSPORTS
from results.words import milliseconds


@styled
def latency_tail(
    runs: pd.DataFrame, machine: Mapping[str, Any], folder: str | os.PathLike[str], experiment: str = "real-feed"
) -> Chart:
    """The share of messages that are later than a given latency, both axes logarithmic, from merged histograms.

    A line per transport, as far as five messages are later. Invalid runs are thin and dotted.
    """
    mine = condition_runs(runs, experiment)
    lines = lines_of(table.valid(mine), folder)
    title, alt = tail_finding(lines), alt_text(lines, "later than a given latency, on logarithmic axes")
    note = " A curve ends where five messages are later." + invalid_note(mine, "drawn dotted, not merged in")
    figure = new_figure(title, conditions(mine, machine) + note)
    axes = figure.subplots()
    for line in lines_of(table.invalid(mine), folder, strict=False):
        axes.plot(*line.later_than(), color=TRANSPORTS[line.transport].colour, linewidth=1.2, linestyle=":")
    for line in lines:
        axes.plot(*line.later_than(), color=TRANSPORTS[line.transport].colour, drawstyle="steps-post")
    _tail_axis(axes, lines)
    _name_lines(axes, lines)
    freeze_layout(figure)
    return Chart("latency_tail", figure, title, alt)


def _tail_axis(axes: Axes, lines: list[Line]) -> None:
    fastest, slowest = (
        max(min(line.within_ms(0.1) for line in lines), 0.001),
        max(line.later_than()[0].max() for line in lines),
    )
    fewest = min(line.later_than()[1].min() for line in lines)
    room = 0.3 if any("\n" in line.label for line in lines) else 0.7  # for names beneath the ends
    axes.set(xscale="log", yscale="log", xlim=(fastest / 4, slowest * 2.2), ylim=(fewest * room, 1.25))
    axes.set(xlabel="latency, milliseconds", ylabel="messages later than that")
    axes.xaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.yaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda value, _: f"{100 * value:,g} %"))
    axes.minorticks_off()


def _name_lines(axes: Axes, lines: list[Line]) -> None:
    """Each line's name beside it, where the curve falls away from it; siblings' beneath their ends."""
    ordered = sorted(lines, key=lambda line: line.within_ms(50))
    for place, line in enumerate(ordered):
        if "\n" in line.label:
            latency, share = (values[-1] for values in line.later_than())
            _write(axes, line, _name(line, ordered), (latency, share), (22, -8), "right", "top")
            continue
        share = axes.get_ylim()[0] ** (0.75 - 0.58 * place / max(len(ordered) - 1, 1))
        latency = line.within_ms(100 * (1 - share))
        others = [other.within_ms(100 * (1 - share)) for other in ordered if other != line]
        if more_room_left(axes, latency, others):
            _write(axes, line, _name(line, ordered), (latency, share), (-10, 0), "right", "top")
        else:
            _write(axes, line, _name(line, ordered), (latency, share), (10, 0), "left", "bottom")


def _write(
    axes: Axes, line: Line, words: str, at: tuple[float, float], off: tuple[int, int], ha: str, va: str
) -> None:
    axes.annotate(words, at, off, textcoords="offset points", ha=ha, va=va, fontsize=12, fontweight="bold",
                  color=TRANSPORTS[line.transport].colour)  # fmt: skip


def _name(line: Line, ordered: list[Line]) -> str:
    """A line's name; of siblings the first is named in full, the others by what makes them different."""
    if "\n" not in line.label:
        return f"{line.label}\nhalf within {milliseconds(line.within_ms(50))} ms"
    first = next(other for other in ordered if other.transport == line.transport)
    return line.label if line == first else line.label.split("every ")[-1]
