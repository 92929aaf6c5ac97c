"""Runs over the path of packets: bytes equal the kernel's, nothing is lost, what is sent again is counted apart."""

import os
import subprocess
import sys
import uuid
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
from tools.lab import ROOT, WAIT, WITH_GUESTS, eventually
from tools.processes import MARK, ended, marked, tree

from loadtests.experiments.run import Run
from loadtests.runs.floor import expected_each_s, floor_run
from loadtests.runs.measure import measure_run
from loadtests.runs.row import row
from loadtests.runs.validity import LARGEST_CPU_SHARE, Reason, reasons_in
from results.table import read_runs

pytestmark = [pytest.mark.starts, pytest.mark.usefixtures("packets")]

BUSY = {Reason.GENERATOR_LATE, Reason.GENERATOR_BUSY, Reason.PUBLISHER_LATE, Reason.WINDOW_LATE, Reason.PATH_BUSY}
"""What a busy machine may bring about."""


def measured(tmp_path, transport, **parameters):
    run = Run("workload", transport, clients=3, rate_hz=30, poll_interval_s=0.5, duration_s=1.5, path="packets",
              **parameters)  # fmt: skip
    outcome = measure_run(run, tmp_path, lambda seconds: None)
    cells = row(run, outcome, 1)
    assert reasons_in(cells["invalid_reason"] or "") <= BUSY, cells["invalid_reason"]
    return run, outcome, cells


@pytest.mark.parametrize("transport", WITH_GUESTS)
def test_a_run_over_packets_has_every_byte_and_takes_its_round_trip(tmp_path, transport):
    run, outcome, cells = measured(tmp_path, transport, rtt_ms=40.0)
    assert (cells["path"], cells["loss_percent"], cells["lost"]) == ("packets", 0, 0)
    assert cells["latency_p50_ms"] > 19.9
    near = 90 if transport == "polling" else 25  # three phases of half a second are few
    modelled_ms = 1000 * np.median(expected_each_s(run, outcome.tally, 0.0))
    assert cells["latency_p50_ms"] == pytest.approx(modelled_ms, abs=near), "a stall moves the mean, not the median"
    assert cells["segments_sent"] + cells["segments_received"] > 0


@pytest.mark.parametrize("transport", WITH_GUESTS)
def test_with_loss_tcp_sends_again_and_no_message_is_lost(tmp_path, transport):
    run, outcome, cells = measured(tmp_path, transport, rtt_ms=10.0, loss_percent=8.0)
    assert (cells["lost"], cells["duplicated"], cells["out_of_order"]) == (0, 0, 0)
    assert cells["retransmissions"] > 0 and cells["loss_percent"] == 8
    assert cells["latency_max_ms"] > cells["latency_p50_ms"] + 10, "who waits for a segment that is sent again is late"
    assert cells["expected_mean_ms"] is None, "the model knows no loss"


def test_over_tls_too(tmp_path):
    _, _, cells = measured(tmp_path, "websocket", rtt_ms=10.0, tls=True)
    assert cells["lost"] == 0 and cells["deliveries"] > 0


def test_the_floor_is_found_over_the_same_path_without_delay_and_loss():
    run = Run("latency", "websocket", rtt_ms=50.0, path="packets", loss_percent=1.0, queue_packets=20)
    found = floor_run(run)
    assert (found.path, found.rtt_ms, found.loss_percent, found.queue_packets) == ("packets", 0.0, 0.0, None)


def test_a_path_that_is_busy_makes_a_run_invalid(tmp_path):
    run, outcome, cells = measured(tmp_path, "websocket")
    busy = replace(outcome, path_cpu_share=LARGEST_CPU_SHARE + 0.1)
    assert reasons_in(row(run, busy, 1)["invalid_reason"]) >= {Reason.PATH_BUSY}


def loadtests(*options):
    return subprocess.run([sys.executable, "-m", "loadtests", *options], cwd=ROOT, capture_output=True, text=True,
                          timeout=110)  # fmt: skip


def test_the_command_measures_a_workload_over_packets(tmp_path):
    folder = tmp_path / "mine"
    path = ["--path", "packets", "--loss", "1", "--queue", "50", "--mbit", "20", "--rtt", "10"]
    load = ["--clients", "2", "--rate", "60", "--duration", "1", "--poll-interval", "0.25"]
    done = loadtests(*path, *load, "--out", str(folder))
    assert done.returncode in (0, 1) and "Traceback" not in done.stderr, done.stderr
    runs = read_runs(folder)
    assert set(runs.path) == {"packets"} and set(runs.loss_percent) == {1.0} and set(runs.queue_packets) == {50}
    assert (runs.lost == 0).all() and set(runs.link_mbps) == {20.0}


@pytest.mark.parametrize(("options", "complaint"), [
    (["--loss", "1"], "--loss and --queue are of packets: they need --path packets"),
    (["--queue", "5", "--path", "relay"], "they need --path packets"),
    (["--path", "pigeons"], "invalid choice: 'pigeons'"),
    (["--loss", "60", "--path", "packets"], "60 is not a number from 0 to 50"),
])  # fmt: skip
def test_wrong_usage_is_one_line(options, complaint):
    done = loadtests(*options)
    assert done.returncode == 2 and complaint in done.stderr


VICTIMS = {"path": ["loadtests.packets"], "server": ["-m servers"], "Locust": ["-m locust"],
           "all three": ["loadtests.packets", "-m servers", "-m locust"]}  # fmt: skip


@pytest.mark.parametrize("killed", VICTIMS)
def test_killed_with_9_no_process_no_namespace_and_no_device_remains(tmp_path, killed):
    load = ["--path", "packets", "--rtt", "10", "--clients", "2", "--duration", "60", "--out", str(tmp_path / "mine")]
    before, mark = devices_here(), uuid.uuid4().hex
    with subprocess.Popen([sys.executable, "-m", "loadtests", *load], cwd=ROOT, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True, env=os.environ | {MARK: mark}) as runner:  # fmt: skip
        try:
            victims = eventually(lambda: (found := running(runner, VICTIMS["all three"])) and len(found) >= 3 and found)
            processes = eventually(lambda: len(found := tree(runner.pid)) >= 6 and found)
            own = {os.readlink(f"/proc/{each.pid}/ns/net") for each in processes} - {os.readlink("/proc/self/ns/net")}
            assert victims and len(own) == 3, "the path's namespace, and one for each end"
            for victim in running(runner, VICTIMS[killed]):
                victim.kill()
            assert runner.wait(WAIT) == 1
            said = runner.stderr.read()
        finally:
            runner.kill()
    assert "Traceback" not in said and said.count("\n") <= 3, said
    eventually(lambda: ended(processes) and not marked(mark))  # what holds a namespace is one of them
    assert devices_here() == before


def running(runner, marks):
    """The processes that run these programs, each by its own command line."""
    return [each for each in tree(runner.pid) if any(mark in command(each) for mark in marks)]


def command(process):
    with suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""


def devices_here():
    lines = Path("/proc/net/dev").read_text(encoding="ascii").splitlines()[2:]
    return {line.partition(":")[0].strip() for line in lines}
