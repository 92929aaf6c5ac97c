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
from results.figures.layout import (
    LEDGER_COLOURS,
    Chart,
    conditions,
    freeze_layout,
    in_a_talk,
    invalid_note,
    new_figure,
    styled,
)
from results.select import (
    NotMeasured,
    joining_bytes,
    most_common,
    of_experiment,
    ratio_of_sums,
    wire_bytes,
    without_tls_or_deflate,
)
from results.transports import TRANSPORTS
from results.words import WORDS, listed, times


@styled
def bytes_per_delivery(runs: pd.DataFrame, machine: Mapping[str, Any], experiment: str = "overhead") -> Chart:
    """Bytes on the wire for each delivered message, by the six headings of the ledger.

    A block per header profile and cookie size, a bar per transport; medians over the valid repeats, in bytes of TCP
    payload. At most four blocks: the rest stands in runs.csv.
    """
    every = of_experiment(runs, experiment)
    plain = without_tls_or_deflate(every)
    mine = most_common(every if table.valid(plain).empty else plain, [*CONDITION, "tls", "deflate"])
    of_one_size = mine[mine["payload_bytes"].notna()]
    mine = mine if table.valid(of_one_size).empty else of_one_size
    named = mine.assign(block=list(map(_headers, table.records(mine))))
    good = table.valid(named)
    return _chart("bytes_per_delivery", named, machine, _bytes_finding(good), _told(good))


@styled
def bytes_wrapped(runs: pd.DataFrame, machine: Mapping[str, Any]) -> Chart:
    """The same of what TLS wraps, and of what compression leaves of the real feed, from `overhead`.

    Payload is what travelled: compressed, where it was.
    """
    mine = most_common(of_experiment(runs, "overhead"), [*CONDITION, "header_profile", "cookie_bytes"])
    named = mine.assign(block=list(map(_wrapping, table.records(mine))))
    good = table.valid(named)
    return _chart("bytes_wrapped", named, machine, _wrapped_finding(good), (good["deflate"] | good["tls"]).astype(bool))


HEADERS = "headers"
LEGIBLE = 3.0
"""Times as long as the bars of the title's block the longest may be, if others are as well."""
CONDITION = ["clients", "rate_hz", "poll_interval_s", "rtt_ms", "keep_alive"]


def _chart(name: str, runs: pd.DataFrame, machine: Mapping[str, Any], title: str, told: pd.Series) -> Chart:
    """Bars in the blocks that the runs name; the title is of those valid runs that are `told`."""
    bars = _bars(runs, str(table.valid(runs)["block"][told].iloc[-1]))
    note = "Bytes of TCP payload; TCP/IP headers not included." + invalid_note(runs, "left out")
    figure = new_figure(
        title, f"{conditions(runs, machine)} {note}", height=2.6 + 0.36 * (len(bars) + 0.7 * _blocks(bars))
    )
    axes = figure.subplots()
    _draw_bars(axes, bars)
    freeze_layout(figure)
    return Chart(name, figure, title, _bytes_alt(bars))


def _headers(row: Mapping[str, Any]) -> str:
    """What the requests carry, and in what: "browser headers, no cookies added, over TLS"."""
    cookies = WORDS["cookie_bytes"](0 if pd.isna(row["cookie_bytes"]) else int(row["cookie_bytes"]))
    return f"{row['header_profile']} {HEADERS}, {cookies}{_around(row)}"


def _wrapping(row: Mapping[str, Any]) -> str:
    """What travels, and in what: "earthquakes, compressed"."""
    what = "earthquakes" if pd.isna(row["payload_bytes"]) else f"{row['payload_bytes']:,} B messages"
    return what + _around(row)


def _around(row: Mapping[str, Any]) -> str:
    return ", over TLS" * (row["tls"] is True) + ", compressed" * (row["deflate"] is True)


