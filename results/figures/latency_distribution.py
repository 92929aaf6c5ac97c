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
from results.latencies import read_latencies
from results.samples import BEYOND, stands
from results.select import NotMeasured, groups, of_experiment, usual, varying
from results.transports import TRANSPORTS
from results.words import describe, listed, milliseconds


@dataclass(frozen=True)
class Line:
    """One curve of a distribution: whose, its name, and the histogram (µs) of what so many clients were sent."""

    transport: str
    label: str
    histogram: HdrHistogram
    clients: int

    @property
    def messages(self) -> int:
        """How many there are, each counted once."""
        return self.histogram.get_total_count() // self.clients

    def later_than(self) -> tuple[np.ndarray, np.ndarray]:
        """Latency in ms, and the share of messages later than it, as far as BEYOND messages are."""
        total, beyond = self.histogram.get_total_count(), BEYOND * self.clients
        steps = [
            (i.value_iterated_to / 1000, 1 - i.total_count_to_this_value / total)
            for i in self.histogram.get_recorded_iterator()
            if total - i.total_count_to_this_value >= beyond
        ]
        latency, share = np.array([(self.within_ms(0), 1.0), *steps]).T
        return latency, share

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
    title, alt = _distribution_finding(lines, mine), _distribution_alt(lines)
    note = invalid_note(mine, "drawn dotted, not merged in")
    figure = frame(title, conditions(mine, machine) + note)
    axes = figure.subplots()
    for line in _lines(table.invalid(mine), folder, strict=False):
        axes.plot(*line.later_than(), color=TRANSPORTS[line.transport].colour, linewidth=1.2, linestyle=":")
    for line in lines:
        axes.plot(*line.later_than(), color=TRANSPORTS[line.transport].colour, drawstyle="steps-post")
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
            histogram = read_latencies(folder, run_ids)
            if histogram.get_total_count():
                label = f"{TRANSPORTS[transport].title}\n{words}".strip()
                lines.append(Line(transport, label, histogram, int(group["clients"].max())))
    if strict and not lines:
        raise NotMeasured("the latency histograms of these runs are empty")
    return lines


def _distribution_axis(axes: Axes, lines: list[Line]) -> None:
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
        if _more_room_left(axes, latency, others):
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


def _more_room_left(axes: Axes, latency: float, others: list[float]) -> bool:
    lower, upper = axes.get_xlim()
    below = max([other for other in others if other <= latency], default=lower)
    above = min([other for other in others if other > latency], default=upper)
    return latency / below > above / latency


def _distribution_finding(lines: list[Line], runs: pd.DataFrame) -> str:
    """The median latency by each transport, as a span where one has several lines, and between which ends."""
    words = []
    for transport in dict.fromkeys(line.transport for line in lines):
        medians = [milliseconds(line.within_ms(50)) for line in lines if line.transport == transport]
        span = medians[0] if len(medians) == 1 else f"{medians[0]} to {medians[-1]}"
        words.append(f"{span}\u00a0ms by {TRANSPORTS[transport].words.removeprefix('a ')}")
    rtt_ms = runs["rtt_ms"].max()
    where = f"At a round trip of {rtt_ms:g} ms" if rtt_ms else "Without a network"
    return f"{where}, half the messages come within {listed(words)}"


def _distribution_alt(lines: list[Line]) -> str:
    parts = []
    for line in lines:
        far = next((percent for percent in (99, 90) if stands(percent, line.messages)), None)
        tail = f", {far} % within {milliseconds(line.within_ms(far))} ms" if far else ""
        label = line.label.replace("\n", " ")
        parts.append(f"{label}: half within {milliseconds(line.within_ms(50))} ms{tail}")
    return "Curves of the share of messages later than a given latency, on logarithmic axes. " + "; ".join(parts) + "."
