"""How many of the messages have come within a given latency."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import matplotlib.ticker
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from results import table
from results.figures.distribution import Line, alt_text, condition_runs, lines_of, median_finding, more_room_left
from results.figures.layout import Chart, conditions, freeze_layout, invalid_note, new_figure, room_for_names, styled
from results.transports import TRANSPORTS
from results.words import milliseconds


@styled
def latency_distribution(
    runs: pd.DataFrame, machine: Mapping[str, Any], folder: str | os.PathLike[str], experiment: str = "real-feed"
) -> Chart:
    """The share of messages that arrive within a given latency (logarithmic), from merged histograms.

    A line per transport. Invalid runs are thin and dotted.
    """
    mine = condition_runs(runs, experiment)
    lines = lines_of(table.valid(mine), folder)
    title, alt = median_finding(lines), alt_text(lines, "that arrive within a given latency")
    figure = new_figure(title, conditions(mine, machine) + invalid_note(mine, "drawn dotted, not merged in"))
    axes = figure.subplots()
    for line in lines_of(table.invalid(mine), folder, strict=False):
        axes.plot(*line.come_within(), color=TRANSPORTS[line.transport].colour, linewidth=1.2, linestyle=":")
    for line in lines:
        axes.plot(*_to_the_end(line, lines), color=TRANSPORTS[line.transport].colour, drawstyle="steps-post")
    fastest = max(min(line.within_ms(1) for line in lines), 0.001)
    axes.set(xscale="log", xlim=(fastest / 4, _end(lines)), ylim=(0, 1.02))
    axes.set(xlabel="latency, milliseconds", ylabel="messages that arrive within")
    axes.xaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.minorticks_off()
    axes.yaxis.set_major_formatter(matplotlib.ticker.PercentFormatter(1, decimals=0, symbol="\u00a0%"))
    _name_lines(axes, lines)
    freeze_layout(figure)
    room_for_names(axes)
    return Chart("latency_distribution", figure, title, alt)


def _end(lines: list[Line]) -> float:
    """Where the axis ends: all but one message in two hundred are there."""
    return 1.6 * max(line.within_ms(99.5) for line in lines)


def _to_the_end(line: Line, lines: list[Line]) -> tuple[np.ndarray, np.ndarray]:
    latency, share = line.come_within()
    return np.append(latency, _end(lines)), np.append(share, share[-1])


def _name_lines(axes: Axes, lines: list[Line]) -> None:
    """Each line's name and median beside it, where there is more room; one below the other."""
    ordered = sorted(lines, key=lambda line: line.within_ms(50))
    for place, line in enumerate(ordered):
        share = 0.85 - 0.5 * place / max(len(lines) - 1, 1)
        latency = line.within_ms(100 * share)
        left = more_room_left(axes, latency, [each.within_ms(100 * share) for each in ordered if each != line])
        words = f"{line.label.replace(chr(10), ' ')}\nhalf within {milliseconds(line.within_ms(50))}\u00a0ms"
        axes.annotate(words, (latency, share), (-10 if left else 10, 0), textcoords="offset points", va="center",
                      ha="right" if left else "left", color=TRANSPORTS[line.transport].colour,
                      fontweight="bold")  # fmt: skip
