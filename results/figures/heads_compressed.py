"""What HTTP/2 would leave of the heads: HPACK, computed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from results.audit.hpack_heads import (
    PRINTED_REQUEST,
    PRINTED_RESPONSE,
    Compressed,
    Fields,
    compressed,
    later_by,
    polls,
    responses,
)
from results.figures.layout import Chart, freeze_layout, machine_words, new_figure, styled
from results.select import NotMeasured
from results.words import number

AUTHORITY = "localhost:5001"
TONES = {"plain": "#666666", "first": "#56B4E9", "later": "#0072B2"}
WORDS = {"plain": "HTTP/1.1", "first": "HTTP/2, the first", "later": "HTTP/2, each later one"}


@styled
def heads_compressed(observations: pd.DataFrame, machine: Mapping[str, Any]) -> Chart:
    """Bytes of the heads of a poll and of its answer in HTTP/1.1, and in HTTP/2 the first and each later one."""
    fields = recorded_fields(observations)
    heads = heads_of(fields)
    cookie_bytes = sum(len(f"{name}: {value}\r\n") for name, value in fields if name == "Cookie")
    title, alt = _finding(heads), _alt(heads)
    note = "Computed: HPACK (RFC 7541) with a table of 4,096 B, and 9 B for each HTTP/2 frame. The browser's poll is "
    note += (
        f"recorded, with cookies of {cookie_bytes} B; the article is Lubbers & Greco, 2010. {machine_words(machine)}."
    )
    if measured := measured_later(observations):
        note += " Measured through nginx: without cookies, and with another path."
        alt += f" Measured, a later poll without cookies: {number(measured)} B."
    figure = new_figure(title, note)
    axes = figure.subplots()
    for place, (words, sizes) in enumerate(heads.items()):
        _bars(axes, -place, sizes, measured if place == 0 else None)
        axes.text(-12, -place, words, ha="right", va="center")
    axes.set(xlabel="bytes of the head", xlim=(0, 820), yticks=[], ylim=(0.6 - len(heads), 0.6))
    axes.grid(axis="y", visible=False)
    freeze_layout(figure)
    return Chart("heads_compressed", figure, title, alt)


def recorded_fields(observations: pd.DataFrame) -> Fields:
    """The field lines of the browser's recorded poll."""
    lines = observations[(observations["claim"] == "C4") & observations["quantity"].str.startswith("line ")]
    fields = [tuple(line.split(": ", 1)) for line in lines[lines["condition"] == "poll of a browser"]["value"]]
    if not fields:
        raise NotMeasured("no lines of a browser's poll were observed")
    return fields  # type: ignore[return-value]


def heads_of(fields: Fields) -> dict[str, Compressed]:
    """The heads that are compared: the browser's and the lab's, and the article's two."""
    return {
        "a browser's poll": compressed(polls(fields, AUTHORITY)),
        "this lab's answer": compressed(responses()),
        "the article's poll": compressed([PRINTED_REQUEST, PRINTED_REQUEST]),
        "the article's answer": compressed([PRINTED_RESPONSE, later_by(PRINTED_RESPONSE, 1)]),
    }


def sizes_of(head: Compressed) -> dict[str, float]:
    """Bytes in HTTP/1.1, and in HTTP/2 of the first and of each later one, frames included."""
    return {"plain": head.plain, "first": head.on_wire(head.first), "later": head.on_wire(head.later)}


def measured_later(observations: pd.DataFrame) -> float | None:
    """Bytes of a later request over HTTP/2, as counted frame by frame; None where it was not observed."""
    mine = observations[observations["quantity"] == "HTTP/2, later request"]
    found = mine["value"][mine["condition"] == "poll, no cookies"]
    return float(found.iloc[0]) if len(found) else None


def _bars(axes: Axes, place: float, head: Compressed, measured: float | None) -> None:
    for step, (kind, size) in enumerate(sizes_of(head).items()):
        at = place + 0.26 - 0.26 * step
        axes.barh(at, size, height=0.24, color=TONES[kind])
        words = f"{number(size)} B" + (f"  {WORDS[kind]}" if place == 0 else "")
        words += f"; measured {number(measured)} B" if measured and kind == "later" else ""
        axes.annotate(words, (size, at), (5, 0), textcoords="offset points", va="center", fontsize=12)


def _finding(heads: Mapping[str, Compressed]) -> str:
    poll = sizes_of(heads["a browser's poll"])
    return f"HTTP/2 would send {100 * poll['later'] / poll['plain']:.0f} % of a browser's later polls"


def _alt(heads: Mapping[str, Compressed]) -> str:
    parts = [f"{words}: " + ", ".join(f"{WORDS[kind]} {number(size)} B" for kind, size in sizes_of(head).items())
             for words, head in heads.items()]  # fmt: skip
    return f"Bars of the bytes of heads in HTTP/1.1 and HTTP/2, computed. {'; '.join(parts)}."
