"""The clients against servers that go away, break off or answer nonsense: it is told, and nothing is lost."""

import base64
import hashlib
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

import pytest
from tools.following import FOLLOW, Follower, each
from tools.lab import HTTP, ROOT, WAIT, WITH_GUESTS, eventually, serving

from clients.delivery import Disconnected, Gap, Reconnected
from clients.errors import BrokenFeed, Refused, ServerMissing
from clients.ledger import Ledger

pytestmark = pytest.mark.starts


@each
def test_a_restart_is_a_gap_after_which_following_goes_on(transport):
    with serving("--guests", "--ports", "0,0,0,0", "--source", "none") as first:
        ports = ",".join(str(first.ports[name]) for name in WITH_GUESTS)
        follower = Follower(transport, first.url(transport), 7, after=0)
        for number in range(4):
            first.post(f"first {number}")
        eventually(lambda: len(follower.deliveries) == 4)
        first.process.kill()
        first.process.wait()
        with serving("--guests", "--ports", ports, "--source", "none") as second:
            for number in range(3):
                second.post(f"second {number}")
            data = follower.finish()
    assert data == [*(f"first {number}" for number in range(4)), *(f"second {number}" for number in range(3))]
    assert [delivery.seq for delivery in follower.deliveries] == [1, 2, 3, 4, 1, 2, 3]
    assert [(gap.after, gap.oldest, gap.restarted) for gap in follower.gaps] == [(4, 1, True)]
    assert follower.ledger.difference == 0


@contextmanager
def linked(url: str) -> Iterator[tuple[str, Callable[..., None]]]:
    """An address on a delay line before the server, and what tells the line."""
    command = [sys.executable, "-m", "loadtests.link", "--controlled", "--to", url]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

        def tell(**command: object) -> None:
            print(json.dumps(command), file=process.stdin, flush=True)

        yield json.loads(process.stdout.readline())["url"], tell
        process.stdin.close()


@each
def test_a_connection_that_is_lost_and_is_back_is_told(lab, transport):
    changes: list[Disconnected | Reconnected] = []
    with linked(lab.url(transport)) as (url, tell):
        before = lab.status(transport)["newest"]
        following = FOLLOW[transport](url, before, on_change=changes.append)
        lab.post("one")
        assert next(following).data == "one" and changes == []
        tell(reset=0.5)
        time.sleep(0.2)
        lab.post("two")
        assert next(following).data == "two"
        following.close()
    assert [type(change) for change in changes] == [Disconnected, Reconnected]
    assert str(changes[0]).startswith("connection lost (") and str(changes[0]).endswith("); trying again")
    assert not changes[1].gap and changes[1].seq == before + 1 and 0 < changes[1].seconds < WAIT
    assert "nothing was missed, going on after message" in str(changes[1])


@each
def test_on_a_quiet_feed_the_way_back_is_told_as_soon_as_the_server_answers(lab, transport):
    changes: list[Disconnected | Reconnected] = []
    seen: list[Any] = []
    with linked(lab.url(transport)) as (url, tell):
        before = lab.status(transport)["newest"]
        following = FOLLOW[transport](url, before, on_change=changes.append)
        lab.post("one")
        next(following)
        reader = threading.Thread(target=lambda: seen.append(next(following).data))
        reader.start()
        tell(reset=0.2)
        eventually(lambda: [type(change) for change in changes] == [Disconnected, Reconnected])
        assert seen == [] and not changes[1].gap
        lab.post("two")
        reader.join(WAIT)
    assert seen == ["two"]


@each
def test_after_a_restart_the_way_back_does_not_say_that_nothing_was_missed(transport):
    """Over HTTP the connection ends between two requests: only the gap is news."""
    changes: list[Disconnected | Reconnected] = []
    with serving("--guests", "--ports", "0,0,0,0", "--source", "none") as first:
        ports = ",".join(str(first.ports[name]) for name in WITH_GUESTS)
        first.post("one")
        following = FOLLOW[transport](first.url(transport), 0, on_gap=changes.append, on_change=changes.append)
        assert next(following).data == "one"
    with serving("--guests", "--ports", ports, "--source", "none") as second:
        second.post("anew")
        assert next(following).data == "anew"
        following.close()
    assert [type(change) for change in changes] == (
        [Gap] if transport in HTTP else [Disconnected, Gap, Reconnected]
    )
    assert not any("nothing was missed" in str(change) for change in changes)


@each
def test_a_server_that_never_was_is_missing_at_once(transport):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ServerMissing):
        next(FOLLOW[transport](f"http://127.0.0.1:{port}"))


@each
def test_a_server_that_went_away_is_missing_after_patience(transport):
    with serving("--guests", "--ports", "0,0,0,0", "--source", "none") as servers:
        servers.post("something")
        following = FOLLOW[transport](servers.url(transport), 0, patience=0.5)
        next(following)
        servers.end()
        with pytest.raises(ServerMissing):
            next(following)


Part = Callable[[socket.socket, str], None]


@contextmanager
def scripted(*script: Part) -> Iterator[tuple[str, list[str]]]:
    """A server whose nth connection acts the nth part, given each request's head; its URL, and what was asked."""
    targets: list[str] = []

    def act(listener: socket.socket) -> None:
        for part in script:
            connection, _ = listener.accept()
            with connection:
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    if not (data := connection.recv(1)):
                        return
                    head += data
                targets.append(head.decode().split()[1])
                part(connection, head.decode())

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(WAIT)
        thread = threading.Thread(target=act, args=(listener,))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", targets
        thread.join(2 * WAIT)
        assert not thread.is_alive()


