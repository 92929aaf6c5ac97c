"""Clients that nothing happens to, for long: does the server take ever more of anything?"""

import statistics
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from loadtests.experiments.run import Run
from loadtests.runs.measure import locust_arguments
from loadtests.runs.processes import Child, start
from loadtests.runs.tally import Tally
from loadtests.soak.outcome import Outcome
from results.transports import COMPARED

RATE_HZ, HISTORY = 5.0, 200  # the history is full, and stays so, before it counts
START_TIMEOUT, DRAIN_TIMEOUT, SAMPLES = 60.0, 20.0, 60
MIB = 2**20


class Sample(NamedTuple):
    """What the server's process takes: bytes, descriptors, threads, greenlets."""

    rss: float
    descriptors: float
    threads: float
    greenlets: float


SLACK = Sample(rss=8 * MIB, descriptors=10, threads=0, greenlets=10)  # that noise may add, whatever the length


@dataclass
class Endurance:
    """What the server took in the middle third of the time, and in the last; what became of the clients."""

    before: Sample
    after: Sample
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def wrong(self) -> list[str]:
        """What must not be: a loss, or a figure that has grown by more than a twentieth and its slack."""
        figures = zip(Sample._fields, self.before, self.after, SLACK, strict=True)
        grown = [f"{name} grows" for name, was, now, slack in figures if now > was * 1.05 + slack]
        return [line for of in self.outcomes for line in of.wrong] + grown

    def figures(self) -> dict[str, Any]:
        """All of it as JSON has it."""
        clients = [asdict(of) for of in self.outcomes]
        return {"before": self.before._asdict(), "after": self.after._asdict(), "clients": clients}


def watch(clients: int, seconds: float, advance: Callable[[float], object]) -> Endurance:
    """Load the three servers with `clients` clients each for `seconds`; RunFailed if a process ends."""
    with ExitStack() as children:
        options = ["--source", "clock", "--rate", str(RATE_HZ), "--history", str(HISTORY), "--ports", "0,0,0"]
        server = start(children, "the server", ["-m", "servers", *options, "--controlled"])
        urls = server.expect("urls", START_TIMEOUT)
        runs = [Run("soak", name, clients=clients, rate_hz=RATE_HZ) for name in COMPARED]
        loads = [start(children, f"Locust, {run.transport},", locust_arguments(run, Path())) for run in runs]
        for load, name in zip(loads, COMPARED, strict=True):
            load.send(follow=urls[name])
        for load in loads:
            load.expect("ready", START_TIMEOUT, [server])
        server.send(do="start")
        samples, began = [], time.monotonic()
        for number in range(1, SAMPLES + 1):
            time.sleep(max(began + number * seconds / SAMPLES - time.monotonic(), 0))
            for load in loads:
                load.check()
            samples.append(sample(server))
            advance(seconds / SAMPLES)
        server.send(do="stop")
        last = server.expect("stopped_at", START_TIMEOUT)
        outcomes = [outcome(run, load, last, server) for run, load in zip(runs, loads, strict=True)]
        return Endurance(
            middle(samples[SAMPLES // 3 : 2 * SAMPLES // 3]), middle(samples[2 * SAMPLES // 3 :]), outcomes
        )


def outcome(run: Run, load: Child, last: int, server: Child) -> Outcome:
    """Let the clients of a transport go as soon as they have the last message; what became of them."""
    load.send(drain=last, within=DRAIN_TIMEOUT)
    tally = Tally.from_values(load.expect("tally", DRAIN_TIMEOUT + START_TIMEOUT, [server]))
    counts = {"lost": tally.lost, "repeated": tally.duplicated, "out of order": tally.out_of_order,
              "connections broken": tally.failures}  # fmt: skip
    wrong = [f"{run.transport}: {count:,} {what}" for what, count in counts.items() if count]
    return Outcome(run.transport, tally.clients, tally.clients * last - tally.lost, tally.gaps, wrong)


def sample(server: Child) -> Sample:
    process = psutil.Process(server.pid)
    server.send(do="count")
    return Sample(process.memory_info().rss, process.num_fds(), process.num_threads(),
                  server.expect("greenlets", START_TIMEOUT))  # fmt: skip


def middle(samples: list[Sample]) -> Sample:
    """The median of each figure."""
    return Sample(*(statistics.median(values) for values in zip(*samples, strict=True)))
