"""What every figure shares: the style sheet, the colours, the frame with finding and conditions, PNG and SVG."""

from __future__ import annotations

import functools
import html
import io
import math
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib.style
import matplotlib.ticker
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from results import table
from results.select import applies
from results.transports import TRANSPORTS
from results.words import WORDS, nonbreaking_units, number

STYLE = Path(__file__).with_name("lab.mplstyle")
LOOK: list[str | Path | dict[str, Any]] = ["default", STYLE]
"""Matplotlib's own look first, whatever the user's matplotlibrc says, then the lab's."""

LEDGER_COLOURS = {
    "payload": "#BDBDBD",
    "framing": "#000000",
    "request_head": "#E69F00",
    "response_head": "#56B4E9",
    "cookies": "#CC79A7",
    "handshake": "#F0E442",
}
"""The six headings of the ledger in the order they are stacked: the message first, then all that is not message."""

TALK, LARGEST, WIDE = 0.86, 1.06, 9 / 16
"""The width of a talk's page, where a report's is 1: the smaller the page, the larger are its letters. Then the largest
such page, for a chart that needs much room, and its height, where its width is 1."""
USUAL = 5.6
"""Inches that a chart on a report's page is high, if it has no need of more."""
PAGE = ContextVar("PAGE", default=1.0)

LONG = 14
"""Letters of a name that stand in one line at the end of a curve."""
TALK_NOTES = 2
"""Lines of small print that a lecture room can read; all of it stands in the report."""
LOOPBACK = "Loopback: no loss, no congestion."
PACKETS = "Real packets between two network namespaces."


@dataclass(frozen=True)
class Chart:
    """A figure with its file's name, its finding as title, and what it shows in words as alternative text."""

    name: str
    figure: Figure
    title: str
    alt: str

    @functools.cached_property
    def svg(self) -> str:
        """SVG text with title and alternative text inside, the same bytes for the same data; drawn once."""
        file = io.StringIO()
        with matplotlib.style.context(LOOK):
            self.figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
        text, title, alt = file.getvalue(), html.escape(self.title), html.escape(self.alt)
        start = text.index(">", text.index("<svg")) + 1
        before, opening = text[: text.index("<svg")], text[text.index("<svg") : start - 1]
        return f'{before}{opening} role="img">\n<title>{title}</title>\n<desc>{alt}</desc>{text[start:]}'


def styled(draw: Callable[..., Chart]) -> Callable[..., Chart]:
    """Draw under the lab's style sheet, and leave matplotlib as it was."""

    @functools.wraps(draw)
    def with_style(*arguments: Any, **options: Any) -> Chart:
        with matplotlib.style.context(LOOK):
            return draw(*arguments, **options)

    return with_style


@contextmanager
def for_a_talk() -> Iterator[None]:
    """Draw what is drawn in the block for a lecture room: on a smaller page, with letters of the same size."""
    before = PAGE.set(TALK)
    try:
        yield
    finally:
        PAGE.reset(before)


def new_figure(title: str, small_print: str, height: float = USUAL) -> Figure:
    """An empty figure with its finding above and its conditions below; what is between belongs to the axes.

    `height` in inches is that of a report's page; one for a talk is as high as a projector's picture.
    """
    page = PAGE.get()
    if in_a_talk():
        page = min(max(page, page * height / USUAL), LARGEST)
        height = 10 * page * WIDE
    words, notes = wrapped(title, small_print, page)
    top, bottom = margins(words, notes)
    figure = Figure(figsize=(10 * page, height), layout="constrained")
    engine: Any = figure.get_layout_engine()
    engine.set(rect=(0.012, bottom / height, 0.976, 1 - (top + bottom) / height), w_pad=0.05, h_pad=0.05)
    figure.text(0.02, 1 - 0.12 / height, words, fontsize=18, fontweight="bold", va="top", linespacing=1.25)
    figure.text(0.02, 0.1 / height, notes, fontsize=11, color="#555555", va="bottom", linespacing=1.25)
    return figure


def wrapped(title: str, small_print: str, page: float) -> tuple[str, str]:
    """Both in lines that fit on a page so wide; of the small print a talk has the first two, whole sentences."""
    small_print = nonbreaking_units(small_print)
    notes = textwrap.wrap(small_print, round(112 * page))
    if in_a_talk() and len(notes) > TALK_NOTES:
        first = " ".join(notes[:TALK_NOTES])
        notes = textwrap.wrap(first[: first.rfind(". ") + 1] or first, round(112 * page))
    return wrap_evenly(nonbreaking_units(title), round(62 * page)), "\n".join(notes)


def margins(words: str, notes: str) -> tuple[float, float]:
    """Inches that the title takes above, and the small print below."""
    return 0.36 * (words.count("\n") + 1) + 0.2, 0.21 * (notes.count("\n") + 1) + 0.16


def wrap_evenly(text: str, width: int) -> str:
    """The text in as few lines of at most `width` characters as it needs, the lines about equally long."""
    lines = len(textwrap.wrap(text, width))
    return next(textwrap.fill(text, narrow) for narrow in range(1, width + 1) if _lines(text, narrow) == lines)


