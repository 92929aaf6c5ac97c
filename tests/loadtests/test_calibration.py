"""The calibration of the delay line: its arithmetic on made-up times, and a short one with real processes."""

import csv
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace

import psutil
import pytest
from rich.console import Console
from tools.lab import eventually

from loadtests.link import calibration, pings
from loadtests.link.calibration import ASKED_MS, COLUMNS, SAMPLES, Row, busy_cores, missed, period, print_result, row
from loadtests.runs.processes import RunFailed

pytestmark = pytest.mark.alone

GENEROUS_MS = 300  # that a busy machine may add; never a lower bound
GOOD = Row("idle", 20.0, median_ms=20.4, p99_ms=22.0, max_ms=30.0)
LATE = Row("idle", 50.0, median_ms=50.4, p99_ms=55.1, max_ms=60.0)
DIRECT = Row("idle", None, median_ms=8.0, p99_ms=9.0, max_ms=10.0)
BUSY = Row("busy", 20.0, median_ms=29.0, p99_ms=40.0, max_ms=50.0)


def test_a_row_counts_its_errors_from_the_round_trip_asked():
    measured = row("idle", 20.0, [0.0201] * 50 + [0.0203] * 49 + [0.031])
    assert (measured.median_ms, measured.p99_ms, measured.max_ms) == pytest.approx((20.1, 20.3, 31.0), abs=0.005)
    assert (measured.median_error_ms, measured.p99_error_ms) == pytest.approx((0.1, 0.3), abs=0.005)


def test_without_the_link_nothing_is_asked_and_nothing_is_wrong():
    assert DIRECT.median_error_ms is None and DIRECT.p99_error_ms is None and DIRECT.met


@pytest.mark.parametrize(
    ("median", "p99", "met"),
    [(21.0, 25.0, True), (21.01, 22.0, False), (20.0, 25.01, False), (18.9, 20.0, False), (19.1, 20.0, True)],
)
def test_the_bounds_are_of_the_median_and_of_the_99th_percentile(median, p99, met):
    assert Row("idle", 20.0, median, p99, 1000.0).met == met


def test_bounds_are_for_the_idle_machine():
    assert missed([DIRECT, GOOD, BUSY]) == []
    assert missed([DIRECT, GOOD, LATE, BUSY]) == ["50 ms"]


@pytest.mark.parametrize("asked_ms", [ms for ms in ASKED_MS if ms])
def test_pings_under_way_stay_a_third_of_a_period_apart(asked_ms):
    every, one_way = period(asked_ms), asked_ms / 2000
    moments = sorted([0.0, one_way % every, 2 * one_way % every]) + [every]
    assert min(later - earlier for earlier, later in zip(moments, moments[1:], strict=False)) >= 0.0024
    assert 0.0074 < every < 0.012


def test_a_quick_calibration_takes_less_than_a_minute():
    rows = 2 * sum(SAMPLES["quick"] * period(asked) for asked in (0.0, *ASKED_MS))
    assert rows < 50


@pytest.fixture
def echo_server() -> Iterator[tuple[str, int]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=lambda: pings.send_back(listener.accept()[0]))
        thread.start()
        yield listener.getsockname()
        thread.join(20)
        assert not thread.is_alive()


def test_every_ping_is_timed(echo_server):
    trips = pings.ping(echo_server, 50, 0.002)
    assert len(trips) == 50 and 0 < min(trips) <= max(trips) < GENEROUS_MS / 1000


