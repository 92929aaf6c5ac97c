"""A fault of the server's own is said and ends what it broke; limits count what costs something; refusals say all."""

import json
import select
import socket
import ssl
import subprocess
import sys
import time
from contextlib import ExitStack, closing

import psutil
import pytest
import websocket
from tools.lab import HTTP, ROOT, TRANSPORTS, WAIT, Lab, answer_to, eventually, serving

from loadtests.runs.partial import PartialFolder
from loadtests.runs.processes import Child, RunFailed
from loadtests.soak import impact
from servers.serving.limits import left_to_groups

pytestmark = pytest.mark.starts

HELD = b"GET /messages?after=0&wait=30 HTTP/1.1\r\nHost: localhost\r\n\r\n"
MIB = 2**20


def script(*lines: str, options: tuple[str, ...] = ("--ports", "0,0,0", "--source", "none")) -> str:
    """The servers with something in them changed by these lines."""
    parts = ("limits import memory_budget", "serving import request_reader, server",
             "sockets import broadcast, websocket")  # fmt: skip
    imports = ["import servers.__main__ as command", "from servers import sources",
               *(f"from servers.{part}" for part in parts)]  # fmt: skip
    return "\n".join([*imports, *lines, f"raise SystemExit(command.main({list(options)!r}))"])


def connected(lab: Lab, transport: str) -> socket.socket:
    return socket.create_connection(("127.0.0.1", lab.ports[transport]), WAIT)


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
    changed = script("server.HEAD_TIME = 1.0", options=("--ports", "0,0,0", "--source", "none", "--tls"))
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


# ---- Greenlets that fail


def test_an_error_while_a_websocket_is_read_closes_it_with_1011():
    changed = script("def fail(self, event): raise LookupError('injected')", "websocket.WebSocket._collect = fail")
    said = r"closed with 1011: LookupError\('injected'\)"
    with pytest.raises(AssertionError, match=said), serving(script=changed) as lab:
        ws = websocket.create_connection(lab.url("websocket") + "/messages", timeout=WAIT)
        ws.send("boom")
        opcode, data = ws.recv_data()
        assert (opcode, int.from_bytes(data[:2])) == (websocket.ABNF.OPCODE_CLOSE, 1011)
        ws.shutdown()


def test_an_error_in_the_broadcast_closes_all_with_1011_and_the_next_connection_starts_it_again():
    changed = script(
        "whole = broadcast.text_frame",
        "def fail(text):",
        "    if b'boom' in text: raise LookupError('injected')",
        "    return whole(text)",
        "broadcast.text_frame = fail",
    )
    with pytest.raises(AssertionError, match="the broadcast fails"), serving(script=changed) as lab:
        two = [websocket.create_connection(lab.url("websocket") + "/messages?after=0", timeout=WAIT) for _ in range(2)]
        eventually(lambda: lab.status("websocket")["clients"] == 2)
        lab.post("well")
        assert [json.loads(ws.recv())["data"] for ws in two] == ["well", "well"]
        time.sleep(0.2)  # until both are in the broadcast
        lab.post("boom")
        codes = [int.from_bytes(ws.recv_data()[1][:2]) for ws in two]
        assert codes == [1011, 1011]
        again = websocket.create_connection(lab.url("websocket") + "/messages?after=2", timeout=WAIT)
        lab.post("well again")
        assert json.loads(again.recv())["data"] == "well again"
        for ws in (*two, again):
            ws.shutdown()


