"""One function per figure: from the runs to a chart whose title says what was found.

Each takes the runs (as `results.table.read_runs` gives them) and what stands in machine.json, and returns a Chart; it
raises NotMeasured where the runs do not hold what it shows. No pyplot: a figure belongs to whoever asked for it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib.ticker
import numpy as np
import pandas as pd
from hdrh.histogram import HdrHistogram
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from results import summary, table
from results.canvas import (
    TONE,
    Chart,
    NotMeasured,
    conditions,
    frame,
    invalid_note,
    listed,
    milliseconds,
    of_experiment,
    png,
    settle,
    styled,
    svg,
    times,
    usual,
)
from results.transports import TABLE

# --- bytes -----------------------------------------------------------------------------------------------------------


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
    title, alt = _bytes_finding(bars), _bytes_alt(bars)
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
    bars["order"] = bars["transport"].map(list(TABLE).index)
    bars["block_total"] = bars.groupby(["header_profile", "cookie_bytes"])["total"].transform("max")
    return _at_most_four(
        bars.sort_values(["block_total", "header_profile", "cookie_bytes", "order"], ignore_index=True)
    )


def _at_most_four(bars: pd.DataFrame) -> pd.DataFrame:
    """The leanest and the heaviest block and two between them."""
    block = bars.groupby(["header_profile", "cookie_bytes"], sort=False).ngroup()
    last = block.max()
    chosen = {round(last * part / 3) for part in range(4)} if last > 3 else set(range(last + 1))
    return bars[block.isin(chosen)].reset_index(drop=True)


def _blocks(bars: pd.DataFrame) -> int:
    return len(bars.groupby(["header_profile", "cookie_bytes"]))


def _bytes_finding(bars: pd.DataFrame) -> str:
    """Which transport moves the most bytes, against the one that moves the least, over all blocks."""
    totals = bars.pivot_table(index=["header_profile", "cookie_bytes"], columns="transport", values="total").dropna()
    if totals.empty or totals.shape[1] < 2:
        return f"{_title(bars['transport'].iloc[-1])}: {summary.number(bars['total'].max())} B for each message"
    most, least = str(totals.iloc[-1].idxmax()), str(totals.iloc[-1].idxmin())
    ratios = totals[most] / totals[least]
    low, high = times(ratios.min()), times(ratios.max())
    if ratios.max() < 1.05:
        return "All transports move about the same bytes for each message"
    span = high if low == high else f"{low} to {high}"
    return f"{TABLE[most].title} moves {span} times the bytes of {TABLE[least].words} for each message"


def _title(transport: Any) -> str:
    return TABLE[str(transport)].title


def _bytes_alt(bars: pd.DataFrame) -> str:
    parts = [
        f"{_title(bar.transport)} with {_block_name(bar)}: {bar.total:,.0f} B, of which {bar.payload:,.0f} B message"
        for bar in bars.itertuples()
    ]
    return "Bars of the bytes moved for each delivered message. " + "; ".join(parts) + "."


def _block_name(bar: Any) -> str:
    return f"{bar.header_profile} headers, {summary.WORDS['cookie_bytes'](int(bar.cookie_bytes))}"


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
    axes.set_yticks(heights, [TABLE[transport].title for transport in bars["transport"]])
    for label, transport in zip(axes.get_yticklabels(), bars["transport"], strict=True):
        label.set(color=TABLE[transport].colour, fontweight="bold")
    for number in np.unique(block):
        first = int(np.flatnonzero(block == number)[0])
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


# --- latency distribution --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One curve of a distribution: whose, its name, and the histogram (µs) it is drawn from."""

    transport: str
    label: str
    histogram: HdrHistogram

    def within_ms(self, percent: float) -> float:
        """The latency in ms that `percent` of the messages do not exceed."""
        return self.histogram.get_value_at_percentile(percent) / 1000