def test_pings_do_not_wait_for_those_before():
    """The first answer is held until the last ping has come: later ones were under way for less."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=hold_until_all_are_there, args=(listener, 20))
        thread.start()
        trips = pings.ping(listener.getsockname(), 20, 0.01)
        thread.join(20)
    assert trips[0] - trips[-1] > 0.1  # of the 190 ms from the first to the last


def hold_until_all_are_there(listener: socket.socket, count: int) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.sendall(connection.recv(pings.PING_BYTES))
        held = b""
        while len(held) < count * pings.PING_BYTES:
            held += connection.recv(65_536)
        connection.sendall(held)
        connection.recv(1)


def test_a_path_that_ends_is_an_error():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=lambda: listener.accept()[0].close())
        thread.start()
        with pytest.raises(ConnectionError):
            pings.ping(listener.getsockname(), 5, 0.001)
        thread.join(20)


# ---- With its processes


@pytest.mark.parametrize("role", pings.ROLES)
def test_a_child_ends_with_its_input(role):
    command = [sys.executable, "-m", "loadtests.link.pings", role]
    assert subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=20).returncode == 0


def test_idle_and_busy_are_measured_without_the_link_and_through_it():
    rows = calibration.measure(20, Console(quiet=True), asked=(0.0, 40.0))
    assert [(each.load, each.asked_ms) for each in rows] == [
        (load, asked) for load in ("idle", "busy") for asked in (None, 0.0, 40.0)
    ]
    for each in rows:
        assert (each.asked_ms or 0) <= each.median_ms <= each.p99_ms <= each.max_ms
        assert each.median_ms < (each.asked_ms or 0) + GENEROUS_MS


def test_the_other_cores_are_kept_busy_while_it_says_so(monkeypatch):
    at_work, before = [], psutil.Process().children()

    def counted(bench, load, asked_ms):
        commands = [child.cmdline() for child in psutil.Process().children()]
        at_work.append((load, sum("spin" in command for command in commands)))

    monkeypatch.setattr(calibration.Bench, "measure", counted)
    calibration.measure(20, Console(quiet=True), asked=())
    assert at_work == [("idle", 0), ("busy", busy_cores())] and busy_cores() >= 1
    assert psutil.Process().children() == before


def test_a_link_that_dies_is_named():
    def kill_link() -> None:
        links = eventually(lambda: [c for c in psutil.Process().children() if "loadtests.link" in c.cmdline()])
        links[0].kill()

    thread = threading.Thread(target=kill_link)
    thread.start()
    with pytest.raises(RunFailed, match="ended in mid-run"):
        calibration.measure(500, Console(quiet=True), asked=(20.0,))
    thread.join(20)


# ---- What it tells


def test_the_verdict_is_a_line_and_a_status(capsys):
    assert print_result([DIRECT, GOOD, BUSY], 300, Console()) == 0
    shown = capsys.readouterr()
    assert shown.out.splitlines()[-1].endswith("p99 within 5 ms. Met.") and shown.err == ""
    assert "no link" in shown.out and "20.40" in shown.out and "+0.40" in shown.out
    assert print_result([DIRECT, GOOD, LATE, BUSY], 300, Console()) == 1
    shown = capsys.readouterr()
    assert shown.out.splitlines()[-1].endswith("Not met.")
    assert shown.err.startswith("loadtests: ") and "at 50 ms" in shown.err and shown.err.count("\n") == 1


def test_no_number_of_the_table_is_cut_where_the_window_is_narrow(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "30")
    slow = replace(LATE, asked_ms=100.0, median_ms=1100.25, p99_ms=10_000.25, max_ms=10_000.75)
    print_result([DIRECT, slow, slow, BUSY], 300, Console())
    said = capsys.readouterr().out
    assert "…" not in said
    for number in ("1100.25", "+1000.25", "10000.25", "+9900.25", "10000.75"):
        assert said.split().count(number) == 2


@pytest.mark.parametrize(("rows", "status"), [([DIRECT, GOOD, BUSY], 0), ([DIRECT, LATE, BUSY], 1)])
def test_results_are_whole_whatever_the_verdict(tmp_path, monkeypatch, rows, status):
    monkeypatch.setattr(calibration, "measure", lambda samples, console: rows)
    folder = tmp_path / "mine"
    assert calibration.calibrate("standard", folder, Console(quiet=True)) == status
    assert list(tmp_path.iterdir()) == [folder]
    assert sorted(file.name for file in folder.iterdir()) == ["calibration.csv", "machine.json"]
    assert json.loads((folder / "machine.json").read_text())["profile"] == "standard"
    with (folder / "calibration.csv").open() as file:
        kept = list(csv.DictReader(file))
    assert tuple(kept[0]) == COLUMNS and len(kept) == len(rows)
    assert (kept[0]["asked_ms"], kept[0]["median_error_ms"], kept[0]["median_ms"]) == ("", "", "8.000")
    assert float(kept[1]["p99_error_ms"]) == pytest.approx(rows[1].p99_error_ms)


@pytest.mark.parametrize(("error", "status"), [(RunFailed("the link is gone"), 1), (KeyboardInterrupt(), 130)])
def test_what_is_not_finished_is_a_line_and_no_folder(tmp_path, monkeypatch, capsys, error, status):
    def fail(samples, console):
        raise error

    monkeypatch.setattr(calibration, "measure", fail)
    assert calibration.calibrate("quick", tmp_path / "mine", Console(quiet=True)) == status
    assert capsys.readouterr().err.count("\n") == 1 and list(tmp_path.iterdir()) == []
