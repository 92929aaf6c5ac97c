"""What the two figures of a distribution share: its lines from merged histograms, their finding, their words."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from hdrh.histogram import HdrHistogram
from matplotlib.axes import Axes

from results import table
from results.latencies import read_latencies
from results.samples import BEYOND, enough_for
from results.select import NotMeasured, groups, most_common, of_experiment, varying
from results.transports import COMPARED, TRANSPORTS
from results.words import describe, milliseconds, times


@dataclass(frozen=True)
class Line:
    """One curve of a distribution: its transport, its label, and the histogram (µs) of its clients' latencies."""

    transport: str
    label: str
    histogram: HdrHistogram
    clients: int

    @property
    def messages(self) -> int:
        """How many there are, each counted once."""
        return self.histogram.get_total_count() // self.clients

    @cached_property
    def _come(self) -> tuple[np.ndarray, np.ndarray]:
        """Each latency that occurs, in ms, and how many messages have come within it; from none to all."""
        counts = np.array(self.histogram.counts)
        (recorded,) = counts.nonzero()
        highest, value = self.histogram.get_highest_equivalent_value, self.histogram.get_value_from_index
        latency = [highest(value(int(index))) / 1000 for index in recorded]
        return np.array([self.within_ms(0), *latency]), np.array([0, *counts[recorded].cumsum()])

    def later_than(self) -> tuple[np.ndarray, np.ndarray]:
        """Latency in ms, and the share of messages later than it, as far as BEYOND messages are."""
        (latency, come), total = self._come, self.histogram.get_total_count()
        far_enough = (total - come >= BEYOND * self.clients) | (come == 0)
        return latency[far_enough], 1 - come[far_enough] / total

    def come_within(self) -> tuple[np.ndarray, np.ndarray]:
        """Latency in ms, and the share of messages that have come within it."""
        latency, come = self._come
        return latency, come / self.histogram.get_total_count()

    def within_ms(self, percent: float) -> float:
        """The latency in ms that `percent` of the messages do not exceed."""
        return self.histogram.get_value_at_percentile(percent) / 1000


def lines_of(runs: pd.DataFrame, folder: str | os.PathLike[str], strict: bool = True) -> list[Line]:
    """A line per transport, and per poll interval or hold where those vary.

    Without `strict`, runs that have no histogram are passed over.
    """
    lines = []
    for transport in TRANSPORTS:
        mine = runs[runs["transport"] == transport]
        own = varying(mine, TRANSPORTS[transport].own)
        for _, group in groups(mine, own):
            there = {name: Path(folder, "latency", f"{name}.hdr").is_file() for name in group["run_id"]}
            if strict and not all(there.values()):
                missing = next(name for name, found in there.items() if not found)
                raise NotMeasured(f"the valid run {missing} has no histogram latency/{missing}.hdr")
            run_ids = [name for name, found in there.items() if found]
            words = describe(table.records(group)[0], own)
            histogram = read_latencies(folder, run_ids)
            if histogram.get_total_count():
                label = f"{TRANSPORTS[transport].title}\n{words}".strip()
                lines.append(Line(transport, label, histogram, int(group["clients"].max())))
    if strict and not lines:
        raise NotMeasured("the latency histograms of these runs are empty")
    return lines


def condition_runs(runs: pd.DataFrame, experiment: str) -> pd.DataFrame:
    """The runs of the experiment under its most usual condition, of the three: a guest's curve hides a WebSocket's."""
    names = ["rtt_ms", "rate_hz", "payload_bytes", "clients", "header_profile", "keep_alive"]
    mine = of_experiment(runs[runs["transport"].isin(COMPARED)], experiment)
    return most_common(mine, names)


def median_finding(lines: list[Line]) -> str:
    """How many times the median latency of the slowest transport is that of the fastest."""
    medians = {line.transport: line.within_ms(50) for line in reversed(lines)}
    slow, fast = max(medians, key=medians.__getitem__), min(medians, key=medians.__getitem__)
    if slow == fast or not medians[fast]:
        return f"{TRANSPORTS[slow].title} delivers half the messages within {milliseconds(medians[slow])} ms"
    ratio = times(medians[slow] / medians[fast])
    return f"{TRANSPORTS[slow].title}'s median latency is {ratio} times that of {TRANSPORTS[fast].words}"


def tail_finding(lines: list[Line]) -> str:
    """How late the latest one in a hundred messages is by the slowest transport, or in ten where there are too few."""
    percent = next((percent for percent in (99, 90) if all(enough_for(percent, line.messages) for line in lines)), 50)
    share = {99: "one message in 100 takes", 90: "one message in 10 takes", 50: "half the messages take"}[percent]
    slow = max(lines, key=lambda line: line.within_ms(percent))
    late = milliseconds(slow.within_ms(percent))
    return f"By {TRANSPORTS[slow.transport].words}, {share} {late} ms or more"


def alt_text(lines: list[Line], curves: str) -> str:
    """The alternative text: each line's median, and how late the latest are."""
    parts = []
    for line in lines:
        far = next((percent for percent in (99, 90) if enough_for(percent, line.messages)), None)
        tail = f", {far} % within {milliseconds(line.within_ms(far))} ms" if far else ""
        label = line.label.replace("\n", " ")
        parts.append(f"{label}: half within {milliseconds(line.within_ms(50))} ms{tail}")
    return f"Curves of the share of messages {curves}. " + "; ".join(parts) + "."


def more_room_left(axes: Axes, latency: float, others: list[float]) -> bool:
    """Whether a line has more room to its left than to its right, on a logarithmic axis, between the others."""
    lower, upper = axes.get_xlim()
    below = max([other for other in others if other <= latency], default=lower)
    above = min([other for other in others if other > latency], default=upper)
    return latency / below > above / latency
