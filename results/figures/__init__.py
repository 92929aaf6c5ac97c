"""One file a figure: from the runs to a chart whose title says what was found.

Each takes the runs (as `results.table.read_runs` gives them) and what stands in machine.json, and returns a Chart. It
raises NotMeasured if the runs do not have what it shows. No pyplot: a figure belongs to its caller.
"""

from __future__ import annotations

import html
import os
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from results.figures.at_the_limit import cores_over_clients
from results.figures.beside_an_upload import beside_an_upload
from results.figures.both_ways import both_ways
from results.figures.bytes_per_delivery import bytes_per_delivery, bytes_wrapped
from results.figures.connections import cost_of_a_connection
from results.figures.decision import which_transport
from results.figures.heads_compressed import heads_compressed
from results.figures.held_requests import held_requests
from results.figures.latency_and_overhead import latency_and_overhead
from results.figures.latency_distribution import latency_distribution
from results.figures.latency_split import latency_split
from results.figures.latency_tail import latency_tail
from results.figures.layout import Chart, png
from results.figures.layout import for_a_talk as for_a_talk
from results.figures.message_over_rate import message_over_rate
from results.figures.outages import recovery_after_a_break
from results.figures.over_clients import latency_and_cpu_over_clients
from results.figures.over_link_rate import header_bytes_over_link_rate
from results.figures.over_loss import behind_a_lost_packet, latency_over_loss
from results.figures.over_processes import deliveries_over_processes
from results.figures.over_rate import overhead_over_rate
from results.figures.over_round_trip import latency_over_round_trip
from results.figures.quantum_leap import quantum_leap
from results.figures.server_sent_events import server_sent_events
from results.figures.slow_start import round_trips_by_size
from results.figures.upstream import sending
from results.select import NotMeasured
from results.table import Results

TOLD_IN_SVG = re.compile(r"<title>(.*?)</title>\s*<desc>(.*?)</desc>", re.DOTALL)


@dataclass(frozen=True)
class Skipped:
    """A chart that this folder cannot give, and why."""

    name: str
    reason: str


def recipes(results: Results) -> dict[str, Callable[[], Chart]]:
    """How each chart is drawn from the results, by its name; NotMeasured where they cannot give it."""
    folder, runs, machine = results.folder, results.runs, results.machine
    observations = results.observations
    volume, feed = _first(runs, "overhead", "workload"), _first(runs, "real-feed", "workload")
    return {
        "latency_and_overhead": lambda: latency_and_overhead(runs, machine, _first(runs, "latency", "workload")),
        "bytes_per_delivery": lambda: bytes_per_delivery(runs, machine, volume),
        "bytes_wrapped": lambda: bytes_wrapped(runs, machine),
        "overhead_over_rate": lambda: overhead_over_rate(runs, machine),
        "message_over_rate": lambda: message_over_rate(runs, machine),
        "quantum_leap": lambda: quantum_leap(runs, machine),
        "heads_compressed": lambda: heads_compressed(observations, machine),
        "server_sent_events": lambda: server_sent_events(runs, machine),
        "latency_distribution": lambda: latency_distribution(runs, machine, folder, feed),
        "latency_tail": lambda: latency_tail(runs, machine, folder, feed),
        "latency_over_round_trip": lambda: latency_over_round_trip(runs, machine),
        "held_requests": lambda: held_requests(runs, machine),
        "latency_split": lambda: latency_split(runs, machine),
        "header_bytes_over_link_rate": lambda: header_bytes_over_link_rate(runs, machine),
        "latency_over_loss": lambda: latency_over_loss(runs, machine, folder),
        "behind_a_lost_packet": lambda: behind_a_lost_packet(runs, machine, folder),
        "round_trips_by_size": lambda: round_trips_by_size(runs, machine),
        "beside_an_upload": lambda: beside_an_upload(runs, machine),
        "cost_of_a_connection": lambda: cost_of_a_connection(runs, machine),
        "sending": lambda: sending(runs, machine),
        "both_ways": lambda: both_ways(runs, machine),
        "recovery_after_a_break": lambda: recovery_after_a_break(runs, machine),
        "latency_and_cpu_over_clients": lambda: latency_and_cpu_over_clients(runs, machine),
        "cores_over_clients": lambda: cores_over_clients(runs, machine),
        "deliveries_over_processes": lambda: deliveries_over_processes(machine),
        "which_transport": lambda: which_transport(runs, machine),
    }


def draw_all(results: Results, only: Collection[str] | None = None) -> tuple[list[Chart], list[Skipped]]:
    """Every chart that the results can give, or those named alone, and those they cannot."""
    drawn, skipped = [], []
    for name, draw in recipes(results).items():
        if only is not None and name not in only:
            continue
        try:
            drawn.append(draw())
        except NotMeasured as reason:
            skipped.append(Skipped(name, str(reason)))
    return drawn, skipped


@dataclass(frozen=True)
class Saved:
    """A chart as `save` has written it before: its title and alternative text stand in its SVG."""

    name: str
    title: str
    alt: str
    svg: str


def borrowed(skipped: Iterable[Skipped], folder: Path) -> list[Saved]:
    """The charts that could not be drawn, as they lie in another folder of results, as far as it has them."""
    paths = [folder / "charts" / f"{skip.name}.svg" for skip in skipped]
    return [_saved(path) for path in paths if path.exists()]


def _saved(path: Path) -> Saved:
    svg = path.read_text(encoding="utf-8")
    title, alt = (html.unescape(part) for part in re.search(TOLD_IN_SVG, svg).groups())  # type: ignore[union-attr]
    return Saved(path.stem, title, alt, svg)


def _first(runs: pd.DataFrame, *experiments: str) -> str:
    """The first of these experiments that was run; an engineer's own workload takes the place of the lab's."""
    return next((name for name in experiments if (runs["experiment"] == name).any()), experiments[0])


def save(charts: Iterable[Chart], folder: str | os.PathLike[str], room: str = "charts") -> list[Path]:
    """Write these charts to `folder/charts/`, or another room, each as PNG and as SVG; returns the paths written."""
    paths = []
    (Path(folder) / room).mkdir(exist_ok=True)
    for chart in charts:
        for ending, content in (("png", png(chart)), ("svg", chart.svg.encode())):
            paths.append(Path(folder) / room / f"{chart.name}.{ending}")
            paths[-1].write_bytes(content)
    return paths
