"""A comparison: its runs one after another, and what is made of them."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from loadtests.experiments import experiment_of
from loadtests.experiments.run import Run
from loadtests.runs.conduct import conduct
from loadtests.runs.floor import floor, floor_run
from loadtests.runs.limits import available, obstacle
from loadtests.runs.machine import machine
from loadtests.runs.partial import PartialFolder, add_line, read_lines
from loadtests.runs.progress import Bar, progress_bar
from loadtests.runs.row import Outcome, keep_latencies, row
from results import figures, report, table
from results.folders import REFERENCE

ATTEMPTS = 3  # an invalid run is tried again twice


def option(name: str) -> str:
    """How a user who called make gives an option."""
    return f"make lab ARGS={name}" if "MAKELEVEL" in os.environ else name


class Refused(Exception):
    """The wish cannot be met: finished runs would be lost, there is nothing to resume, or the machine is too small."""


class Comparison:
    """The runs of a plan; `partial.folder` is where the results will be."""

    def __init__(self, plan: list[Run], folder: Path, profile: str) -> None:
        self.plan, self.partial, self.profile = plan, PartialFolder(folder), profile
        scaffold = self.partial.scaffold
        self._rows, self._floors, self._plan = (scaffold / name for name in ("rows.jsonl", "floors.jsonl", "plan.json"))

    def begin(self, restart: bool = False) -> None:
        """Begin anew; Refused if runs of an interrupted comparison are finished, unless `restart` gives them up."""
        if (done := len(self.rows())) and not restart:
            raise Refused(
                f"{done} finished runs of an interrupted comparison are in {self.partial.path}: "
                f"go on with {option('--resume')}, or begin anew without them with {option('--restart')}"
            )
        self._check_machine()
        self.partial.begin()
        table.write_text(self._plan, json.dumps([run.parameters() for run in self.plan]))

    def resume(self) -> None:
        """Go on with what was interrupted; Refused if nothing was, or it had other runs."""
        if not self._plan.exists():
            raise Refused(f"there is nothing to resume for {self.partial.folder}")
        if json.loads(self._plan.read_text(encoding="utf-8")) != [run.parameters() for run in self.plan]:
            words = "had other runs: give the same experiments and profile"
            raise Refused(f"what was begun for {self.partial.folder} {words}")
        self._check_machine()

    def run(self, console: Console) -> None:
        """Measure what is not measured yet, showing what runs and how long is left."""
        done, known = {row["run_id"] for row in self.rows()}, self.floors()
        left = [run for run in self.plan if run.run_id not in done]
        unknown = [run for run in dict.fromkeys(map(floor_run, left)) if run not in known]
        with progress_bar(console, sum(run.expected_s for run in [*unknown, *left])) as bar:
            for run in unknown:
                bar.begin(f"floor · {run.transport}", run.expected_s)
                self._find_floor(run, bar)
            for number, run in enumerate(left, start=len(done) + 1):
                bar.begin(f"{number}/{len(self.plan)} {run.experiment} · {run.transport}", run.expected_s)
                self._measure(run, bar)

    def rows(self) -> list[dict[str, Any]]:
        """The rows of the runs that are finished."""
        return read_lines(self._rows)

    def floors(self) -> dict[Run, float | None]:
        """The floors that are known, in seconds, by the run that found them; None where none was valid."""
        return {Run(**line["run"]): line["floor_s"] for line in read_lines(self._floors)}

    def finish(self) -> table.Results:
        """Write the tables, the charts and the report, and publish the folder; return what is in it."""
        folder = self.partial.path
        table.write_runs(folder / "runs.csv", self.rows())
        table.write_observations(folder / "observations.csv", [])
        table.write_text(folder / "machine.json", json.dumps(machine(self.profile) | self._floors_ms(), indent=1))
        results = table.read(folder)
        drawn = figures.draw_all(results)
        figures.save(drawn[0], folder)
        final = replace(results, folder=self.partial.folder)
        table.write_text(folder / "report.html", report.render(final, drawn, table.read_if_there(REFERENCE)))
        self.partial.publish()
        return final

    def _check_machine(self) -> None:
        """Refused if a run takes more than this machine gives."""
        machine = available()
        for run in self.plan:
            if reason := obstacle(run, machine):
                raise Refused(reason)

    def _floors_ms(self) -> dict[str, Any]:
        floors = self.floors().items()
        named = {run.transport + ", TLS" * run.tls: floor and round(floor * 1000, 3) for run, floor in floors}
        return {"floor_ms": named}

    def _measure(self, run: Run, bar: Bar) -> None:
        outcome, cells = self._try(run, bar, self.floors().get(floor_run(run)))
        keep_latencies(outcome.histogram, self.partial.path / "latency", run.run_id)
        add_line(self._rows, cells)

    def _find_floor(self, run: Run, bar: Bar) -> None:
        """Find a transport's floor; if the plan uses the delay line, over one without delay."""
        outcome, cells = self._try(run, bar, link=any(planned.linked for planned in self.plan))
        floor_s = floor(run, outcome.tally) if cells["valid"] else None
        add_line(self._floors, {"run": run.parameters(), "floor_s": floor_s})

    def _try(
        self, run: Run, bar: Bar, floor_s: float | None = None, link: bool = False
    ) -> tuple[Outcome, dict[str, Any]]:
        """Conduct a run until it is valid or was tried often enough."""
        for attempt in range(1, ATTEMPTS + 1):
            outcome = conduct(run, self.partial.scaffold, bar.advance, experiment_of(run).during, link)
            cells = row(run, outcome, attempt, floor_s)
            if cells["valid"]:
                break
            bar.note(f"{cells['invalid_reason']} (attempt {attempt} of {ATTEMPTS})")
        return outcome, cells
