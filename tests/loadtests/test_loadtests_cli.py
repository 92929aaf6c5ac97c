"""`python -m loadtests` as its user meets it: whole or not at all, one clear line when something is wrong."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import psutil
import pytest
from tools.lab import ROOT, eventually
from tools.processes import ended
from tools.validity import but_for_the_machine

from loadtests import __main__ as command
from loadtests.experiments import EXPERIMENTS, workload
from loadtests.runs.comparison import Comparison, Refused
from loadtests.runs.floor import floors_of
from loadtests.runs.machine import other_loads
from loadtests.runs.measure import WallClock, pass_time
from loadtests.runs.partial import FolderLocked, PartialFolder, add_line, read_lines
from loadtests.runs.processes import RunFailed
from loadtests.runs.validity import help_against
from results.check import check
from results.table import read_runs

pytestmark = pytest.mark.starts

SMALL = ["--clients", "3", "--rate", "20", "--poll-interval", "0.2", "--size", "100"]


def loadtests(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command, variables = [sys.executable, "-m", "loadtests", *arguments], os.environ | environment
    return subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=110)


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


def complaints(errors: str) -> list[str]:
    """The lines on standard error, without the warning of other loads: other tests run on this machine, too."""
    return [line for line in errors.splitlines() if not line.startswith("loadtests: another load runs")]


def check_whole(done: subprocess.CompletedProcess[str]) -> None:
    """Every run counts, or a busy machine was late in one of them, of which the exit status tells."""
    late = "or a machine that does nothing else" in done.stderr
    assert done.returncode == late, done.stderr


def last_attempts(folder: Path) -> pd.DataFrame:
    """The row of each run's last attempt; what speaks against it is the machine's fault."""
    rows = read_runs(folder)
    assert not any(but_for_the_machine(reason) for reason in rows.invalid_reason.dropna())
    return rows.drop_duplicates("transport", keep="last")


@pytest.mark.alone
def test_a_workload_ends_with_a_table_and_a_whole_folder(tmp_path):
    folder = tmp_path / "mine"
    done = loadtests(*SMALL, "--rate", "50", "--duration", "2", "--rtt", "20", "--out", str(folder))
    check_whole(done)
    assert "websocket" in done.stdout and f"report: {folder}/report.html" in done.stdout
    runs = last_attempts(folder)
    assert list(runs.transport) == ["polling", "long-polling", "websocket"]
    assert (runs.lost == 0).all() and (runs.deliveries > 0).all() and (runs.published > 60).all()
    assert not check(runs)
    assert (runs.latency_p50_ms > 10).all(), "half of the round trip was inserted"
    assert sorted(p.name for p in folder.iterdir()) == [
        "README.md", "charts", "latency", "machine.json", "observations.csv", "report.html", "runs.csv",
    ]  # fmt: skip
    assert len(list((folder / "latency").iterdir())) == 6
    machine = json.loads((folder / "machine.json").read_text())
    assert machine["cores"] == os.cpu_count()
    found = {floor["transport"]: floor for floor in machine["floors"]}
    assert all(floor["clients"] == 3 and floor["link"] and floor["messages"] >= 100 for floor in found.values())
    assert [name for name, floor in found.items() if floor["away_ms"] > 0] == ["long-polling"]
    for run in runs.itertuples():  # the floor stands beside the model, not in it
        longer_away = 20 if run.transport == "long-polling" else 0  # no message waits longer than the round trip
        assert run.floor_ms == pytest.approx(found[run.transport]["ms"], abs=max(longer_away, 1e-6))
        least, most = {"polling": (110, 110), "long-polling": (10, 30), "websocket": (10, 10)}[run.transport]
        assert least - 0.01 <= run.expected_mean_ms <= most + 0.01
    assert "WebSockets: mine</title>" in (folder / "report.html").read_text(encoding="utf-8")
    assert list(tmp_path.iterdir()) == [folder], "no partial folder is left"


@pytest.mark.long
def test_a_workload_without_a_valid_run_shows_its_figures_marked_and_fails(tmp_path):
    options = ["--clients", "2", "--rate", "0.5", "--poll-interval", "0.5", "--duration", "1"]
    done = loadtests(*options, "--out", str(tmp_path / "mine"))
    assert done.returncode == 1, done.stdout
    assert complaints(done.stderr) == ["loadtests: 3 of 3 runs are not valid and do not count. "
                    "What may help: a higher --rate, or a longer --duration."]  # fmt: skip
    assert "websocket does not count: only" in done.stdout
    messages = sum(read_runs(tmp_path / "mine").published)
    assert messages == 0 or re.search(r"websocket +\([\d.]+\) +\(0\) +– +\([\d.]+\)", done.stdout)
    assert (tmp_path / "mine" / "report.html").exists()


@pytest.mark.parametrize(
    ("reasons", "help_"),
    [
        (["only 3 messages"], "a higher --rate, or a longer --duration"),
        (["only 3 messages", "5 lost; generator 20.0 ms late at p99"], "fewer --clients, a lower --rate, a smaller"),
        (["generator took 0.90 of a core"], "fewer --clients or a lower --rate"),
        (["7 bytes not booked"], "another try; if that is no better, the lab is at fault"),
    ],
)
def test_what_may_help_follows_from_the_reasons(reasons, help_):
    assert help_against(reasons).startswith(help_)


@pytest.mark.parametrize("columns", ["40", "100"])
def test_the_list_names_every_experiment_with_runs_and_seconds(columns):
    done = loadtests("--list", COLUMNS=columns)
    assert done.returncode == 0 and "…" not in done.stdout
    for name, experiment in EXPERIMENTS.items():
        said = " ".join(re.split(rf"^{name} ", done.stdout, flags=re.MULTILINE)[1].split())
        plan = experiment.runs("quick")
        found = floors_of(plan)
        seconds = experiment.observed_s + sum(run.expected_s for run in [*plan, *found])
        assert f"quick: {len(plan)} runs{f' and {len(found)} for floors' * bool(found)}, {seconds:.0f} s" in said


def test_the_list_of_a_workload_is_of_it_alone():
    done = loadtests("--list", "--clients", "300", "--duration", "20", "--within-ms", "100", "--cookies", "100")
    assert (done.returncode, done.stdout.strip()) == (0, "workload: 3 runs, 68 s")
    far = loadtests("--list", "--clients", "300", "--duration", "20", "--rtt", "60")
    assert (far.returncode, far.stdout.strip()) == (0, "workload: 3 runs and 3 for floors, 140 s")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nonsense"], "there is no experiment nonsense"),
        (["--profile", "huge"], "invalid choice"),
        (["latency", "--clients", "5"], "either EXPERIMENT or a workload"),
        (["--clients", "0"], "not a whole number from 1"),
        (["--size", "5"], "not a whole number from"),
        (["--rate", "x"], "invalid"),
        (["--rtt", "-1"], "not a number from 0"),
        (["--rtt", "1e9"], "not a number from 0 to 1000"),
        (["--out", "servers"], "is there already"),
        (["--out", "no/such/folder"], "there is no folder"),
        (["--resume", "--out", "results/never-begun"], "nothing to resume"),
        (["--size", "100000000"], "not a whole number from 61 to 16,777,216"),
        (["--clients", "1000000"], "1,000,000 clients, 10 messages/s, 142 B messages: this takes about"),
        (["--clients", "3000", "--size", "16777216", "--rate", "1000"], "GiB of memory"),
        (["--poll-interval", "1e9"], "not a number from 0.01 to 3600"),
        (["calibration", "latency"], "calibration stands alone"),
        (["calibration", "--rtt", "20"], "calibration stands alone"),
        (["calibration", "--resume"], "calibration stands alone"),
        (["calibration", "--restart"], "calibration stands alone"),
        (["--resume", "--restart"], "not allowed with"),
        (["calibration", "--out", "servers"], "is there already"),
    ],
)
def test_wrong_usage_is_told_and_exits_with_2(arguments, words):
    done = loadtests(*arguments)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert words in done.stderr.splitlines()[-1]


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


def test_an_experiment_named_twice_runs_once():
    p = command.parser()
    once, twice = (command.plan_of(p.parse_args(names), p) for names in (["latency"], ["latency", "latency"]))
    assert once == twice


def test_who_called_make_is_told_what_make_takes(tmp_path, monkeypatch):
    first = Comparison(workload(duration_s=1.0), tmp_path / "mine", "quick")
    first.begin()
    (first.partial.work / "rows.jsonl").write_text('{"run_id": "one"}\n')
    monkeypatch.setenv("MAKELEVEL", "1")
    with pytest.raises(Refused, match="go on with make lab ARGS=--resume, .* with make lab ARGS=--restart"):
        first.begin()
    monkeypatch.delenv("MAKELEVEL")
    with pytest.raises(Refused, match="go on with --resume, .* with --restart"):
        first.begin()
    said = subprocess.run(["make", "-n", "lab", "ARGS=--resume"], cwd=ROOT, capture_output=True, text=True)
    assert "-m loadtests --profile quick --resume\n" in said.stdout


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
