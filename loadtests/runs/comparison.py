"""A comparison: its runs one after another, and what is made of them."""

import json
import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from loadtests.experiments import experiment_of
from loadtests.experiments.run import Run
from loadtests.runs.floor import Floor, floor, floor_run, floors_of
from loadtests.runs.hosts import Hosts
from loadtests.runs.machine import machine
from loadtests.runs.measure import measure_run
from loadtests.runs.observations import observe
from loadtests.runs.partial import PartialFolder, add_line, read_lines
from loadtests.runs.progress import Bar, progress_bar
from loadtests.runs.resources import available, shortage_for
from loadtests.runs.row import row, write_latencies
from loadtests.runs.validity import Reason, reasons_in
from results import figures, report, table
from results.folders import REFERENCE

FLOOR_OF = ("transport", "operation", "clients", "rate_hz", "payload_bytes", "keep_alive", "tls", "repeat")
"""What machine.json says of the run that found a floor."""


def option(name: str) -> str:
    """How a user who called make gives an option."""
    return f"make lab ARGS={name}" if "MAKELEVEL" in os.environ else name


class Refused(Exception):
    """The wish cannot be met: finished runs would be lost, there is nothing to resume, or the machine is too small."""


class TooLarge(Refused):
    """The machine has not what a run takes."""


