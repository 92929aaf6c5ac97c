"""What several server processes with one feed deliver, over their number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.ticker

from results.cpu_breakdown import per_cent
from results.figures.layout import Chart, freeze_layout, logarithmic, machine_words, name_ends, new_figure, styled
from results.processes import FULL, Measured, deliveries_per_s, measured, redis_costs
from results.transports import TRANSPORTS
from results.words import listed, number

MOST = 64
"""Processes up to which the lines are drawn."""


@styled
def deliveries_over_processes(machine: Mapping[str, Any]) -> Chart:
    """Deliveries a second over the number of server processes, by transport; from the benchmark.

    Points are of measured CPU per delivery. Lines go on from one process: each more adds as much.
    """
    found = measured(machine)
    title, alt = _finding(found), _alt(found, machine)
    when = {**machine, "date": machine["benchmark"].get("date"), "profile": None}  # not those of the folder's runs
    note = f"{machine_words(when)}. Points: from measured CPU, each process alone on a core, {per_cent(FULL)} busy. "
    note += "Lines: as many times one process. One feed in Redis, clients spread by the kernel."
    figure = new_figure(title, note)
    axes = figure.subplots()
    logarithmic(axes)
    ends = {}
    for name in dict.fromkeys(each.transport for each in found):
        own, look = [each for each in found if each.transport == name], TRANSPORTS[name]
        axes.plot([each.processes for each in own], [each.deliveries_per_s for each in own], look.marker,
                  color=look.colour, linestyle="", markersize=10)  # fmt: skip
        ends[name] = deliveries_per_s(MOST, own[0].us)
        axes.plot([1, MOST], [deliveries_per_s(1, own[0].us), ends[name]], color=look.colour, linewidth=2, marker="")
    axes.set(xlabel="server processes", ylabel="deliveries per second", xlim=(0.9, MOST * 3))
    axes.set_xticks([1, 2, 4, 8, 16, 32, 64])
    axes.xaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    freeze_layout(figure)
    name_ends(axes, MOST, ends)
    return Chart("deliveries_over_processes", figure, title, alt)


def _finding(found: list[Measured]) -> str:
    """How much more the largest number of processes delivers than one, of the transport for which it is least."""
    most = max(each.processes for each in found)
    one = {each.transport: each.deliveries_per_s for each in found if each.processes == 1}
    gain = min(each.deliveries_per_s / one[each.transport] for each in found if each.processes == most)
    return f"{most} processes deliver at least {gain:.1f} times as much as one"


def _alt(found: list[Measured], machine: Mapping[str, Any]) -> str:
    parts = []
    for name in dict.fromkeys(each.transport for each in found):
        at = [f"{number(each.deliveries_per_s)} with {each.processes}" for each in found if each.transport == name]
        parts.append(f"{TRANSPORTS[name].title}: {listed(at)}")
    redis, fullest = redis_costs(machine), max(each.busiest_share for each in found)
    return (
        f"Deliveries per second over the number of processes. {'; '.join(parts)}. Redis takes {number(redis.us)} µs of "
        f"CPU a message, and {number(redis.us_each)} µs more for each process. The fullest process had {fullest:.2f} "
        "times an even share of the clients."
    )
