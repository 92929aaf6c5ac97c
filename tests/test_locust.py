"""The three users in plain Locust runs: deliveries in its table, exact bytes and percentiles in the summary."""

import csv
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import serving

ROOT = Path(__file__).parents[1]
USERS = {"polling": "PollingUser", "long-polling": "LongPollingUser", "websocket": "WebSocketUser"}


@pytest.fixture(scope="module")
def urls() -> Iterator[dict[str, str]]:
    with serving("--source", "clock", "--rate", "10", "--size", "142") as lab:
        yield {transport: lab.url(transport) for transport in USERS}


def locust(transport: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "locust", "-f", "loadtests/locustfile.py", USERS[transport], "--headless"]
    return subprocess.run([*command, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=100)


@pytest.mark.parametrize("transport", USERS)
def test_two_hundred_users_in_two_processes_lose_nothing(transport, urls, tmp_path):
    arguments = ["-u", "200", "-r", "100", "-t", "8s", "--processes", "2", "--host", urls[transport]]
    done = locust(transport, *arguments, "--csv", str(tmp_path / "table"))
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    said = re.search(r"([\d,]+) deliveries, 0 lost, 0 repeated, 0 out of order, 0 failures", done.stderr + done.stdout)
    assert said, done.stdout + done.stderr
    with (tmp_path / "table_stats.csv").open() as file:
        rows = {row["Name"]: row for row in csv.DictReader(file)}
    assert set(rows) == {"delivery", "Aggregated"}
    assert int(rows["delivery"]["Request Count"]) == int(said[1].replace(",", "")) > 2000
    assert int(rows["delivery"]["Failure Count"]) == 0
    assert float(rows["delivery"]["Average Content Size"]) > 142
    assert re.search(r"delivery latency, ms: p50 [\d.]+, p90 [\d.]+, p99 [\d.]+", done.stdout)
    assert re.search(r"wire bytes per delivery: [\d,.]+ \(handshake", done.stdout)


@pytest.mark.parametrize(
    ("option", "value"),
    [("--poll-interval", "0"), ("--hold", "61"), ("--header-profile", "none"), ("--cookie-bytes", "5")],
)
def test_bad_options_are_refused(option, value):
    done = locust("polling", option, value)
    assert done.returncode == 2 and option in done.stderr and "Traceback" not in done.stderr


def test_profile_and_cookies_are_on_the_wire(urls):
    shared = ["-u", "1", "-t", "3s", "--poll-interval", "0.1", "--host", urls["polling"]]
    heads = {}
    for name, options in {"small": [], "large": ["--header-profile", "browser", "--cookie-bytes", "500"]}.items():
        done = locust("polling", *shared, *options)
        found = re.search(r"cookies ([\d,.]+), request head ([\d,.]+)", done.stdout)
        assert found, done.stdout + done.stderr
        heads[name] = [float(number.replace(",", "")) for number in found.groups()]
    assert heads["small"][0] == 0 and heads["large"][0] > 100
    assert heads["large"][1] > 2 * heads["small"][1]


def test_a_missing_server_fails_the_run():
    done = locust("websocket", "-u", "1", "-t", "2s", "--host", "ws://127.0.0.1:9")
    assert done.returncode == 1 and "Traceback" not in done.stderr
