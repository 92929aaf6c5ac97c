"""One client must not harm the others: each attack beside a healthy client, and the memory that it may take."""

import json
import select
import signal
import socket
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import psutil
import pytest
from tools.hostile import HOST, changed
from tools.lab import UPGRADE, Lab, eventually, serving
from tools.scripts import connected
from tools.wire import each, each_http, newest, opened, websocket_to

from loadtests.soak.checked_client import CheckedClient
from servers.serving.limits import raise_descriptors

pytestmark = pytest.mark.starts
MIB = 2**20
EMPTY = b"\x81\x80\0\0\0\0"  # a masked text without a character


def frame(payload: bytes, opcode: int = 0x82) -> bytes:
    """A client's frame of 126 B or more, masked with zeros."""
    size = len(payload)
    length = b"\xff" + size.to_bytes(8) if size > 65_535 else b"\xfe" + size.to_bytes(2)
    return bytes([opcode]) + length + bytes(4) + payload


# ---- Turns


@each
def test_who_asks_without_a_pause_does_not_hold_the_others_up(lab, transport):
    """5,000 requests in a row: before the last of them is answered, so is somebody else's one."""
    request, seen = b"GET /nothing HTTP/1.1\r\n" + HOST + b"\r\n", bytearray()
    with closing(connected(lab, transport)) as sock, closing(lab.connection(transport)) as other:
        threading.Thread(target=sock.sendall, args=[request * 5_000], daemon=True).start()
        seen += sock.recv(1)
        other.request("GET", "/status")
        assert other.getresponse().read()
        while select.select([sock], [], [], 0)[0]:  # what has come by now
            seen += sock.recv(MIB)
        assert seen.count(b"HTTP/1.1 404 ") < 4_000
        while seen.count(b"HTTP/1.1 404 ") < 5_000:
            assert (piece := sock.recv(MIB)), "ended too early"
            seen += piece


def test_more_messages_than_can_be_told_do_not_hold_the_others_up():
    with serving("--ports", "0,0,0", "--source", "clock", "--rate", "4000") as lab, ExitStack() as stack:
        for _ in range(50):
            sock = stack.enter_context(closing(opened(lab, "/messages")))
            threading.Thread(target=drained, args=[sock], daemon=True).start()
        time.sleep(1)  # it takes a while to fall behind
        for transport in ("polling", "websocket"):
            before = newest(lab)
            assert lab.request(transport, "GET", "/status").status == 200
            assert newest(lab) - before < 8_000, "two seconds' worth"


def drained(sock: socket.socket) -> None:
    with closing(sock):
        try:
            while sock.recv(MIB):
                pass
        except OSError:
            pass


def test_a_burst_from_one_client_does_not_push_out_what_others_have_yet_to_read():
    """64 KiB of empty texts are 10,922 messages, more than the history; who reads on misses none."""
    with serving("--ports", "0,0,0", "--source", "none") as lab, closing(opened(lab, "/messages")) as sock:
        threading.Thread(target=drained, args=[sock], daemon=True).start()
        sock.sendall(EMPTY * 10_922)
        with ThreadPoolExecutor() as pool:
            for seqs in pool.map(lambda transport: followed(lab, transport, 10_922), lab.ports):
                assert seqs == list(range(1, 10_923))


def followed(lab: Lab, transport: str, count: int) -> list[int]:
    """The first seqs of a feed that a client sees, which asks four times a second or is told."""
    seqs: list[int] = []
    if transport == "websocket":
        with closing(websocket_to(lab, "/messages?after=0")) as ws:
            return [json.loads(ws.recv())["seq"] for _ in range(count)]
    while len(seqs) < count:
        answer = lab.ask(transport, after=seqs[-1] if seqs else 0, wait=5)
        assert answer.status in (200, 204), answer
        seqs += [json.loads(line)["seq"] for line in answer.body.splitlines()]
        time.sleep(0.25)
    return seqs


# ---- Memory


def rss(lab: Lab) -> int:
    return psutil.Process(lab.process.pid).memory_info().rss


def sent_and_never_read(sock: socket.socket, data: bytes) -> None:
    """Send until the server takes no more for half a second."""
    sock.settimeout(0.5)
    try:
        while True:
            sock.sendall(data)
    except OSError:
        pass


def flood(lab: Lab, transport: str, opening: bytes, data: bytes, clients: int) -> int:
    """Bytes of memory that the server takes more while so many clients send and do not read."""
    before, most, over = rss(lab), 0, threading.Event()

    def look() -> None:
        nonlocal most
        while not over.wait(0.1):
            most = max(most, rss(lab) - before)

    looking = threading.Thread(target=look)
    looking.start()
    with ExitStack() as stack:
        sending = []
        for _ in range(clients):
            sock = stack.enter_context(closing(connected(lab, transport)))
            sock.sendall(opening)
            sending.append(threading.Thread(target=sent_and_never_read, args=[sock, data]))
            sending[-1].start()
        for thread in sending:
            thread.join()
    over.set()
    looking.join()
    return most


