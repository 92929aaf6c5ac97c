"""`python -m servers`: addresses, options, and how it ends."""

import json
import re
import socket
import subprocess
import time

import pytest
import requests
from tools.lab import ROOT, TRANSPORTS, WAIT, eventually, serving
from tools.programs import NONE, command, run

from servers.serving.transports import TRANSPORTS as ROWS

pytestmark = pytest.mark.starts


# ---- Addresses


def test_three_addresses_are_printed_once_they_are_bound():
    pipe = subprocess.PIPE
    with subprocess.Popen(command("--ports", "0,0,0", *NONE), stdout=pipe, stderr=pipe, text=True, cwd=ROOT) as process:
        try:
            for transport, scheme in zip(TRANSPORTS, ("http", "http", "ws"), strict=True):
                line = process.stdout.readline()
                found = re.fullmatch(rf"{transport} +{scheme}://127\.0\.0\.1:(\d+)\n", line)
                assert found, line
                socket.create_connection(("127.0.0.1", int(found[1])), WAIT).close()
        finally:
            process.terminate()
        out, err = process.communicate(timeout=WAIT)
    assert (out, err) == ("", "")


def test_all_three_share_one_feed():
    with serving("--ports", "0,0,0", *NONE) as servers:
        servers.post("one", "polling")
        servers.post("two", "long-polling")
        stands = [servers.status(transport) for transport in TRANSPORTS]
    assert [status["newest"] for status in stands] == [2, 2, 2]
    assert len({status["epoch"] for status in stands}) == 1
    assert [status["transport"] for status in stands] == list(TRANSPORTS)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_one_of_them_alone(transport):
    with serving(transport, "--port", "0", *NONE, transports=(transport,)) as servers:
        assert list(servers.ports) == [transport]
        assert servers.status(transport)["transport"] == transport


def test_the_usual_ports_are_5001_5002_5003():
    ports = {"polling": 5001, "long-polling": 5002, "websocket": 5003, "server-sent-events": 5004}
    assert {name: row.port for name, row in ROWS.items()} == ports


def test_another_host():
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6")
    options = ("polling", "--host", "::1", "--port", "0", *NONE)
    with serving(*options, transports=("polling",)) as servers:
        assert requests.get(f"http://[::1]:{servers.ports['polling']}/status", timeout=WAIT).status_code == 200


def test_so_many_messages_and_then_no_more():
    with serving("polling", "--port", "0", "--source", "clock", "--rate", "200", "--count", "3",
                 transports=("polling",)) as servers:  # fmt: skip
        eventually(lambda: servers.status("polling")["newest"] == 3)
        time.sleep(0.1)  # time for twenty more
        assert servers.status("polling")["newest"] == 3


# ---- Field lines that are added to answers


def test_every_answer_carries_the_field_lines_added():
    added = ("--answer-field", "Server: Sun Java System: 9.1", "--answer-field", "X-Powered-By:Servlet/2.5")
    with serving("--ports", "0,0,0", *NONE, *added) as servers:
        answers = [servers.ask(name, after=0, **({} if name == "websocket" else {"wait": 0})) for name in TRANSPORTS]
        answers.append(servers.request("polling", "GET", "/nothing"))
        assert [answer.status for answer in answers] == [204, 204, 101, 404]
        for answer in answers:
            assert answer.fields.get_all("Server") == ["Sun Java System: 9.1"]
            assert answer.fields.get_all("X-Powered-By") == ["Servlet/2.5"]


@pytest.mark.parametrize(
    ("field", "complaint"),
    [("Server", "is not a field line"), (": x", "is not a field line"), ("Two Words: x", "is not a field line"),
     ("Server: a\r\nX: b", "a character that no field line may hold"), ("Server: ☃", "a character"),
     ("Content-Length: 1", "the server's own to say"), ("upgrade: h2c", "the server's own to say")],
)  # fmt: skip
def test_what_is_no_field_line_to_add_is_refused(field, complaint):
    ended = run("--ports", "0,0,0", *NONE, "--answer-field", field)
    assert ended.returncode == 2 and complaint in ended.stderr.splitlines()[-1]


