"""What a plain Locust run prints, writes and serves: tables, CSV, JSON, its page, and one line for what is wrong."""

import csv
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress

import pytest
import requests
from tools.lab import LOCUST, ROOT, eventually
from tools.locust import USERS, answers, locust

pytestmark = pytest.mark.starts


@pytest.mark.parametrize(
    ("option", "value"),
    [("--poll-interval", "0"), ("--hold", "61"), ("--header-profile", "none"), ("--cookie-bytes", "5"),
     ("--size", "0"), ("--tls", "x.pem")],
)
def test_bad_options_are_refused(option, value):
    done = locust("polling", option, value, "--host", "http://127.0.0.1:9")
    assert done.returncode == 2 and option in done.stderr and "Traceback" not in done.stderr


def test_the_csv_the_printed_table_and_the_page_agree(urls, tmp_path):
    """With an end that is not on Locust's own beat of a second."""
    files = ["--csv", str(tmp_path / "table"), "--html", str(tmp_path / "page.html")]
    done = locust("long-polling", "-u", "20", "-r", "20", "-t", "3s", "--host", urls["long-polling"], *files)
    assert done.returncode == 0, done.stderr
    said = re.search(r"([\d,]+) deliveries, 0 lost", done.stdout)
    printed = re.findall(r"^long-polling +delivery +(\d+) +0\(0.00%\)", done.stderr + done.stdout, re.MULTILINE)
    with (tmp_path / "table_stats.csv").open() as file:
        rows = {row["Name"]: int(row["Request Count"]) for row in csv.DictReader(file)}
    on_page = re.findall(r'"num_requests": (\d+)', (tmp_path / "page.html").read_text(encoding="utf-8"))
    counts = [int(said[1].replace(",", "")), int(printed[-1]), rows["delivery"], rows["Aggregated"], int(on_page[0])]
    assert counts == [counts[0]] * 5 and counts[0] > 200


@pytest.mark.parametrize("processes", [[], ["--processes", "2"]], ids=" ".join)
def test_after_ctrl_c_every_byte_is_there(clock, urls, processes):
    """The README's own way to end a run: the summary has the bytes of users that were still following."""
    command = [*LOCUST, "WebSocketUser"]
    command += ["-u", "4", "-r", "4", "--host", urls["websocket"], *processes]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "start_new_session": True}
    with subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as process:
        try:
            eventually(lambda: clock.status("websocket")["clients"] == 4)
            told = clock.status("websocket")["deliveries"]
            eventually(lambda: clock.status("websocket")["deliveries"] > told + 4 * 40)  # a worker has reported by then
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does
            out, err = process.communicate(timeout=30)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # no other test has its load
    found = re.search(r"wire bytes per delivery: ([\d,.]+) \(.*payload ([\d.,]+)\)", out)
    assert found and "Traceback" not in err, out + err
    assert float(found[2]) == 142 < float(found[1])


