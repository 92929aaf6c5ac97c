"""What a connection costs: to join, and for each request that opens one of its own."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import matplotlib.ticker
import pandas as pd
from matplotlib.axes import Axes

from results import table
from results.figures.frame import Chart, conditions, frame, invalid_note, settle, styled
from results.select import NotMeasured, kept, of_experiment
from results.transports import TRANSPORTS
from results.words import number

PANELS = {"bytes": "bytes to join", "ms": "ms to join", "each": "bytes each time"}


@styled
def cost_of_a_connection(runs: pd.DataFrame, machine: Mapping[str, Any]) -> Chart:
    """Bytes and ms of joining for each client, and bytes beside the message for each request, from `connection`.

    A bar for each transport, in the clear and over TLS; hollow, where each request opens a connection.
    """
    mine = of_experiment(runs, "connection")
    bars = _bars(table.valid(mine))
    if bars["ms"].isna().all():
        raise NotMeasured("these runs do not say how long joining took")
    title, alt = _finding(bars, mine), _alt(bars)
    note = " Each time: a request, or a message by WebSocket. Hollow: each on its own connection. A WebSocket client "
    note += "first looks at /status."
    note += invalid_note(mine, "left out")
    figure = frame(title, conditions(mine, machine) + note, height=6.2)
    for axes, name in zip(figure.subplots(1, 3, sharey=True), PANELS, strict=True):
        _panel(axes, bars, name)
    settle(figure)
    return Chart("cost_of_a_connection", figure, title, alt)


def _bars(runs: pd.DataFrame) -> pd.DataFrame:
    """A row for each transport, in the clear and over TLS: what joining takes, and a request, kept or not."""
    rows = []
    for name in TRANSPORTS:
        for tls in (False, True):
            mine = runs[(runs["transport"] == name) & (runs["tls"] == tls)]
            same, closing = mine[kept(mine)], mine[~kept(mine)]
            if len(same):
                joining = (same["joining_sent"] + same["joining_received"]).sum() / same["clients"].sum()
                rows.append({"transport": name, "tls": tls, "bytes": joining, "ms": same["joining_mean_ms"].mean(),
                             "each": _beside(same, name), "closing": _beside(closing, name)})  # fmt: skip
    return pd.DataFrame(rows)


def _beside(runs: pd.DataFrame, transport: str) -> float:
    """Bytes beside the messages for each request, or for each message where nobody asks; NaN for no run."""
    beside = (runs["wire_sent"] + runs["wire_received"] - runs["payload"]).sum()
    count = runs["requests" if TRANSPORTS[transport].asks else "deliveries"].sum()
    return float(beside / count) if count else float("nan")


def _panel(axes: Axes, bars: pd.DataFrame, name: str) -> None:
    places = [-(1.15 * i + 0.4 * (i // 2)) for i in range(len(bars))]
    colours = [TRANSPORTS[transport].colour for transport in bars["transport"]]
    axes.barh(places, bars[name], color=colours, height=0.8 if name != "each" else 0.4,
              align="center" if name != "each" else "edge")  # fmt: skip
    if name == "each":
        axes.barh(places, bars["closing"], color="white", edgecolor=colours, height=-0.4, align="edge", linewidth=2)
    for place, bar in zip(places, table.records(bars), strict=True):
        shown = [(place + 0.2 * (name == "each"), bar[name])]
        shown += [(place - 0.2, bar["closing"])] if name == "each" and not math.isnan(bar["closing"]) else []
        for height, value in shown:
            axes.annotate(f"{value:,.0f}", (value, height), (5, 0), textcoords="offset points", va="center", size=12)
    largest = bars[[name, "closing"] if name == "each" else [name]].max().max()
    axes.set(title=PANELS[name], xlim=(0, 1.3 * largest))
    labels = [f"{TRANSPORTS[bar['transport']].title}{', TLS' * bar['tls']}" for bar in table.records(bars)]
    axes.set_yticks(places, labels)
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(3))
    axes.xaxis.set_major_formatter(matplotlib.ticker.StrMethodFormatter("{x:,.0f}"))


def _finding(bars: pd.DataFrame, runs: pd.DataFrame) -> str:
    """What joining takes by polling and a WebSocket, in bytes and round trips; and a TLS connection for each poll."""
    clear, rtt_ms = bars[~bars["tls"]].set_index("transport"), float(runs["rtt_ms"].iloc[0])
    trips = [clear["ms"][name] / rtt_ms if rtt_ms else float("nan") for name in ("websocket", "polling")]
    secure = bars[bars["tls"] & (bars["transport"] == "polling")].iloc[0]
    return (
        f"To join takes a WebSocket {clear['bytes']['websocket']:,.0f} B and {trips[0]:.1f} round trips, polling "
        f"{clear['bytes']['polling']:,.0f} B and {trips[1]:.1f}; a TLS connection for each poll makes it "
        f"{secure['closing']:,.0f} B instead of {secure['each']:,.0f}"
    )


def _alt(bars: pd.DataFrame) -> str:
    parts = []
    for bar in table.records(bars):
        look = TRANSPORTS[bar["transport"]]
        closing = "" if math.isnan(bar["closing"]) else f", {number(bar['closing'])} B with a connection of its own"
        who, each = f"{look.title}{' over TLS' * bar['tls']}", "a request" if look.asks else "a message"
        joining = f"{bar['bytes']:,.0f} B and {number(bar['ms'])} ms to join"
        parts.append(f"{who}: {joining}, {number(bar['each'])} B {each}{closing}")
    return f"Bars of what joining costs, and each request or message beside its payload. {'; '.join(parts)}."
