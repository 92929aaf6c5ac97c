"""Comparisons that are interrupted, killed or short of something: nothing is lost, nothing outlives them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from tools.comparisons import SMALL, check_whole, complaints, last_attempts, loadtests
from tools.lab import ROOT, eventually
from tools.processes import ended

from loadtests.experiments import workload
from loadtests.runs.comparison import Comparison, Refused
from loadtests.runs.machine import other_loads
from loadtests.runs.measure import WallClock, pass_time
from loadtests.runs.partial import FolderLocked, PartialFolder, add_line, read_lines
from loadtests.runs.processes import RunFailed
from results.table import read_runs

pytestmark = pytest.mark.starts


@pytest.fixture
def started(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A comparison under way, in its first run's window."""
    with under_way(tmp_path, "--duration", "3") as process:
        yield process


@contextmanager
def under_way(folder: Path, *options: str, processes: int = 2) -> Iterator[subprocess.Popen[str]]:
    """A comparison in its first run's window, with so many processes."""
    command = [sys.executable, "-m", "loadtests", *SMALL, *options, "--out", str(folder / "mine")]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        eventually(lambda: len(children(process)) == processes, 60)
        yield process
    finally:
        process.kill()
        process.communicate()


def children(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children()


@pytest.mark.long
def test_ctrl_c_ends_everything_and_resume_goes_on(started, tmp_path):
    partial = tmp_path / ".mine.partial"
    eventually(lambda: (partial / "work" / "rows.jsonl").exists(), 60)
    offspring = children(started)
    started.send_signal(signal.SIGINT)
    _, errors = started.communicate(timeout=30)
    assert started.returncode == 130 and len(complaints(errors)) == 1 and "--resume" in errors
    assert ended(offspring)
    assert not (tmp_path / "mine").exists()
    kept = [json.loads(line)["run_id"] for line in (partial / "work" / "rows.jsonl").read_text().splitlines()]
    other = loadtests("--clients", "4", "--resume", "--out", str(tmp_path / "mine"))
    assert other.returncode == 2 and "had other runs" in other.stderr
    anew = loadtests(*SMALL, "--duration", "3", "--out", str(tmp_path / "mine"))
    assert anew.returncode == 2 and "--resume" in anew.stderr and "--restart" in anew.stderr
    done = loadtests(*SMALL, "--duration", "3", "--resume", "--out", str(tmp_path / "mine"))
    check_whole(done)
    ids = list(read_runs(tmp_path / "mine").run_id)
    assert len(last_attempts(tmp_path / "mine")) == 3 and ids[: len(kept)] == kept
    assert json.loads((tmp_path / "mine" / "machine.json").read_text())["floors"] == [], "no run had a delay"


def test_a_second_comparison_keeps_out_of_the_folder_and_warns_elsewhere(started, tmp_path):
    for option in ("--restart", "--resume"):
        same = loadtests(*SMALL, option, "--out", str(tmp_path / "mine"))
        assert same.returncode == 2 and same.stdout == ""
        assert same.stderr.startswith("loadtests: another process is at work on") and same.stderr.count("\n") == 1
    elsewhere = loadtests(*SMALL, "--clients", "4", "--resume", "--out", str(tmp_path / "other"))
    assert "nothing to resume" in elsewhere.stderr and "--out" not in elsewhere.stderr
    assert started.poll() is None and started.pid in other_loads()
    command = [sys.executable, "-m", "loadtests", *SMALL, "--out", str(tmp_path / "other")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as other:
        try:
            assert other.stderr.readline().startswith("loadtests: another load runs on this machine")
        finally:
            other.send_signal(signal.SIGINT)
            other.communicate(timeout=30)
    started.send_signal(signal.SIGINT)
    started.communicate(timeout=30)
    assert not list(tmp_path.glob(".*.lock"))


def test_a_killed_comparison_holds_its_folder_no_longer(started, tmp_path):
    started.kill()
    started.wait()

    def free() -> bool:  # soon: a child that was just being forked has the lock until it becomes another program
        try:
            with PartialFolder(tmp_path / "mine").held():
                return True
        except FolderLocked:
            return False

    eventually(free, 10)


def test_what_was_interrupted_is_kept_until_a_restart_is_asked_for(tmp_path):
    plan = workload(duration_s=1.0)
    first = Comparison(plan, tmp_path / "mine", "quick")
    first.begin()
    first.begin()  # no run was finished: nothing is lost
    (first.partial.work / "rows.jsonl").write_text('{"run_id": "one"}\n')
    with pytest.raises(Refused, match="1 finished runs.*--resume.*--restart"):
        first.begin()
    first.resume()
    assert first.rows() == [{"run_id": "one"}]
    first.begin(restart=True)
    assert first.rows() == []


def test_a_line_that_was_broken_off_is_measured_again(tmp_path):
    path = tmp_path / "rows.jsonl"
    add_line(path, {"run_id": "one"})
    with path.open("a") as file:
        file.write('{"run_id": "tw')
    assert read_lines(path) == [{"run_id": "one"}]
    add_line(path, {"run_id": "two"})
    assert read_lines(path) == [{"run_id": "one"}, {"run_id": "two"}]


def test_ctrl_c_ends_a_calibration_and_leaves_nothing(tmp_path):
    command = [sys.executable, "-m", "loadtests", "calibration", "--out", str(tmp_path / "mine")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            eventually(lambda: len(children(process)) == 3, 60)  # echo server, client, link
            offspring = children(process)
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 130
    assert complaints(errors) == ["loadtests: interrupted; a calibration starts from the beginning"]
    assert ended(offspring) and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("part", "name"), [
    ("servers", "the polling server"), ("locust", "Locust"), ("loadtests.link", "the delay line"),
])  # fmt: skip
def test_what_is_killed_in_mid_run_is_named_in_one_line(part, name, tmp_path):
    with under_way(tmp_path, "--rtt", "20", processes=3) as started:
        offspring = children(started)
        eventually(lambda: [each for each in offspring if part in each.cmdline()])[0].kill()
        _, errors = started.communicate(timeout=60)
        assert started.returncode == 1
        (complaint,) = complaints(errors)
        assert complaint.startswith(f"loadtests: {name} ended in mid-run")
        assert ended(offspring) and not (tmp_path / "mine").exists()


def test_a_clock_that_is_set_in_mid_run_ends_the_run(monkeypatch):
    clock, now = WallClock(), time.time
    clock.check()
    monkeypatch.setattr(time, "time", lambda: now() - 3600)
    with pytest.raises(RunFailed, match=r"was set by -3600\.0 s"):
        pass_time(10.0, [clock], print)


@pytest.mark.long
def test_a_full_disk_is_said_in_one_line_and_what_was_finished_is_kept(tmp_path):
    """The largest file that may be written holds one run's row, and not the next."""
    row = 6_000
    script = (
        f"import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_FSIZE, ({row}, {row})); "
        "sys.argv[0] = 'loadtests'; runpy.run_module('loadtests', run_name='__main__')"
    )
    command = [sys.executable, "-c", script, *SMALL, "--duration", "2", "--out", str(tmp_path / "mine")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=110)
    assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
    assert "File too large" in done.stderr.splitlines()[-1]
    assert not (tmp_path / "mine").exists()
    assert read_lines(tmp_path / ".mine.partial" / "work" / "rows.jsonl")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="every folder can be written to here")
def test_a_folder_without_permission_is_said_in_one_line(tmp_path):
    tmp_path.chmod(0o500)
    done = loadtests(*SMALL, "--out", str(tmp_path / "mine"))
    assert done.returncode in (1, 2) and len(complaints(done.stderr)) == 1, done.stderr
    assert "Permission denied" in done.stderr


def test_no_child_outlives_a_comparison_that_is_killed(started):
    offspring = children(started)
    started.kill()
    started.wait()
    eventually(lambda: ended(offspring), 30)
