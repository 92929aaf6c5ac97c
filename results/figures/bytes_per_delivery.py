"""Bytes on the wire for each delivered message, by heading."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.ticker
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from results import table
from results.figures.frame import TONE, Chart, conditions, frame, invalid_note, settle, styled
from results.select import of_experiment, usual
from results.transports import TRANSPORTS
from results.words import WORDS, describe, listed, times


@styled
def bytes_per_delivery(runs: pd.DataFrame, machine: Mapping[str, Any], experiment: str = "overhead") -> Chart:
    """Bytes on the wire for each delivered message, by the six headings of the ledger.

    A block per header profile and cookie size, a bar per transport; medians over the valid repeats, in bytes of TCP
    payload. At most four blocks: the rest stands in runs.csv.
    """
    mine = usual(
        of_experiment(runs, experiment),
        ["clients", "rate_hz", "payload_bytes", "poll_interval_s", "rtt_ms", "keep_alive"],
    )
    bars = _bars(mine)
    title, alt = _bytes_finding(mine), _bytes_alt(bars)
    note = "Bytes of TCP payload; TCP/IP headers not included." + invalid_note(mine, "left out")
    figure = frame(title, f"{conditions(mine, machine)} {note}", height=2.6 + 0.36 * (len(bars) + 0.7 * _blocks(bars)))
    axes = figure.subplots()
    _draw_bars(axes, bars)
    settle(figure)
    return Chart("bytes_per_delivery", figure, title, alt)


def _bars(runs: pd.DataFrame) -> pd.DataFrame:
    """A row per bar: header profile, cookie bytes, transport, then bytes per delivery under each heading."""
    good = table.valid(runs)
    each = good[list(table.LEDGER)].astype("float64").div(good["deliveries"].astype("float64"), axis=0)
    keys = [good["header_profile"], good["cookie_bytes"].fillna(0), good["transport"]]
    bars = each.groupby(keys).median().reset_index()
    bars["total"] = bars[list(table.LEDGER)].sum(axis=1)
    bars["order"] = bars["transport"].map(list(TRANSPORTS).index)
    bars["block_total"] = bars.groupby(["header_profile", "cookie_bytes"])["total"].transform("max")
    return _at_most_four(
        bars.sort_values(["block_total", "header_profile", "cookie_bytes", "order"], ignore_index=True)
    )


def _at_most_four(bars: pd.DataFrame) -> pd.DataFrame:
    """The leanest and the heaviest block, the one that the title is of, and one between."""
    block = bars.groupby(["header_profile", "cookie_bytes"], sort=False).ngroup()
    told = int(block[_told(bars)].iloc[0])
    order = [told, int(block.max()), 0, *range(int(block.max()))]
    return bars[block.isin(list(dict.fromkeys(order))[:4])].reset_index(drop=True)


def _told(runs: pd.DataFrame) -> pd.Series:
    """Those that the title tells of: with browser headers, if there are any, and the fewest cookies."""
    profiles = runs["header_profile"]
    profile = "browser" if "browser" in set(profiles) else profiles.iloc[-1]
    cookies = runs["cookie_bytes"].fillna(0)
    return (profiles == profile) & (cookies == cookies[profiles == profile].min())


def _blocks(bars: pd.DataFrame) -> int:
    return len(bars.groupby(["header_profile", "cookie_bytes"]))


def _bytes_finding(runs: pd.DataFrame) -> str:
    """What a poll, a long poll, a message and joining a WebSocket take beside the messages themselves."""
    good = table.valid(runs)
    good, parts = good[_told(good)], []
    for name, mine in good.groupby("transport"):
        look = TRANSPORTS[str(name)]
        around = (mine["wire_sent"] + mine["wire_received"] - mine["payload"]).sum()
        each = around / (mine["requests"] if look.asks else mine["deliveries"]).sum()
        joining = (mine["joining_sent"] + mine["joining_received"]).sum() / mine["clients"].sum()
        once = "" if look.asks else f" by {look.title} ({joining:,.0f} B to join)"
        parts.append((each, f"{times(each)} B {look.unit}{once}"))
    condition = describe(table.records(good)[0], ["header_profile", "cookie_bytes"])
    return f"With {condition}: {listed([words for _, words in sorted(parts)])}"


def _title(transport: Any) -> str:
    return TRANSPORTS[str(transport)].title


def _bytes_alt(bars: pd.DataFrame) -> str:
    parts = [
        f"{_title(bar.transport)} with {_block_name(bar)}: {bar.total:,.0f} B, of which {bar.payload:,.0f} B message"
        for bar in bars.itertuples()
    ]
    return "Bars of the bytes moved for each delivered message. " + "; ".join(parts) + "."


def _block_name(bar: Any) -> str:
    return f"{bar.header_profile} headers, {WORDS['cookie_bytes'](int(bar.cookie_bytes))}"


def _draw_bars(axes: Axes, bars: pd.DataFrame) -> None:
    block = bars.groupby(["header_profile", "cookie_bytes"], sort=False).ngroup().to_numpy()
    heights = np.arange(len(bars)) + 0.7 * (block + 1)
    left = np.zeros(len(bars))
    for heading, tone in TONE.items():
        axes.barh(heights, bars[heading], left=left, color=tone, edgecolor="white", linewidth=0.6, height=0.86)
        left += bars[heading].to_numpy()
    for height, bar in zip(heights, bars.itertuples(), strict=True):
        axes.annotate(f"{bar.total:,.0f} B", (bar.total, height), (6, 0), textcoords="offset points", va="center")
    _bar_axis(axes, bars, heights, block)
    _name_headings(axes, bars, heights)


def _bar_axis(axes: Axes, bars: pd.DataFrame, heights: np.ndarray, block: np.ndarray) -> None:
    axes.set_yticks(heights, [TRANSPORTS[transport].title for transport in bars["transport"]])
    for label, transport in zip(axes.get_yticklabels(), bars["transport"], strict=True):
        label.set(color=TRANSPORTS[transport].colour, fontweight="bold")
    for place in np.unique(block):
        first = int(np.flatnonzero(block == place)[0])
        words = _block_name(next(bars.iloc[[first]].itertuples()))
        axes.text(0, heights[first] - 0.56, words, va="bottom", fontsize=12, color="#333333")
    axes.set(
        ylim=(heights[-1] + 0.6, -0.6), xlim=(0, bars["total"].max() * 1.14), xlabel="bytes for each delivered message"
    )
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_formatter(matplotlib.ticker.StrMethodFormatter("{x:,.0f}"))


def _name_headings(axes: Axes, bars: pd.DataFrame, heights: np.ndarray) -> None:
    """Each heading's name in its segment of the longest bar; what is too thin there stands in a key above."""
    place, left, thin = int(bars["total"].argmax()), 0.0, {}
    longest = bars.iloc[place]
    for heading, tone in TONE.items():
        words = heading.replace("_head", " head")
        if longest[heading] / longest["total"] > 0.016 * len(words):
            middle = left + longest[heading] / 2
            axes.text(middle, heights[place], words, ha="center", va="center", fontsize=12)
        elif bars[heading].max() > 0:
            thin[words] = Patch(facecolor=tone)
        left += longest[heading]
    axes.legend(
        thin.values(), thin.keys(), ncols=6, loc="lower right", bbox_to_anchor=(1, 0.98), fontsize=12, handlelength=1
    )
