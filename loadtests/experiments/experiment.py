"""What an experiment is: a question, the grid that answers it, and what happens during each run."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol

from loadtests.experiments.run import Run, with_whole_intervals
from results.transports import COMPARED, WITH_GUESTS

PROFILES = ("quick", "standard", "full")

Settings = Iterator[dict[str, Any]]  # changes to the basic run

EVEN: dict[str, Any] = {"arrivals": "even", "poll_interval_s": 0.525}
"""Messages at a fixed rhythm, and polls that do not keep step with them. With 0.1, 0.25 or 0.5 s between messages, a
client's polls meet them at phases 0.025 s apart."""


class RunInProgress(Protocol):
    """A run in its window, as an experiment can act on it."""

    @property
    def run(self) -> Run: ...

    def pass_time(self, seconds: float) -> None:
        """Let a stretch of the window pass; RunFailed if a process ends meanwhile."""

    def send_to_link(self, **command: float) -> None:
        """Have the delay line do something: `cut=SECONDS` or `reset=SECONDS`."""

    def restart_server(self, away_s: float) -> None:
        """Kill the server, and restart it after `away_s` seconds, with a new feed."""

    def begin_upload(self) -> None:
        """Let another program send all it can to the server's end of a path of packets, until the run ends."""

    def recovered(self) -> None:
        """Report that the fault is over: recovery counts from here."""


def watch(scene: RunInProgress) -> None:
    """Do nothing but let the window pass."""
    scene.pass_time(scene.run.duration_s)


@dataclass(frozen=True)
class Experiment:
    """A question, and the settings that answer it: `settings(profile)` yields changes to the basic run.

    One factor is varied at a time. For every setting the transports follow each other, so that a slow minute of the
    machine meets all of them; `transports` says which. `during` acts on a run in its window, and returns at its end. A
    run that is not valid is tried again until it has had its `tries`. One that is no load has no runs: it observes, for
    `observed_s` seconds. Floors are not found where what the machine adds is small beside what is asked about.
    """

    name: str
    question: str
    settings: Callable[[str], Settings]
    during: Callable[[RunInProgress], None] = watch
    transports: Callable[[str, dict[str, Any]], tuple[str, ...]] = lambda profile, setting: COMPARED
    tries: Callable[[Run], int] = lambda run: 3
    observed_s: float = 0.0
    finds_floors: bool = True

    def runs(self, profile: str) -> list[Run]:
        """The runs of a profile, transports interleaved, and taking turns at going first."""
        runs = (
            with_whole_intervals(replace(Run(self.name, transport), **setting))
            for turn, setting in enumerate(self.settings(profile))
            for transport in rotated(self.transports(profile, setting), turn)
        )
        once: dict[str, Run] = {}
        for run in runs:
            once.setdefault(run.run_id, run)
        return list(once.values())


def with_guests(profile: str, setting: dict[str, Any]) -> tuple[str, ...]:
    """All transports, where it is not only headers that vary: a guest's request is sent once."""
    plain = setting.get("header_profile", "browser") == "browser" and not setting.get("cookie_bytes")
    return WITH_GUESTS if plain else COMPARED


def with_guests_if_full(profile: str, setting: dict[str, Any]) -> tuple[str, ...]:
    """All transports in the full profile's first repeat, otherwise the three."""
    return WITH_GUESTS if profile == "full" and setting.get("repeat", 1) == 1 else COMPARED


def rotated(names: tuple[str, ...], turn: int) -> tuple[str, ...]:
    """The names in the same circle, from another one on with each turn."""
    first = turn % len(names)
    return names[first:] + names[:first]
