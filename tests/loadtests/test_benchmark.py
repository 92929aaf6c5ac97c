"""The benchmark: its peers answer the lab's feed, and a short round of it finds a cost."""

import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest
import requests
import websocket
from rich.console import Console
from tools.lab import ROOT, WAIT

from loadtests.benchmark import __main__ as command
from loadtests.benchmark import bench as benchmark
from loadtests.benchmark import processes
from loadtests.benchmark.bench import PEERS, Load, bench, cpu_us_per_delivery, idle_kib, served_by, server
from loadtests.benchmark.rounds import spread
from loadtests.runs.machine import commit, date
from loadtests.runs.processes import RunFailed, start
from results.cpu_breakdown import ALONE, FLASK, LAB, POLLS

pytestmark = pytest.mark.starts

LOAD = Load(20, 50.0, 321)
FORM = re.compile(rb'\{"seq":(\d+),"published_at":\d{10}\.\d{6},"data":"(tick tock )*[tick o]*"\}')
NEEDS = {"starlette_server": ("starlette", "uvicorn", "uvloop", "httptools"), "gunicorn_server": ("gunicorn",),
         "picows_server": ("picows", "uvloop"), "granian_server": ("granian", "starlette", "uvicorn")}  # fmt: skip
CONTENDERS = [(transport, name) for transport, peers in PEERS.items() for name in (LAB, *peers)]

each_contender = pytest.mark.parametrize(("transport", "name"), CONTENDERS)


def needs(transport: str, name: str) -> None:
    """Skip where a peer's packages are missing: they are only the benchmark's."""
    for package in NEEDS.get(PEERS[transport].get(name, ""), ()):
        pytest.importorskip(package)


def heard(transport: str, address: str) -> Iterator[bytes]:
    """The messages that come to a client which is not this project's."""
    if transport == "server-sent-events":
        with requests.get(f"http://{address}/messages", stream=True, timeout=WAIT) as answer:
            yield from (line.removeprefix(b"data: ") for line in answer.iter_lines() if line.startswith(b"data: "))
    if transport == "websocket":
        with closing(websocket.create_connection(f"ws://{address}/messages", WAIT)) as connection:
            while True:
                yield connection.recv_data()[1]
    with requests.Session() as session:
        query = {"wait": "10"} if transport == "long-polling" else {}
        while True:
            answer = session.get(f"http://{address}/messages", params=query, timeout=WAIT)
            assert answer.status_code in (200, 204)
            lines = answer.content.splitlines()
            yield from lines
            told = {"after": answer.headers.get("Feed-Newest"), "epoch": answer.headers.get("Feed-Epoch")}
            query = told | query | ({"after": json.loads(lines[-1])["seq"]} if lines else {})


@each_contender
def test_every_contender_answers_the_same_feed(transport, name):
    needs(transport, name)
    with ExitStack() as children:
        child = start(children, name, server(transport, name, LOAD))
        served = served_by(name, transport)
        address = child.expect("urls", WAIT)[served].rpartition("/")[2]
        child.send(do="start")
        messages = heard(served, address)
        forms = [FORM.fullmatch(next(messages)) for _ in range(30)]
        messages.close()
    assert all(forms)
    assert {len(form[0]) for form in forms} == {LOAD.size}
    first = int(forms[0][1])
    assert [int(form[1]) for form in forms] == list(range(first, first + 30))


