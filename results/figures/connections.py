"""What a connection costs: to join, and for each request that opens one of its own."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import matplotlib.ticker
import pandas as pd
from matplotlib.axes import Axes

from results import table
from results.figures.layout import Chart, conditions, freeze_layout, in_a_talk, invalid_note, new_figure, styled
from results.select import NotMeasured, joining_bytes, kept, of_experiment, overhead_per_request
from results.transports import TRANSPORTS
from results.words import number

PANELS = {"bytes": "bytes\nto connect", "segments": "segments\nto connect",
          "ms": "ms to connect;\nhollow: first message",
          "each": "bytes per request\nor message; hollow:\nnew connection"}  # fmt: skip
BEHIND = {"ms": "first", "each": "closing"}
"""What is drawn beside a panel's bars, hollow."""


@styled
def cost_of_a_connection(runs: pd.DataFrame, machine: Mapping[str, Any]) -> Chart:
    """Bytes, segments and ms of connecting for each client, and overhead per message, from `connection`.

    A bar for each transport, in the clear and over TLS. Hollow: ms until a message that is published as joining ends is
    there, and bytes where each request opens a connection.
    """
    mine = of_experiment(runs, "connection")
    bars = _bars(table.valid(mine))
    if bars.empty or bars["ms"].isna().all():
        raise NotMeasured("no valid run of `connection` says how long joining took")
    title, alt = _finding(bars, mine), _alt(bars)
    note = " A WebSocket client first requests /status."
    note += invalid_note(mine, "left out")
    figure = new_figure(title, conditions(mine, machine) + note, height=6.6)
    for axes, name in zip(figure.subplots(1, 4, sharey=True), PANELS, strict=True):
        _panel(axes, bars, name)
    freeze_layout(figure)
    return Chart("cost_of_a_connection", figure, title, alt)


def _bars(runs: pd.DataFrame) -> pd.DataFrame:
    """A row for each transport, in the clear and over TLS: what joining takes, and a request, kept or not."""
    rows = []
    for name in TRANSPORTS:
        for tls in (False, True):
            mine = runs[(runs["transport"] == name) & (runs["tls"] == tls)]
            same, closing = mine[kept(mine)], mine[~kept(mine)]
            if len(same):
                clients, ms = float(same["clients"].sum()), float(same["joining_mean_ms"].mean())
                joining = float(joining_bytes(same).sum())
                segments = float(same["joining_segments"].sum(min_count=1))
                rows.append({"transport": name, "tls": tls, "bytes": joining / clients, "segments": segments / clients,
                             "ms": ms, "first": ms + float(same["latency_mean_ms"].mean()),
                             "each": overhead_per_request(same, name),
                             "closing": overhead_per_request(closing, name)})  # fmt: skip
    return pd.DataFrame(rows)


def _panel(axes: Axes, bars: pd.DataFrame, name: str) -> None:
    places = [-(1.15 * i + 0.4 * (i // 2)) for i in range(len(bars))]
    colours = [TRANSPORTS[transport].colour for transport in bars["transport"]]
    second = BEHIND.get(name)
    axes.barh(places, bars[name], color=colours, height=0.4 if second else 0.8, align="edge" if second else "center")
    if second:
        axes.barh(places, bars[second], color="white", edgecolor=colours, height=-0.4, align="edge", linewidth=2)
    for place, bar in zip(places, table.records(bars), strict=True):
        shown = [(place + 0.22, bar[name]), (place - 0.22, bar[second])] if second else [(place, bar[name])]
        for at, value in shown:
            if not math.isnan(value):
                axes.annotate(f"{value:,.0f}", (value, at), (5, 0), textcoords="offset points", va="center",
                              size=11 if in_a_talk() else 12)  # fmt: skip
    largest = bars[[name, second] if second else [name]].max().max()
    axes.set_title(PANELS[name], fontsize=12)
    axes.set_xlim(0, 1.42 * largest if largest > 0 else 1)
    labels = [f"{TRANSPORTS[bar['transport']].title}{', TLS' * bar['tls']}" for bar in table.records(bars)]
    axes.set_yticks(places, labels)
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(2))
    axes.xaxis.set_major_formatter(matplotlib.ticker.StrMethodFormatter("{x:,.0f}"))


def _finding(bars: pd.DataFrame, runs: pd.DataFrame) -> str:
    """What connecting a WebSocket takes, or a polling client where there is none, in bytes and round trips."""
    clear, rtt_ms = {bar["transport"]: bar for bar in table.records(bars[~bars["tls"]])}, float(runs["rtt_ms"].iloc[0])
    for name in (name for name in ("websocket", "polling") if name in clear):
        bar = clear[name]
        trips = f" and {bar['ms'] / rtt_ms:.1f} round trips" if rtt_ms and not math.isnan(bar["ms"]) else ""
        return f"Connecting by {TRANSPORTS[name].words} takes {bar['bytes']:,.0f} B{trips}"
    raise NotMeasured("`connection` has no valid run of polling or a WebSocket without TLS")


def _alt(bars: pd.DataFrame) -> str:
    parts = []
    for bar in table.records(bars):
        look = TRANSPORTS[bar["transport"]]
        closing = "" if math.isnan(bar["closing"]) else f", {number(bar['closing'])} B with a connection of its own"
        who, each = f"{look.title}{' over TLS' * bar['tls']}", "a request" if look.asks else "a message"
        segments = "" if math.isnan(bar["segments"]) else f", {number(bar['segments'])} segments"
        joining = f"{bar['bytes']:,.0f} B{segments} and {number(bar['ms'])} ms to join, {number(bar['first'])} ms to "
        joining += "the first message"
        parts.append(f"{who}: {joining}, {number(bar['each'])} B {each}{closing}")
    return f"Bars of what joining costs, and each request or message beside its payload. {'; '.join(parts)}."