@pytest.mark.parametrize("controlled", [[], ["--controlled"]], ids=["by hand", "led"])
def test_an_error_in_the_publisher_is_one_line_and_status_1(controlled):
    changed = script(
        "def failing(*_, **__):",
        "    yield 0.1, 'one'",
        "    raise LookupError('injected')",
        "sources.earthquakes = failing",
        options=("--ports", "0,0,0", *controlled),
    )
    with subprocess.Popen([sys.executable, "-c", changed], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as process:  # fmt: skip
        if controlled:
            process.stdout.readline()
            print('{"do": "start"}', file=process.stdin, flush=True)
            process.stdout.readline()
        process.wait(WAIT)
        errors = process.stderr.read()
    assert (process.returncode, errors) == (1, "servers: publishing has failed: LookupError('injected')\n")


# ---- Counts and refusals


@pytest.mark.parametrize("transport", HTTP)
def test_head_delivers_nothing(lab, transport):
    lab.post("there")
    newest, before = lab.status(transport)["newest"], lab.status(transport)["deliveries"]
    assert lab.request(transport, "HEAD", f"/messages?after={newest - 1}&wait=0").status == 200
    assert lab.status(transport)["deliveries"] == before
    assert lab.request(transport, "GET", f"/messages?after={newest - 1}&wait=0").status == 200
    assert lab.status(transport)["deliveries"] == before + 1


@pytest.mark.parametrize("path", ["/messages", "/echo"])
@pytest.mark.parametrize("transport", HTTP)
def test_an_encoded_body_is_415(lab, transport, path):
    answer = lab.request(transport, "POST", path, b"\x1f\x8b", Content_Encoding="gzip", Content_Type="text/plain")
    assert answer.status == 415 and "Content-Encoding" in answer.json["detail"]
    plain = lab.request(transport, "POST", path, b"x", Content_Encoding="identity", Content_Type="text/plain")
    assert plain.status in (200, 201)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--source", "earthquakes", "--speed", "2", "--rate", "3"], "--speed and --rate both say how fast"),
        (["--seed", "3"], None),
        (["--source", "earthquakes", "--seed", "3"], "--seed cannot go with --source earthquakes"),
        (["--source", "earthquakes", "--rate", "3", "--seed", "3"], "--seed cannot go with --source earthquakes"),
        (["--source", "none", "--rate", "3", "--size", "99"], "--rate and --size cannot go with --source none"),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(options, words):
    if words is None:  # without a source, an option of the clock chooses it
        with serving("--ports", "0,0,0", *options):
            return
    command = [sys.executable, "-m", "servers", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and words in done.stderr.splitlines()[-1]


def test_refusals_carry_the_answer_fields_as_well():
    options = ("--ports", "0,0,0", "--source", "none", "--answer-field", "Server: mine/1.0", "--connections", "3")
    with serving(*options) as lab, ExitStack() as stack:
        for transport in TRANSPORTS:
            assert lab.request(transport, "GET", "/status", Host="example.org").fields["Server"] == "mine/1.0"
            assert lab.request(transport, "GET", "/nothing").fields["Server"] == "mine/1.0"
            with closing(connected(lab, transport)) as sock:
                sock.sendall(b"NONSENSE\r\n\r\n")
                assert b"\r\nServer: mine/1.0\r\n" in sock.recv(65_536)
        for _ in range(3):
            admitted = stack.enter_context(closing(lab.connection("polling")))
            admitted.request("GET", "/nothing")
            assert answer_to(admitted).status == 404
        with closing(connected(lab, "websocket")) as sock:
            came = sock.recv(65_536)
        assert came.startswith(b"HTTP/1.1 503 ") and b"\r\nServer: mine/1.0\r\n" in came


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


# ---- Runs and soak


def test_results_stay_until_the_new_ones_are_in_place(tmp_path, monkeypatch):
    folder = PartialFolder(tmp_path / "mine")
    folder.folder.mkdir()
    (folder.folder / "runs.csv").write_text("old")
    folder.begin()
    (folder.path / "runs.csv").write_text("new")
    rename = type(folder.path).rename

    def broken(self, target):
        if self == folder.path:
            raise OSError("no space left")
        return rename(self, target)

    with monkeypatch.context() as patch, pytest.raises(OSError, match="no space left"):
        patch.setattr(type(folder.path), "rename", broken)
        folder.publish()
    assert (folder.folder / "runs.csv").read_text() == "old"
    folder.work.mkdir()
    folder.publish()
    assert (folder.folder / "runs.csv").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_server_that_is_dead_has_no_memory_that_is_back():
    with Child("the server", ["-c", "input()"]) as child:
        assert impact.rss_of(child) > 0
        child.kill()
        with pytest.raises(RunFailed, match="the server ended in mid-run"):
            impact.rss_of(child)
        with pytest.raises(RunFailed, match="the server ended in mid-run"):
            impact.memory_after(child, 1.0)


def test_a_child_that_closes_its_output_and_stays_is_a_failed_run(monkeypatch):
    monkeypatch.setattr("loadtests.runs.processes.STOP_TIMEOUT", 0.2)
    with Child("the helper", ["-c", "import os, time; os.close(1); time.sleep(60)"]) as child:
        with pytest.raises(RunFailed, match="^the helper closed its output"):
            child.expect("word", 10)
        child.kill()
