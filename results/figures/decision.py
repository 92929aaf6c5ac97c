"""Which transport: the cheapest that is fast enough, over the message rate and the latency target."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import takewhile
from typing import Any

import matplotlib.ticker
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap

from results.advice import (
    Estimate,
    FittedCosts,
    Workload,
    cheapest,
    choices,
    estimates,
    fitted_costs,
)
from results.figures.layout import Chart, freeze_layout, machine_words, new_figure, styled
from results.select import NotMeasured
from results.transports import COMPARED, TRANSPORTS
from results.words import milliseconds, times

CLIENTS, PROFILE = 1000, "browser"
ROUND_TRIPS = (20.0, 200.0)
RATES = np.geomspace(0.05, 100, 70)
WANTED = np.geomspace(8, 120_000, 90)  # ms
NOBODY = "#BBBBBB"


@styled
def which_transport(runs: pd.DataFrame, machine: Mapping[str, Any]) -> Chart:
    """The cheapest transport, by the server's CPU, with which nine messages in ten come within the latency wanted.

    A panel for each round trip: message rate (1/s) across, latency wanted (ms) up. Computed from the costs fitted to
    these runs and from the model; polling at the longest interval that is short enough. Nothing here was run.
    """
    costs, plain = fitted_costs(runs, PROFILE), Workload(clients=CLIENTS)
    grids = {rtt_ms: _grid(replace(plain, rtt_ms=rtt_ms), costs) for rtt_ms in ROUND_TRIPS}
    title, alt = _finding(grids), _alt(grids, costs, plain)
    small = f"Computed for {CLIENTS:,} clients, {plain.payload_bytes} B messages, {PROFILE} headers, from the costs of "
    small += f"this machine and as many server processes as they ask for: {machine_words(machine)}."
    figure = new_figure(title, small, height=6.4)
    for axes, (rtt_ms, grid) in zip(figure.subplots(1, len(grids), sharey=True), grids.items(), strict=True):
        _regions(axes, grid)
        _long_polling(axes, replace(plain, rtt_ms=rtt_ms), costs["long-polling"])
        axes.set(xscale="log", yscale="log", title=f"{rtt_ms:g} ms round trip", xlabel="messages a second")
        axes.xaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    figure.axes[0].set_ylabel("target: 90 % of messages within")
    figure.axes[0].set_yticks([10, 100, 1000, 10_000, 60_000], ["10 ms", "100 ms", "1 s", "10 s", "1 min"])
    for axes in figure.axes:
        axes.minorticks_off()
    freeze_layout(figure)
    return Chart("which_transport", figure, title, alt)


def _grid(workload: Workload, costs: Mapping[str, FittedCosts]) -> list[list[Estimate | None]]:
    """The cheapest for each latency wanted (rows) and rate (columns)."""
    return [
        [_best(replace(workload, rate_hz=float(rate), within_ms=float(wanted)), costs) for rate in RATES]
        for wanted in WANTED
    ]


def _best(workload: Workload, costs: Mapping[str, FittedCosts]) -> Estimate | None:
    return cheapest(choices(workload, costs))


def _regions(axes: Axes, grid: list[list[Estimate | None]]) -> None:
    """A tint and a name for each region, with a line around it."""
    names = ["", *COMPARED]
    codes = np.array([[names.index(best.transport) if best else 0 for best in row] for row in grid])
    colours = ListedColormap([NOBODY, *(TRANSPORTS[name].colour for name in COMPARED)])
    axes.pcolormesh(RATES, WANTED, codes, cmap=colours, vmin=-0.5, vmax=len(names) - 0.5, alpha=0.35, shading="nearest",
                    rasterized=True)  # fmt: skip
    for code, name in enumerate(names):
        here = codes == code
        if here.mean() > 0.02:
            axes.contour(RATES, WANTED, here.astype(float), levels=[0.5], colors="#444444", linewidths=1.5)
            rows, columns = np.nonzero(here)
            place = RATES[int(np.median(columns))], WANTED[int(np.percentile(rows, 75 if name else 50))]
            words = TRANSPORTS[name].title if name else "none is fast enough"
            axes.annotate(words, place, ha="center", va="center", fontweight="bold", fontsize=15,
                          color=TRANSPORTS[name].colour if name else "#444444")  # fmt: skip


def _long_polling(axes: Axes, workload: Workload, costs: FittedCosts) -> None:
    """Above which latency long polling is fast enough as well."""
    within = [estimates(replace(workload, rate_hz=float(rate)), {"long-polling": costs})[0].within_ms for rate in RATES]
    axes.plot(RATES, within, color=TRANSPORTS["long-polling"].colour, linestyle=(0, (4, 2)), linewidth=2, marker="")
    axes.annotate("above: long polling, too", (RATES[2], within[2]), (0, 20), textcoords="offset points", fontsize=12,
                  color=TRANSPORTS["long-polling"].colour, fontweight="bold")  # fmt: skip


def _finding(grids: Mapping[float, list[list[Estimate | None]]]) -> str:
    """Which transport is the cheapest most often, and how many messages a poll must collect to be cheaper."""
    found = [best for grid in grids.values() for row in grid for best in row if best]
    if not found:
        raise NotMeasured("by these costs no transport meets any of the latencies")
    first, count = Counter(best.transport for best in found).most_common(1)[0]
    batches = [each for grid in grids.values() for each in frontier(grid)]
    if count == len(found):
        return f"{TRANSPORTS[first].title} is the cheapest on the whole map"
    if first != "polling" and batches:
        ends = dict.fromkeys(times(end) for end in (min(batches), max(batches)))
        return f"{TRANSPORTS[first].title} is cheapest unless a poll collects more than {'–'.join(ends)} messages"
    return f"{TRANSPORTS[first].title} is the cheapest on {100 * count / len(found):.0f} % of the map"


def frontier(grid: list[list[Estimate | None]]) -> Iterator[float]:
    """How many messages a poll collects where polling begins to be cheapest: a number for each rate.

    Only rates count at which polling is cheapest for messages that may be latest.
    """
    for column in zip(*grid[::-1], strict=True):
        polled = list(takewhile(lambda best: best is not None and best.transport == "polling", column))
        if polled and polled[-1]:
            yield polled[-1].workload.rate_hz * polled[-1].workload.poll_interval_s


def _alt(grids: Mapping[float, Any], costs: Mapping[str, FittedCosts], workload: Workload) -> str:
    parts = []
    for rtt_ms, grid in grids.items():
        for rate in (RATES[0], 1.0, RATES[-1]):
            column = int(np.abs(RATES - rate).argmin())
            lowest = {row[column].transport: wanted for wanted, row in zip(WANTED[::-1], grid[::-1], strict=True)
                      if row[column]}  # fmt: skip
            told = [f"{TRANSPORTS[name].words} from {milliseconds(wanted)} ms" for name, wanted in lowest.items()]
            parts.append(f"{rtt_ms:g} ms round trip, {RATES[column]:.2g} messages/s: {', '.join(told)}")
    return f"Regions of the cheapest transport over message rate and latency wanted. {'; '.join(parts)}."