def _wrapped_finding(runs: pd.DataFrame) -> str:
    """What TLS adds, and what compression leaves, of a message with all around it."""
    wire = wire_bytes(runs).groupby([runs["block"], runs["transport"]]).sum()
    each = (wire / runs.groupby(["block", "transport"])["deliveries"].sum()).unstack()
    words = _compression_leaves(each) or _tls_adds(each)
    if not words:
        raise NotMeasured("`overhead` has no valid runs to compare with and without TLS, or compression")
    return words


def _tls_adds(each: pd.DataFrame) -> str:
    """Bytes that TLS adds to a message by WebSocket and by long polling, as far as both were run; `each` by block."""
    for plain in each.index[each.index.str.endswith("messages")]:
        if f"{plain}, over TLS" in each.index:
            added = (each.loc[f"{plain}, over TLS"] - each.loc[plain]).dropna()
            words = [f"{times(added[name])} B to a {UNIT[name]}" for name in UNIT if name in added]
            return f"TLS adds {listed(words)}" if words else ""
    return ""


def _compression_leaves(each: pd.DataFrame) -> str:
    """What compression leaves of an earthquake with all that is sent around it."""
    if not {"earthquakes", "earthquakes, compressed"} <= set(each.index):
        return ""
    left = (each.loc["earthquakes, compressed"] / each.loc["earthquakes"]).dropna()
    shorter = [f"{UNIT[name]}s to {100 * left[name]:.0f} %" for name in UNIT if name in left and left[name] < SHORTER]
    longer = [f"{UNIT[name]}s" for name in UNIT if name in left and left[name] >= SHORTER]
    if not shorter:
        return f"Compression shortens no {listed(longer)}" if longer else ""
    return f"Compression shortens {listed(shorter)}" + (f", but no {listed(longer)}" if longer else "")


SHORTER = 0.95
"""What compression leaves more of, it does not shorten."""
UNIT = {"websocket": "WebSocket message", "long-polling": "long poll"}
"""Whom the title of `bytes_wrapped` compares."""


def _bars(runs: pd.DataFrame, told: str) -> pd.DataFrame:
    """A row per bar: block, transport, then bytes per delivery under each heading."""
    good = table.valid(runs)
    each = good[list(table.LEDGER)].astype("float64").div(good["deliveries"].astype("float64"), axis=0)
    bars = each.groupby([good["block"], good["transport"]]).median().reset_index()
    bars["total"] = bars[list(table.LEDGER)].sum(axis=1)
    once = good.assign(joining=joining_bytes(good))
    once = once.groupby(["block", "transport"])[["joining", "clients"]].sum().reset_index()
    bars["joining"] = bars[["block", "transport"]].merge(once)[["joining", "clients"]].eval("joining / clients")
    bars["order"] = bars["transport"].map(list(TRANSPORTS).index)
    bars["block_total"] = bars.groupby("block")["total"].transform("max")
    return _legible_blocks(bars.sort_values(["block_total", "block", "order"], ignore_index=True), told)


def _legible_blocks(bars: pd.DataFrame, told: str) -> pd.DataFrame:
    """The block that the title is of, the heaviest beside which it can still be read, the leanest, and one between."""
    totals = bars.groupby("block")["total"].max().sort_values()
    names, beside = list(totals.index), totals[totals <= LEGIBLE * totals[told]].index[-1]
    order = [told, beside if beside != told else names[-1], names[0], *reversed(names[: names.index(told)]), *names]
    most = 2 if in_a_talk() and HEADERS in told else 4  # what TLS and compression do is seen in all four
    return bars[bars["block"].isin(list(dict.fromkeys(order))[:most])].reset_index(drop=True)


def _told(runs: pd.DataFrame) -> pd.Series:
    """The runs of the title: with browser headers, if there are any, and the fewest cookies."""
    profiles = runs["header_profile"]
    profile = "browser" if "browser" in set(profiles) else profiles.iloc[-1]
    cookies = runs["cookie_bytes"].fillna(0)
    return (profiles == profile) & (cookies == cookies[profiles == profile].min())


def _blocks(bars: pd.DataFrame) -> int:
    return int(bars["block"].nunique())


