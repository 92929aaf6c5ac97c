"""The delay line's process: its limits, its commands, its beginning and its end."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack

import psutil
import pytest
from tools.lab import eventually
from tools.links import WAIT, connected, echo, exchange, link, serving, tell

from loadtests.link import commands
from loadtests.link.__main__ import Place, place, resolve

pytestmark = pytest.mark.starts

POSIX = pytest.mark.skipif(os.name == "nt", reason="signals as POSIX has them")


# ---- Descriptors


@POSIX
def test_the_soft_limit_of_descriptors_is_raised_to_the_hard_one():
    with serving(echo) as port, link(port, limit="-Sn 64") as (process, address), ExitStack() as clients:
        for client in [clients.enter_context(connected(address)) for _ in range(100)]:
            exchange(client, b"x")
        tell(process, "stop")
        assert process.stderr.read() == ""


@POSIX
def test_without_descriptors_new_connections_wait_and_the_link_neither_spins_nor_dies():
    with serving(echo) as port, link(port, limit="-n 64") as (process, address), ExitStack() as opened:
        clients = [opened.enter_context(connected(address)) for _ in range(60)]
        for client in clients:
            client.sendall(b"x")
        assert process.stderr.readline() == "link: Too many open files: new connections wait until others end\n"
        before = cpu_seconds(process)
        clients[-1].settimeout(1.0)
        with pytest.raises(TimeoutError):
            clients[-1].recv(1)
        assert cpu_seconds(process) - before < 0.5  # of the second that has passed
        clients[-1].settimeout(WAIT)
        assert [last_answer(client) for client in clients] == [b"x"] * 60
        tell(process, "stop")
        assert process.stderr.read() == ""  # it is said once


def last_answer(client: socket.socket) -> bytes:
    """What a client gets before it leaves, and makes room for another."""
    with client:
        return client.recv(1)


def cpu_seconds(process: subprocess.Popen[str]) -> float:
    return sum(psutil.Process(process.pid).cpu_times()[:2])


# ---- Beginning and end


@pytest.mark.parametrize("stop", ["input ends", "stop"])
def test_the_link_ends_with_its_input_or_when_told_and_leaves_nothing(stop):
    with serving(echo) as port, link(port, "--delay-ms", "1") as (process, address), connected(address) as client:
        exchange(client, b"x")
        process.stdin.close() if stop == "input ends" else tell(process, "stop")
        assert process.wait(WAIT) == 0
        assert client.recv(1) == b""
        assert process.stderr.read() == ""
        with pytest.raises(ConnectionError):
            connected(address)


def test_an_orphaned_link_ends():
    """The parent is killed outright: the link's input ends with it."""
    parent = ("import subprocess, sys; p = subprocess.Popen([sys.executable, '-m', 'loadtests.link', '--to', "
              "'127.0.0.1:9'], stdin=subprocess.PIPE, stdout=1); p.wait()")
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline().startswith("127.0.0.1:")
        process.kill()
        assert process.stdout.read() == ""  # the link held this pipe open until it ended


@POSIX
@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)], ids=["SIGTERM", "Ctrl-C"])
def test_signals_end_it_without_a_traceback(number, status):
    with serving(echo) as port, link(port) as (process, address), connected(address) as client:
        exchange(client, b"x")
        process.send_signal(number)
        assert process.wait(WAIT) == status
        assert process.stderr.read() == ""


def test_a_line_it_does_not_know_is_told_and_harms_nothing():
    with serving(echo) as port, link(port) as (process, address):
        for line in ("cut", "cut -1", "reset soon", "dance", "cut nan"):
            tell(process, line)
            assert process.stderr.readline() == f"link: not {commands.WORDS}: {line!r}\n"
        with connected(address) as client:
            exchange(client, b"x")


def test_half_a_connection_stays_open_and_nothing_comes_on_it():
    """RFC 9293 section 3.5.1: the server's end is reset, and the client does not know."""
    ends: list[bytes | type[OSError]] = []

    def answer(connection: socket.socket) -> None:
        try:
            while data := connection.recv(65_536):
                connection.sendall(data)
            ends.append(b"")
        except OSError as error:
            ends.append(type(error))

    with serving(answer) as port, link(port) as (process, address):
        with connected(address) as client, connected(address) as other:
            exchange(client, b"x")
            tell(process, "halve")
            eventually(lambda: len(ends) == 2)
            client.sendall(b"y")
            client.settimeout(0.5)
            with pytest.raises(TimeoutError):
                client.recv(1)
            with connected(address) as new:
                exchange(new, b"z")
            assert other.fileno() >= 0
        assert ends[:2] == [ConnectionResetError, ConnectionResetError]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "loadtests.link", *arguments], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=WAIT)


