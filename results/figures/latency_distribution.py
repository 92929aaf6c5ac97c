"""The share of messages that are later than a given latency."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib.ticker
import numpy as np
import pandas as pd
from hdrh.histogram import HdrHistogram
from matplotlib.axes import Axes

from results import table
from results.figures.frame import Chart, conditions, frame, invalid_note, settle, styled
from results.select import NotMeasured, groups, of_experiment, usual, varying
from results.transports import TRANSPORTS
from results.words import describe, listed, milliseconds


@dataclass(frozen=True)
class Line:
    """One curve of a distribution: whose, its name, and the histogram (µs) it is drawn from."""

    transport: str
    label: str
    histogram: HdrHistogram

    def within_ms(self, percent: float) -> float:
        """The latency in ms that `percent` of the messages do not exceed."""
        return self.histogram.get_value_at_percentile(percent) / 1000


@styled
def latency_distribution(
    runs: pd.DataFrame, machine: Mapping[str, Any], folder: str | os.PathLike[str], experiment: str = "real-feed"
) -> Chart:
    """The share of messages that are later than a given latency, both axes logarithmic, from merged histograms.

    A line per transport; in `latency` one per poll interval. Invalid runs are thin and dotted.
    """
    mine = usual(
        of_experiment(runs, experiment),
        ["rtt_ms", "rate_hz", "payload_bytes", "clients", "header_profile", "keep_alive"],
    )
    lines = _lines(table.valid(mine), folder)
    title, alt = _distribution_finding(lines), _distribution_alt(lines)
    note = invalid_note(mine, "drawn dotted, not merged in")
    figure = frame(title, conditions(mine, machine) + note)
    axes = figure.subplots()
    for line in _lines(table.invalid(mine), folder, strict=False):
        axes.plot(*_later_than(line.histogram), color=TRANSPORTS[line.transport].colour, linewidth=1.2, linestyle=":")
    for line in lines:
        axes.plot(*_later_than(line.histogram), color=TRANSPORTS[line.transport].colour, drawstyle="steps-post")
    _distribution_axis(axes, lines)
    _name_lines(axes, lines)
    settle(figure)
    name = "latency_by_poll_interval" if experiment == "latency" else "latency_distribution"
    return Chart(name, figure, title, alt)


def _lines(runs: pd.DataFrame, folder: str | os.PathLike[str], strict: bool = True) -> list[Line]:
    """A line per transport, and per poll interval or hold where those vary.

    Without `strict`, runs that have no histogram are passed over.
    """
    lines = []
    for transport in TRANSPORTS:
        mine = runs[runs["transport"] == transport]
        own = varying(mine, TRANSPORTS[transport].own)
        for _, group in groups(mine, own):
            run_ids = [name for name in group["run_id"] if strict or (Path(folder, "latency", f"{name}.hdr")).is_file()]
            words = describe(table.records(group)[0], own)
            histogram = table.latencies(folder, run_ids)
            if histogram.get_total_count():
                lines.append(Line(transport, f"{TRANSPORTS[transport].title}\n{words}".strip(), histogram))
    if strict and not lines:
        raise NotMeasured("the latency histograms of these runs are empty")
    return lines


def _later_than(histogram: HdrHistogram) -> tuple[np.ndarray, np.ndarray]:
    """Latency in ms, and the share of messages later than it; the last point stands at the last message's own share."""
    total = histogram.get_total_count()
    steps = [
        (i.value_iterated_to / 1000, 1 - i.total_count_to_this_value / total) for i in histogram.get_recorded_iterator()
    ]
    latency, share = np.array([(steps[0][0], 1.0), *steps]).T
    return latency, np.maximum(share, 1 / total)


def _distribution_axis(axes: Axes, lines: list[Line]) -> None:
    fastest, slowest = (
        max(min(line.within_ms(0.1) for line in lines), 0.001),
        max(line.within_ms(100) for line in lines),
    )
    fewest = 1 / max(line.histogram.get_total_count() for line in lines)
    axes.set(xscale="log", yscale="log", xlim=(fastest / 4, slowest * 2.2), ylim=(max(fewest, 1e-4) * 0.8, 1.25))
    axes.set(xlabel="latency, milliseconds", ylabel="messages later than that")
    axes.xaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.yaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda value, _: f"{100 * value:,g} %"))
    axes.minorticks_off()


def _name_lines(axes: Axes, lines: list[Line]) -> None:
    """Each line's name on the side with more room, siblings' on the left; the names step down the axis."""
    ordered = sorted(lines, key=lambda line: line.within_ms(50))
    for place, line in enumerate(ordered):
        share = axes.get_ylim()[0] ** (0.85 - 0.68 * place / max(len(ordered) - 1, 1))
        latency = line.within_ms(100 * (1 - share))
        others = [other.within_ms(100 * (1 - share)) for other in ordered if other != line]
        left = "\n" in line.label or _more_room_left(axes, latency, others)
        axes.annotate(
            _name(line, ordered),
            (latency, share),
            (-10 if left else 10, 0),
            textcoords="offset points",
            ha="right" if left else "left",
            va="center",
            color=TRANSPORTS[line.transport].colour,
            fontsize=12,
            fontweight="bold",
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1},
        )


def _name(line: Line, ordered: list[Line]) -> str:
    """A line's name; of siblings the first is named in full, the others by what makes them different."""
    if "\n" not in line.label:
        return f"{line.label}\nhalf within {milliseconds(line.within_ms(50))} ms"
    first = next(other for other in ordered if other.transport == line.transport)
    return line.label if line == first else line.label.split("every ")[-1]


def _more_room_left(axes: Axes, latency: float, others: list[float]) -> bool:
    lower, upper = axes.get_xlim()
    below = max([other for other in others if other <= latency], default=lower)
    above = min([other for other in others if other > latency], default=upper)
    return latency / below > above / latency


def _distribution_finding(lines: list[Line]) -> str:
    """The median latency by each transport, as a span where one has several lines."""
    words = []
    for transport in dict.fromkeys(line.transport for line in lines):
        medians = [milliseconds(line.within_ms(50)) for line in lines if line.transport == transport]
        span = medians[0] if len(medians) == 1 else f"{medians[0]} to {medians[-1]}"
        words.append(f"{span}\u00a0ms by {TRANSPORTS[transport].words.removeprefix('a ')}")
    return "The median message takes " + listed(words)


def _distribution_alt(lines: list[Line]) -> str:
    parts = [
        f"{line.label.replace(chr(10), ' ')}: half within {milliseconds(line.within_ms(50))} ms, 99 % within "
        f"{milliseconds(line.within_ms(99))} ms, the last after {milliseconds(line.within_ms(100))} ms"
        for line in lines
    ]
    return "Curves of the share of messages later than a given latency, on logarithmic axes. " + "; ".join(parts) + "."
