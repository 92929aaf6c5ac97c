"""The experiments, a file each: its question, its grid per profile, and what happens during a run."""

from typing import Any

from loadtests.experiments import latency, overhead, real_feed, scale
from loadtests.experiments.experiment import PROFILES as PROFILES
from loadtests.experiments.experiment import Experiment, watch
from loadtests.experiments.run import Run, settled
from results.transports import COMPARED

EXPERIMENTS = {module.EXPERIMENT.name: module.EXPERIMENT for module in (real_feed, overhead, latency, scale)}


def experiment_of(run: Run) -> Experiment:
    """The experiment that a run belongs to; for a workload or a floor, one in which nothing happens."""
    return EXPERIMENTS.get(run.experiment) or Experiment(run.experiment, "", lambda profile: iter(()), watch)


def workload(**setting: Any) -> list[Run]:
    """An engineer's own workload on the three transports."""
    return [settled(Run("workload", transport, **setting)) for transport in COMPARED]
