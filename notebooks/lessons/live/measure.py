"""Runs of the lab in a cell: measured now on this machine, or taken from results/reference."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from lessons.live.progress import progress_of
from lessons.live.recordings import NothingStarted, check_startable, live
from loadtests.experiments import experiment_of
from loadtests.experiments.run import Run, with_whole_intervals
from loadtests.runs.measure import measure_run
from loadtests.runs.processes import RunFailed
from loadtests.runs.row import row
from results import table
from results.folders import REFERENCE
from results.select import applies
from results.transports import COMPARED


def measure(experiment: str, *, now: bool | None = None, **setting: Any) -> pd.DataFrame:
    """The runs of an experiment under one setting, a row per transport as in runs.csv; parameters as in a run.

    With `now`, or where `live` says so, they are measured on this machine. Otherwise, and where nothing can be started,
    they come from results/reference. A line says which.
    """
    if now if now is not None else live():
        try:
            found = measured(experiment, setting)
            print(f"Measured just now, on this machine: {len(found)} runs.")
            return found
        except (NothingStarted, RunFailed, OSError) as error:
            print(f"Nothing can be measured here ({error}).")
    found = recorded(experiment, setting)
    print(f"Recorded: {len(found)} runs of results/reference.")
    return found


def recorded(experiment: str, setting: dict[str, Any]) -> pd.DataFrame:
    """The valid runs of the reference under this setting; ValueError if there is none."""
    runs = table.valid(table.read_runs(REFERENCE))
    mine = runs[(runs["experiment"] == experiment) & runs["transport"].isin(COMPARED)]
    for name, value in setting.items():
        if name not in ("duration_s", "repeat"):
            mine = mine[(mine[name] == value).fillna(False) | ~applies(mine, name)]
    if mine.empty:
        raise ValueError(f"results/reference has no run of {experiment} with {setting}")
    return mine


def measured(experiment: str, setting: dict[str, Any]) -> pd.DataFrame:
    """A run for each transport, here and now."""
    check_startable()
    with tempfile.TemporaryDirectory(prefix="push-lab-") as scratch:
        runs, found, passed = (
            [with_whole_intervals(replace(Run(experiment, name), **setting)) for name in COMPARED],
            [],
            0.0,
        )
        with progress_of(sum(run.expected_s for run in runs), "seconds") as advance_to:

            def advance(seconds: float) -> None:
                nonlocal passed
                passed += seconds
                advance_to(passed)

            for run in runs:
                outcome = measure_run(run, Path(scratch), advance, experiment_of(run).during)
                found.append(row(run, outcome, 1, None))
        table.write_runs(Path(scratch) / "runs.csv", found)
        return table.read_runs(scratch)
