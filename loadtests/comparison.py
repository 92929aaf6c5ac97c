"""A comparison: its runs one after another, into a folder that appears under its name only when it is whole."""

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from loadtests import runner
from loadtests.experiments import Run
from loadtests.processes import ROOT
from results import charts, report, table

ATTEMPTS = 3  # an invalid run is tried again twice
PACKAGES = ("flask", "flask-sock", "simple-websocket", "gevent", "locust", "geventhttpclient", "websockets")


class Refused(Exception):
    """The user's wish cannot be met: the name is taken, or there is nothing to resume."""


class Comparison:
    """The runs of a plan; `folder` is where the results will be, until then they are in a hidden one beside it."""

    def __init__(self, plan: list[Run], folder: Path, profile: str) -> None:
        self.plan, self.folder, self.profile = plan, folder, profile
        self.partial = folder.with_name(f".{folder.name}.partial")
        self._rows, self._floors = self.partial / "rows.jsonl", self.partial / "floors.jsonl"
        self._plan = self.partial / "plan.json"

    def begin(self, restart: bool = False) -> None:
        """Make the hidden folder; Refused if finished runs are in the one that is there, unless `restart` says so."""
        if (done := len(self.rows())) and not restart:
            raise Refused(
                f"{done} finished runs of an interrupted comparison are in {self.partial}: "
                "go on with --resume, or begin anew without them with --restart"
            )
        shutil.rmtree(self.partial, ignore_errors=True)
        (self.partial / "latency").mkdir(parents=True)
        table.write_text(self._plan, json.dumps([run.parameters() for run in self.plan]))

    def resume(self) -> None:
        """Take up the hidden folder that is there; Refused if there is none, or it was begun for other runs."""
        if not self._plan.exists():
            raise Refused(f"there is nothing to resume for {self.folder}")
        if json.loads(self._plan.read_text(encoding="utf-8")) != [run.parameters() for run in self.plan]:
            raise Refused(f"what was begun for {self.folder} had other runs: give the same experiments and profile")

    def run(self, console: Console) -> None:
        """Measure what is not measured yet, showing what runs and how long is left."""
        done, known = {row["run_id"] for row in self.rows()}, self.floors()
        left = [run for run in self.plan if run.run_id not in done]
        calibrations = [run for run in dict.fromkeys(map(runner.calibration, left)) if run not in known]
        with progress_bar(console, sum(run.expected_s for run in [*calibrations, *left])) as bar:
            for run in calibrations:
                bar.begin(f"calibration · {run.transport}", run.expected_s)
                self._calibrate(run, bar)
            for number, run in enumerate(left, start=len(done) + 1):
                bar.begin(f"{number}/{len(self.plan)} {run.experiment} · {run.transport}", run.expected_s)
                add_line(self._rows, self._measure(run, bar))

    def rows(self) -> list[dict[str, Any]]:
        """The rows of the runs that are finished."""
        return read_lines(self._rows)

    def floors(self) -> dict[Run, float | None]:
        """The floors that are calibrated, in seconds, by the run that found them; None where none was valid."""
        return {Run(**line["run"]): line["floor_s"] for line in read_lines(self._floors)}

    def finish(self) -> Path:
        """Write the tables, the charts and the report, and give the folder its name; return the report's path."""
        table.write_runs(self.partial / "runs.csv", self.rows())
        table.write_observations(self.partial / "observations.csv", [])
        table.write_text(self.partial / "machine.json", json.dumps(machine(self.profile) | self._floors_ms(), indent=1))
        drawn = charts.draw_all(self.partial)
        charts.save(drawn[0], self.partial)
        report.write(self.partial, drawn)
        for scaffold in ("rows.jsonl", "floors.jsonl", "plan.json", "tally.json", runner.AUTHORITY):
            (self.partial / scaffold).unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.partial.rename(self.folder)
        return self.folder / "report.html"

    def _floors_ms(self) -> dict[str, Any]:
        floors = self.floors().items()
        named = {run.transport + ", TLS" * run.tls: floor and round(floor * 1000, 3) for run, floor in floors}
        return {"floor_ms": named}

    def _measure(self, run: Run, bar: "Bar") -> dict[str, Any]:
        outcome, row = self._try(run, bar, self.floors().get(runner.calibration(run)))
        runner.keep_latencies(outcome.tally, self.partial / "latency", run.run_id)
        return row

    def _calibrate(self, run: Run, bar: "Bar") -> None:
        """Find a transport's floor, over a delay line of no delay if the plan uses one."""
        outcome, row = self._try(run, bar, link=any(planned.rtt_ms for planned in self.plan))
        floor_s = runner.floor(run, outcome) if row["valid"] else None
        add_line(self._floors, {"run": run.parameters(), "floor_s": floor_s})

    def _try(
        self, run: Run, bar: "Bar", floor_s: float | None = None, link: bool = False
    ) -> tuple[runner.Outcome, dict[str, Any]]:
        """Conduct a run until it is valid or was tried often enough."""
        for attempt in range(1, ATTEMPTS + 1):
            outcome = runner.conduct(run, self.partial, bar.advance, link)
            row = runner.row(run, outcome, attempt, floor_s)
            if row["valid"]:
                break
            bar.note(f"{row['invalid_reason']} (attempt {attempt} of {ATTEMPTS})")
        return outcome, row


def add_line(path: Path, values: dict[str, Any]) -> None:
    with path.open("a", encoding="utf-8") as file:
        print(json.dumps(values), file=file, flush=True)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """What `add_line` has left, in order; nothing if there is no file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


class Bar:
    """A progress bar over seconds; where nobody watches, a line per run."""

    def __init__(self, console: Console, progress: Progress, seconds: float) -> None:
        self._console, self._progress = console, progress
        self._task = progress.add_task("", total=seconds)
        self._done, self._run_end = 0.0, 0.0

    def begin(self, what: str, seconds: float) -> None:
        self._done = self._run_end
        self._run_end += seconds
        self._progress.update(self._task, description=what, completed=self._done)
        if not self._console.is_terminal:
            self._console.print(what)

    def advance(self, seconds: float) -> None:
        self._done = min(self._done + seconds, self._run_end)
        self._progress.update(self._task, completed=self._done)

    def note(self, text: str) -> None:
        self._console.print(f"  invalid: {text}", style="yellow", highlight=False, soft_wrap=True)


@contextmanager
def progress_bar(console: Console, seconds: float) -> Iterator[Bar]:
    columns = (TextColumn("{task.description:<40}"), BarColumn(), TimeRemainingColumn(), TextColumn("left"))
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        yield Bar(console, progress, seconds)


def machine(profile: str) -> dict[str, Any]:
    """Where and with what it was measured."""
    versions = {d.metadata["Name"].lower(): d.version for d in distributions()}
    return {
        "cores": os.cpu_count(),
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "packages": {name: versions.get(name) for name in PACKAGES},
        "command": " ".join(["python -m loadtests", *sys.argv[1:]]),
        "commit": commit(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "profile": profile,
    }


def commit() -> str:
    """The commit that was measured, marked if the files differ from it; empty where there is no git."""
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"], cwd=ROOT, capture_output=True, text=True
        )
    except OSError:
        return ""
    return described.stdout.strip()
