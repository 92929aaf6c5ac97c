"""Both ways at once, as in a game: how long from one player to the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from results import table
from results.figures.layout import Chart, conditions, freeze_layout, invalid_note, new_figure, styled
from results.select import NotMeasured, first_known, need_each
from results.transports import COMPARED, TRANSPORTS
from results.words import listed, milliseconds, number, times

PARTS = {"up": "upstream_mean_ms", "down": "latency_mean_ms"}


@styled
def both_ways(runs: pd.DataFrame, machine: Mapping[str, Any]) -> Chart:
    """Mean times from client to server and from server to client, ms, at the longest round trip; from `upstream`."""
    mine = runs[(runs["experiment"] == "upstream") & (runs["operation"] == "duplex")]
    far = mine[mine["rtt_ms"] == mine["rtt_ms"].max()]
    good = need_each(table.valid(far), COMPARED, "`upstream`, both ways at once,")
    if good[list(PARTS.values())].isna().any(axis=None):
        raise NotMeasured("these runs of `upstream` do not say how long both ways took")
    means = {name: {part: float(good[column][good["transport"] == name].mean()) for part, column in PARTS.items()}
             for name in COMPARED}  # fmt: skip
    title, alt = _finding(means), _alt(means)
    note = f" {good['rate_hz'].iloc[0]:g} texts a second from each; polls every "
    note += f"{first_known(good, 'poll_interval_s'):g} s." + invalid_note(far, "left out")
    figure = new_figure(title, conditions(good, machine, leave_out=["rate_hz", "poll_interval_s"]) + note)
    axes = figure.subplots()
    for place, name in enumerate(COMPARED):
        _bar(axes, -place, means[name], TRANSPORTS[name].colour)
    axes.set_yticks([-place for place in range(len(COMPARED))], [TRANSPORTS[name].title for name in COMPARED])
    for label, name in zip(axes.get_yticklabels(), COMPARED, strict=True):
        label.set(color=TRANSPORTS[name].colour, fontweight="bold")
    axes.set(xlabel=f"ms from player to player, round trip {good['rtt_ms'].iloc[0]:g} ms", xlim=(0, None))
    axes.grid(axis="y", visible=False)
    freeze_layout(figure)
    return Chart("both_ways", figure, title, alt)


def _bar(axes: Axes, place: float, parts: Mapping[str, float], colour: str) -> None:
    up, down = parts["up"], parts["down"]
    axes.barh(place, up, color=colour, alpha=0.45, height=0.6)
    axes.barh(place, down, left=up, color=colour, height=0.6)
    axes.annotate(f"up {up:.0f}", (up / 2, place), ha="center", va="center")
    axes.annotate(f"down {down:.0f}", (up + down / 2, place), ha="center", va="center", color="white")


def _finding(means: Mapping[str, Mapping[str, float]]) -> str:
    total = {name: sum(parts.values()) for name, parts in means.items()}
    slow, fast = max(total, key=total.__getitem__), min(total, key=total.__getitem__)
    if slow == fast or not total[fast]:
        return f"Both ways take {milliseconds(total[slow])} ms by each transport"
    ratio = times(total[slow] / total[fast])
    return f"Both ways, {TRANSPORTS[slow].words} takes {ratio} times as long as {TRANSPORTS[fast].words}"


def _alt(means: Mapping[str, Mapping[str, float]]) -> str:
    parts = [f"{TRANSPORTS[name].title}: {number(each['up'])} ms up, {number(each['down'])} ms down"
             for name, each in means.items()]  # fmt: skip
    return f"Bars of the time from player to player in a game. {listed(parts)}."
