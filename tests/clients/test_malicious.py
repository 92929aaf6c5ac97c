"""Clients and a server that means harm: one clear line, and no more memory than a response may have."""

import gzip
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tools.lab import ROOT, TRANSPORTS, WAIT
from websockets.utils import accept_key

pytestmark = pytest.mark.starts

STANDS = b'{"transport":"%s","epoch":"e","oldest":1,"newest":0}'
MESSAGE = b'{"seq":1,"published_at":1.0,"data":"x"}'
MIB = 2**20


def ok(body: bytes, *lines: bytes) -> bytes:
    head = [b"HTTP/1.1 200 OK", b"Feed-Epoch: e", b"Feed-Newest: 0", b"Content-Length: %d" % len(body), *lines]
    return b"\r\n".join([*head, b"", body])


@contextmanager
def serving(transport: str, evil: bytes, endless: bytes = b"") -> Iterator[str]:
    """A server that tells its status as it should, and answers all else with these bytes, the last of them for ever."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer(sock: socket.socket) -> None:
        with sock:
            while head := head_of(sock):
                if head.startswith(b"GET /status"):
                    sock.sendall(ok(STANDS % transport.encode()))
                    continue
                sock.sendall((upgraded(head) if b"Upgrade" in head else b"") + evil)
                while endless:
                    sock.sendall(endless)

    def accept() -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=quietly, args=[answer, sock], daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    with listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def quietly(answer, sock: socket.socket) -> None:
    try:
        answer(sock)
    except OSError:
        pass  # the client has had enough


def head_of(sock: socket.socket) -> bytes:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        if not (byte := sock.recv(1)):
            return b""
        head += byte
    return head


def upgraded(head: bytes) -> bytes:
    key = next(line.split()[1] for line in head.splitlines() if line.startswith(b"Sec-WebSocket-Key"))
    return b"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n" % (
        accept_key(key.decode()).encode()
    )


def text(payload: bytes) -> bytes:
    return bytes([0x81, len(payload)]) + payload


def client(transport: str, url: str, *options: str) -> subprocess.CompletedProcess[str]:
    """The terminal client in 512 MiB of memory."""
    script = (
        "import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_AS, (2**29, 2**29)); "
        "sys.argv[0] = 'clients'; runpy.run_module('clients', run_name='__main__')"
    )
    return subprocess.run(
        [sys.executable, "-c", script, transport, url, *options], cwd=ROOT, capture_output=True, text=True, timeout=WAIT
    )


def complaint(transport: str, evil: bytes, endless: bytes = b"", *options: str) -> str:
    """What a client says on standard error, which has to be one line."""
    with serving(transport, evil, endless) as url:
        found = client(transport, url, *options)
    lines = found.stderr.splitlines()
    assert (found.returncode, len(lines)) == (1, 1), found.stderr
    return lines[0]


HTTP_EVIL = {
    "a seq that jumps": (ok(MESSAGE + b"\n" + MESSAGE.replace(b":1,", b":3,") + b"\n"), b"came after"),
    "a seq twice": (ok(MESSAGE + b"\n" + MESSAGE + b"\n"), b"came after"),
    "no json": (ok(b"{nothing}\n"), b"no message"),
    "nested without end": (ok(b"[" * 100_000 + b"\n"), b"no message"),
    "json, but no message": (ok(b"[1]\n"), b"no message"),
    "a seq that is none": (ok(b'{"seq":"x","published_at":1,"data":1}\n'), b"no seq"),
    "a seq of a million digits": (ok(b'{"seq":"%s","published_at":1,"data":1}\n' % (b"9" * MIB)), b"no seq"),
    "a gap without numbers": (ok(b"{}").replace(b"200 OK", b"410 Gone"), b"gap"),
    "gzip without end": (ok(gzip.compress(bytes(200 * MIB)), b"Content-Encoding: gzip"), b"gzip"),
    "a refusal of many lines": (ok(b"a\n\x1b[2Jb\nc" * 99).replace(b"200 OK", b"403 No"), b"403"),
    "a newest that is none": (ok(b"").replace(b"Newest: 0", b"Newest: x"), b"no seq"),
}  # fmt: skip


@pytest.mark.parametrize("transport", ["polling", "long-polling"])
@pytest.mark.parametrize("case", HTTP_EVIL)
def test_a_bad_answer_is_one_clear_line(transport, case):
    evil, word = HTTP_EVIL[case]
    assert word.decode() in complaint(transport, evil, b"", "--deflate")


@pytest.mark.parametrize("transport", ["polling", "long-polling"])
def test_a_body_without_end(transport):
    chunk = b"10000\r\n" + bytes(65_536) + b"\r\n"
    said = complaint(transport, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunk)
    assert "more than" in said


WEBSOCKET_EVIL = {
    "a frame of 2**63 - 1 B": (b"\x81\x7f" + (2**63 - 1).to_bytes(8), "frames are wrong"),
    "a masked frame": (b"\x81\x81\0\0\0\0x", "frames are wrong"),
    "a reserved opcode": (b"\x83\x00", "frames are wrong"),
    "a seq that jumps": (text(MESSAGE) + text(MESSAGE.replace(b":1,", b":3,")), "came after"),
    "no json": (text(b"{nothing}"), "no message"),
    "a gap without numbers": (b"\x88\x04" + (4410).to_bytes(2) + b"{}", "gap"),
}  # fmt: skip


@pytest.mark.parametrize("case", WEBSOCKET_EVIL)
def test_a_bad_frame_is_one_clear_line(case):
    evil, words = WEBSOCKET_EVIL[case]
    assert words in complaint("websocket", evil)


def test_fragments_without_end():
    first, then = b"\x01\x7e\xff\xff" + b"x" * 65_535, b"\x00\x7e\xff\xff" + b"x" * 65_535
    assert "frames are wrong" in complaint("websocket", first, then)


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n", b""])
def test_a_head_without_end_and_lying_lengths(transport, head):
    """Where the server was never any use, the client says so at once; else it tries again, as after any break."""
    listener = socket.create_server(("127.0.0.1", 0))
    endless = {b": ": b"x" * 65_536, b"\r\n": b"X: y\r\n" * 9_999, b"": b"HTTP/1.1 200 OK\r\n\r\n" * 9}[head[-2:]]

    def answer() -> None:
        while True:
            try:
                sock, _ = listener.accept()
                with sock:
                    sock.sendall(head)
                    while True:
                        sock.sendall(endless)
            except ConnectionError:
                continue
            except OSError:
                return

    threading.Thread(target=answer, daemon=True).start()
    with listener:
        found = client(transport, f"http://127.0.0.1:{listener.getsockname()[1]}")
    assert (found.returncode, len(found.stderr.splitlines())) == (1, 1), found.stderr


def test_what_a_terminal_cannot_show_is_shown_as_it_can_be():
    message = b'{"seq":1,"published_at":1.0,"data":"\\ud800 \\u001b[2J"}'
    with serving("polling", ok(message + b"\n")) as url:
        found = client("polling", url, "--count", "1", "--after", "0")
    assert found.returncode == 0 and "\x1b" not in found.stdout and json.loads(message)["seq"] == 1