@pytest.mark.parametrize(("user", "served"), [("polling", "websocket"), ("long-polling", "polling")])
def test_a_user_of_another_transport_is_refused_in_one_line(urls, user, served):
    done = locust(user, "-u", "1", "-t", "2s", "--host", urls[served])
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert f"serves {served}, not {user}" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        (["--headless", "-t", "1s", "--host", "nonsense"], 2, "nonsense is not the address of a server"),
        (["--headless", "-t", "1s", "--host", "http://no.such.invalid:1"], 2, "http://no.such.invalid:1: "),
        (["--host", "nonsense"], 2, "nonsense is not the address of a server"),
        (["--web-port", "{taken}"], 1, "no web page at 127.0.0.1:{taken}: Address already in use"),
        (["--web-host", "no.such.invalid"], 1, "no web page at no.such.invalid:8089: "),
        (["--headless", "--processes", "2", "--master-bind-port", "{taken}"], 1, "another run has the port"),
    ],
)  # fmt: skip
def test_what_keeps_locust_from_starting_is_said_in_one_line(options, status, words):
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = str(server.getsockname()[1])
        locust_ = ["-m", "locust", "-f", "loadtests/locustfile.py", "PollingUser", "--loglevel", "ERROR"]
        command = [sys.executable, *locust_, *(option.format(taken=taken) for option in options)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    assert done.returncode == status, done.stderr
    assert words.format(taken=taken) in done.stderr and done.stderr.strip().count("\n") == 0


def test_an_address_typed_into_the_page_that_is_none_fails_the_user():
    """Locust's page takes any; the user says what it looks like, and does not follow."""
    script = """
import sys, types
from locust.env import Environment
from locust.exception import StopUser
from loadtests.users.http import PollingUser
seen = []
environment = Environment(user_classes=[PollingUser], host="nonsense")
environment.events.request.add_listener(lambda exception, **_: seen.append(str(exception)))
environment.parsed_options = types.SimpleNamespace(tls=None, header_profile="minimal", cookie_bytes=0)
environment.generator = types.SimpleNamespace(server=lambda host: host, tally=types.SimpleNamespace(failures=0))
environment.deliveries = types.SimpleNamespace(row=lambda *_: None)
user = PollingUser(environment)
user.host = "nonsense"
try:
    user.on_start()
except StopUser:
    print(seen[0])
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("nonsense is not the address of a server"), done.stderr


def test_its_page_listens_to_this_machine_only():
    script = "from locust.argument_parser import get_parser\nimport loadtests.locustfile\n"
    script += "print(get_parser().parse_args([]).web_host)"
    said = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert said.stdout.strip() == "127.0.0.1", said.stderr


def test_a_row_of_the_table_is_what_locust_would_have_counted():
    script = """
from locust.env import Environment
from loadtests.users.deliveries import DeliveryTable
ours, theirs = Environment(), Environment()
table = DeliveryTable(ours)
for latency in (0.4, 3.2, 147.0, 3432.0, 12.5):
    theirs.stats.log_request("websocket", "delivery", latency, 146)
    table.row("websocket").log(latency, 146)
    if latency == 147.0:
        table.add()
table.add()
table.add()
names = "num_requests total_response_time min_response_time max_response_time response_times total_content_length"
for pick in (lambda e: e.stats.total, lambda e: e.stats.get("delivery", "websocket")):
    for name in names.split():
        assert getattr(pick(ours), name) == getattr(pick(theirs), name), name
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


# ---- Locust's other outputs


def test_json_has_standard_output_for_itself(urls):
    done = locust("websocket", "-u", "2", "-r", "2", "-t", "2s", "--json", "--host", urls["websocket"])
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)
    said = re.search(r"([\d,]+) deliveries, 0 lost", done.stderr)
    assert row["name"] == "delivery" and row["num_requests"] == int(said[1].replace(",", "")) > 10


def test_what_is_no_delivery_has_a_row_of_its_own(lab):
    users = ["HttpEchoUser", "HttpPostUser", "PollingUser"]
    command = [*LOCUST, *users, "-u", "3"]
    command += ["-r", "3", "-t", "2s", "--every", "0.05", "--poll-interval", "0.1", "--json"]
    command += ["--host", lab.url("polling")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100)
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert set(rows) == {"delivery", "echo", "post"} and all(row["num_requests"] > 10 for row in rows.values())
    assert {row["method"] for row in rows.values()} == {"polling"}


@pytest.mark.parametrize("transport", USERS)
def test_a_stop_timeout_does_not_lengthen_the_measurement(transport, urls):
    """Users leave with their next response, and not when `--stop-timeout` ends."""
    began = time.monotonic()
    done = locust(transport, "-u", "3", "-r", "3", "-t", "2s", "--stop-timeout", "40", "--host", urls[transport])
    said = re.search(r"([\d,]+) deliveries, 0 lost, 0 repeated, 0 out of order, 0 failures", done.stdout)
    assert done.returncode == 0 and said and time.monotonic() - began < 20, done.stdout + done.stderr
    assert 15 <= int(said[1]) <= 3 * 10 * 4, "two seconds at ten a second, and not forty"


def test_its_page_refuses_a_server_of_another_transport(urls):
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    command = [sys.executable, "-m", "locust", "-f", "loadtests/locustfile.py", "PollingUser", "--web-port", str(port)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        page = f"http://127.0.0.1:{port}"
        try:
            eventually(lambda: answers(page))
            typed = {"user_count": 2, "spawn_rate": 2, "host": urls["websocket"]}
            requests.post(f"{page}/swarm", data=typed, timeout=10)
            errors = eventually(lambda: requests.get(f"{page}/stats/requests", timeout=10).json()["errors"])
            assert "serves websocket, not polling" in errors[0]["error"]
            eventually(lambda: requests.get(f"{page}/stats/requests", timeout=10).json()["state"] == "stopped")
        finally:
            process.terminate()
            process.communicate(timeout=30)