@pytest.mark.parametrize("name", [ALONE, FLASK])
def test_what_is_compared_is_the_labs_own_server(name):
    """Whatever application runs on it: it reads requests as strictly, and ends in order."""
    command = [sys.executable, *server("polling", name, LOAD)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as process:
        host, _, port = json.loads(process.stdout.readline())["urls"]["polling"].rpartition("/")[2].partition(":")
        with socket.create_connection((host, int(port)), WAIT) as sock:
            sock.sendall(b"GET /messages HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
            assert sock.recv(65_536).startswith(b"HTTP/1.1 400 ")
        _, complaints = process.communicate(timeout=WAIT)
    assert (process.returncode, complaints) == (0, "")


@pytest.mark.parametrize("name", [LAB, "websockets, broadcast()"])
def test_a_round_finds_a_cost(monkeypatch, name):
    monkeypatch.setitem(benchmark.LOADS, "websocket", Load(200, 50.0))  # the kernel counts CPU in steps of 10 ms
    monkeypatch.setattr(benchmark, "SETTLE", 0.1)
    monkeypatch.setattr(benchmark, "SECONDS", 0.5)
    assert cpu_us_per_delivery("websocket", name) > 0


@pytest.mark.alone
def test_an_idle_websocket_takes_at_most_25_kib(monkeypatch):
    monkeypatch.setattr(benchmark, "SETTLE", 0.5)
    assert 5 < idle_kib(LAB) <= 25


@each_contender
def test_every_client_is_served_and_every_message_counted(transport, name):
    needs(transport, name)
    with bench(transport, name, LOAD) as running:
        before, after = running.pause(0), running.pause(0.5)
    assert before["served"] == LOAD.clients
    delivered = after["deliveries"] - before["deliveries"]
    assert delivered > 0 and after["p99_ms"] > 0 and after["rss_mib"] > 1


ENDS_AT_ITS_FIRST_COMMAND = """
import json, socket
with socket.create_server(("127.0.0.1", 0)) as listener:
    print(json.dumps({"urls": {"polling": "http://127.0.0.1:%d" % listener.getsockname()[1]}}), flush=True)
    input()
"""


def test_a_server_that_ends_is_one_line_and_no_endless_wait(monkeypatch):
    monkeypatch.setattr(benchmark, "server", lambda *_: ["-c", ENDS_AT_ITS_FIRST_COMMAND])
    with pytest.raises(RunFailed, match="a dying server ended in mid-run"):
        with bench("polling", "a dying server", LOAD):
            pass


def test_spread_is_the_median_and_the_extremes():
    assert spread([3.0, 1.0, 2.0]) == "2.00 (1.00 to 3.00)"
    assert spread([0.5]) == "0.50 (0.50 to 0.50)"


def test_a_results_folder_keeps_the_medians(tmp_path, monkeypatch):
    monkeypatch.setattr(command, "compare_servers", lambda console: {"polling": {LAB: 200.0}})
    monkeypatch.setattr(command, "compare_memory", lambda console: {LAB: 23.0})
    monkeypatch.setattr(command, "measure_processes", lambda console: {"polling": {}})
    for name in ("slow_reader", "compare_generators"):
        monkeypatch.setattr(command, name, lambda console: None)
    (tmp_path / "machine.json").write_text('{"cores": 2}')
    command.compare(Console(), tmp_path)
    kept = {"cpu_us_per_delivery": {"polling": {LAB: 200.0}}, "idle_websocket_kib": {LAB: 23.0}}
    kept |= {"processes": {"polling": {}}, "date": date(), "commit": commit()}
    found = json.loads((tmp_path / "machine.json").read_text())["benchmark"]
    assert found.pop("date") <= kept.pop("date") and found == kept


@pytest.mark.parametrize("transport", processes.LOADS)
def test_several_processes_share_clients_and_have_a_cost(monkeypatch, transport):
    """Redis sends each process every message once, whatever the number of clients."""
    monkeypatch.setitem(processes.LOADS, transport, Load(60, 20.0, 321, interval=0.2))
    for name, seconds in (("SETTLE", 0.5), ("SECONDS", 1.5)):
        monkeypatch.setattr(processes, name, seconds)
    one, two = processes.measure(transport, 1), processes.measure(transport, 2)
    assert one["clients"] == 60 and one["cpu_us_per_delivery"] > 0
    assert one["busiest_share"] == 1 <= two["busiest_share"] < 2
    sent = [each["redis_bytes_per_s"] / each["rate_hz"] for each in (one, two)]
    assert sent[0] > 321 and sent[1] - sent[0] == pytest.approx(sent[0], rel=0.5)


def test_a_folder_without_results_is_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["benchmark", "--into", str(tmp_path)])
    monkeypatch.setattr(command, "warn_of_others", lambda program: None)
    assert command.main() == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_the_load_of_polls_is_the_one_that_the_readme_names():
    assert benchmark.LOADS["polling"].clients / benchmark.POLL_INTERVAL == POLLS