@pytest.mark.parametrize(("text", "expected"), [
    ("127.0.0.1:5001", Place("", "127.0.0.1", 5001)), ("[::1]:5001", Place("", "::1", 5001)),
    ("localhost:0", Place("", "localhost", 0)), ("ws://127.0.0.1:5003", Place("ws://", "127.0.0.1", 5003)),
    ("https://[::1]:5001/", Place("https://", "::1", 5001)),
])
def test_an_address_is_a_host_and_a_port_or_a_url(text, expected):
    assert place(text) == expected and str(expected) == text.rstrip("/")


@pytest.mark.parametrize(("line", "command"), [
    ("halve", ("halve", 0.0)), ('{"halve": true}', ("halve", 0.0)),
    ("cut 5", ("cut", 5.0)), ("reset 0.5", ("reset", 0.5)), ("stop", ("stop", 0.0)),
    ('{"cut": 5}', ("cut", 5.0)), ('{"reset": 0.5}', ("reset", 0.5)), ('{"stop": true}', ("stop", 0.0)),
])
def test_a_command_is_typed_or_in_json(line, command):
    assert commands.parse(line) == command


@pytest.mark.parametrize("line", [
    "", "cut", "cut five", "cut -1", "cut inf", "cut 1 2", "stop 5", "dance 5", "{", "{}", '{"cut": "x"}',
    '{"cut": true}',
])
def test_what_is_no_command_is_a_value_error(line):
    with pytest.raises(ValueError):
        commands.parse(line)


def test_a_program_is_told_the_whole_url_and_commands_in_json():
    with serving(echo) as port:
        command = [sys.executable, "-m", "loadtests.link", "--controlled", "--to", f"ws://127.0.0.1:{port}"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            url = json.loads(process.stdout.readline())["url"]
            with connected(("127.0.0.1", int(url.removeprefix("ws://127.0.0.1:")))) as client:
                exchange(client, b"before")
                print('{"cut": 0.5}', file=process.stdin, flush=True)
                time.sleep(0.1)
                sent = time.monotonic()
                exchange(client, b"after")
                assert time.monotonic() - sent > 0.2
            print('{"stop": true}', file=process.stdin, flush=True)
            assert process.wait(WAIT) == 0


def test_a_name_is_taken_by_ipv4_where_it_has_that_and_else_by_ipv6(monkeypatch):
    six, four = (socket.AF_INET6, ("::1", 9, 0, 0)), (socket.AF_INET, ("127.0.0.1", 9))
    known = {"both": [six, four], "six": [six]}
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, port, type: [
        (family, type, socket.IPPROTO_TCP, "", where) for family, where in known[host]])
    assert resolve(Place("", "both", 9)) == four
    assert resolve(Place("", "six", 9)) == six


@pytest.mark.parametrize("host", ["no-such-host.invalid", ".."])
def test_a_host_without_an_address_is_one_line_and_status_1(host):
    result = run("--to", f"{host}:9")
    assert result.returncode == 1 and result.stderr.count("\n") == 1
    assert result.stderr.startswith(f"link: no address for {host}: ")


def test_a_taken_port_is_one_line_and_status_1():
    with socket.create_server(("127.0.0.1", 0)) as taken_by_another:
        result = run("--listen", f"127.0.0.1:{taken_by_another.getsockname()[1]}", "--to", "127.0.0.1:9")
    assert result.returncode == 1 and result.stdout == ""
    assert result.stderr.startswith("link: ") and "in use" in result.stderr and result.stderr.count("\n") == 1


@pytest.mark.parametrize("wrong", [
    [], ["--to", "nowhere"], ["--to", "127.0.0.1:99999"], ["--to", "127.0.0.1:9", "--delay-ms", "-1"],
    ["--to", "::1:9"], ["--to", "[127.0.0.1:9"], ["--to", "127.0.0.1:"], ["--to", "127.0.0.1:9", "--rate-mbps", "fast"],
    ["--to", "127.0.0.1:9", "--delay-ms", "inf"], ["--dance"],
], ids=" ".join)
def test_wrong_usage_is_one_line_and_status_2(wrong):
    result = run(*wrong)
    assert result.returncode == 2 and result.stdout == ""
    assert result.stderr.startswith("link: ") and result.stderr.count("\n") == 1
    assert "invalid place" not in result.stderr