# ---- What is published


def published(*options: str) -> list[dict]:
    """The first five messages."""
    with serving("polling", "--port", "0", *options, transports=("polling",)) as servers:
        eventually(lambda: servers.status("polling")["newest"] >= 5)
        return [json.loads(line) for line in servers.ask("polling", after=0).body.splitlines()[:5]]


@pytest.mark.parametrize("options", [(), ("--source", "earthquakes"), ("--speed", "72000"), ("--rate", "200")], ids=str)
def test_earthquakes_are_published(options):
    fast = options if "--speed" in options or "--rate" in options else (*options, "--speed", "72000")
    source = () if "--source" in fast else ("--source", "earthquakes")
    ids = [message["data"]["id"] for message in published(*source, *fast)]
    assert ids[0] == "uw61345682" and len(set(ids)) == 5


@pytest.mark.parametrize("options", [
    ("--source", "clock", "--rate", "100"), ("--rate", "100", "--size", "500"),
    ("--source", "clock", "--rate", "100", "--arrivals", "even", "--seed", "7"),
], ids=" ".join)
def test_a_clock_is_published(options):
    assert all(message["data"].startswith("tick tock ") for message in published(*options))


def test_size_is_the_size_of_a_message():
    with serving("polling", "--port", "0", "--rate", "100", "--size", "321", transports=("polling",)) as servers:
        eventually(lambda: servers.status("polling")["newest"] >= 3)
        lines = servers.ask("polling", after=0).body.splitlines()
    assert {len(line) for line in lines} == {321}


# ---- Wrong usage


@pytest.mark.parametrize("options", [
    ["carrier-pigeon"], ["polling", "websocket"], ["--nonsense"],
    ["polling", "--port", "x"], ["polling", "--port", "-1"], ["polling", "--port", "65536"], ["polling", "--port", ""],
    ["--port", "5001"], ["polling", "--ports", "1,2,3"],
    ["--ports", "1,2"], ["--ports", "1,2,3,4"], ["--ports", "a,b,c"], ["--ports", "1,2,65536"],
    ["--source", "nothing"], ["--source", ""],
    ["--rate", "0"], ["--rate", "-1"], ["--rate", "nan"], ["--rate", "inf"], ["--rate", "x"],
    ["--size", "10"], ["--size", "-1"], ["--size", "1.5"], ["--size", "x"],
    ["--arrivals", "never"], ["--arrivals", "EVEN"], ["--seed", "x"], ["--seed", "1.5"],
    ["--speed", "0"], ["--speed", "nan"], ["--source", "clock", "--speed", "2"], ["--source", "none", "--speed", "2"],
    ["--source", "none", "--rate", "2"], ["--source", "none", "--seed", "2"],
    ["--history", "0"], ["--history", "-1"], ["--history", "1.5"], ["--history", "x"],
    ["--source", "earthquakes", "--size", "200"], ["--source", "earthquakes", "--arrivals", "even"],
], ids=" ".join)
def test_wrong_usage_is_status_2(options):
    ended = run(*options)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "python -m servers: error: " in ended.stderr and "Traceback" not in ended.stderr


# ---- Taken ports


@pytest.mark.parametrize("alone", [True, False])
def test_a_taken_port_is_status_1_and_one_line(alone):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = run(*(["polling", "--port", port] if alone else ["--ports", f"0,0,{port}"]), *NONE)
    assert (ended.returncode, ended.stdout, len(ended.stderr.splitlines())) == (1, "", 1)
    assert port in ended.stderr


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_a_host_that_is_not_this_machines_is_status_1_and_one_line(host):
    ended = run("polling", "--host", host, "--port", "0", *NONE)
    assert (ended.returncode, ended.stdout, len(ended.stderr.splitlines())) == (1, "", 1)
    assert "Unknown error" not in ended.stderr