class Comparison:
    """The runs of a plan, and observations if they are given seconds; `partial.folder` is where the results will be."""

    def __init__(
        self, plan: list[Run], folder: Path, profile: str, observed_s: float = 0.0, hosts: Hosts | None = None
    ) -> None:
        self.hosts = hosts
        self.plan, self.partial, self.profile, self.observed_s = plan, PartialFolder(folder), profile, observed_s
        work = self.partial.work
        self._rows, self._floors, self._plan = (work / name for name in ("rows.jsonl", "floors.jsonl", "plan.json"))
        self._observations = self.partial.path / "observations.csv"

    def begin(self, restart: bool = False) -> None:
        """Start afresh. Refused if an interrupted comparison has finished runs, unless `restart` drops them."""
        if (done := len(self.rows())) and not restart:
            raise Refused(
                f"{done} finished runs of an interrupted comparison are in {self.partial.path}: "
                f"go on with {option('--resume')}, or begin anew without them with {option('--restart')}"
            )
        self._check_machine()
        self.partial.begin()
        table.write_text(self._plan, json.dumps(self._wanted()))

    def resume(self) -> None:
        """Go on with what was interrupted; Refused if nothing was, or it had other runs."""
        if not self._plan.exists():
            raise Refused(f"there is nothing to resume for {self.partial.folder}")
        if json.loads(self._plan.read_text(encoding="utf-8")) != self._wanted():
            words = "had other runs: give the same experiments and profile"
            raise Refused(f"what was begun for {self.partial.folder} {words}")
        self._check_machine()

    def run(self, console: Console) -> None:
        """Measure what is not measured yet, showing what runs and how long is left."""
        known = self.floors()
        left = [run for run in self.plan if not done(self.attempts(run), tries(run))]
        floored = (run for run in left if experiment_of(run).finds_floors)
        unknown = [run for run in floors_of(floored) if run not in known]
        observed_s = 0.0 if self._observations.exists() else self.observed_s
        with progress_bar(console, sum(run.expected_s for run in [*unknown, *left]) + observed_s) as bar:
            for number, run in enumerate(left, start=len(self.plan) - len(left) + 1):
                if (wanted := floor_run(run)) in unknown:
                    unknown.remove(wanted)
                    bar.begin(f"floor · {wanted.transport}", wanted.expected_s)
                    self._find_floor(wanted, bar)
                bar.begin(f"{number}/{len(self.plan)} {run.experiment} · {run.transport}", run.expected_s)
                self._measure(run, bar)
            if observed_s:
                bar.begin("protocol · handshakes, frames, a browser", observed_s)
                table.write_observations(self._observations, list(observe(bar, observed_s)))

    def rows(self) -> list[dict[str, Any]]:
        """The rows of the attempts that are finished."""
        return read_lines(self._rows)

    def attempts(self, run: Run) -> list[dict[str, Any]]:
        """The rows of a run's attempts so far."""
        return [row for row in self.rows() if row["run_id"] == run.run_id]

    def floors(self) -> dict[Run, Floor | None]:
        """The floors that are known, by the run that found them; None where none was valid."""
        return {Run(**line["run"]): line["floor"] and Floor(**line["floor"]) for line in read_lines(self._floors)}

    def finish(self) -> table.Results:
        """Write the tables, the charts and the report, and publish the folder; return what is in it."""
        folder = self.partial.path
        table.write_runs(folder / "runs.csv", self.rows())
        if not self._observations.exists():
            table.write_observations(self._observations, [])
        table.write_text(folder / "machine.json", json.dumps(machine(self.profile) | self._floors_found(), indent=1))
        results = table.read(folder)
        drawn = figures.draw_all(results)
        figures.save(drawn[0], folder)
        final = replace(results, folder=self.partial.folder)
        page, gallery = report.render(final, drawn, table.read_if_there(REFERENCE))
        table.write_text(folder / "report.html", page)
        table.write_text(folder / "README.md", gallery)
        self.partial.publish()
        return final

    def _wanted(self) -> list[Any]:
        """What is to be measured, and whether to be observed, as JSON has it."""
        return [bool(self.observed_s), *(run.parameters() for run in self.plan)]

    def _check_machine(self) -> None:
        """TooLarge if a run takes more than this machine gives."""
        machine = available()
        for run in self.plan:
            if reason := shortage_for(run, machine):
                raise TooLarge(reason)

    def _floors_found(self) -> dict[str, Any]:
        """The floors as machine.json has them."""
        return {
            "floors": [
                {name: getattr(run, name) for name in FLOOR_OF} | {"link": True} | asdict(found)
                for run, found in self.floors().items()
                if found is not None
            ]
        }

    def _measure(self, run: Run, bar: Bar) -> None:
        """Conduct a run until it is valid or was tried often enough; each attempt has its row."""
        found = self.floors().get(floor_run(run)) if run.linked else None
        while not done(tried := self.attempts(run), tries(run)):
            outcome = measure_run(run, self.partial.work, bar.advance, experiment_of(run).during,
                                  hosts=self.hosts)  # fmt: skip
            cells = row(run, outcome, len(tried) + 1, found)
            write_latencies(outcome.histogram, self.partial.path / "latency", run.run_id)
            add_line(self._rows, cells)
            report_attempt(cells, tries(run), bar)

    def _find_floor(self, run: Run, bar: Bar) -> None:
        """Find a floor, over a delay line without delay."""
        rows: list[dict[str, Any]] = []
        while not done(rows, tries(run)):
            outcome = measure_run(run, self.partial.work, bar.advance, floor=True, hosts=self.hosts)
            rows.append(row(run, outcome, len(rows) + 1))
            report_attempt(rows[-1], tries(run), bar)
        found = floor(run, outcome.tally) if rows[-1]["valid"] else None
        add_line(self._floors, {"run": run.parameters(), "floor": found and asdict(found)})


def tries(run: Run) -> int:
    """How often a run is tried until it is valid."""
    return experiment_of(run).tries(run)


def done(attempts: list[dict[str, Any]], most: int) -> bool:
    """Whether the last attempt was valid, or to try again is in vain."""
    if not attempts or attempts[-1]["valid"]:
        return bool(attempts)
    return len(attempts) == most or reasons_in(attempts[-1]["invalid_reason"]) == {Reason.TOO_FEW}


def report_attempt(cells: dict[str, Any], most: int, bar: Bar) -> None:
    """Say why an attempt does not count."""
    if not cells["valid"]:
        bar.note(f"invalid: {cells['invalid_reason']} (attempt {cells['attempt']} of {most})")