def _bytes_finding(runs: pd.DataFrame) -> str:
    """How many times as many bytes the heaviest transport moves as the lightest, for a message."""
    mine = runs[_told(runs)]
    wire = mine.assign(wire=wire_bytes(mine))
    each = {str(name): ratio_of_sums(own, "wire", "deliveries") for name, own in wire.groupby("transport")}
    heavy, light = max(each, key=each.__getitem__), min(each, key=each.__getitem__)
    if heavy == light:
        return f"{TRANSPORTS[heavy].title} moves {times(each[heavy])} B for each message"
    more = times(each[heavy] / each[light])
    return f"{TRANSPORTS[heavy].title} moves {more} times as many bytes as {TRANSPORTS[light].words}"


def _title(transport: Any) -> str:
    return TRANSPORTS[str(transport)].title


def _bytes_alt(bars: pd.DataFrame) -> str:
    parts = [
        f"{_title(bar.transport)}, {bar.block}: {bar.total:,.0f} B, of which {bar.payload:,.0f} B message; "
        f"{bar.joining:,.0f} B to join"
        for bar in bars.itertuples()
    ]
    return "Bars of the bytes moved for each delivered message. " + "; ".join(parts) + "."


def _draw_bars(axes: Axes, bars: pd.DataFrame) -> None:
    block = bars.groupby("block", sort=False).ngroup().to_numpy()
    heights = np.arange(len(bars)) + (1.0 if in_a_talk() else 0.7) * (block + 1)
    left = np.zeros(len(bars))
    for heading, tone in LEDGER_COLOURS.items():
        axes.barh(heights, bars[heading], left=left, color=tone, edgecolor="white", linewidth=0.6, height=0.86)
        left += bars[heading].to_numpy()
    for height, bar in zip(heights, bars.itertuples(), strict=True):
        axes.annotate(f"{bar.total:,.0f} B", (bar.total, height), (6, 0), textcoords="offset points", va="center")
        axes.annotate(f"{bar.joining:,.0f}", (1, height), xycoords=("axes fraction", "data"), ha="right", va="center",
                      color="#666666", fontsize=12)  # fmt: skip
    above = (1, heights[0] - 0.75 - 0.3 * in_a_talk())
    axes.annotate("B to connect", above, xycoords=("axes fraction", "data"), ha="right", va="center", color="#666666",
                  fontsize=12)  # fmt: skip
    _bar_axis(axes, bars, heights, block)
    _name_headings(axes, bars)


def _bar_axis(axes: Axes, bars: pd.DataFrame, heights: np.ndarray, block: np.ndarray) -> None:
    axes.set_yticks(heights, [TRANSPORTS[transport].title for transport in bars["transport"]])
    for label, transport in zip(axes.get_yticklabels(), bars["transport"], strict=True):
        label.set(color=TRANSPORTS[transport].colour, fontweight="bold")
    for place in np.unique(block):
        first = int(np.flatnonzero(block == place)[0])
        axes.text(0, heights[first] - 0.56, bars["block"].iloc[first], va="bottom", fontsize=12, color="#333333")
    axes.set(
        ylim=(heights[-1] + 0.6, -0.6), xlim=(0, bars["total"].max() * 1.27), xlabel="bytes for each delivered message"
    )
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_formatter(matplotlib.ticker.StrMethodFormatter("{x:,.0f}"))


def _name_headings(axes: Axes, bars: pd.DataFrame) -> None:
    """A key above the bars, for the headings that have bytes."""
    key = {heading.replace("_head", " head"): Patch(facecolor=tone) for heading, tone in LEDGER_COLOURS.items()
           if bars[heading].max() > 0}  # fmt: skip
    axes.legend(key.values(), key.keys(), ncols=6, loc="lower left", bbox_to_anchor=(0, 0.98), handlelength=1,
                fontsize=11 if in_a_talk() else 12, columnspacing=0.6 if in_a_talk() else 1.2,
                handletextpad=0.4 if in_a_talk() else 0.8)  # fmt: skip
