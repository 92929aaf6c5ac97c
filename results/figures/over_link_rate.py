"""When bytes become time: what longer headers add to the mean latency, over the link's rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.ticker
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from results import table
from results.figures.frame import Chart, conditions, frame, invalid_note, settle, styled
from results.select import of_experiment, share, shortest_and_longest
from results.transports import TRANSPORTS
from results.words import listed, milliseconds, number

ADDED = {"latency_mean_ms": "measured", "expected_mean_ms": "model"}


@styled
def header_bytes_over_link_rate(runs: pd.DataFrame, machine: Mapping[str, Any]) -> Chart:
    """How much later messages come with the longest headers than with the shortest, ms, over Mbit/s; from `link-rate`.

    Points are measured, lines between them the model's; grey is what those bytes take at the link's rate.
    """
    mine = of_experiment(runs, "link-rate")
    short, long = shortest_and_longest(table.valid(mine))
    few, many = (share(side, "request_head", "requests") + share(side, "cookies", "requests") for side in (short, long))
    later = {name: added(short, long, name) for name in ADDED}
    title, alt = _finding(later["latency_mean_ms"], many - few), _alt(later["latency_mean_ms"], many - few)
    note = f" Polls find messages at phases {_phases(mine)} apart, and err by half of that."
    figure = frame(title, conditions(mine, machine) + note + invalid_note(mine, "left out"))
    axes = figure.subplots()
    rates = np.geomspace(later["latency_mean_ms"].index.min(), later["latency_mean_ms"].index.max(), 100)
    axes.plot(rates, (many - few) * 8 / rates / 1000, color="#888888", linewidth=2, marker="")
    axes.annotate(f"what {many - few:,.0f} B take on the link", (rates[12], (many - few) * 8 / rates[12] / 1000),
                  (12, 0), textcoords="offset points", color="#666666", fontweight="bold")  # fmt: skip
    for name in later["latency_mean_ms"].columns:
        look = TRANSPORTS[name]
        axes.plot(later["expected_mean_ms"].index, later["expected_mean_ms"][name], color=look.colour, linewidth=2,
                  linestyle=(0, (4, 2)), marker="")  # fmt: skip
        axes.plot(later["latency_mean_ms"].index, later["latency_mean_ms"][name], look.marker, color=look.colour,
                  linestyle="", label=look.title)  # fmt: skip
    _axes(axes, later["latency_mean_ms"].index)
    settle(figure)
    return Chart("header_bytes_over_link_rate", figure, title, alt)


def added(short: pd.DataFrame, long: pd.DataFrame, column: str) -> pd.DataFrame:
    """How much more of the column there is with long headers, a column for each transport, by link rate."""
    means = [side.groupby(["link_mbps", "transport"])[column].mean().unstack() for side in (short, long)]
    return (means[1] - means[0])[[name for name in TRANSPORTS if name in means[0] and name in means[1]]]


def _phases(runs: pd.DataFrame) -> str:
    polls = runs[runs["transport"] == "polling"].iloc[0]
    gap_ms, interval_ms = round(1000 / polls["rate_hz"]), round(1000 * polls["poll_interval_s"])
    return f"{np.gcd(gap_ms, interval_ms)} ms"


def _axes(axes: Axes, rates: pd.Index) -> None:
    axes.axhline(0, color="#888888", linewidth=1)
    axes.set(xscale="log", xlabel="link, Mbit/s", ylabel="ms later with the longer headers")
    axes.set_xticks(list(rates), [f"{rate:g}" for rate in rates])
    axes.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
    axes.legend(loc="upper right", fontsize=13)


def _finding(later: pd.DataFrame, more: float) -> str:
    """What the longer headers add on the slowest and on the fastest link."""
    ends = [later.index.min(), later.index.max()]
    held = [f"{round(later['long-polling'][rate])} ms at {rate:g} Mbit/s" for rate in ends]
    taken = [f"{milliseconds(more * 8 / rate / 1000)}" for rate in ends]
    return (
        f"{more:,.0f} B more of headers make long polling later by {listed(held)}, where they take {listed(taken)} ms; "
        f"a WebSocket by {abs(later['websocket'].max()):.0f}"
    )


def _alt(later: pd.DataFrame, more: float) -> str:
    parts = [f"{TRANSPORTS[name].title}: " + listed([f"{number(value)} ms at {rate:g} Mbit/s" for rate, value in
             zip(later.index, later[name], strict=True)]) for name in later.columns]  # fmt: skip
    return f"How much later messages come with {more:,.0f} B more of headers, over the link's rate. {'; '.join(parts)}."
