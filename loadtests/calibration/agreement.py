"""Whether the delay line and the path of packets agree: the same runs over both, cell by cell.

`python -m loadtests.calibration.agreement` takes six minutes. Without loss both have the same delay. Packets also have
segments, a congestion window, and handshakes that are made and not charged. What is compared is how much later messages
come than the model says. The model takes each run's own publication times, because where long polls fall among the
messages is chance. A long-polling client that is away a little longer meets other messages, so the model takes the time
away that was measured. What that time itself adds, on average over all arrivals, is part of the difference.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from rich.console import Console
from rich.table import Table

from loadtests.arguments import number
from loadtests.experiments.run import PACKETS, RELAY, Run, with_whole_intervals
from loadtests.packets.devices import NoNamespaces, check_possible
from loadtests.runs.floor import expected_s
from loadtests.runs.measure import measure_run
from loadtests.runs.processes import RunFailed
from loadtests.runs.progress import Bar, progress_bar
from loadtests.runs.row import row
from loadtests.runs.tally import Tally
from results.arguments import Parser
from results.model import connection_mode, long_polling_mean, turnaround
from results.transports import COMPARED, TRANSPORTS

ROUND_TRIPS_MS = (20.0, 100.0)
CLIENTS, RATE_HZ, POLL_INTERVAL_S = 7, 10.0, 0.3075
"""Messages at an even rhythm of 0.1 s meet 40 polls of a client at 40 phases, 2.5 ms apart: chance has little part."""
WITHIN_MS, WITHIN = 1.0, 0.05


@dataclass(frozen=True)
class Cell:
    """One condition: its run over the delay line; over both paths the mean latency and what it is beyond the model's.

    Both in ms, and NaN for an invalid run.
    """

    run: Run
    means: dict[str, float]
    beyond: dict[str, float]

    @property
    def difference_ms(self) -> float:
        return self.beyond[PACKETS] - self.beyond[RELAY]

    @property
    def agrees(self) -> bool:
        """Whether the difference is small, or small beside the latency; not for an invalid run."""
        return abs(self.difference_ms) <= max(WITHIN_MS, WITHIN * self.means[RELAY])


def plan(seconds: float) -> Iterator[Run]:
    """The conditions; a WebSocket has no new connection for each request."""
    for rtt_ms, keep_alive, transport in product(ROUND_TRIPS_MS, (True, False), COMPARED):
        if keep_alive or TRANSPORTS[transport].asks:
            yield with_whole_intervals(
                Run("agreement", transport, clients=CLIENTS, rate_hz=RATE_HZ, poll_interval_s=POLL_INTERVAL_S,
                    rtt_ms=rtt_ms, keep_alive=keep_alive, header_profile="minimal", duration_s=seconds,
                    arrivals="even" if transport == "polling" else "poisson")
            )  # fmt: skip


def measured(run: Run, bar: Bar) -> Cell:
    """A run over both paths: the same messages, at the same moments."""
    means, beyond = {}, {}
    for path in (RELAY, PACKETS):
        over = Run(**run.parameters() | {"path": path})
        bar.begin(f"{run.transport}, {run.rtt_ms:g} ms, {path}", over.expected_s)
        with tempfile.TemporaryDirectory() as scratch:
            outcome = measure_run(over, Path(scratch), bar.advance)
        cells = row(over, outcome, 1)
        if not cells["valid"]:
            bar.note(f"invalid: {cells['invalid_reason']}")
        means[path] = cells["latency_mean_ms"] if cells["valid"] else math.nan
        beyond[path] = means[path] - 1000 * modelled_s(over, outcome.tally)
    return Cell(run, means, beyond)


def modelled_s(run: Run, tally: Tally) -> float:
    """The model's mean latency for these publication times, s; of a longer time away only the effect by chance."""
    away = float(turnaround(run.rtt_ms / 2000, connection_mode(run.keep_alive, run.tls)))
    longer = tally.absent_us / tally.absences / 1e6 - away if tally.absences else 0.0
    expected = expected_s(run, tally, longer)
    assert expected is not None, "a run without loss and fault has an expectation"
    return expected - (mean_wait(away + longer, run.rate_hz) - mean_wait(away, run.rate_hz))


def mean_wait(away_s: float, rate_hz: float) -> float:
    """How long a message waits for a long-polling client, s, on average over Poisson arrivals."""
    one_way = away_s / 2  # of a kept connection, whose client is away as long
    return float(long_polling_mean(one_way, rate_hz)) - one_way


def table(cells: list[Cell]) -> Table:
    title = "Mean latency, and how much of it is beyond the model's, ms"
    shown = Table(title=title, box=None, padding=(0, 2, 0, 0), title_justify="left")
    headings = ("delay line", "beyond", "packets", "beyond", "difference", "agree")
    for heading in ("transport", "round trip", "connections", *headings):
        shown.add_column(heading, justify="left" if heading in ("transport", "connections") else "right", no_wrap=True)
    for each in cells:
        connections = "kept" if each.run.keep_alive else "new"
        numbers = [f"{each.run.rtt_ms:g}", connections]
        for path in (RELAY, PACKETS):
            numbers += [f"{each.means[path]:.2f}", f"{each.beyond[path]:+.2f}"]
        shown.add_row(each.run.transport, *numbers, f"{each.difference_ms:+.2f}", "yes" if each.agrees else "no")
    return shown


def main(argv: list[str] | None = None) -> int:
    p: argparse.ArgumentParser = Parser(prog="python -m loadtests.calibration.agreement", description=__doc__)
    p.add_argument("--transport", choices=COMPARED, help="only this one")
    p.add_argument("--seconds", type=number(1, 600), default=12.0, help="of each run (12)")
    args = p.parse_args(argv)
    console = Console(width=100)
    try:
        check_possible()
        runs = [run for run in plan(args.seconds) if args.transport in (None, run.transport)]
        with progress_bar(console, 2 * sum(run.expected_s for run in runs)) as bar:
            cells = [measured(run, bar) for run in runs]
    except (NoNamespaces, RunFailed) as error:
        print(f"packets: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    console.print(table(cells))
    agree = sum(each.agrees for each in cells)
    console.print(f"{agree} of {len(cells)} agree within {WITHIN_MS:g} ms or {100 * WITHIN:g} %.")
    return int(agree < 0.9 * len(cells))


if __name__ == "__main__":
    sys.exit(main())