@styled
def latency_distribution(
    runs: pd.DataFrame, machine: Mapping[str, Any], folder: str | os.PathLike[str], experiment: str = "real-feed"
) -> Chart:
    """The share of messages that are later than a given latency, both axes logarithmic, from merged histograms.

    A line per transport; in `latency` one per poll interval. Invalid runs are thin and dotted.
    """
    mine = usual(
        of_experiment(runs, experiment),
        ["rtt_ms", "rate_hz", "payload_bytes", "clients", "header_profile", "keep_alive"],
    )
    lines = _lines(table.valid(mine), folder)
    title, alt = _distribution_finding(lines), _distribution_alt(lines)
    note = invalid_note(mine, "drawn dotted, not merged in")
    figure = frame(title, conditions(mine, machine) + note)
    axes = figure.subplots()
    for line in _lines(table.invalid(mine), folder, strict=False):
        axes.plot(*_later_than(line.histogram), color=TABLE[line.transport].colour, linewidth=1.2, linestyle=":")
    for line in lines:
        axes.plot(*_later_than(line.histogram), color=TABLE[line.transport].colour, drawstyle="steps-post")
    _distribution_axis(axes, lines)
    _name_lines(axes, lines)
    settle(figure)
    name = "latency_by_poll_interval" if experiment == "latency" else "latency_distribution"
    return Chart(name, figure, title, alt)


def _lines(runs: pd.DataFrame, folder: str | os.PathLike[str], strict: bool = True) -> list[Line]:
    """A line per transport, and per poll interval or hold where those vary.

    Without `strict`, runs that have no histogram are passed over.
    """
    lines = []
    for transport in TABLE:
        mine = runs[runs["transport"] == transport]
        own = summary.varying(mine, TABLE[transport].own)
        for _, group in summary.groups(mine, own):
            run_ids = [name for name in group["run_id"] if strict or (Path(folder, "latency", f"{name}.hdr")).is_file()]
            words = summary.describe(table.records(group)[0], own)
            histogram = table.latencies(folder, run_ids)
            if histogram.get_total_count():
                lines.append(Line(transport, f"{TABLE[transport].title}\n{words}".strip(), histogram))
    if strict and not lines:
        raise NotMeasured("the latency histograms of these runs are empty")
    return lines


def _later_than(histogram: HdrHistogram) -> tuple[np.ndarray, np.ndarray]:
    """Latency in ms, and the share of messages later than it; the last point stands at the last message's own share."""
    total = histogram.get_total_count()
    steps = [
        (i.value_iterated_to / 1000, 1 - i.total_count_to_this_value / total) for i in histogram.get_recorded_iterator()
    ]
    latency, share = np.array([(steps[0][0], 1.0), *steps]).T
    return latency, np.maximum(share, 1 / total)


def _distribution_axis(axes: Axes, lines: list[Line]) -> None:
    fastest, slowest = (
        max(min(line.within_ms(0.1) for line in lines), 0.001),
        max(line.within_ms(100) for line in lines),
    )
    fewest = 1 / max(line.histogram.get_total_count() for line in lines)
    axes.set(xscale="log", yscale="log", xlim=(fastest / 4, slowest * 2.2), ylim=(max(fewest, 1e-4) * 0.8, 1.25))
    axes.set(xlabel="latency, milliseconds", ylabel="messages later than that")
    axes.xaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.yaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda value, _: f"{100 * value:,g} %"))
    axes.minorticks_off()


def _name_lines(axes: Axes, lines: list[Line]) -> None:
    """Each line's name on the side with more room, siblings' on the left; the names step down the axis."""
    ordered = sorted(lines, key=lambda line: line.within_ms(50))
    for place, line in enumerate(ordered):
        share = axes.get_ylim()[0] ** (0.85 - 0.68 * place / max(len(ordered) - 1, 1))
        latency = line.within_ms(100 * (1 - share))
        others = [other.within_ms(100 * (1 - share)) for other in ordered if other != line]
        left = "\n" in line.label or _more_room_left(axes, latency, others)
        axes.annotate(
            _name(line, ordered),
            (latency, share),
            (-10 if left else 10, 0),
            textcoords="offset points",
            ha="right" if left else "left",
            va="center",
            color=TABLE[line.transport].colour,
            fontsize=12,
            fontweight="bold",
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1},
        )


def _name(line: Line, ordered: list[Line]) -> str:
    """A line's name; of siblings the first is named in full, the others by what makes them different."""
    if "\n" not in line.label:
        return f"{line.label}\nhalf within {milliseconds(line.within_ms(50))} ms"
    first = next(other for other in ordered if other.transport == line.transport)
    return line.label if line == first else line.label.split("every ")[-1]


def _more_room_left(axes: Axes, latency: float, others: list[float]) -> bool:
    lower, upper = axes.get_xlim()
    below = max([other for other in others if other <= latency], default=lower)
    above = min([other for other in others if other > latency], default=upper)
    return latency / below > above / latency


