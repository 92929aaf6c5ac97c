"""What waits is counted and has its time: silent handshakes, bytes behind a held request, held requests over TLS."""

import select
import socket
import ssl
import time
from contextlib import ExitStack, closing

import psutil
import pytest
from tools.lab import WAIT, eventually, serving
from tools.scripts import connected, script

from servers.serving.limits import left_to_groups

pytestmark = pytest.mark.starts

HELD = b"GET /messages?after=0&wait=30 HTTP/1.1\r\nHost: localhost\r\n\r\n"
MIB = 2**20


# ---- TLS, and what waits


def test_silent_connections_over_tls_count_before_their_handshake():
    options = ("--ports", "0,0,0", "--source", "none", "--tls", "--connections-per-address", "2")
    with serving(*options) as lab, ExitStack() as stack:
        silent = [stack.enter_context(closing(connected(lab, "polling"))) for _ in range(10)]
        process = psutil.Process(lab.process.pid)

        def open_ones() -> int:
            return sum(each.status == psutil.CONN_ESTABLISHED for each in process.net_connections())

        eventually(lambda: open_ones() <= 2)
        for each in silent[2:]:
            each.settimeout(WAIT)
            assert each.recv(1) == b"", "closed at once, without a handshake"


def test_a_slow_handshake_has_its_time_and_no_more():
    """A byte now and then does not lengthen it."""
    changed = script("server.HEAD_TIME = 1.0", options=("--guests", "--ports", "0,0,0,0", "--source", "none", "--tls"))
    with serving("--tls", script=changed) as lab, closing(connected(lab, "polling")) as sock:
        sock.settimeout(0.2)
        hello, began = b"\x16\x03\x01\x02\x00" + bytes(512), time.monotonic()
        ended = False
        for byte in hello:
            try:
                sock.sendall(bytes([byte]))
                if ended := sock.recv(1) == b"":
                    break
            except TimeoutError:
                continue
            except OSError:
                ended = True
                break
        assert ended and time.monotonic() - began < 10


def test_what_is_sent_behind_a_held_request_counts_as_memory():
    """40 held requests with 64 KiB behind each of them, where 1 MiB may wait: not all of them are held."""
    small = "memory_budget.MemoryBudget.__init__.__defaults__ = (2**20,)"
    changed = script(small, "memory_budget.ACQUIRE_TIMEOUT = 0.2")
    with serving(script=changed) as lab, ExitStack() as stack:
        behind = b"GET /status HTTP/1.1\r\nHost: localhost\r\nX: %b\r\n\r\n" % (b"x" * 30_000) * 2
        sockets = [stack.enter_context(closing(connected(lab, "long-polling"))) for _ in range(40)]
        for sock in sockets:
            sock.sendall(HELD + behind)
        refused = eventually(lambda: len(found := select.select(sockets, [], [], 0)[0]) >= 10 and found)
        assert all(sock.recv(65_536).startswith(b"HTTP/1.1 503 ") for sock in refused)
        assert lab.status("long-polling")["clients"] >= 10, "the others are held"
        lab.post("there")
        for sock in sockets:
            sock.close()
        eventually(lambda: lab.status("long-polling")["clients"] == 0)
        answer = lab.request("polling", "POST", "/messages", "x" * 60_000, Content_Type="text/plain")
        assert answer.status == 201, "all of it was given back"


def test_a_request_behind_a_held_one_is_answered_over_tls_too(secure_lab):
    """What came while the first was held is the next request's beginning, wherever it is cut."""
    trust = ssl.create_default_context(cafile=secure_lab.trust)
    newest = secure_lab.status("long-polling")["newest"]
    held = HELD.replace(b"after=0", b"after=%d" % newest)
    with closing(trust.wrap_socket(connected(secure_lab, "long-polling"), server_hostname="127.0.0.1")) as sock:
        sock.sendall(held)
        eventually(lambda: secure_lab.status("long-polling")["clients"] == 1)
        second = b"GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        sock.sendall(second[:20])
        time.sleep(0.1)
        sock.sendall(second[20:])
        secure_lab.post("now")
        came = b""
        while piece := sock.recv(65_536):
            came += piece
    assert came.startswith(b"HTTP/1.1 200 ") and came.count(b"HTTP/1.1 404 ") == 1


def test_a_held_request_over_tls_ends_with_its_client(secure_lab):
    """A client that says close_notify and does nothing more: TCP stays open, and nobody waits for an answer."""
    trust = ssl.create_default_context(cafile=secure_lab.trust)
    held = HELD.replace(b"after=0", b"after=%d" % secure_lab.status("long-polling")["newest"])
    raw = connected(secure_lab, "long-polling")
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = trust.wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
    with closing(raw):
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                raw.sendall(outgoing.read())
                incoming.write(raw.recv(65_536))
        tls.write(held)
        raw.sendall(outgoing.read())
        eventually(lambda: secure_lab.status("long-polling")["clients"] == 1)
        try:
            tls.unwrap()
        except ssl.SSLError:
            raw.sendall(outgoing.read())
        eventually(lambda: secure_lab.status("long-polling")["clients"] == 0, 5)


# ---- Memory


@pytest.mark.timeout(200)
def test_memory_of_held_requests_does_not_grow_each_time(lab):
    """1,000 held requests, reset, six times: after the first time the server takes next to nothing more."""
    process, grown = psutil.Process(lab.process.pid), []
    held = HELD.replace(b"after=0", b"after=%d" % lab.status("long-polling")["newest"])
    for _ in range(6):
        sockets = [connected(lab, "long-polling") for _ in range(1_000)]
        for sock in sockets:
            sock.sendall(held)
        eventually(lambda: lab.status("long-polling")["clients"] == 1_000)
        for sock in sockets:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset instead of an end
            sock.close()
        eventually(lambda: lab.status("long-polling")["clients"] == 0)
        grown.append(process.memory_info().rss)
    assert max(grown[1:]) < 1.1 * grown[0], [size // MIB for size in grown]


def test_files_that_a_group_caches_count_as_free(tmp_path):
    own = tmp_path / "own"
    own.write_text("0::/\n")
    (tmp_path / "memory.max").write_text("1000\n")
    (tmp_path / "memory.current").write_text("900\n")
    assert list(left_to_groups("memory.max", "memory.current", tmp_path, own)) == [100]
    (tmp_path / "memory.stat").write_text("anon 100\nfile 800\ninactive_file 600\n")
    assert list(left_to_groups("memory.max", "memory.current", tmp_path, own)) == [700]
