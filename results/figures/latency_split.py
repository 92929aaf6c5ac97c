"""Where latency comes from: each mean in the parts that add up to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from results import table
from results.figures.layout import Chart, conditions, freeze_layout, in_a_talk, invalid_note, new_figure, styled
from results.latency_breakdown import PARTS, Breakdown, breakdown
from results.select import NotMeasured, kept
from results.transports import COMPARED, TRANSPORTS
from results.words import listed, number

TONES = {"waiting": "#E69F00", "transit": "#56B4E9", "sending": "#CC79A7", "machine": "#BDBDBD",
         "asking": "#8C8C8C", "left": "#000000"}  # fmt: skip
THIN = 0.045  # of the axis: what is narrower bears no number


@styled
def latency_split(runs: pd.DataFrame, machine: Mapping[str, Any]) -> Chart:
    """Stacked bars in ms: waiting, transit, bytes on the link, this machine's share, and what is left over.

    At the longest round trip of `latency`, and on the slowest link of `link-rate` with the most bytes of headers. What
    is left over is drawn at the bar's end: to its left where the parts are more than was measured.
    """
    good = table.valid(runs)
    blocks = dict(_blocks(good[kept(good) & (good["operation"] == "feed")]))
    if not blocks:
        raise NotMeasured("neither `latency` nor `link-rate` was run validly over a link")
    title, alt = _finding(blocks), _alt(blocks)
    shown = pd.concat([own for own, _ in blocks.values()])
    note = " Client turnaround: from a response to the next request, on this machine, without delay."
    note += invalid_note(shown, "left out")
    figure = new_figure(title, conditions(shown, machine) + note, height=2.9 + 1.7 * len(blocks))
    panels = figure.subplots(len(blocks), 1, squeeze=False)[:, 0]
    for axes, (words, (_, splits)) in zip(panels, blocks.items(), strict=True):
        _bars(axes, splits)
        axes.set_title(words)
    panels[-1].set_xlabel("mean latency, ms")
    panels[0].legend(ncols=len(PARTS), loc="lower left", handlelength=0.8, handletextpad=0.4,
                     bbox_to_anchor=(-0.02, 1.16 if not in_a_talk() else 1.3), borderaxespad=0,
                     fontsize=12 if not in_a_talk() else 11, columnspacing=1.2 if not in_a_talk() else 0.7)  # fmt: skip
    freeze_layout(figure)
    return Chart("latency_split", figure, title, alt)


def _blocks(runs: pd.DataFrame) -> Any:
    """Words, then the runs and each transport's split."""
    runs = runs[runs["transport"].isin(COMPARED)]
    far = runs[(runs["experiment"] == "latency") & (runs["rtt_ms"] > 0)]
    far = far[far["rtt_ms"] == far["rtt_ms"].max()]
    slow = runs[runs["experiment"] == "link-rate"]
    slow = slow[slow["link_mbps"] == slow["link_mbps"].min()]
    slow = slow[slow["cookie_bytes"] == slow["cookie_bytes"].max()]
    for own in (far, slow):
        if set(own["transport"]) == set(COMPARED):
            first = own.iloc[0]
            link = "" if pd.isna(first["link_mbps"]) else f", {first['link_mbps']:g} Mbit/s"
            words = f"{first['rtt_ms']:g} ms round trip{link}, {first['rate_hz']:g} messages/s"
            yield words, (own, {name: breakdown(own[own["transport"] == name]) for name in COMPARED})


def _bars(axes: Any, splits: Mapping[str, Breakdown]) -> None:
    longest = max(each.whole for each in splits.values())
    for place, each in enumerate(splits.values()):
        end = 0.0
        for part, value in each.parts():
            axes.barh(-place, value, left=end, color=TONES[part], height=0.7, label=None if place else PARTS[part])
            if value > THIN * longest:
                axes.annotate(f"{value:.0f}", (end + value / 2, -place), ha="center", va="center", fontsize=12)
            end += value
        axes.annotate(f"{number(each.whole)} ms", (max(end, end - each.left), -place), (8, 0), va="center",
                      textcoords="offset points", fontweight="bold")  # fmt: skip
    axes.set_yticks([-place for place in range(len(splits))], [TRANSPORTS[name].title for name in splits])
    for label, name in zip(axes.get_yticklabels(), splits, strict=True):
        label.set(color=TRANSPORTS[name].colour, fontweight="bold")
    axes.set_xlim(0, 1.14 * longest)
    axes.grid(axis="y", visible=False)


WAITS_FOR = {"polling": "the next poll", "long-polling": "the next request", "websocket": "nothing"}


def _finding(blocks: Mapping[str, Any]) -> str:
    """Whose mean has the largest share of waiting, at the first block."""
    _, splits = next(iter(blocks.values()))
    shares = {name: round(100 * own.waiting / own.whole) for name, own in splits.items()}
    most = max(shares, key=shares.__getitem__)
    return f"{TRANSPORTS[most].title} spends {shares[most]} % of its latency waiting for {WAITS_FOR[most]}"


def _alt(blocks: Mapping[str, Any]) -> str:
    parts = []
    for words, (_, splits) in blocks.items():
        for name, each in splits.items():
            told = listed([f"{PARTS[part]} {number(value)} ms" for part, value in each.parts()])
            parts.append(f"{words}, {TRANSPORTS[name].title}: {number(each.whole)} ms, of which {told}")
    return f"Stacked bars of where the mean latency comes from. {'; '.join(parts)}."