def _distribution_finding(lines: list[Line]) -> str:
    """The median latency by each transport, as a span where one has several lines."""
    words = []
    for transport in dict.fromkeys(line.transport for line in lines):
        medians = [milliseconds(line.within_ms(50)) for line in lines if line.transport == transport]
        span = medians[0] if len(medians) == 1 else f"{medians[0]} to {medians[-1]}"
        words.append(f"{span}\u00a0ms by {TABLE[transport].words.removeprefix('a ')}")
    return "The median message takes " + listed(words)


def _distribution_alt(lines: list[Line]) -> str:
    parts = [
        f"{line.label.replace(chr(10), ' ')}: half within {milliseconds(line.within_ms(50))} ms, 99 % within "
        f"{milliseconds(line.within_ms(99))} ms, the last after {milliseconds(line.within_ms(100))} ms"
        for line in lines
    ]
    return "Curves of the share of messages later than a given latency, on logarithmic axes. " + "; ".join(parts) + "."


# --- over clients ----------------------------------------------------------------------------------------------------


@styled
def latency_and_cpu_over_clients(runs: pd.DataFrame, machine: Mapping[str, Any]) -> Chart:
    """Latency (ms) and the server's CPU time per delivery (µs) against the number of clients, from `scale`.

    Lines go through the medians of the valid repeats; invalid runs are hollow, crossed and on no line.
    """
    mine = usual(
        of_experiment(runs, "scale"),
        ["rate_hz", "payload_bytes", "poll_interval_s", "rtt_ms", "header_profile", "hold_s"],
    )
    if mine["clients"].nunique() < 2:
        raise NotMeasured("the experiment `scale` was run with one number of clients only")
    title, alt = _scale_finding(mine), _scale_alt(mine)
    note = invalid_note(mine, "hollow and crossed, on no line")
    figure = frame(title, conditions(mine, machine) + note)
    left, right = figure.subplots(1, 2)
    left.set(title="Latency, ms: half within (bold), 99\u00a0% (thin)", yscale="log")
    right.set(title="Server CPU for each message, µs")
    for transport, own in mine.groupby("transport"):
        _over_clients(left, own, "latency_p50_ms", TABLE[str(transport)].colour)
        _over_clients(left, own, "latency_p99_ms", TABLE[str(transport)].colour, thin=True)
        _over_clients(right, own, "server_cpu_us_per_delivery", TABLE[str(transport)].colour)
    _clients_axis(left, mine)
    _clients_axis(right, mine)
    right.set_ylim(bottom=0)
    left.margins(y=0.14)
    settle(figure)
    _name_ends(left, mine, "latency_p50_ms")
    _name_ends(right, mine, "server_cpu_us_per_delivery")
    return Chart("latency_and_cpu_over_clients", figure, title, alt)


def _over_clients(axes: Axes, runs: pd.DataFrame, name: str, colour: str, thin: bool = False) -> None:
    transport = runs["transport"].iloc[0]
    middle = _medians(runs, name)
    axes.plot(
        middle.index, middle, color=colour, linewidth=1.2 if thin else 3, marker="" if thin else TABLE[transport].marker
    )
    bad = table.invalid(runs).dropna(subset=[name, "clients"])
    if not thin and len(bad):
        x, y = bad["clients"].astype("float64"), bad[name].astype("float64")
        axes.plot(x, y, TABLE[transport].marker, color=colour, markerfacecolor="white", markersize=11, linestyle="")
        axes.plot(x, y, "x", color=colour, markersize=7, linestyle="")


def _medians(runs: pd.DataFrame, name: str) -> pd.Series:
    """The median over the valid repeats, by number of clients."""
    good = table.valid(runs).dropna(subset=["clients", name])
    return good.groupby(good["clients"].astype("int64"))[name].median().astype("float64")


def _clients_axis(axes: Axes, runs: pd.DataFrame) -> None:
    counts = sorted({int(count) for count in runs["clients"].dropna()})
    span = max(counts[-1] / counts[0], 2)
    axes.set(xscale="log", xlabel="clients", xlim=(counts[0] / span**0.04, counts[-1] * span**0.55))
    shown: list[int] = []
    for count in reversed(counts):
        if not shown or shown[-1] / count >= span**0.16:
            shown.append(count)
    axes.set_xticks(shown, [f"{count:,}" for count in shown])
    axes.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
    axes.yaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.yaxis.set_minor_locator(matplotlib.ticker.NullLocator())


