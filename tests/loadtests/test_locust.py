"""The three users in plain Locust runs: deliveries in its table, exact bytes and percentiles in the summary."""

import csv
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tools.lab import LOCUST, ROOT, Lab
from tools.locust import USERS, locust

pytestmark = pytest.mark.starts
SENDING = [("HttpEchoUser", "polling"), ("HttpPostUser", "polling"), ("WebSocketEchoUser", "websocket"),
           ("WebSocketPostUser", "websocket"), ("PollingDuplexUser", "polling"),
           ("LongPollingDuplexUser", "long-polling"), ("WebSocketDuplexUser", "websocket")]  # fmt: skip


@pytest.mark.parametrize("transport", USERS)
def test_two_hundred_users_in_two_processes_lose_nothing(transport, urls, tmp_path):
    arguments = ["-u", "200", "-r", "200", "-t", "4s", "--processes", "2", "--host", urls[transport]]
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


@pytest.mark.parametrize(("user", "transport"), SENDING)
def test_users_that_send_work_in_a_plain_run_too(user, transport, lab):
    shared = ["-u", "2", "-t", "2s", "--host", lab.url(transport), "--size", "100", "--every", "0.05"]
    done = locust(transport, *shared, user=user)
    said = re.search(r"([\d,]+) deliveries, 0 lost, 0 repeated, 0 out of order, 0 failures", done.stdout)
    assert done.returncode == 0 and said and "Traceback" not in done.stderr, done.stdout + done.stderr
    assert int(said[1].replace(",", "")) > 20


def test_a_text_has_room_for_its_sender():
    done = locust("websocket", "--size", "10", "--host", "http://127.0.0.1:9", user="WebSocketDuplexUser")
    assert done.returncode == 2 and "--size: the text of these users has 27 B at least" in done.stderr


def test_a_websocket_has_one_connection_and_no_other():
    done = locust("websocket", "--close", "--host", "http://127.0.0.1:9")
    assert done.returncode == 2 and "--close is for PollingUser and LongPollingUser" in done.stderr


def test_profile_and_cookies_are_on_the_wire(urls):
    shared = ["-u", "1", "-t", "2s", "--poll-interval", "0.1", "--host", urls["polling"]]
    heads = {}
    for name, options in {"small": [], "large": ["--header-profile", "browser", "--cookie-bytes", "500"]}.items():
        done = locust("polling", *shared, *options)
        found = re.search(r"cookies ([\d,.]+), request head ([\d,.]+)", done.stdout)
        assert found, done.stdout + done.stderr
        heads[name] = [float(number.replace(",", "")) for number in found.groups()]
    assert heads["small"][0] == 0 and heads["large"][0] > 100
    assert heads["large"][1] > 2 * heads["small"][1]


@pytest.mark.parametrize("transport", USERS)
def test_users_speak_tls(transport, secure_lab):
    with posting(secure_lab):
        arguments = ["-u", "5", "-r", "5", "-t", "2s", "--poll-interval", "0.2", "--header-profile", "browser"]
        done = locust(transport, *arguments, "--tls", str(secure_lab.trust), "--host", secure_lab.url(transport))
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stdout + done.stderr
    assert re.search(r"[\d,]+ deliveries, 0 lost, 0 repeated, 0 out of order, 0 failures", done.stdout)


def test_a_user_that_does_not_trust_the_server_fails_the_run(secure_lab):
    done = locust("websocket", "-u", "1", "-t", "2s", "--host", secure_lab.url("websocket"))
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "certificate is not trusted" in done.stdout + done.stderr


def test_with_deflate_a_user_takes_fewer_bytes(secure_lab):
    payloads = []
    for options in ([], ["--deflate"]):
        with posting(secure_lab):
            shared = ["-u", "2", "-t", "2s", "--tls", str(secure_lab.trust), "--host", secure_lab.url("websocket")]
            done = locust("websocket", *shared, *options)
        found = re.search(r"payload ([\d.,]+)\)", done.stdout)
        assert done.returncode == 0 and found, done.stdout + done.stderr
        payloads.append(float(found[1].replace(",", "")))
    assert payloads[0] > 1000 > 10 * payloads[1]


@contextmanager
def posting(lab: Lab) -> Iterator[None]:
    """Publish something that can be compressed, all the while."""
    over = threading.Event()

    def post() -> None:
        while not over.wait(0.1):
            lab.post("tick tock " * 100)

    thread = threading.Thread(target=post)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


class LyingServer(BaseHTTPRequestHandler):
    """A poll server whose feed leaves out 3, gives it late, and gives 5 twice."""

    protocol_version = "HTTP/1.1"
    answers = [[], [1, 2, 4], [3, 5], [5, 6]]

    def do_GET(self) -> None:
        if self.path == "/status":
            return self.answer(200, b'{"transport":"polling","epoch":"e","newest":0}')
        seqs = self.answers.pop(0) if self.answers else []
        lines = [f'{{"seq":{seq},"published_at":{time.time():.6f},"data":null}}\n' for seq in seqs]
        self.answer(200 if seqs else 204, "".join(lines).encode())

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        for name, value in {"Feed-Epoch": "e", "Feed-Newest": "0", "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def test_what_is_lost_repeated_or_late_is_counted_and_fails_the_run():
    with ThreadingHTTPServer(("127.0.0.1", 0), LyingServer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        done = locust("polling", "-u", "1", "-t", "3s", "--poll-interval", "0.1", "--host", url)
        server.shutdown()
    assert "7 deliveries, 0 lost, 1 repeated, 1 out of order, 0 failures" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 1


def test_two_runs_with_processes_do_not_meet(urls):
    """Each has a port of its own for its workers, whatever uses Locust's 5557."""
    command = [*LOCUST, "PollingUser", "-u", "2",
               "-r", "2", "-t", "3s", "--processes", "2", "--host", urls["polling"]]  # fmt: skip
    with socket.socket() as other:
        with suppress(OSError):  # another run has it, which is as good
            other.bind(("127.0.0.1", 5557))
            other.listen()
        runs = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
                for _ in range(2)]  # fmt: skip
        for run in runs:
            said, _ = run.communicate(timeout=60)
            assert run.returncode == 0 and re.search(r"deliveries, 0 lost", said), said


def test_who_ends_of_its_own_accord_is_not_broken_off():
    """What closes a WebSocket waits for the server's close frame, and its bytes count."""
    script = """
import types
from locust import User
import gevent
from locust.exception import StopUser
from loadtests.users.exchange import WebSocketEchoUser
deliveries = types.SimpleNamespace(row=lambda *_: None)
given = types.SimpleNamespace(parsed_options=None, generator=None, deliveries=deliveries)
user = WebSocketEchoUser(given)

def end():
    try:
        user.depart()
    finally:
        gevent.sleep(0.1)
        print("in order")

user._greenlet = gevent.spawn(end)
gevent.sleep(0)
user.leave()
user.greenlet.join()
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout == "in order\n", done.stderr


def test_a_missing_server_fails_the_run():
    done = locust("websocket", "-u", "1", "-t", "2s", "--host", "ws://127.0.0.1:9")
    assert done.returncode == 1 and "Traceback" not in done.stderr
