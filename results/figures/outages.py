"""How long each client waits for news after a break, and whether it was told of a gap."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from results import table
from results.figures.layout import Chart, conditions, freeze_layout, invalid_note, new_figure, styled
from results.select import NotMeasured, of_experiment
from results.transports import TRANSPORTS
from results.words import listed, times

WORDS = {"cut": "link cut", "reset": "link cut,\nconnections reset", "restart": "server killed,\nanother started"}


@styled
def recovery_after_a_break(runs: pd.DataFrame, machine: Mapping[str, Any]) -> Chart:
    """Seconds from the end of a break until the last client has news, a point for each repeat, from `outage`."""
    mine = of_experiment(runs, "outage")
    good = table.valid(mine)
    good, never = good.dropna(subset=["recovery_s"]), good[good["recovery_s"].isna() & (good["fault"] != "")]
    if good.empty:
        raise NotMeasured("no valid run of `outage` recovered from its break")
    title, alt = _finding(good, never), _alt(good, never)
    note = " A client that lost its connection tries again after a random 0.25 to 0.75 s. Numbers: the slowest repeat."
    note += invalid_note(mine, "left out")
    figure = new_figure(title, conditions(mine, machine) + note)
    axes = figure.subplots()
    faults = [fault for fault in WORDS if fault in set(good["fault"])]
    for column, name in enumerate(TRANSPORTS):
        look = TRANSPORTS[name]
        for place, fault in enumerate(faults):
            found = good[(good["transport"] == name) & (good["fault"] == fault)]["recovery_s"]
            if len(found):
                height = -(place + 0.24 * (column - 1))
                axes.plot(found, [height] * len(found), look.marker, color=look.colour, linestyle="")
                axes.annotate(f"{look.title} {times(found.max())} s", (found.max(), height), (10, 0), va="center",
                              textcoords="offset points", color=look.colour, fontsize=12)  # fmt: skip
    axes.set_yticks([-place for place in range(len(faults))], [WORDS[fault] for fault in faults])
    axes.set(xlim=(0, 1.35 * good["recovery_s"].max()), ylim=(-len(faults) + 0.3, 0.55))
    axes.set_xlabel("seconds after the break until the last client has news")
    axes.grid(axis="y", visible=False)
    freeze_layout(figure)
    return Chart("recovery_after_a_break", figure, title, alt)


def _finding(runs: pd.DataFrame, never: pd.DataFrame) -> str:
    """What was lost in silence, or how many runs never recovered, or the slowest recovery."""
    if lost := int(runs[["lost", "duplicated", "out_of_order"]].sum().sum()):
        return f"After a break, {lost:,} messages are lost or repeated in silence"
    if len(never):
        return f"{len(never)} of {len(runs) + len(never)} runs never recover from a break"
    return f"After a break, the last client has news within {times(runs['recovery_s'].max())} s"


def _counts(runs: pd.DataFrame) -> list[tuple[str, int]]:
    """How many of these runs each transport has."""
    return [(name, int((runs["transport"] == name).sum())) for name in TRANSPORTS if name in set(runs["transport"])]


def _alt(runs: pd.DataFrame, never: pd.DataFrame) -> str:
    parts = [f"{TRANSPORTS[name].title}: {count} runs that never recovered" for name, count in _counts(never)]
    for (fault, name), own in runs.groupby(["fault", "transport"]):
        means = listed([f"{times(value)}" for value in own["recovery_s"]])
        parts.append(f"{WORDS[str(fault)].replace(chr(10), ' ')}, {TRANSPORTS[str(name)].title}: {means} s")
    return f"Points of the seconds until the last client has news after a break. {'; '.join(parts)}."
