"""Where a core is full: the server's CPU and the load generator's, over the number of clients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from results import table
from results.figures.layout import Chart, conditions, freeze_layout, invalid_note, name_ends, new_figure, styled
from results.figures.over_clients import clients_axis
from results.select import NotMeasured, most_common, of_experiment
from results.transports import TRANSPORTS
from results.words import listed, number

NEARLY_FULL = 0.85
"""Cores from which on a process is at its limit; runs whose load generator takes more are invalid."""
PANELS = {"server_cpu_share": "server CPU, cores", "generator_cpu_share": "load generator, busiest process, cores"}


@styled
def cores_over_clients(runs: pd.DataFrame, machine: Mapping[str, Any]) -> Chart:
    """Cores of the server and of the busiest process of the load generator, over clients; from `scale`.

    Points are means over the valid repeats. Hollow ones have no valid run: beyond a limit none is.
    """
    loads = most_common(of_experiment(runs, "scale"), ["payload_bytes", "rtt_ms", "header_profile", "hold_s"])
    mine = most_common(loads, ["rate_hz", "poll_interval_s"]).dropna(subset=["clients", *PANELS])
    if mine["clients"].nunique() < 2:
        raise NotMeasured("the experiment `scale` was run with one number of clients only")
    means = _means(table.valid(mine)).combine_first(_means(table.invalid(mine)))
    title, alt = _finding(means), _alt(means)
    note = f" Grey: from {NEARLY_FULL:g} of a core on a process is at its limit.{invalid_note(mine, 'hollow')}"
    figure = new_figure(title, conditions(mine, machine, leave_out=["clients"]) + note)
    panels = figure.subplots(1, 2, sharey=True)
    for axes, (column, words) in zip(panels, PANELS.items(), strict=True):
        axes.set(title=words, ylim=(0, max(1.05, 1.08 * float(means[column].max()))))
        axes.axhspan(NEARLY_FULL, axes.get_ylim()[1], color="#EEEEEE", zorder=0)
        for transport in means.index.get_level_values("transport").unique():
            _line(axes, means.loc[transport, column], table.valid(mine), str(transport))
        clients_axis(axes, mine)
    freeze_layout(figure)
    for axes, column in zip(panels, PANELS, strict=True):
        last = means[column].groupby("transport").last()
        ends = {name: float(last[name]) for name in TRANSPORTS if name in last.index}
        name_ends(axes, float(mine["clients"].max()), ends)
    return Chart("cores_over_clients", figure, title, alt)


def _means(runs: pd.DataFrame) -> pd.DataFrame:
    """Cores of each side, by transport and clients."""
    return runs.groupby(["transport", "clients"])[list(PANELS)].mean()


def _line(axes: Axes, cores: pd.Series, good: pd.DataFrame, transport: str) -> None:
    look = TRANSPORTS[transport]
    axes.plot(cores.index.astype(float), cores, color=look.colour, linewidth=2, marker="")
    counted = set(good[good["transport"] == transport]["clients"])
    for clients, value in zip(cores.index.to_numpy(dtype=float), cores.to_numpy(dtype=float), strict=True):
        inside = look.colour if clients in counted else "white"
        axes.plot([clients], [value], look.marker, color=look.colour, markerfacecolor=inside, markersize=9)


def full_at(means: pd.DataFrame, column: str) -> dict[str, int]:
    """By transport: the fewest clients at which this side is at its limit, if it ever is."""
    full = means[means[column] >= NEARLY_FULL].reset_index()
    return {str(name): int(count) for name, count in full.groupby("transport")["clients"].min().items()}


def _finding(means: pd.DataFrame) -> str:
    """Which transport fills the server's core first, and what a WebSocket takes there."""
    found = full_at(means, "server_cpu_share")
    most = int(means.index.get_level_values("clients").max())
    if not found:
        return f"No transport fills a core of the server up to {most:,} clients"
    first = min(found, key=lambda name: found[name])
    words = f"At {found[first]:,} clients {TRANSPORTS[first].title.lower()} fills a core"
    shares = means["server_cpu_share"].to_dict()
    if first != "websocket" and ("websocket", found[first]) in shares:
        share = shares["websocket", found[first]]
        words += f"; WebSocket takes {100 * share:.0f} %"
    return words


def _alt(means: pd.DataFrame) -> str:
    parts = []
    for transport in means.index.get_level_values("transport").unique():
        at = [f"{number(row['server_cpu_share'])} and {number(row['generator_cpu_share'])} with {clients:,}"
              for clients, row in means.loc[transport].iterrows()]  # fmt: skip
        parts.append(f"{TRANSPORTS[str(transport)].title}: {listed(at)} clients")
    return f"Cores of the server and of the load generator's busiest process, over clients. {'; '.join(parts)}."