def _lines(text: str, width: int) -> int:
    """How many lines the text takes; no word is broken, so a line too narrow for a word does not count."""
    wrapped = textwrap.wrap(text, width, break_long_words=False)
    return len(wrapped) if max(map(len, wrapped)) <= width else len(text)


def in_a_talk() -> bool:
    """Whether the page is a talk's: it has room for fewer things."""
    return PAGE.get() != 1.0


def freeze_layout(figure: Figure) -> None:
    """Lay the figure out once and for all: what is added now knows where lines end, and every file looks alike."""
    figure.draw_without_rendering()
    figure.set_layout_engine(None)  # and "none" would have each file laid out, and so drawn, twice
    for axes in figure.axes:  # the last digits of a layout are not the same each time
        left, bottom, width, height = (round(side, 6) for side in axes.get_position(original=True).bounds)
        axes.set_position((left, bottom, width, height))


def logarithmic(axes: Axes) -> None:
    """Both axes logarithmic, their numbers written out."""
    axes.set(xscale="log", yscale="log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axes.minorticks_off()


def name_ends(axes: Axes, last: float, ends: Mapping[str, float], words: Mapping[str, str] | None = None) -> None:
    """Each transport's name (or its words) right of where its line ends at `last`, pushed apart where two are close."""
    written = {name: (words or {}).get(name, in_lines(TRANSPORTS[name].title)) for name in ends}
    lowest = -math.inf
    for transport, value in sorted(ends.items(), key=lambda end: end[1]):
        height = axes.transData.transform((last, value))[1]
        half = 10 + 13 * written[transport].count("\n")  # of its lines' height, in pixels
        push, look = max(0.0, lowest + half - height), TRANSPORTS[transport]
        axes.annotate(written[transport], (last, value), (12, push * 72 / axes.figure.dpi),
                      va="center", textcoords="offset points", color=look.colour, fontweight="bold")  # fmt: skip
        lowest = height + push + half


def room_for_names(axes: Axes) -> None:
    """Move the left end of a logarithmic axis, already laid out, to where no annotation crosses it."""
    left, right = map(math.log10, axes.get_xlim())
    for name in axes.texts:
        point: tuple[float, float] = name.xy  # type: ignore[attr-defined]  # all are annotations
        width = axes.transData.transform(point)[0] - name.get_window_extent().x0
        share = width / axes.bbox.width + 0.01  # of the axis, between its left end and the name's point
        left = min(left, (math.log10(point[0]) - share * right) / (1 - share))
    axes.set_xlim(left=10**left)



def in_lines(title: str) -> str:
    """A transport's title, in two lines if it is long."""
    return "\n".join(title.rsplit(" ", 1)) if len(title) > LONG else title


def conditions(runs: pd.DataFrame, machine: Mapping[str, Any], *, leave_out: Iterable[str] = ()) -> str:
    """What all these runs have in common, and the machine they ran on, in one line of small print."""
    names = ["clients", "rate_hz", "payload_bytes", "poll_interval_s", "rtt_ms", "link_mbps", "header_profile"]
    same = [_constant(runs, name) for name in names if name not in set(leave_out)]
    return "\u00a0· ".join(filter(None, [*same, machine_words(machine)])) + ". " + _path(runs)


def _path(runs: pd.DataFrame) -> str:
    """What the bytes have passed over."""
    packets = "path" in runs and len(runs) and (runs["path"] == "packets").all()
    if len(bounds := runs["clock_bound_ms"].dropna() if "clock_bound_ms" in runs else ()):
        return f"Load from other hosts, whose clocks are known to within ± {number(float(max(bounds)))} ms."
    return PACKETS if packets else LOOPBACK


def machine_words(machine: Mapping[str, Any]) -> str:
    """The machine in small print: cores, Python, day and profile."""
    return "\u00a0· ".join(_facts(machine))


def _constant(runs: pd.DataFrame, name: str) -> str:
    mine = runs[name][applies(runs, name)]
    values = [value for value in mine.dropna().unique() if value != ""]
    if len(values) != 1 or mine.isna().any():  # of some it is not said: earthquakes, a link without a limit
        return ""
    words = WORDS[name](values[0])
    return f"polls {words}" if name == "poll_interval_s" else words


def _facts(machine: Mapping[str, Any]) -> list[str]:
    facts = {"cores": "{}\u00a0cores", "python": "Python\u00a0{}", "date": "{:.10}", "profile": "profile\u00a0{}"}
    return [words.format(machine[name]) for name, words in facts.items() if machine.get(name)]


def invalid_note(runs: pd.DataFrame, how: str) -> str:
    """A sentence of small print on the runs that are not valid; empty if all are."""
    count = len(table.invalid(runs))
    return f" {count} invalid run{'s' * (count > 1)} {how}." if count else ""


def png(chart: Chart) -> bytes:
    """The chart as a PNG, 160 dots an inch, its title and alternative text inside."""
    file = io.BytesIO()
    with matplotlib.style.context(LOOK):
        chart.figure.savefig(
            file, format="png", metadata={"Title": chart.title, "Description": chart.alt, "Software": None}
        )
    return file.getvalue()