def message(seq: int) -> bytes:
    return b'{"seq":%d,"published_at":1795363200.000000,"data":"m%d"}' % (seq, seq)


def answer(*seqs: int) -> bytes:
    body = b"".join(message(seq) + b"\n" for seq in seqs)
    head = "HTTP/1.1 200 OK\r\nFeed-Epoch: e\r\nContent-Type: application/x-ndjson"
    return f"{head}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def stream(*seqs: int) -> bytes:
    events = b"".join(b"id: %d\ndata: %b\n\n" % (seq, message(seq)) for seq in seqs)
    return b"HTTP/1.1 200 OK\r\nFeed-Epoch: e\r\nContent-Type: text/event-stream\r\n\r\n" + events


def says(data: bytes) -> Part:
    return lambda connection, _: connection.sendall(data)


def upgraded(data: bytes) -> Part:
    """Accept the upgrade and send these bytes with it."""

    def part(connection: socket.socket, head: str) -> None:
        key = next(line.split(": ")[1] for line in head.split("\r\n") if line.lower().startswith("sec-websocket-key"))
        accept = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest())
        lines = [b"HTTP/1.1 101 x", b"Upgrade: websocket", b"Connection: Upgrade", b"Sec-WebSocket-Accept: " + accept]
        connection.sendall(b"\r\n".join([*lines, b"", data]))

    return part


def frame(seq: int) -> bytes:
    return bytes([0x81, len(message(seq))]) + message(seq)


STATUS = b'HTTP/1.1 200 OK\r\nContent-Length: 24\r\n\r\n{"epoch":"e","newest":9}'
CUTS = [1, 20, 90, len(answer(1, 2)) - 60, len(answer(1, 2)) - 1]


@pytest.mark.parametrize("transport", ["polling", "long-polling"])
@pytest.mark.parametrize("cut", [0, *CUTS])
def test_an_answer_cut_in_the_middle_is_asked_for_again(transport, cut):
    with scripted(says(answer(1)), says(answer(2, 3)[:cut]), says(answer(2, 3))) as (url, targets):
        ledger = Ledger()
        following = FOLLOW[transport](url, 0, ledger=ledger)
        assert [delivery.data for delivery in islice(following, 3)] == ["m1", "m2", "m3"]
        following.close()
    assert [target.partition("?")[2].split("&")[0] for target in targets] == ["after=0", "after=1", "after=1"]
    assert ledger.difference == 0


@pytest.mark.parametrize("cut", [0, 1, 2, 30, len(frame(2)) - 1])
def test_a_frame_cut_in_the_middle_is_asked_for_again(cut):
    parts = says(STATUS), upgraded(frame(1) + frame(2)[:cut]), upgraded(frame(2) + frame(3))
    with scripted(*parts) as (url, targets):
        ledger = Ledger()
        following = FOLLOW["websocket"](url, 0, ledger=ledger)
        assert [delivery.data for delivery in islice(following, 3)] == ["m1", "m2", "m3"]
        following.close()
    assert targets == ["/status", "/messages?after=0&epoch=e", "/messages?after=1&epoch=e"]
    assert ledger.difference == 0


def test_frames_in_one_segment_with_the_101_and_fragments_are_messages():
    text = message(2)
    fragments = bytes([0x01, 5]) + text[:5] + b"\x89\x00" + bytes([0x80, len(text) - 5]) + text[5:]
    with scripted(says(STATUS), upgraded(frame(1) + fragments)) as (url, _):
        following = FOLLOW["websocket"](url, 0)
        assert [delivery.data for delivery in islice(following, 2)] == ["m1", "m2"]
        following.close()


@pytest.mark.parametrize("seqs", [(1, 3), (2,), (1, 1), (2, 1)])
@each
def test_a_hidden_gap_is_the_servers_fault(transport, seqs):
    frames = b"".join(frame(seq) for seq in seqs)
    parts = {"websocket": [says(STATUS), upgraded(frames)], "server-sent-events": [says(stream(*seqs))]}
    with scripted(*parts.get(transport, [says(answer(*seqs))])) as (url, _), pytest.raises(BrokenFeed):
        list(islice(FOLLOW[transport](url, 0), len(seqs)))


@each
@pytest.mark.parametrize("length", [b"Content-Length: 20\r\n", b""])
def test_a_refusal_is_reported_with_the_servers_words(transport, length):
    if not length and transport == "websocket":
        pytest.skip("websockets reads no body without a length")
    refusal = b'HTTP/1.1 403 Forbidden\r\n%b\r\n{"detail":"not you"}' % length
    parts = [says(STATUS), says(refusal)] if transport == "websocket" else [says(refusal)]
    with scripted(*parts) as (url, _), pytest.raises(Refused, match="403: not you"):
        next(FOLLOW[transport](url, 0))


def test_events_that_come_with_the_streams_end_are_delivered_once():
    """In chunks, the last one with the end of the response; then the client asks for what follows."""
    head = b"HTTP/1.1 200 OK\r\nFeed-Epoch: e\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    events = [b"id: %d\ndata: %b\n\n" % (seq, message(seq)) for seq in (1, 2)]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(event), event) for event in events)
    with scripted(says(head + chunks + b"0\r\n\r\n"), says(stream(3))) as (url, targets):
        following = FOLLOW["server-sent-events"](url, 0)
        assert [delivery.data for delivery in islice(following, 3)] == ["m1", "m2", "m3"]
        following.close()
    assert targets == ["/messages?after=0", "/messages?epoch=e"]
