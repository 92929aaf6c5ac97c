"""The experiments in a table: their questions, and how many runs and seconds each profile takes."""

from __future__ import annotations

from rich.table import Table

from loadtests.experiments import EXPERIMENTS, PROFILES, experiment_of
from loadtests.experiments.experiment import Experiment
from loadtests.experiments.run import Run


def listing() -> Table:
    """The experiments with their questions, runs and seconds per profile."""
    shown = Table.grid("", "", padding=(0, 2, 0, 0))
    shown.columns[0].no_wrap = True
    for experiment in EXPERIMENTS.values():
        shown.add_row(experiment.name, f"{experiment.question}\n{sizes([experiment])}")
    shown.add_row("all", sizes(list(EXPERIMENTS.values())))
    return shown


def sizes(experiments: list[Experiment]) -> str:
    """How many runs and seconds each profile takes."""
    observed_s = sum(each.observed_s for each in experiments)
    plans = {name: [run for each in experiments for run in each.runs(name)] for name in PROFILES}
    return "; ".join(f"{name}: {sizes_of(plan, observed_s)}" for name, plan in plans.items())


def sizes_of(plan: list[Run], observed_s: float = 0.0) -> str:
    """Return how many runs and seconds a plan takes, with its floor runs and its observations."""
    from loadtests.runs.floor import floors_of  # here: it loads numpy

    found = floors_of(run for run in plan if experiment_of(run).finds_floors)
    seconds = observed_s + sum(run.expected_s for run in [*plan, *found])
    return f"{len(plan)} runs{f' and {len(found)} for floors' * bool(found)}, {seconds:,.0f} s"
