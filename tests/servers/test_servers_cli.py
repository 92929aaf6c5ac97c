"""`python -m servers`: addresses, options, and how it ends."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import namedtuple
from pathlib import Path

import psutil
import pytest
import requests
import websocket
from tools.lab import HTTP, ROOT, TRANSPORTS, WAIT, eventually, serving

from servers.serving import limits
from servers.serving.transports import TRANSPORTS as ROWS

pytestmark = pytest.mark.starts

posix = pytest.mark.skipif(os.name == "nt", reason="signals as POSIX has them")
BOUNDED = 5.0  # seconds in which the servers end, whoever hangs on them
NONE = ("--source", "none")


def command(*options: str) -> list[str]:
    return [sys.executable, "-m", "servers", *options]


def run(*options: str) -> subprocess.CompletedProcess[str]:
    """The servers with options that they refuse."""
    return subprocess.run(command(*options), capture_output=True, text=True, cwd=ROOT, timeout=60)


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
    assert {name: row.port for name, row in ROWS.items()} == {"polling": 5001, "long-polling": 5002, "websocket": 5003}


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


# ---- TLS


def plain_http(port: int) -> bytes:
    """What a port says to somebody who speaks no TLS."""
    with socket.create_connection(("127.0.0.1", port), WAIT) as sock:
        sock.sendall(b"GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n")
        try:
            return sock.recv(1000)
        except ConnectionResetError:
            return b""


def test_tls_writes_the_authority_to_trust_where_it_is_told(tmp_path):
    file = tmp_path / "authority.pem"
    with serving("--ports", "0,0,0", *NONE, "--tls", str(file)) as servers:
        assert servers.trust == str(file)
        for transport in TRANSPORTS:
            assert servers.status(transport)["transport"] == transport
    assert file.read_text().startswith("-----BEGIN CERTIFICATE-----")


def test_tls_without_a_file_takes_one_that_is_gone_afterwards():
    with serving("--ports", "0,0,0", *NONE, "--tls") as servers:
        folder = Path(servers.trust).parent
        assert folder.is_dir() and servers.status("polling")["newest"] == 0
    assert not folder.exists()


def test_the_addresses_over_tls_say_so():
    pipe = subprocess.PIPE
    with subprocess.Popen(command("--ports", "0,0,0", *NONE, "--tls"), stdout=pipe, text=True, cwd=ROOT) as process:
        try:
            lines = [process.stdout.readline() for _ in range(4)]
        finally:
            process.terminate()
    assert [line.split()[1].partition(":")[0] for line in lines[:3]] == ["https", "https", "wss"]
    assert re.fullmatch(r"to trust +\S.*\.pem\n", lines[3])


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_plain_http_to_a_port_of_tls_is_ended_without_a_word(secure_lab, transport):
    assert not plain_http(secure_lab.ports[transport]).startswith(b"HTTP/")
    socket.create_connection(("127.0.0.1", secure_lab.ports[transport]), WAIT).close()
    assert secure_lab.status(transport)["transport"] == transport
    assert secure_lab.read_errors() == ""


def test_a_tls_file_in_no_folder_is_status_1_and_one_line(tmp_path):
    ended = run("polling", "--port", "0", *NONE, "--tls", str(tmp_path / "nowhere" / "authority.pem"))
    assert (ended.returncode, ended.stdout, len(ended.stderr.splitlines())) == (1, "", 1)
    assert ended.stderr.startswith("servers: ") and "nowhere" in ended.stderr


# ---- History


def test_history_is_how_many_messages_are_kept():
    with serving("--ports", "0,0,0", *NONE, "--history", "3") as servers:
        for number in range(5):
            servers.post(number)
        for transport in HTTP:
            gone = servers.ask(transport, after=1)
            assert (gone.status, gone.json["oldest"], gone.json["newest"]) == (410, 3, 5)
            assert len(servers.ask(transport, after=2).body.splitlines()) == 3


# ---- Ends


@posix
@pytest.mark.parametrize(("name", "status"), [("SIGINT", 130), ("SIGTERM", 0)])
@pytest.mark.parametrize("source", ["none", "clock"])
def test_signals_end_everything_however_many_hang_on(name, status, source):
    with serving("--ports", "0,0,0", "--source", source) as servers:
        sockets = [websocket.create_connection(servers.url("websocket") + "/messages") for _ in range(5)]
        held = [servers.connection("long-polling") for _ in range(5)]
        for connection in held:
            connection.request("GET", "/messages?wait=60")
        idle = servers.connection("polling")
        idle.request("GET", "/status")
        idle.getresponse().read()
        eventually(lambda: servers.status("long-polling")["requests"] >= 5)
        family = [psutil.Process(servers.process.pid), *psutil.Process(servers.process.pid).children(recursive=True)]
        began = time.monotonic()
        servers.process.send_signal(getattr(signal, name))
        assert servers.process.wait(WAIT) == status
        assert time.monotonic() - began < BOUNDED
        for connection in (*sockets, idle, *held):
            (connection.shutdown if isinstance(connection, websocket.WebSocket) else connection.close)()
        assert not any(process.is_running() for process in family)


@pytest.mark.parametrize("transport", HTTP)
def test_the_port_is_free_at_the_end(transport):
    with serving(transport, "--port", "0", *NONE, transports=(transport,)) as servers:
        port = servers.ports[transport]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), WAIT)
    with serving(transport, "--port", str(port), *NONE, transports=(transport,)) as again:
        assert again.ports[transport] == port


def test_controlled_servers_publish_between_start_and_stop_and_end_with_their_standard_input():
    options = ("--ports", "0,0,0", "--source", "clock", "--rate", "100", "--controlled")
    with serving(*options) as servers:

        def tell(word: str) -> dict:
            servers.process.stdin.write(json.dumps({"do": word}) + "\n")
            servers.process.stdin.flush()
            return json.loads(servers.process.stdout.readline())

        assert tell("dance") == {"unknown": {"do": "dance"}}
        assert tell("start").keys() == {"started_at"}
        eventually(lambda: servers.status("polling")["newest"] > 3)
        stopped = tell("stop")["stopped_at"]
        assert stopped == servers.status("polling")["newest"] > 3
        assert servers.ask("long-polling", after=stopped, wait="0.3").status == 204
        held = servers.connection("long-polling")
        held.request("GET", "/messages?wait=60")
        eventually(lambda: servers.status("long-polling")["clients"] == 1)
        servers.process.stdin.close()
        assert servers.process.wait(BOUNDED) == 0
        held.close()


def test_what_is_no_certificate_is_not_overwritten(tmp_path):
    precious = tmp_path / "precious.txt"
    precious.write_text("mine")
    ended = run("--tls", str(precious), "--ports", "0,0,0", *NONE)
    assert (ended.returncode, len(ended.stderr.splitlines()), precious.read_text()) == (1, 1, "mine")


def test_a_server_that_cannot_start_leaves_the_certificate_of_those_that_run(tmp_path):
    trusted = tmp_path / "authority.pem"
    with serving("polling", "--port", "0", "--tls", str(trusted), *NONE, transports=("polling",)) as servers:
        before = eventually(lambda: trusted.exists() and trusted.read_bytes())
        ended = run("polling", "--port", str(servers.ports["polling"]), "--tls", str(trusted), *NONE)
        assert (ended.returncode, trusted.read_bytes()) == (1, before)


def test_a_server_that_listens_everywhere_says_where_others_reach_it(monkeypatch):
    address = namedtuple("address", "family address")
    card = [address(socket.AF_INET, "192.0.2.7"), address(socket.AF_INET6, "fe80::1%eth0"),
            address(socket.AF_INET6, "2001:db8::7")]  # fmt: skip
    loop = [address(socket.AF_INET, "127.0.0.1"), address(socket.AF_INET6, "::1")]
    monkeypatch.setattr(psutil, "net_if_addrs", lambda: {"lo": loop, "eth0": card})
    assert [limits.reached_at(host) for host in ("0.0.0.0", "::", "127.0.0.1", "lab.example")] == [
        "192.0.2.7", "2001:db8::7", "127.0.0.1", "lab.example",
    ]  # fmt: skip
    monkeypatch.setattr(psutil, "net_if_addrs", lambda: {"lo": loop})
    assert limits.reached_at("0.0.0.0") == "0.0.0.0"