HANDSHAKE = b"GET /echo HTTP/1.1\r\n" + HOST + "".join(f"{n}: {v}\r\n" for n, v in UPGRADE.items()).encode() + b"\r\n"
LARGE = bytes(15 * MIB)


@pytest.mark.parametrize("what", ["messages", "unfinished messages", "posts"])
def test_what_clients_send_and_do_not_read_takes_bounded_memory(what):
    with changed("memory_budget.ACQUIRE_TIMEOUT = 1.0") as lab:
        post = b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(LARGE) + LARGE
        flooded = {
            "messages": ("websocket", HANDSHAKE, frame(LARGE)),
            "unfinished messages": ("websocket", HANDSHAKE, frame(LARGE, opcode=0x02)),
            "posts": ("polling", b"", post),
        }[what]
        grown = flood(lab, *flooded, clients=24)
        assert grown < 320 * MIB, f"{grown / MIB:.0f} MiB"
        eventually(lambda: lab.request("polling", "POST", "/echo", LARGE).body == LARGE)


def test_a_history_has_a_bound_in_bytes():
    with serving("--ports", "0,0,0", "--source", "none", "--history-mib", "1") as lab:
        for _ in range(40):
            lab.post("x" * 60_000)
        status = lab.status("polling")
        assert status["newest"] == 40 and 40 - 17 <= status["oldest"] <= 40 - 15
        assert lab.ask("polling", after=0).json["oldest"] == status["oldest"]


@each_http
def test_an_answer_has_a_bound_and_the_next_goes_on(lab, transport):
    first = newest(lab)
    for _ in range(100):
        lab.post("x" * 60_000)
    sizes, seqs = [], []
    while len(seqs) < 100:
        answer = lab.ask(transport, after=first + len(seqs))
        sizes.append(len(answer.body))
        seqs += [json.loads(line)["seq"] for line in answer.body.splitlines()]
    assert seqs == list(range(first + 1, first + 101))
    assert len(sizes) == 2 and 4 * MIB - 61_000 < sizes[0] <= 4 * MIB


def test_what_deflate_makes_small_is_too_big_all_the_same(secure_lab):
    """1 GiB of zeros in 1 MiB: refused before it is unpacked, and nobody waits for that."""
    squeezed = zlib.compressobj(9, wbits=-15)
    bomb = squeezed.compress(bytes(64 * MIB)) * 16
    ws = websocket_to(
        secure_lab, "/echo", header=["Sec-WebSocket-Extensions: permessage-deflate"],
        sslopt={"ca_certs": secure_lab.trust},
    )  # fmt: skip
    before = rss(secure_lab)
    ws.sock.sendall(frame(bomb, opcode=0xC2))
    assert ws.recv_frame().data[:2] == (1009).to_bytes(2)
    assert rss(secure_lab) - before < 100 * MIB
    ws.close()


# ---- The end


def test_at_the_end_everybody_is_told():
    """SIGTERM: WebSockets get 1001, held questions an answer, who is between two polls an end; in seconds."""
    with serving("--ports", "0,0,0", "--source", "none") as lab, ExitStack() as stack:
        count = min(1_000, (raise_descriptors() - 100) // 3)
        sockets = [stack.enter_context(closing(opened(lab, "/messages"))) for _ in range(count)]
        held = [stack.enter_context(closing(connected(lab, "long-polling"))) for _ in range(count)]
        polling = [stack.enter_context(closing(connected(lab, "polling"))) for _ in range(count)]
        for sock in (*held, *polling):
            sock.sendall(b"GET /messages?after=0&wait=60 HTTP/1.1\r\n" + HOST + b"\r\n")
        assert all(sock.recv(65_536).startswith(b"HTTP/1.1 204 ") for sock in polling)
        eventually(lambda: lab.status("long-polling")["clients"] == count)
        started = time.monotonic()
        assert lab.end() == 0
        assert time.monotonic() - started < 10
        assert {sock.recv(4) for sock in sockets} == {b"\x88\x02\x03\xe9"}
        assert all(sock.recv(65_536).startswith(b"HTTP/1.1 204 ") for sock in held)
        assert {sock.recv(4) for sock in polling} == {b""}


def test_a_server_that_is_stopped_and_goes_on_has_lost_nothing():
    """SIGSTOP for five seconds: all three clients have each message once and in order, and know of no gap."""
    with serving("--ports", "0,0,0", "--source", "clock", "--rate", "20") as lab:
        clients = [CheckedClient(transport, lab.url(transport)) for transport in lab.ports]
        eventually(lambda: all(client.seq > 10 for client in clients))
        lab.process.send_signal(signal.SIGSTOP)
        time.sleep(5)
        lab.process.send_signal(signal.SIGCONT)
        last = newest(lab) + 20
        eventually(lambda: all(client.seq > last for client in clients))
        assert [(client.faults, client.gaps) for client in clients] == [([], 0)] * 3