def _name_ends(axes: Axes, runs: pd.DataFrame, name: str) -> None:
    """Each transport's name right of its last point, pushed apart where two end close together."""
    last = runs["clients"].dropna().max()
    ends = {}
    for transport in TABLE:
        mine = runs[runs["transport"] == transport].dropna(subset=["clients", name])
        if len(mine):
            ends[transport] = mine[mine["clients"] == mine["clients"].max()][name].median()
    lowest = -np.inf
    for transport, value in sorted(ends.items(), key=lambda end: end[1]):
        height = axes.transData.transform((last, value))[1]
        push = max(0.0, lowest - height)
        axes.annotate(TABLE[transport].title, (last, value), (12, push * 72 / axes.figure.dpi), va="center",
                      textcoords="offset points", color=TABLE[transport].colour, fontweight="bold")  # fmt: skip
        lowest = height + push + 20


def _scale_finding(runs: pd.DataFrame) -> str:
    """The server's CPU time per message at the largest number of clients that all transports served validly."""
    by_transport = {
        name: _medians(runs[runs["transport"] == name], "server_cpu_us_per_delivery") for name in TABLE
    }
    there = {name: series for name, series in by_transport.items() if len(series)}
    shared = set.intersection(*(set(series.index) for series in there.values())) if there else set()
    if len(there) < 2 or not shared:
        raise NotMeasured("no number of clients was served validly by two transports")
    clients = max(shared)
    cost = {name: series[clients] for name, series in there.items()}
    dear, cheap = max(cost, key=cost.__getitem__), min(cost, key=cost.__getitem__)
    return (
        f"With {clients:,} clients, {TABLE[dear].words} costs the server {times(cost[dear] / cost[cheap])} times "
        f"the CPU of {TABLE[cheap].words} for each message"
    )


def _scale_alt(runs: pd.DataFrame) -> str:
    parts = []
    for name in TABLE:
        mine = runs[runs["transport"] == name]
        latency, cpu = _medians(mine, "latency_p50_ms"), _medians(mine, "server_cpu_us_per_delivery")
        parts += [f"{TABLE[name].title} with {n:,} clients: half within {milliseconds(latency[n])} ms, "
                  f"{summary.number(cpu[n])} µs" for n in latency.index.intersection(cpu.index)]  # fmt: skip
    return (
        "Two panels of lines over the number of clients: latency, and server CPU per message. " + "; ".join(parts) + "."
    )


# --- all of them -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Skipped:
    """A chart that this folder cannot give, and why."""

    name: str
    reason: str


def draw_all(folder: str | os.PathLike[str]) -> tuple[list[Chart], list[Skipped]]:
    """Every chart the runs in `folder` can give, and those they cannot. Raises TableError for a folder without runs."""
    runs, machine = table.read_runs(folder), table.read_machine(folder)
    volume, feed = _first(runs, "overhead", "workload"), _first(runs, "real-feed", "workload")
    recipes: dict[str, Callable[[], Chart]] = {
        "bytes_per_delivery": lambda: bytes_per_delivery(runs, machine, volume),
        "latency_distribution": lambda: latency_distribution(runs, machine, folder, feed),
        "latency_by_poll_interval": lambda: latency_distribution(runs, machine, folder, "latency"),
        "latency_and_cpu_over_clients": lambda: latency_and_cpu_over_clients(runs, machine),
    }
    drawn, skipped = [], []
    for name, draw in recipes.items():
        try:
            drawn.append(draw())
        except NotMeasured as reason:
            skipped.append(Skipped(name, str(reason)))
    return drawn, skipped


def _first(runs: pd.DataFrame, *experiments: str) -> str:
    """The first of these experiments that was run; an engineer's own workload takes the place of the lab's."""
    return next((name for name in experiments if (runs["experiment"] == name).any()), experiments[0])


def save_all(folder: str | os.PathLike[str]) -> list[Path]:
    """Draw every chart that `folder` can give into `folder/charts/`; returns the paths written."""
    return save(draw_all(folder)[0], folder)


def save(charts: Iterable[Chart], folder: str | os.PathLike[str]) -> list[Path]:
    """Write these charts to `folder/charts/`, each as PNG and as SVG; returns the paths written."""
    paths = []
    (Path(folder) / "charts").mkdir(exist_ok=True)
    for chart in charts:
        for ending, content in (("png", png(chart)), ("svg", svg(chart).encode())):
            paths.append(Path(folder) / "charts" / f"{chart.name}.{ending}")
            paths[-1].write_bytes(content)
    return paths
