"""`python -m clients`: what it prints, what it refuses, and how it ends."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tools.lab import ROOT, TRANSPORTS, WAIT, eventually, serving
from tools.terminal import QUICK, command, run

from clients.ledger import HEADINGS

pytestmark = pytest.mark.starts

each = pytest.mark.parametrize("transport", TRANSPORTS)
posix = pytest.mark.skipif(os.name == "nt", reason="signals as POSIX has them")


@pytest.fixture(scope="module")
def ticking():
    """Servers of a feed that ticks 50 times a second."""
    with serving("--ports", "0,0,0", "--source", "clock", "--rate", "50", "--size", "142") as servers:
        yield servers


@each
def test_json_is_an_object_a_delivery_and_the_ledger_last(ticking, transport):
    ended = run(transport, ticking.url(transport), "--json", "--count", "20", "--after", "0", *QUICK[transport])
    *deliveries, last = [json.loads(line) for line in ended.stdout.splitlines()]
    assert (ended.returncode, ended.stderr) == (0, "")
    assert [delivery["seq"] for delivery in deliveries] == list(range(1, 21))
    for delivery in deliveries:
        assert list(delivery) == ["seq", "published_at", "received_at", "latency_ms", "bytes"]
        latency = (delivery["received_at"] - delivery["published_at"]) * 1000
        assert delivery["latency_ms"] == pytest.approx(latency, abs=0.01)
        assert delivery["bytes"] >= 142
    assert list(last) == ["ledger"]
    ledger = last["ledger"]
    assert list(ledger) == [*HEADINGS, "wire_sent", "wire_received"]
    assert sum(ledger[heading] for heading in HEADINGS) == ledger["wire_sent"] + ledger["wire_received"]
    assert ledger["payload"] >= 20 * 142 and ledger["payload"] % 142 == 0


@each
def test_for_reading_there_is_a_line_a_delivery_and_the_ledger(ticking, transport):
    ended = run(transport, ticking.url(transport), "--count", "3", "--after", "5", *QUICK[transport])
    lines = ended.stdout.splitlines()
    assert (ended.returncode, ended.stderr) == (0, "")
    assert lines.pop(0).split() == ["seq", "latency", "bytes", "message"]
    assert [line.split()[0] for line in lines[:3]] == ["6", "7", "8"]
    assert all("tick tock" in line and " ms " in line and " B " in line for line in lines[:3])
    kernel_counts = sys.platform == "linux"
    assert lines[3:5] == ["", "ledger"] and len(lines) == 5 + 8 + kernel_counts + 1
    assert ("TCP segments" in lines[-2]) == kernel_counts and "3 deliveries" in lines[-1]


@pytest.mark.parametrize("transport", ["polling", "long-polling"])
def test_one_of_three_that_arrive_together_has_a_third_of_the_overhead(transport):
    """What is left of a response when --count is reached is not charged to those that were shown.

    To within a few bytes: /status, which is asked first, writes its seconds with as many digits as they have.
    """
    with serving("--ports", "0,0,0", "--source", "none") as lab:
        for text in ("x", "x" * 1_000, "x"):
            lab.post(text)
        one, three = (overhead(run(transport, lab.url(transport), "--count", count, "--after", "0")) for count in "13")
    assert one == pytest.approx(three, abs=4) and one < 400


def overhead(ended: subprocess.CompletedProcess[str]) -> float:
    """Bytes of overhead for each delivery, as the last line says."""
    return float(re.search(r"deliveries, ([\d.,]+) B of overhead", ended.stdout)[1].replace(",", ""))


@each
def test_count_0_delivers_nothing(ticking, transport):
    ended = run(transport, ticking.url(transport), "--json", "--count", "0")
    assert (ended.returncode, len(ended.stdout.splitlines())) == (0, 1)


@each
def test_a_gap_is_a_line_on_standard_error(ticking, transport):
    ended = run(transport, ticking.url(transport), "--json", "--count", "2", "--after", "99999999")
    assert (ended.returncode, len(ended.stderr.splitlines())) == (0, 1)
    assert ended.stderr.startswith("gap: ")
    assert json.loads(ended.stdout.splitlines()[0])["seq"] == 1


@each
def test_a_missing_server_is_status_1_and_one_line(transport):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    ended = run(transport, f"http://127.0.0.1:{port}", "--json")
    assert (ended.returncode, len(ended.stderr.splitlines())) == (1, 1)
    assert ended.stderr.startswith("clients: ")


@pytest.mark.parametrize(("transport", "served"), [
    ("long-polling", "polling"), ("polling", "websocket"), ("websocket", "long-polling"),
])
def test_a_server_of_another_transport_is_status_1_and_one_line(ticking, transport, served):
    ended = run(transport, ticking.url(served))
    assert ended.returncode == 1 and len(ended.stderr.splitlines()) == 1
    assert f"serves {served}, not {transport}" in ended.stderr


class Nobody(BaseHTTPRequestHandler):
    """A server that has nothing."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_another_server_is_status_1_and_one_line():
    with ThreadingHTTPServer(("127.0.0.1", 0), Nobody) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        ended = run("polling", url)
        server.shutdown()
    assert ended.returncode == 1 and len(ended.stderr.splitlines()) == 1
    assert "no server of the lab" in ended.stderr


