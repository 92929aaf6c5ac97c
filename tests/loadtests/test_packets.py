"""The path of packets between namespaces: real TCP at both ends, made without root, and gone when its process is."""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest
from tools.lab import ROOT, WAIT, eventually
from tools.processes import MARK, ended, marked, tree

from loadtests.calibration.__main__ import Bench, Row
from loadtests.packets import devices
from loadtests.packets.devices import FAR, NoNamespaces, check_possible
from loadtests.runs.packet_path import PacketPath

pytestmark = [pytest.mark.starts, pytest.mark.usefixtures("packets")]

PACKETS = [sys.executable, "-m", "loadtests.packets"]
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


@pytest.fixture(scope="module")
def bench(packets):
    with ExitStack() as children:
        yield Bench(children)


@contextmanager
def running(*arguments, prefix=(), **options):
    with subprocess.Popen([*prefix, *PACKETS, *arguments], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, **options) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def done(*arguments, prefix=()):
    return subprocess.run([*prefix, *PACKETS, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60)


# ---- What the path does to packets


def test_round_trips_and_connects_take_what_was_asked(bench):
    """With a band for a busy machine; `python -m loadtests.calibration` has the exact ones."""
    bench.path.send(delay=30)
    try:
        for kind in ("icmp", "tcp"):
            times = sorted(bench.measure(kind, count=30, pause=0.002))
            assert 0.0599 < times[0] and times[15] < 0.075
        connects = sorted(bench.measure("connect", count=20))
        assert 0.0599 < connects[0] and connects[10] < 0.075, "one round trip, and no second one for ARP"
    finally:
        bench.path.send(delay=0)


def test_loss_is_in_its_binomial_interval_and_nothing_is_reordered(bench):
    share, disorder = bench.loss()
    assert share.met and disorder.met, (share, disorder)


def test_a_rate_is_kept(bench):
    """Within 3 %: the last one has to be read in time, too."""
    row = bench.rate()
    assert row.measured == pytest.approx(row.asked, rel=0.03)


def test_a_lost_packet_is_sent_again_and_tcp_loses_nothing(bench):
    bench.path.send(loss=5)
    try:
        before = bench.path.retransmissions()
        assert len(bench.measure("tcp", count=200, pause=0)) == 200
        assert bench.path.retransmissions() > before
    finally:
        bench.path.send(loss=0)


def test_in_a_cut_nothing_passes_and_afterwards_it_does(bench):
    bench.path.send(cut=0.8)
    bench.path.counts()  # answered once the cut has begun
    began = time.monotonic()
    bench.measure("tcp", count=1, pause=0)
    assert time.monotonic() - began > 0.6


def test_counts_say_what_became_of_the_packets(bench):
    before = bench.path.counts()
    bench.measure("tcp", count=50, pause=0)
    after = bench.path.counts()
    for way in ("up", "down"):
        assert after[way]["passed"] >= before[way]["passed"] + 50


# ---- The program


def test_a_command_runs_at_the_near_end_and_its_status_is_the_programs():
    show = "import socket; s = socket.create_server(('10.77.0.1', 0)); print(s.getsockname()[0]); raise SystemExit(7)"
    said = done("--delay-ms", "1", "--", sys.executable, "-c", show)
    assert (said.returncode, said.stdout.strip(), said.stderr) == (7, "10.77.0.1", "")


def test_an_ordinary_user_can_do_it():
    """Whoever runs the tests; if that is root, as in CI, nobody."""
    if os.getuid():
        assert done("--", "true").returncode == 0
        return
    python = f"/usr/bin/python{sys.version_info[0]}.{sys.version_info[1]}"  # root's own may be closed to others
    if not Path(python).exists() or subprocess.run([*NOBODY, python, "-c", ""], cwd=ROOT).returncode:
        pytest.skip(f"nobody can run {python} here")
    libraries = next(path for path in sys.path if path.endswith("site-packages"))
    program = ["env", f"PYTHONPATH={libraries}", python, "-m", "loadtests.packets", "--", "id", "-u"]
    said = subprocess.run([*NOBODY, *program], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (said.returncode, said.stdout.strip()) == (0, "0"), said.stderr


def test_a_server_at_the_far_end_answers():
    serve = f"{sys.executable} -m http.server --bind {FAR} 8000"
    ask = ("import time, urllib.request\n"
           "for _ in range(100):\n"
           "    try: raise SystemExit(urllib.request.urlopen('http://10.77.0.2:8000/', timeout=5).status != 200)\n"
           "    except OSError: time.sleep(0.1)")  # fmt: skip
    said = done("--far", serve, "--", sys.executable, "-c", ask)
    assert said.returncode == 0, said.stderr


@pytest.mark.parametrize(("arguments", "status", "complaint"), [
    ([], 2, "give a COMMAND behind --, or --shell"), (["--loss", "200", "--", "true"], 2, "200 is not a number from 0"),
    (["--loss", "60", "--burst", "1.2", "--", "true"], 2, "bursts of 1.2 packets cannot make 60 % loss"),
    (["--dealy-ms", "1", "--", "true"], 2, "did you mean --delay-ms?"),
    (["--", "no-such-program"], 127, "no-such-program"),
])  # fmt: skip
def test_bad_input_is_one_line(arguments, status, complaint):
    said = done(*arguments)
    assert said.returncode == status and complaint in said.stderr and "Traceback" not in said.stderr


def test_where_namespaces_are_forbidden_one_line_says_so_and_what_still_works(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(NoNamespaces, match="network namespaces are Linux's"):
        check_possible()
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setitem(devices.PROGRAMS, "no-such-program", "no-such-package")
    with pytest.raises(NoNamespaces, match=r"no-such-program is not installed \(package no-such-package\)"):
        check_possible()


# ---- Its end


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_killed_it_leaves_no_process_and_no_namespace(number):
    sleep = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]
    mark = uuid.uuid4().hex
    with running("--far", "sleep 600", "--", *sleep, env=os.environ | {MARK: mark}) as process:
        assert process.stdout.readline() == "up\n"
        processes = eventually(lambda: len(found := tree(process.pid)) >= 5 and found)
        own = {os.readlink(f"/proc/{each.pid}/ns/net") for each in processes}
        process.send_signal(number)
        assert len(own) == 3
        eventually(lambda: ended(processes) and not marked(mark))  # what holds a namespace is one of them


def test_it_ends_with_its_input():
    with running("--controlled") as process:
        ends = json.loads(process.stdout.readline())
        assert ends["address"] == FAR
        process.stdin.close()
        assert process.wait(WAIT) == 0
        assert eventually(lambda: not any(psutil.pid_exists(ends[name]) for name in ("near", "far")))


def test_two_paths_do_not_meet():
    with ExitStack() as children:
        paths = [PacketPath(children), PacketPath(children)]
        for path in paths:
            far = path.start_at(path.far, "far", ["-m", "loadtests.calibration.probes", "far", path.address])
            assert far.expect("listening", WAIT)


def test_a_row_is_met_within_its_bound():
    assert Row("", 20, 20.2, "ms", 0.3).met and not Row("", 20, 20.4, "ms", 0.3).met and Row("", 0, 9, "", None).met
