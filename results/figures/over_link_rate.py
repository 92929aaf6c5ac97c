"""When bytes become time: what longer headers add to the mean latency, over the link's rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.ticker
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from results import table
from results.figures.layout import Chart, conditions, freeze_layout, invalid_note, new_figure, styled
from results.select import NotMeasured, header_bytes_per_request, of_experiment, shortest_and_longest
from results.transports import TRANSPORTS
from results.words import listed, number

ADDED = {"latency_mean_ms": "measured", "expected_mean_ms": "model"}


@styled
def header_bytes_over_link_rate(runs: pd.DataFrame, machine: Mapping[str, Any]) -> Chart:
    """How much later messages come with the longest headers than with the shortest, ms, over Mbit/s; from `link-rate`.

    Points are measured, dashes the model's; grey is what those bytes take at the link's rate.
    """
    mine = of_experiment(runs, "link-rate")
    short, long = shortest_and_longest(table.valid(mine))
    few, many = map(header_bytes_per_request, (short, long))
    later = {name: added(short, long, name) for name in ADDED}
    if later["latency_mean_ms"].empty:
        raise NotMeasured("no link rate of `link-rate` was run validly with the shortest and the longest headers")
    title, alt = _finding(later["latency_mean_ms"], many - few), _alt(later["latency_mean_ms"], many - few)
    note = " Dashes: the model." + _phase_words(mine)
    figure = new_figure(title, conditions(mine, machine) + note + invalid_note(mine, "left out"))
    axes = figure.subplots()
    rates = np.geomspace(later["latency_mean_ms"].index.min(), later["latency_mean_ms"].index.max(), 100)
    axes.plot(rates, (many - few) * 8 / rates / 1000, color="#888888", linewidth=2, marker="")
    axes.annotate(f"what {many - few:,.0f} B take on the link", (rates[12], (many - few) * 8 / rates[12] / 1000),
                  (12, 0), textcoords="offset points", color="#666666", fontweight="bold")  # fmt: skip
    for name in later["latency_mean_ms"].columns:
        look = TRANSPORTS[name]
        axes.plot(later["expected_mean_ms"].index, later["expected_mean_ms"][name], "_", color=look.colour,
                  markersize=26, markeredgewidth=2)  # fmt: skip
        axes.plot(later["latency_mean_ms"].index, later["latency_mean_ms"][name], look.marker, color=look.colour,
                  linestyle="", label=look.title)  # fmt: skip
    _axes(axes, later["latency_mean_ms"].index)
    freeze_layout(figure)
    return Chart("header_bytes_over_link_rate", figure, title, alt)


def added(short: pd.DataFrame, long: pd.DataFrame, column: str) -> pd.DataFrame:
    """How much more of the column there is with long headers, a column for each transport, by link rate."""
    means = [side.groupby(["link_mbps", "transport"])[column].mean().unstack() for side in (short, long)]
    more = (means[1] - means[0])[[name for name in TRANSPORTS if name in means[0] and name in means[1]]]
    return more.dropna(how="all").dropna(how="all", axis=1)


def _phase_words(runs: pd.DataFrame) -> str:
    """How far apart the phases are at which polls find messages, in a sentence; empty without polls."""
    polls = runs[runs["transport"] == "polling"].dropna(subset=["rate_hz", "poll_interval_s"])
    if polls.empty:
        return ""
    gap_ms, interval_ms = round(1000 / polls["rate_hz"].iloc[0]), round(1000 * polls["poll_interval_s"].iloc[0])
    step_ms = np.gcd(gap_ms, interval_ms)
    return f" Polling's points are exact to {step_ms / 2:g} ms: polls meet messages at phases {step_ms} ms apart."


def _axes(axes: Axes, rates: pd.Index) -> None:
    axes.axhline(0, color="#888888", linewidth=1)
    axes.set(xscale="log", xlabel="link, Mbit/s", ylabel="added latency, ms")
    axes.set_xticks(list(rates), [f"{rate:g}" for rate in rates])
    axes.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
    axes.legend(loc="upper right", fontsize=13)


def _finding(later: pd.DataFrame, more: float) -> str:
    """What the longer headers add on the slowest link, and to whom the most."""
    rate = float(later.index.min())
    slowest = later.loc[rate].dropna()
    most = str(slowest.idxmax())
    if slowest[most] < 0.5:
        return f"{more:,.0f} B more of headers delay no transport at {rate:g} Mbit/s"
    return f"{more:,.0f} B of headers delay {TRANSPORTS[most].words} by {slowest[most]:.0f} ms at {rate:g} Mbit/s"


def _alt(later: pd.DataFrame, more: float) -> str:
    parts = [f"{TRANSPORTS[name].title}: " + listed([f"{number(value)} ms at {rate:g} Mbit/s" for rate, value in
             later[name].dropna().items()]) for name in later.columns]  # fmt: skip
    return f"How much later messages come with {more:,.0f} B more of headers, over the link's rate. {'; '.join(parts)}."