def test_what_is_no_address_is_status_1_and_one_line():
    for url in ("ftp://x", "nonsense", "http://127.0.0.1:x", "http://x.invalid:1"):
        ended = run("polling", url)
        assert (ended.returncode, len(ended.stderr.splitlines()), ended.stderr.count(url)) == (1, 1, 1), url
        assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("options", [
    ["carrier-pigeon"], [], ["polling", "--nonsense"], ["polling", "--after", "-1"], ["polling", "--after", "x"],
    ["polling", "--count", "-1"], ["polling", "--count", "1.5"], ["polling", "--poll-interval", "0"],
    ["polling", "--poll-interval", "nan"], ["long-polling", "--hold", "61"], ["long-polling", "--hold", "x"],
    ["long-polling", "--poll-interval", "1"], ["websocket", "--hold", "1"],
    ["polling", "--tls"], ["polling", "http://127.0.0.1:5001", "--tls", "x.pem"],
], ids=" ".join)
def test_wrong_usage_is_status_2(options):
    ended = subprocess.run([sys.executable, "-m", "clients", *options], capture_output=True, text=True, cwd=ROOT)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "python -m clients: error: " in ended.stderr and "Traceback" not in ended.stderr


@posix
@each
def test_ctrl_c_is_status_130_with_the_ledger_and_no_traceback(ticking, transport):
    with subprocess.Popen(command(transport, ticking.url(transport), "--json"), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=WAIT)
    ledger = json.loads(out.splitlines()[-1])["ledger"]
    assert (process.returncode, err) == (130, "")
    assert sum(ledger[heading] for heading in HEADINGS) == ledger["wire_sent"] + ledger["wire_received"]


@each
@pytest.mark.parametrize("form", [["--json"], []], ids=["json", "text"])
def test_a_reader_that_has_seen_enough_is_no_error(ticking, transport, form):
    options = [ticking.url(transport), *form, *QUICK[transport]]
    with subprocess.Popen(command(transport, *options), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, cwd=ROOT) as process:
        assert process.stdout.readline()
        process.stdout.close()
        assert process.wait(WAIT) == 0
        assert process.stderr.read() == ""


def test_an_earthquake_is_a_line_with_its_whole_place():
    options = "--port", "0", "--source", "earthquakes", "--rate", "50"
    with serving("polling", *options, transports=("polling",)) as servers:
        ended = run("polling", servers.url("polling"), "--count", "40", "--after", "0", *QUICK["polling"])
    lines = ended.stdout.splitlines()[1:41]
    assert len(lines) == 40, ended.stderr
    assert all(" magnitude " in line and "…" not in line and "{" not in line for line in lines)
    assert any("37km NNE of Amboy, Washington" in line for line in lines)


def test_a_refusal_is_one_line_without_a_ledger(ticking):
    ended = run("polling", ticking.url("websocket").replace("ws:", "http:"), *QUICK["polling"])
    assert (ended.returncode, ended.stdout) == (1, "") and len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize(("program", "wrong", "right"), [
    (["servers"], "--hots", "--host"), (["clients", "polling"], "--cuont", "--count"),
    (["loadtests"], "--cleints", "--clients"), (["results", "advise"], "--wihtin-ms", "--within-ms"),
])  # fmt: skip
def test_an_option_that_is_none_gets_a_suggestion(program, wrong, right):
    done = subprocess.run([sys.executable, "-m", *program, f"{wrong}=1"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr.splitlines()[-1].endswith(f"{wrong}=1 (did you mean {right}?)")


def test_a_taken_port_names_the_option_for_others():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run([sys.executable, "-m", "servers", "polling", "--port", port], cwd=ROOT,
                              capture_output=True, text=True, timeout=60)  # fmt: skip
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1
    assert "--ports A,B,C (or --port N for one server) chooses others" in done.stderr


def test_a_long_polling_client_sees_the_server_end_in_order():
    """Its request is answered with 204, and then nobody listens: no connection is reset."""
    with serving("long-polling", "--port", "0", "--source", "none", transports=("long-polling",)) as servers:
        with subprocess.Popen(command("long-polling", servers.url("long-polling")), stderr=subprocess.PIPE, text=True,
                              cwd=ROOT) as client:  # fmt: skip
            eventually(lambda: servers.status("long-polling")["clients"] == 1)
            servers.process.send_signal(signal.SIGINT)
            said = client.stderr.readline()
            client.kill()
    assert said == "connection lost (Connection refused); trying again\n"
