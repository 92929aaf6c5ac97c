"""The delay line's own error: `python -m loadtests calibration` measures it with small pings through a link.

Every number is a ROUND TRIP: 20 ms asked is a link of 10 ms each way. Nothing is subtracted: the time that client, echo
server and loopback take has a row of its own, and is part of all other rows.
"""

import csv
import io
import json
import os
import sys
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hdrh.histogram import HdrHistogram
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from loadtests.runs.machine import machine
from loadtests.runs.measure import START_TIMEOUT, pass_time
from loadtests.runs.partial import PartialFolder
from loadtests.runs.processes import Child, RunFailed, start
from loadtests.runs.progress import Bar, progress_bar
from results.table import write_text

ASKED_MS = (0.0, 5.0, 20.0, 50.0, 100.0)  # round trips
SAMPLES = {"quick": 300, "standard": 1000, "full": 3000}
MEDIAN_WITHIN_MS, P99_WITHIN_MS = 1.0, 5.0  # of the round trip asked, on an idle machine
SPACING = 0.011  # seconds from ping to ping, about
SHORTEST = 0.0075
LINK = "the delay line"


@dataclass(frozen=True)
class Row:
    """What was measured under one load for one round trip asked; None for the path without the link."""

    load: str
    asked_ms: float | None
    median_ms: float
    p99_ms: float
    max_ms: float

    @property
    def median_error_ms(self) -> float | None:
        return None if self.asked_ms is None else self.median_ms - self.asked_ms

    @property
    def p99_error_ms(self) -> float | None:
        return None if self.asked_ms is None else self.p99_ms - self.asked_ms

    @property
    def met(self) -> bool:
        """Whether it keeps the bounds; the path without the link has none."""
        if self.median_error_ms is None or self.p99_error_ms is None:
            return True
        return abs(self.median_error_ms) <= MEDIAN_WITHIN_MS and abs(self.p99_error_ms) <= P99_WITHIN_MS


COLUMNS = ("load", "asked_ms", "median_ms", "median_error_ms", "p99_ms", "p99_error_ms", "max_ms")


class Bench:
    """An echo server and a client, which measure one path after another."""

    def __init__(self, children: ExitStack, samples: int, bar: Bar) -> None:
        self.samples, self.bar = samples, bar
        self._echo = start(children, "the echo server", ["-m", "loadtests.link.pings", "echo"])
        self._client = start(children, "the pinging client", ["-m", "loadtests.link.pings", "client"])
        self._to = address(self._echo)

    def measure(self, load: str, asked_ms: float | None) -> Row:
        """Ping through a link of its own, or straight; RunFailed if a process ends or is silent."""
        self.bar.begin(f"{load}: {named(asked_ms)}", seconds(asked_ms, self.samples))
        with ExitStack() as children:
            path = [] if asked_ms is None else [start(children, LINK, link_arguments(self._to, asked_ms))]
            trips = self._ping(address(path[0]) if path else self._to, period(asked_ms or 0.0), path)
        return row(load, asked_ms, trips)

    def _ping(self, to: str, spacing: float, path: list[Child]) -> list[float]:
        self._client.send(url=to, count=self.samples, period=spacing)
        pass_time(self.samples * spacing, [*path, self._echo, self._client], self.bar.advance)
        return self._client.expect("round_trips", START_TIMEOUT)


def address(child: Child) -> str:
    """The URL that a child says once it is bound."""
    return str(child.expect("url", START_TIMEOUT))


def link_arguments(to: str, asked_ms: float) -> list[str]:
    return ["-m", "loadtests.link", "--controlled", "--to", to, "--delay-ms", str(asked_ms / 2)]


def period(asked_ms: float) -> float:
    """Return the seconds between two pings at which pings do not disturb each other.

    The link handles each ping one delay and two delays after it was sent. With this period these moments are a third of
    a period apart, for any number of pings under way. Below the shortest period one ping ends before the next begins.
    """
    one_way = asked_ms / 2000
    return max(one_way / (round(one_way / SPACING) + 1 / 3), SHORTEST)


def seconds(asked_ms: float | None, samples: int) -> float:
    """How long one row takes."""
    return samples * period(asked_ms or 0.0)


def row(load: str, asked_ms: float | None, trips: list[float]) -> Row:
    """The row of `trips` in seconds."""
    histogram = HdrHistogram(1, 60_000_000, 4)  # in microseconds; three digits would be off by 0.1 ms at 100 ms
    for trip in trips:
        histogram.record_value(round(trip * 1e6))
    median, p99 = (histogram.get_value_at_percentile(percent) / 1000 for percent in (50, 99))
    return Row(load, asked_ms, median, p99, histogram.get_max_value() / 1000)


