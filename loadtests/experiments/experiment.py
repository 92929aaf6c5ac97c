"""What an experiment is: a question, the grid that answers it, and what happens during each run."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol

from loadtests.experiments.run import Run, without_idle_factors
from results.transports import COMPARED

PROFILES = ("quick", "standard", "full")

Settings = Iterator[dict[str, Any]]  # changes to the basic run


class Scene(Protocol):
    """A run in its window, as an experiment can act on it."""

    @property
    def run(self) -> Run: ...

    def pass_time(self, seconds: float) -> None:
        """Let a stretch of the window pass; RunFailed if a process ends meanwhile."""

    def tell_link(self, **command: float) -> None:
        """Have the delay line do something: `cut=SECONDS` or `reset=SECONDS`."""


def watch(scene: Scene) -> None:
    """Do nothing but let the window pass."""
    scene.pass_time(scene.run.duration_s)


@dataclass(frozen=True)
class Experiment:
    """A question, and the settings that answer it: `settings(profile)` yields changes to the basic run.

    One factor is varied at a time. For every setting the transports follow each other, so that a slow minute of the
    machine meets all of them. `during` acts on a run in its window, and returns at its end.
    """

    name: str
    question: str
    settings: Callable[[str], Settings]
    during: Callable[[Scene], None] = watch
    transports: tuple[str, ...] = COMPARED

    def runs(self, profile: str) -> list[Run]:
        """The runs of a profile, transports interleaved."""
        basic = (replace(Run(self.name, t), **setting) for setting in self.settings(profile) for t in self.transports)
        return list(dict.fromkeys(without_idle_factors(run) for run in basic))
