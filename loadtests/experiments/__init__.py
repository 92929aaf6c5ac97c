"""The experiments, a file each: its question, its grid per profile, and what happens during a run."""

from typing import Any

from loadtests.experiments import (
    bufferbloat,
    connection,
    idle,
    latency,
    link_rate,
    loss,
    outage,
    overhead,
    protocol,
    real_feed,
    scale,
    slow_start,
    update_rate,
    upstream,
)
from loadtests.experiments.experiment import PROFILES as PROFILES
from loadtests.experiments.experiment import Experiment, watch
from loadtests.experiments.run import Run, with_whole_intervals
from results.transports import COMPARED

MODULES = (real_feed, overhead, update_rate, latency, link_rate, loss, slow_start, bufferbloat, connection, upstream,
           outage, scale, idle, protocol)  # fmt: skip
EXPERIMENTS = {module.EXPERIMENT.name: module.EXPERIMENT for module in MODULES}


def experiment_of(run: Run) -> Experiment:
    """The experiment that a run belongs to; for a workload or a floor, one in which nothing happens."""
    return EXPERIMENTS.get(run.experiment) or Experiment(run.experiment, "", lambda profile: iter(()), watch)


def workload(**setting: Any) -> list[Run]:
    """An engineer's own workload on the three transports."""
    return [with_whole_intervals(Run("workload", transport, **setting)) for transport in COMPARED]