def measure(samples: int, console: Console, asked: tuple[float, ...] = ASKED_MS) -> list[Row]:
    """All rows: when nothing else runs, then with the other cores busy."""
    paths = (None, *asked)
    with progress_bar(console, 2 * sum(seconds(path, samples) for path in paths)) as bar, ExitStack() as children:
        bench = Bench(children, samples, bar)
        rows = [bench.measure("idle", path) for path in paths]
        for _ in range(busy_cores()):
            start(children, "a busy process", ["-m", "loadtests.link.pings", "spin"]).expect("spinning", START_TIMEOUT)
        return rows + [bench.measure("busy", path) for path in paths]


def busy_cores() -> int:
    """All but one; a machine of one core shares it."""
    return max(1, (os.cpu_count() or 1) - 1)


# ---- Reports


def named(asked_ms: float | None) -> str:
    return "no link" if asked_ms is None else f"{asked_ms:g} ms"


def table(rows: list[Row], samples: int) -> Table:
    """The rows as a table, no number of which may be wrapped."""
    busy = f"beside processes that never wait, {busy_cores()} on {os.cpu_count()} cores"
    caption = f"{samples} pings a row, on one connection. Busy: {busy}."
    shown = Table(title="Round trips through the delay line (both ways together), in ms", caption=caption, box=None,
                  padding=(0, 1, 0, 0), title_justify="left", caption_justify="left")  # fmt: skip
    for heading in ("load", "round trip\nasked", "median", "error of\nthe median", "p99", "error\nat p99", "max"):
        shown.add_column(heading, justify="left" if heading == "load" else "right", vertical="bottom", no_wrap=True)
    for each in rows:
        times = (f"{each.median_ms:.2f}", signed(each.median_error_ms), f"{each.p99_ms:.2f}")
        shown.add_row(each.load, named(each.asked_ms), *times, signed(each.p99_error_ms), f"{each.max_ms:.2f}")
    return shown


def least_width(shown: Table) -> int:
    """Columns in which no number is cut."""
    boundless = Console(width=1000)
    return Measurement.get(boundless, boundless.options, shown).maximum


def signed(error_ms: float | None) -> str:
    return "" if error_ms is None else f"{error_ms:+.2f}"


def missed(rows: list[Row]) -> list[str]:
    """Where the bounds are not kept although the machine was left alone."""
    return [named(each.asked_ms) for each in rows if each.load == "idle" and not each.met]


def write(rows: list[Row], folder: Path, profile: str) -> None:
    """Leave calibration.csv and machine.json in `folder`, which appears when both are whole.

    The columns are the table's, in milliseconds; `asked_ms` and the errors are empty for the path without the link.
    """
    partial = PartialFolder(folder)
    partial.begin()
    write_text(partial.path / "calibration.csv", as_csv(rows))
    write_text(partial.path / "machine.json", json.dumps(machine(profile), indent=1))
    partial.publish()


def as_csv(rows: list[Row]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([cell(getattr(each, column)) for column in COLUMNS] for each in rows)
    return text.getvalue()


def cell(value: Any) -> str:
    return "" if value is None else f"{value:.3f}" if isinstance(value, float) else value


def print_result(rows: list[Row], samples: int, console: Console) -> int:
    """Print the table and whether it is as good as wanted; return the exit status."""
    shown = table(rows, samples)
    Console(width=max(console.width, least_width(shown))).print(shown)
    bad = missed(rows)
    wanted = f"median within {MEDIAN_WITHIN_MS:g} ms of the round trip asked, p99 within {P99_WITHIN_MS:g} ms"
    print(f"Wanted when idle: {wanted}. {'Not met' if bad else 'Met'}.")
    if bad:
        print(f"loadtests: the delay line is less exact than wanted at {', '.join(bad)}: was the machine idle?",
              file=sys.stderr)
    return 1 if bad else 0


def calibrate(profile: str, folder: Path | None, console: Console) -> int:
    """Measure, tell, and write to `folder` if there is one; return the exit status. Taken if another writes there."""
    samples = SAMPLES[profile]
    try:
        with PartialFolder(folder).held() if folder else nullcontext():
            rows = measure(samples, console)
            if folder:
                write(rows, folder, profile)
            return print_result(rows, samples, console)
    except (RunFailed, OSError) as error:
        print(f"loadtests: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("loadtests: interrupted; a calibration starts from the beginning", file=sys.stderr)
        return 130
