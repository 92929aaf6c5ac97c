"""The experiments, as data: the question each answers, and its runs in each profile.

One factor is varied at a time. For every setting the three transports follow each other, so that a slow minute of the
machine meets all three; every run has a server process and a load generator of its own.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

from results.transports import COMPARED, TABLE

PROFILES = ("quick", "standard", "full")
START_AND_END = 1.5  # seconds a run takes beside its warm-up and its window, on two cores


@dataclass(frozen=True)
class Run:
    """The parameters of one run; the names are the columns of runs.csv, where their units are said."""

    experiment: str
    transport: str
    clients: int = 5
    rate_hz: float = 10.0
    arrivals: str = "poisson"
    seed: int = 1
    payload_bytes: int | None = 142  # None: the earthquakes, as long as they are
    poll_interval_s: float = 1.0
    hold_s: float = 25.0
    rtt_ms: float = 0.0
    header_profile: str = "browser"
    cookie_bytes: int = 0
    tls: bool = False
    deflate: bool = False
    duration_s: float = 4.0
    repeat: int = 1

    @property
    def run_id(self) -> str:
        """A name that says all in which runs differ, fit for a file."""
        plain = Run(self.experiment, self.transport)
        differing = (f for f in fields(Run)[2:] if getattr(self, f.name) != getattr(plain, f.name))
        parts = (f"{f.name.partition('_')[0]}{getattr(self, f.name)}".removesuffix("True") for f in differing)
        return "-".join([self.experiment, self.transport, *parts]).replace("payloadNone", "real")

    @property
    def warm_up_s(self) -> float:
        """A poll interval for those who poll, a moment for the others."""
        return self.poll_interval_s if self.transport == "polling" else 0.2

    @property
    def expected_s(self) -> float:
        return START_AND_END + self.warm_up_s + self.duration_s

    def parameters(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in fields(Run)}


@dataclass(frozen=True)
class Experiment:
    """A question, and the settings that answer it; `settings(profile)` yields changes to the basic run."""

    name: str
    question: str
    settings: Callable[[str], Iterator[dict[str, Any]]]

    def runs(self, profile: str) -> list[Run]:
        """The runs of a profile, transports interleaved."""
        basic = (replace(Run(self.name, t), **setting) for setting in self.settings(profile) for t in COMPARED)
        return list(dict.fromkeys(without_idle_factors(run) for run in basic))


def without_idle_factors(run: Run) -> Run:
    """With the usual value of what means nothing to its transport: a run would repeat under another name."""
    idle = [name for other in TABLE.values() if other.name != run.transport for name in other.own]
    idle += ["deflate"] * (not TABLE[run.transport].compresses)
    return replace(run, **{name: getattr(Run, name) for name in idle})


def real_feed(profile: str) -> Iterator[dict[str, Any]]:
    seconds, repeats = {"quick": (2, 1), "standard": (10, 1), "full": (30, 3)}[profile]
    for repeat in range(1, repeats + 1):
        yield {"payload_bytes": None, "duration_s": seconds, "repeat": repeat}


def overhead(profile: str) -> Iterator[dict[str, Any]]:
    seconds = {"quick": 1, "standard": 3, "full": 10}[profile]
    cookies = {"quick": [1024], "standard": [256, 1024], "full": [64, 256, 1024, 4096]}[profile]
    profiles = {"quick": ["browser"]}.get(profile, ["minimal", "python", "browser"])
    basic = {"arrivals": "even", "poll_interval_s": 0.5, "duration_s": seconds}
    for header_profile in profiles:
        yield basic | {"header_profile": header_profile}
    for cookie_bytes in cookies:
        yield basic | {"cookie_bytes": cookie_bytes}


def latency(profile: str) -> Iterator[dict[str, Any]]:
    """Two clients: more would wait for each other at the server, which is the question of `scale`."""
    seconds, repeats = {"quick": (1.5, 1), "standard": (6, 1), "full": (15, 2)}[profile]
    intervals = {"quick": [], "standard": [0.2, 0.5, 2.0], "full": [0.1, 0.2, 0.5, 1.0, 2.0, 5.0]}[profile]
    round_trips = {"quick": [20], "standard": [20, 100], "full": [5, 20, 50, 100, 200]}[profile]
    varied = [(interval, 0) for interval in intervals] + [(0.5, round_trip) for round_trip in round_trips]
    basic = {"clients": 2, "duration_s": seconds, "header_profile": "minimal"}
    for repeat in range(1, repeats + 1):
        for interval, round_trip in varied:
            yield basic | {"poll_interval_s": interval, "rtt_ms": float(round_trip), "repeat": repeat, "seed": repeat}


def scale(profile: str) -> Iterator[dict[str, Any]]:
    """Even arrivals, so far apart that each message has gone out to all before the next one comes.

    The poll interval is no multiple of theirs: each poller would always be equally late.
    """
    rate, seconds = {"quick": (4, 1.5), "standard": (2, 6), "full": (2, 15)}[profile]
    clients = {"quick": [10, 30], "standard": [10, 50, 100], "full": [10, 30, 50, 100, 200, 500]}[profile]
    basic = {
        "rate_hz": rate,
        "arrivals": "even",
        "poll_interval_s": 0.7,
        "duration_s": seconds,
        "header_profile": "minimal",
    }
    for count in clients:
        yield basic | {"clients": count}


EXPERIMENTS = {
    experiment.name: experiment
    for experiment in (
        Experiment("real-feed", "How do the three deliver a real feed, with its bursts and pauses?", real_feed),
        Experiment("overhead", "How many bytes does a delivered message cost, and which are they?", overhead),
        Experiment("latency", "How long is a message on its way, and what is the poll interval's part?", latency),
        Experiment("scale", "What do more clients cost: latency, server CPU, memory?", scale),
    )
}


def workload(**setting: Any) -> list[Run]:
    """An engineer's own workload on the three transports."""
    return [without_idle_factors(replace(Run("workload", transport), **setting)) for transport in COMPARED]
