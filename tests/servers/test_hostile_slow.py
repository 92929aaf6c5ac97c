"""Clients that are slow, silent or too many: each has its time, and there is a limit on their number."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import psutil
import pytest
from tools.following import FOLLOW
from tools.hostile import HOST, changed
from tools.lab import UPGRADE, Lab, eventually, serving
from tools.scripts import connected
from tools.wire import each, is_problem, newest, opened, read_to_end, websocket_to

from clients.errors import ServerMissing
from loadtests.link.pump import reset

pytestmark = pytest.mark.starts


# ---- Time


@each
@pytest.mark.parametrize("half", [
    b"", b"GET /sta", b"GET /status HTTP/1.1\r\nHost: local", b"GET /messages HTTP/1.1\r\n" + HOST + b"Upgrade: web",
    b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 10\r\n\r\nhalf",
    b"POST /echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n4\r\nha",
])  # fmt: skip
def test_halves_end(impatient, transport, half):
    with closing(connected(impatient, transport)) as sock:
        sock.sendall(half)
        answer = read_to_end(sock)
    assert answer[:13] in (b"HTTP/1.1 408 ", b"HTTP/1.1 405 "), "the WebSocket's server takes no POST"


@pytest.fixture(scope="module")
def impatient() -> Iterator[Lab]:
    with changed("request_reader.HEAD_TIME = request_reader.BODY_TIME = 0.3") as lab:
        yield lab


@each
def test_half_a_request_behind_a_whole_one_ends(impatient, transport):
    with closing(connected(impatient, transport)) as sock:
        sock.sendall(b"GET /nothing HTTP/1.1\r\n" + HOST + b"\r\nGET /sta")
        answer = read_to_end(sock)
    assert [part[:4] for part in answer.split(b"HTTP/1.1")] == [b"", b" 404", b" 408"]


@each
def test_a_drop_at_a_time_ends_too(impatient, transport):
    with closing(connected(impatient, transport)) as sock:
        started = time.monotonic()
        with pytest.raises(OSError):  # noqa: PT012
            for byte in b"GET /status HTTP/1.1\r\n" + HOST * 100:
                sock.sendall(bytes([byte]))
                time.sleep(0.02)
        assert time.monotonic() - started < 10


def test_half_a_tls_handshake_ends():
    with changed("server.HEAD_TIME = 0.3", options=("--tls",)) as lab, closing(connected(lab, "polling")) as sock:
        sock.sendall(b"\x16\x03\x01\x02\x00\x01")
        assert read_to_end(sock) == b""


@each
def test_a_pause_between_requests_is_no_half(impatient, transport):
    with closing(impatient.connection(transport)) as connection:
        for _ in range(2):
            connection.request("GET", "/status")
            assert connection.getresponse().read()
            time.sleep(0.6)


@pytest.mark.parametrize("farewell", [socket.socket.close, reset], ids=["end", "reset"])
def test_a_held_question_ends_with_its_client(lab, farewell):
    before = lab.status("long-polling")["clients"]
    socks = [connected(lab, "long-polling") for _ in range(20)]
    for sock in socks:
        sock.sendall(b"GET /messages?after=%d&wait=60 HTTP/1.1\r\n" % newest(lab) + HOST + b"\r\n")
    eventually(lambda: lab.status("long-polling")["clients"] == before + 20)
    for sock in socks:
        farewell(sock)
    eventually(lambda: lab.status("long-polling")["clients"] == before)


def test_who_takes_nothing_for_long_is_let_go():
    with changed("server.STALL = 0.5") as lab, closing(opened(lab, "/messages")) as sock:
        eventually(lambda: lab.status("websocket")["clients"] == 1)
        for _ in range(200):
            lab.post("x" * 60_000)
        eventually(lambda: lab.status("websocket")["clients"] == 0)
        assert sock


# ---- Numbers


@each
def test_too_many_connections_are_told_so(transport):
    options = ["--guests", "--ports", "0,0,0,0", "--source", "none", "--connections", "5"]
    with serving(*options) as lab, ExitStack() as stack:
        for _ in range(5):
            sock = stack.enter_context(closing(admitted(lab, transport)))
        late = lab.request(transport, "GET", "/messages", **UPGRADE if transport == "websocket" else {})
        assert is_problem(late, 503) and late.fields["Retry-After"]
        with pytest.raises(ServerMissing, match="503: as many"):
            next(FOLLOW[transport](lab.url(transport), patience=0.5))
        sock.close()
        eventually(lambda: lab.request(transport, "GET", "/status").status == 200)


def admitted(lab: Lab, transport: str) -> socket.socket:
    """A connection that has been answered."""
    sock = connected(lab, transport)
    sock.sendall(b"GET /status HTTP/1.1\r\n" + HOST + b"\r\n")
    assert sock.recv(65_536).startswith(b"HTTP/1.1 200 ")
    return sock


def test_too_many_from_one_address():
    with serving("--ports", "0,0,0", "--source", "none", "--connections-per-address", "2") as lab:
        with closing(admitted(lab, "polling")), closing(admitted(lab, "websocket")):
            assert is_problem(lab.request("long-polling", "GET", "/status"), 503)
        eventually(lambda: lab.request("long-polling", "GET", "/status").status == 200)


def test_without_a_descriptor_left_those_connected_live_on():
    """The bound on connections is out of the way here: the system's own is met."""
    lines = ("import resource", "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))", "command.RESERVED = -1000")
    with changed(*lines) as lab, ExitStack() as stack:
        ws = stack.enter_context(closing(websocket_to(lab, "/messages?after=0")))
        poster = stack.enter_context(closing(lab.connection("polling")))
        poster.request("POST", "/messages", "one")
        assert poster.getresponse().read()
        for _ in range(100):
            stack.enter_context(closing(connected(lab, "polling")))
        poster.request("POST", "/messages", "two")
        assert poster.getresponse().read()
        assert [json.loads(ws.recv())["data"] for _ in range(2)] == ["one", "two"]


@each
def test_who_is_refused_or_goes_leaves_no_descriptor(lab, transport):
    process = psutil.Process(lab.process.pid)
    before = eventually(lambda: settled(process.num_fds))
    held = b"GET /messages?after=%d&wait=60 HTTP/1.1\r\n" % newest(lab) + HOST
    spoilt = b"".join(f"{n}: {v}\r\n".encode() for n, v in UPGRADE.items()) + b"X/A: b\r\n\r\n"
    for _ in range(100):
        for request in (held + b"\r\n", held + spoilt, held):
            sock = connected(lab, transport)
            sock.sendall(request)
            reset(sock)
    eventually(lambda: process.num_fds() <= before)


def settled(look: Callable[[], int]) -> int:
    """What is seen twice with a pause between, 0 if it changes."""
    first = look()
    time.sleep(0.2)
    return first if look() == first else 0
