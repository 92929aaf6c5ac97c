"""The error of the path of packets: `python -m loadtests.calibration` measures round trips, loss, rate and CPU.

Nothing is subtracted: what client, server and kernel take is part of every number.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median

from rich.console import Console
from rich.table import Table

from loadtests.calibration.probes import DATAGRAM_BYTES, FRAME_AROUND_UDP
from loadtests.packets.devices import NoNamespaces
from loadtests.runs.cpu import cpu_seconds
from loadtests.runs.packet_path import START_TIMEOUT, PacketPath
from loadtests.runs.processes import Child, RunFailed, start
from loadtests.runs.progress import progress_bar
from results.arguments import Parser

ROUND_TRIPS_MS = (0.0, 20.0, 50.0)
MEDIAN_WITHIN_MS, P99_WITHIN_MS, CONNECT_WITHIN_MS, RATE_WITHIN = 0.3, 1.5, 0.5, 0.01
LOSS_PERCENT, LOSS_PACKETS, LOSS_PER_SECOND = 1.0, 20_000, 4_000.0
RATE_MBIT, RATE_PACKETS = 10.0, 3_000
NEVER_SLOWER = 1e9  # datagrams a second: as fast as they can be sent
PAUSE_S = 0.003
OTHERS_S = 14.0  # that loss, rate and CPU take
WAIT = 120.0  # seconds for one measurement


@dataclass(frozen=True)
class Row:
    """The value asked for and the value measured, in a unit; how near it has to be, None for any."""

    what: str
    asked: float
    measured: float
    unit: str
    within: float | None

    @property
    def met(self) -> bool:
        return self.within is None or abs(self.measured - self.asked) <= self.within


class Bench:
    """A path with probes at its ends; `begin` is called with each step and its seconds."""

    def __init__(self, children: ExitStack, begin: Callable[[str, float], object] = lambda step, seconds: None) -> None:
        self._begin = begin
        self.path = PacketPath(children)
        probes = ["-m", "loadtests.calibration.probes"]
        self.far = self.path.start_at(self.path.far, "the far probe", [*probes, "far", self.path.address])
        self.far.expect("listening", START_TIMEOUT)
        self.near = self.path.start_at(self.path.near, "the near probe", [*probes, "near", self.path.address])
        self.near.expect("ready", START_TIMEOUT)

    def measure(self, do: str, **options: float) -> list[float]:
        """What the near probe measures."""
        self.near.send(do=do, **options)
        found: list[float] = self.near.expect("measured", WAIT, [self.far])
        return found

    def round_trips(self, load: str, samples: int) -> list[Row]:
        """By ICMP, by TCP and for a connect, at each round trip; all in ms."""
        rows = []
        for asked in ROUND_TRIPS_MS:
            self._begin(f"round trips of {asked:g} ms, {load}", seconds(samples, asked))
            self.path.send(delay=asked / 2)
            bounded = load == "idle" and asked > 0  # without a delay nothing but the machine is measured
            for kind in ("icmp", "tcp"):
                times = sorted(1000 * each for each in self.measure(kind, count=samples, pause=PAUSE_S))
                words, p99 = f"{kind.upper()} round trip, {load}", times[int(0.99 * len(times))]
                rows.append(Row(f"{words}, median", asked, median(times), "ms", MEDIAN_WITHIN_MS if bounded else None))
                rows.append(Row(f"{words}, p99", asked, p99, "ms", P99_WITHIN_MS if bounded else None))
            took = median(1000 * each for each in self.measure("connect", count=max(samples // 5, 20)))
            rows.append(Row(f"connect, {load}, median", asked, took, "ms", CONNECT_WITHIN_MS if bounded else None))
        self.path.send(delay=0)
        return rows

    def loss(self) -> list[Row]:
        """The share that is lost, and what comes out of order."""
        self._begin("loss", LOSS_PACKETS / LOSS_PER_SECOND + 1)
        self.path.send(loss=LOSS_PERCENT)
        came, _, disordered = self.measure("datagrams", count=LOSS_PACKETS, per_second=LOSS_PER_SECOND)
        self.path.send(loss=0)
        share = LOSS_PERCENT / 100
        half = 1.96 * math.sqrt(share * (1 - share) / LOSS_PACKETS)  # the binomial's 95 %
        lost = 100 * (1 - came / LOSS_PACKETS)
        return [Row(f"loss of {LOSS_PACKETS:,} packets", LOSS_PERCENT, lost, "%", 100 * half),
                Row("packets out of order", 0, disordered, "", 0)]  # fmt: skip

    def rate(self) -> Row:
        """The rate at which frames come through a slow path."""
        self._begin("rate", 4)
        self.path.send(mbit=RATE_MBIT)
        came, seconds, _ = self.measure("datagrams", count=RATE_PACKETS, per_second=NEVER_SLOWER)
        self.path.send(mbit=0)
        measured = (came - 1) * (DATAGRAM_BYTES + FRAME_AROUND_UDP) * 8 / seconds / 1e6
        return Row("rate", RATE_MBIT, measured, "Mbit/s", RATE_WITHIN * RATE_MBIT)

    def cost(self) -> list[Row]:
        """CPU per packet of the path's process, and the packets a second at which one core is full."""
        self._begin("CPU of a packet", LOSS_PACKETS / 2 / LOSS_PER_SECOND + 1)
        before = cpu_seconds(self.path.pid)
        counted = sum(each["passed"] for each in self.path.counts().values())
        self.measure("datagrams", count=LOSS_PACKETS // 2, per_second=LOSS_PER_SECOND)
        packets = sum(each["passed"] for each in self.path.counts().values()) - counted
        micros = (cpu_seconds(self.path.pid) - before) / packets * 1e6
        return [Row("CPU of a packet", 0, micros, "µs", None), Row("a core is full at", 0, 1e6 / micros, "/s", None)]


def seconds(samples: int, asked_ms: float) -> float:
    """How long the round trips of one length take: by ICMP, by TCP, and some connects."""
    return samples * 2.2 * (PAUSE_S + asked_ms / 1000)


def calibrate(samples: int, console: Console) -> list[Row]:
    """All rows; NoNamespaces or RunFailed if it cannot be done."""
    total = 2 * sum(seconds(samples, each) for each in ROUND_TRIPS_MS) + OTHERS_S
    with progress_bar(console, total) as bar, ExitStack() as children:
        bench = Bench(children, bar.begin)
        rows = bench.round_trips("idle", samples) + bench.loss() + [bench.rate(), *bench.cost()]
        for _ in range(max((os.cpu_count() or 1) - 1, 1)):
            busy(children)
        return rows + bench.round_trips("busy", samples)


def busy(children: ExitStack) -> Child:
    """Keep a core busy."""
    child = start(children, "a busy process", ["-m", "loadtests.link.pings", "spin"])
    child.expect("spinning", START_TIMEOUT)
    return child


def table(rows: list[Row]) -> Table:
    shown = Table(title="The path of packets", box=None, padding=(0, 2, 0, 0), title_justify="left")
    for heading in ("what", "asked", "measured", "unit", "as wanted"):
        shown.add_column(heading, justify="right" if heading in ("asked", "measured") else "left", no_wrap=True)
    for each in rows:
        verdict = "" if each.within is None else "yes" if each.met else f"no: within {each.within:.2g}"
        shown.add_row(each.what, f"{each.asked:g}", f"{each.measured:,.2f}", each.unit, verdict)
    return shown


def main(argv: list[str] | None = None) -> int:
    p: argparse.ArgumentParser = Parser(prog="python -m loadtests.calibration", description=__doc__)
    p.add_argument("--samples", type=int, default=500, help="round trips of each kind (500)")
    args = p.parse_args(argv)
    try:
        rows = calibrate(args.samples, Console())
    except (NoNamespaces, RunFailed) as error:
        print(f"packets: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    Console(width=100).print(table(rows))
    return int(not all(each.met for each in rows))


if __name__ == "__main__":
    sys.exit(main())
