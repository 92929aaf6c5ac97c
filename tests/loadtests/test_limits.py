"""What a run takes, what the machine gives, and the line that says what is missing."""

import math
import os
import subprocess
import sys

import pytest
from tools.lab import ROOT

from loadtests.experiments import EXPERIMENTS
from loadtests.experiments.run import Run
from loadtests.runs.machine import is_load
from loadtests.runs.resources import GIB, Resources, available, ports, required_by, running, shortage_for
from servers.serving.limits import free_memory, left_to_groups

pytestmark = pytest.mark.starts

PLENTY = Resources(math.inf, math.inf, math.inf, math.inf)
LAPTOP = Resources(memory=4 * GIB, descriptors=10_240, ports=16_384, threads=2000)


def test_what_every_profile_runs_a_laptop_can_hold():
    for experiment in EXPERIMENTS.values():
        assert [run for run in experiment.runs("full") if shortage_for(run, LAPTOP)] == []


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (Run("x", "polling", clients=15_000), "15,000 clients, 10 messages/s, 142 B messages: this takes about "
         "6.3 GiB of memory (4.0 here), 15,100 open files in a process (10,240 here)"),
        (Run("x", "polling", clients=6000, rtt_ms=20), "6,000 clients, 10 messages/s, 142 B messages: this takes about "
         "12,100 open files in a process (10,240 here)"),
        (Run("x", "websocket", payload_bytes=16_000_000, rate_hz=100), "5 clients, 100 messages/s, 16,000,000 B "
         "messages: this takes about 16.7 GiB of memory (4.0 here)"),
    ],
)  # fmt: skip
def test_all_that_is_missing_is_said_in_a_line(run, words):
    assert shortage_for(run, LAPTOP) == words
    assert shortage_for(run, PLENTY) is None


def test_a_message_is_kept_once_the_history_is_full_no_longer():
    long, longer = (required_by(Run("x", "polling", rate_hz=1000, duration_s=seconds)) for seconds in (60, 6000))
    assert long == longer


def test_this_machine_gives_something_of_everything():
    here = available()
    assert here.memory > 0 and here.descriptors >= 256 and 1000 < here.ports < 65_536 and here.threads > 0
    assert ports() == here.ports
    assert running(os.getuid()) > 0


def test_a_container_has_what_is_left_to_its_group_and_to_those_around_it(tmp_path):
    own = tmp_path / "cgroup"
    own.write_text("0::/class/student\n")
    groups = {"class/student": ("max", "7"), "class": ("3000", "1000"), "": ("5000", "100")}
    for name, (most, used) in groups.items():
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
        (tmp_path / name / "memory.max").write_text(most + "\n")
        (tmp_path / name / "memory.current").write_text(used + "\n")
    assert list(left_to_groups("memory.max", "memory.current", tmp_path, own)) == [2000, 4900]
    assert list(left_to_groups("memory.max", "memory.current", tmp_path, tmp_path / "none")) == []
    assert free_memory() > 0


def test_a_load_is_told_by_its_command_line():
    assert is_load(["python", "-m", "loadtests", "--clients", "3"])
    assert is_load(["/usr/bin/python3", "-m", "loadtests.benchmark"])
    assert not is_load(["python", "-m", "loadtests.link"]) and not is_load(["vi", "loadtests"]) and not is_load([])


def test_servers_keep_no_more_messages_than_there_is_memory():
    command = [sys.executable, "-m", "servers", "--source", "clock", "--size", "16777216", "--history", "1000000"]
    command += ["--history-mib", "100000000"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "keep fewer with --history" in done.stderr.splitlines()[-1]
