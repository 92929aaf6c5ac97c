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
from results.figures.distribution import Line, alt_text, condition_runs, lines_of, median_finding
from results.figures.layout import Chart, conditions, freeze_layout, invalid_note, new_figure, styled
from results.transports import TRANSPORTS
from results.words import milliseconds

NEAR = 0.08  # of the axis: lines whose medians are closer to 0 than that are named in a list beside it


@styled
def latency_distribution(
    runs: pd.DataFrame, machine: Mapping[str, Any], folder: str | os.PathLike[str], experiment: str = "real-feed"
) -> Chart:
    """The share of messages that have come within a given latency, plain axes, from merged histograms.

    A line per transport. Invalid runs are thin and dotted.
    """
    mine = condition_runs(runs, experiment)
    lines = lines_of(table.valid(mine), folder)
    title, alt = median_finding(lines), alt_text(lines, "that have come within a given latency")
    figure = new_figure(title, conditions(mine, machine) + invalid_note(mine, "drawn dotted, not merged in"))
    axes = figure.subplots()
    for line in lines_of(table.invalid(mine), folder, strict=False):
        axes.plot(*line.come_within(), color=TRANSPORTS[line.transport].colour, linewidth=1.2, linestyle=":")
    for line in lines:
        axes.plot(*_to_the_end(line, lines), color=TRANSPORTS[line.transport].colour, drawstyle="steps-post")
    axes.set(xlim=(-0.01 * _end(lines), _end(lines)), ylim=(0, 1.02))
    axes.set(xlabel="milliseconds from publication to arrival", ylabel="messages that have come")
    axes.xaxis.set_major_formatter(matplotlib.ticker.StrMethodFormatter("{x:,.0f}"))
    axes.yaxis.set_major_formatter(matplotlib.ticker.PercentFormatter(1, decimals=0, symbol="\u00a0%"))
    _name_lines(axes, lines)
    freeze_layout(figure)
    return Chart("latency_distribution", figure, title, alt)


def _end(lines: list[Line]) -> float:
    """Where the axis ends: all but one message in two hundred are there."""
    return 1.04 * max(line.within_ms(99.5) for line in lines)


def _to_the_end(line: Line, lines: list[Line]) -> tuple[np.ndarray, np.ndarray]:
    latency, share = line.come_within()
    return np.append(latency, _end(lines)), np.append(share, share[-1])


def _name_lines(axes: Axes, lines: list[Line]) -> None:
    """Label each line with its name and median; stack the labels of lines that rise together at the left."""
    height = 0.94
    for line in sorted(lines, key=lambda line: line.within_ms(50)):
        median = line.within_ms(50)
        words = f"{line.label.replace(chr(10), ' ')}: half within {milliseconds(median)}\u00a0ms"
        colour = TRANSPORTS[line.transport].colour
        if median < NEAR * _end(lines):
            axes.text(0.03, height, words, transform=axes.transAxes, color=colour, fontweight="bold", va="center")
            height -= 0.08
        else:
            axes.annotate(words, (median, 0.5), (14, 0), textcoords="offset points", color=colour, va="top",
                          fontweight="bold", ha="left" if median < 0.6 * _end(lines) else "right")  # fmt: skip
