"""Connections of the broadcast that end, in every way: each is forgotten, and nobody else notices."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import closing

import psutil
import pytest
from tools.bare import (
    BINARY,
    GOODBYE,
    MIB,
    NONE,
    PING,
    RESET,
    TEXT,
    Bare,
    bare,
    clients,
    fast,
    filled,
    masked,
    publishing,
)
from tools.lab import UPGRADE, WAIT, Lab, eventually, serving

pytestmark = pytest.mark.starts


@pytest.fixture(scope="module")
def plain() -> Iterator[Lab]:
    with serving(*NONE, transports=("websocket",)) as lab:
        yield lab


def say(lab: Lab, *texts: str) -> None:
    """Publish by a WebSocket; return when the server has."""
    before = lab.status("websocket")["newest"]
    with bare(lab) as client:
        client.sock.sendall(b"".join(masked(TEXT, text.encode()) for text in texts))
        assert client.seqs(len(texts)) == list(range(before + 1, before + 1 + len(texts)))


# ---- Ends


def close_frame(client: Bare) -> None:
    client.sock.sendall(masked(*GOODBYE))
    assert client.frame() == GOODBYE and client.ends()
    client.close()


def fin(client: Bare) -> None:
    client.sock.shutdown(socket.SHUT_WR)


def descriptors(process: psutil.Process) -> int:
    return process.num_handles() if os.name == "nt" else process.num_fds()


ENDS = {"close frame": close_frame, "FIN": fin, "RST": Bare.reset}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("options", [[], ["--tls"]], ids=["plain", "tls"])
def test_a_connection_that_ends_is_forgotten_without_news_and_leaves_no_descriptor(options, end):
    with serving(*NONE, *options, transports=("websocket",)) as lab:
        server = psutil.Process(lab.process.pid)
        with bare(lab):
            pass
        eventually(lambda: clients(lab) == 0)
        before = descriptors(server)
        for _ in range(10):
            with bare(lab) as client:
                assert clients(lab) == 1
                end(client)
                eventually(lambda: clients(lab) == 0, 5)
        eventually(lambda: descriptors(server) <= before)


@pytest.mark.parametrize("options", [[], ["--tls"]], ids=["plain", "tls"])
@pytest.mark.parametrize("end", ["FIN", "RST"])
def test_one_that_never_read_and_ends_is_forgotten(options, end):
    with publishing([*fast(60_000), *options]) as (lab, tell), bare(lab) as follower:
        with bare(lab, "/messages", 4096) as slow:
            filled(lab, tell, 200, follower)
            assert clients(lab) == 2
            ENDS[end](slow)
            eventually(lambda: clients(lab) == 1)


@pytest.mark.parametrize("options", [[], ["--tls"]], ids=["plain", "tls"])
def test_one_that_ends_while_it_is_told_of_its_gap_is_no_error(options):
    with publishing(["--size", "60000", "--rate", "200", "--history", "100", *options]) as (lab, tell):
        with bare(lab, "/messages", 4096) as slow, bare(lab) as follower:
            tell("start")
            follower.seqs(500)
            tell("stop")
            slow.sock.recv(MIB)
            slow.reset()
            eventually(lambda: clients(lab) == 1)


def test_one_that_ends_before_it_is_told_of_its_gap_is_no_error(plain):
    for _ in range(50):
        Bare(plain, "/messages?epoch=another").reset()
    eventually(lambda: clients(plain) == 0)


def test_one_that_ends_before_its_101_is_no_error(plain):
    lines = ["GET /messages HTTP/1.1", "Host: localhost", *(f"{n}: {t}" for n, t in UPGRADE.items()), "", ""]
    for _ in range(50):
        with socket.create_connection(("127.0.0.1", plain.ports["websocket"]), WAIT) as sock:
            sock.sendall("\r\n".join(lines).encode())
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    eventually(lambda: clients(plain) == 0)


@pytest.mark.parametrize("answer", [masked(*GOODBYE), masked(PING) * 3, b""], ids=["close", "pings", "nothing"])
def test_one_that_answers_a_close_late_and_does_not_end_tcp_is_ended(plain, answer):
    with closing(Bare(plain, "/messages?epoch=another")) as client:
        assert client.frame()[1][:2] == (4410).to_bytes(2)
        client.sock.settimeout(0.5)
        with pytest.raises(TimeoutError):
            client.sock.recv(1)  # the server waits for an answer
        client.sock.settimeout(WAIT)
        client.sock.sendall(answer)
        assert client.sock.recv(1) == b""
        eventually(lambda: clients(plain) == 0)


@pytest.mark.parametrize(("frames", "code", "published"), [
    (masked(BINARY, b"a") * 2, 1003, []),
    (masked(BINARY, b"a") + masked(*GOODBYE), 1003, []),
    (masked(BINARY, b"a") + masked(TEXT, b"after"), 1003, []),
    (masked(TEXT, b"before") + masked(BINARY, b"a"), 1003, ["before"]),
    (masked(TEXT, b"before") + masked(*GOODBYE), 1000, ["before"]),
    (masked(TEXT, "é".encode() * 32_769) + masked(TEXT, b"after"), 1009, []),
    (masked(TEXT, "é".encode() * 32_769) + masked(*GOODBYE), 1009, []),
], ids=["binary twice", "binary, close", "binary, text", "text, binary", "text, close", "large, text", "large, close"])
def test_frames_that_come_together_are_heard_up_to_the_one_that_ends_the_connection(plain, frames, code, published):
    before = plain.status("websocket")["newest"]
    with bare(plain) as client:
        client.sock.sendall(frames)
        heard = []
        while not heard or heard[-1][0] == TEXT:
            heard.append(client.frame())
        assert heard[-1][1][:2] == code.to_bytes(2) and client.ends()
    eventually(lambda: clients(plain) == 0)
    with closing(Bare(plain, f"/messages?after={before}")) as client:
        say(plain, "the next")
        messages = [json.loads(client.frame()[1])["data"] for _ in [*published, "the next"]]
    assert messages == [*published, "the next"]
