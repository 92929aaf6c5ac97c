"""How the servers' program ends, with TLS and without: signals, files, ports."""

import json
import os
import re
import signal
import socket
import subprocess
import time
from collections import namedtuple
from pathlib import Path

import psutil
import pytest
import websocket
from tools.lab import HTTP, ROOT, TRANSPORTS, WAIT, eventually, serving
from tools.programs import NONE, command, left_alone, run

from servers.serving import limits

pytestmark = pytest.mark.starts

posix = pytest.mark.skipif(os.name == "nt", reason="signals as POSIX has them")
BOUNDED = 5.0  # seconds in which the servers end, whoever hangs on them


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
@pytest.mark.parametrize("is_there_at_first", [True, False])
def test_servers_whose_leader_has_gone_end_without_a_word(is_there_at_first):
    """It may be killed between a command and the answer, or before it has read where the servers are."""
    assert left_alone("--ports", "0,0,0", *NONE, reads_addresses=is_there_at_first) == (0, "")


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
