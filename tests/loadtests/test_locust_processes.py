"""A run whose clients are in several processes of Locust: the same sums, and nobody left behind."""

import csv
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil
import pytest
from tools.lab import LOCUST, ROOT, TRANSPORTS, WAIT, eventually, serving
from tools.processes import ended

from loadtests.experiments.run import Run
from loadtests.runs import measure
from loadtests.runs.processes import Child, RunFailed, start

pytestmark = [pytest.mark.starts, pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot fork")]
CONDUCT = """
import pathlib, sys
from loadtests.experiments.run import Run
from loadtests.runs import measure
measure.MOST_CLIENTS = 5
measure.measure_run(Run("x", "websocket", clients=10, duration_s=60.0), pathlib.Path(sys.argv[1]), lambda seconds: None)
"""


def test_a_process_has_at_most_400_clients():
    assert [measure.processes_for(clients) for clients in (1, 400, 401, 2000)] == [1, 1, 2, 5]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_two_processes_count_what_one_would(transport, tmp_path, monkeypatch):
    monkeypatch.setattr(measure, "MOST_CLIENTS", 5)
    run = Run("x", transport, clients=9, rate_hz=20, poll_interval_s=0.2, duration_s=2.0)
    result = measure.measure_run(run, tmp_path, lambda seconds: None)
    tally, whole = result.tally, result.tally.all_bytes
    assert tally.samples == 9 * result.published > 0
    assert tally.connections == (18 if transport == "websocket" else 9)  # a look at /status has its own
    assert {tuple(sorted(message.clients)) for message in tally.messages.values()} == {tuple(range(9))}
    assert (tally.lost, tally.duplicated, tally.out_of_order, tally.failures) == (0, 0, 0, 0)
    assert tally.ledger.difference == 0 and tally.cpu_share > 0 and tally.lag_us.get_total_count() > 200
    if sys.platform == "linux":
        assert (whole.kernel_sent, whole.kernel_received) == (whole.wire_sent, whole.wire_received)


def forked(locust: psutil.Process) -> list[psutil.Process]:
    return eventually(lambda: found if len(found := locust.children()) == 2 else [])


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Locust with two workers that wait to be told whom to follow."""
    monkeypatch.setattr(measure, "MOST_CLIENTS", 5)
    with ExitStack() as children:
        yield start(children, "Locust", measure.locust_arguments(Run("x", "websocket", clients=10), tmp_path))


def test_a_worker_that_dies_fails_the_run(load: Child):
    workers = forked(psutil.Process(load.pid))
    workers[0].kill()
    with pytest.raises(RunFailed, match="Locust ended in mid-run .* one of its worker processes has ended"):
        load.expect("ready", WAIT)
    eventually(lambda: ended(workers))


def test_a_worker_that_dies_under_way_fails_the_run(tmp_path, monkeypatch):
    monkeypatch.setattr(measure, "MOST_CLIENTS", 5)

    killed = []

    def kill_one(seconds: float) -> None:
        if not killed:
            locust = next(child for child in psutil.Process().children() if "locust" in child.cmdline())
            killed.append(locust.children()[0])
            killed[0].kill()

    with pytest.raises(RunFailed, match="one of its worker processes has ended"):
        measure.measure_run(Run("x", "websocket", clients=10, duration_s=20.0), tmp_path, kill_one)
    assert not any("locust" in child.cmdline() for child in psutil.Process().children(recursive=True))


def test_workers_end_with_a_master_that_is_killed(load: Child):
    locust = psutil.Process(load.pid)
    workers = forked(locust)
    locust.kill()
    eventually(lambda: ended(workers))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_who_conducts_the_run(number, tmp_path: Path):
    with subprocess.Popen([sys.executable, "-c", CONDUCT, str(tmp_path)], cwd=ROOT, stderr=subprocess.DEVNULL) as run:
        conductor = psutil.Process(run.pid)
        family = eventually(lambda: found if len(found := conductor.children(recursive=True)) == 4 else [])
        run.send_signal(number)
        run.wait(WAIT)
        eventually(lambda: ended(family))


def test_workers_that_report_late_are_waited_for(tmp_path):
    """They stand still as the time ends: Locust itself would wait for half a second, and leave seconds out."""
    with serving("--ports", "0,0,0", "--source", "clock", "--rate", "20") as lab:
        command = [*LOCUST, "WebSocketUser", "-u", "4", "-r", "4", "-t", "4s", "--processes", "2",
                   "--host", lab.url("websocket"), "--csv", str(tmp_path / "table")]  # fmt: skip
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "start_new_session": True}
        with subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as process:
            try:
                eventually(lambda: lab.status("websocket")["deliveries"] > 4 * 60)
                workers, sent = forked(psutil.Process(process.pid)), lab.status("websocket")["deliveries"]
                for worker in workers:
                    worker.suspend()
                eventually(lambda: "--run-time limit reached" in (process.stdout.readline()))
                time.sleep(1.5)
                for worker in workers:
                    worker.resume()
                said, _ = process.communicate(timeout=60)
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)  # suspended workers would stay
    found = re.search(r"([\d,]+) deliveries, 0 lost, 0 repeated, 0 out of order, 0 failures", said)
    assert process.returncode == 0 and found, said
    counted = int(found[1].replace(",", ""))
    with (tmp_path / "table_stats.csv").open() as file:
        assert [int(row["Request Count"]) for row in csv.DictReader(file)] == [counted, counted]
    assert counted >= sent
