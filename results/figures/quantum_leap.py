"""The most quoted figure, 871 bytes against 2, with one thing more counted in each line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from results import table
from results.audit.lab import LABS, lab_bases
from results.audit.quantum import PUBLISHED_BASIS, Basis, bases, ratio
from results.figures.layout import LOOPBACK, Chart, freeze_layout, machine_words, new_figure, styled
from results.select import NotMeasured, of_experiment
from results.transports import TRANSPORTS
from results.words import number

LINES = {
    PUBLISHED_BASIS.name: "as published, 2010",
    "with line ends": "with line ends",
    "with TCP/IP headers, 52 B a segment": "with IP and TCP headers",
    f"{LABS['2010']}, one message a poll": "measured here,\nthe article's heads",
    f"{LABS['2010']}, one message a poll, its segments at 52 B": "with its segments'\nIP and TCP headers",
    f"{LABS['browser']}, one message a poll": "measured here,\na browser of today",
    f"{LABS['browser']}, one message a poll, its segments at 52 B": "with its segments'\nIP and TCP headers",
}
"""The bases that are shown, from top to bottom, in words."""


@styled
def quantum_leap(runs: pd.DataFrame, machine: Mapping[str, Any]) -> Chart:
    """Bytes of a poll and of a pushed message on a logarithmic axis, by what is counted; hollow where computed."""
    measured = lab_bases(table.valid(of_experiment(runs, "overhead")))
    found = {each.name: each for each in [PUBLISHED_BASIS, *bases(), *measured]}
    shown = [found[name] for name in LINES if name in found and found[name].polling and found[name].websocket]
    if not any(each.name.startswith("this lab") for each in shown):
        raise NotMeasured("there are no browser runs of both transports")
    title, alt = _finding(shown), _alt(shown)
    note = (
        "Hollow: computed from Lubbers & Greco, 2010. Full: measured, one message a poll, the browser without cookies; "
    )
    note += f"segments as the kernel counts them, 52 B of headers each. {machine_words(machine)}. {LOOPBACK}"
    figure = new_figure(title, note, height=2.2 + 0.75 * len(shown))
    axes = figure.subplots()
    for place, basis in enumerate(shown):
        _line(axes, -place, basis)
    axes.set_yticks([-place for place in range(len(shown))], [LINES[basis.name] for basis in shown])
    axes.set(xscale="log", xlabel="overhead, bytes", xlim=(0.6, 6000), ylim=(0.7 - len(shown), 0.6))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.minorticks_off()
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    freeze_layout(figure)
    return Chart("quantum_leap", figure, title, alt)


def _line(axes: Axes, place: float, basis: Basis) -> None:
    """A poll and a message by WebSocket with the ratio between them."""
    assert basis.polling and basis.websocket
    axes.plot([basis.websocket, basis.polling], [place, place], color="#999999", linewidth=2, zorder=1)
    for name, size in (("polling", basis.polling), ("websocket", basis.websocket)):
        look, full = TRANSPORTS[name], basis.name.startswith("this lab")
        axes.plot(size, place, look.marker, color=look.colour, markersize=11, markeredgewidth=2,
                  markerfacecolor=look.colour if full else "white")  # fmt: skip
        words = f"{look.title} {number(size)} B" if place == 0 else f"{number(size)} B"
        at = (0, 14, "center") if name == "websocket" else (14, 0, "left")
        axes.annotate(words, (size, place), at[:2], textcoords="offset points", color=look.colour, fontweight="bold",
                      va="center" if name == "polling" else "bottom", ha=at[2])  # fmt: skip
    between = basis.websocket**0.3 * basis.polling**0.7  # beside the label of the WebSocket, where the line is short
    axes.annotate(_ratio(basis), (between, place), (0, 5), ha="center", va="bottom",
                  textcoords="offset points", fontweight="bold")  # fmt: skip


WITH = {"2010": "with the article's heads", "browser": "with a browser of today"}


def _finding(shown: list[Basis]) -> str:
    on_ip = next(each for each in shown if "52 B" in each.name)
    return f"The famous {_ratio(shown[0])} becomes {_ratio(on_ip)} with IP and TCP headers"


def _ratio(basis: Basis) -> str:
    return f"{number(ratio(basis.polling, basis.websocket))}\u00a0:\u00a01"


def _alt(shown: list[Basis]) -> str:
    parts = [f"{LINES[each.name]}: a poll {number(each.polling)} B, a message by WebSocket {number(each.websocket)} B"
             for each in shown]  # fmt: skip
    return f"Bytes of a poll and of a pushed message on a logarithmic axis. {'; '.join(parts)}.".replace("\n", " ")
