"""Server-sent events on the wire: the response that does not end, resuming, gaps, comments, the end."""

import gc
import json
import socket
import time
from contextlib import closing

import gevent
import gevent.socket
import pytest
from tools.lab import EVENTS, WAIT, Lab, eventually, script_of, serving
from tools.readers import reading
from tools.wire import is_problem, newest, raw_exchange

from servers.sockets.event_stream import EventStream
from servers.sockets.frame_socket import FrameSocket

pytestmark = pytest.mark.starts

SHORT_FEED = script_of("feed = MemoryFeed(history=5)", "for number in range(1, 9): feed.publish(number)")
REQUEST = b"GET /messages HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
COMMENT = b"2\r\n:\n\r\n"


def requested(lab: Lab, target: str = "/messages", version: str = "1.1", **fields: str) -> socket.socket:
    """A bare socket on which a request for events is sent."""
    sock = socket.create_connection(("127.0.0.1", lab.ports[EVENTS]), WAIT)
    lines = [f"GET {target} HTTP/{version}", "Host: localhost", "Accept: text/event-stream"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    sock.sendall("\r\n".join([*lines, "", ""]).encode())
    return sock


def received(sock: socket.socket, end: bytes) -> bytes:
    """What comes up to these bytes."""
    data = b""
    while end not in data:
        assert (more := sock.recv(1)), data
        data += more
    return data


def test_a_message_is_an_event_in_a_chunk_of_its_own(lab):
    after, epoch = newest(lab), lab.status(EVENTS)["epoch"]
    with closing(requested(lab, f"/messages?after={after}&epoch={epoch}")) as sock:
        head = received(sock, b"\r\n\r\n")
        fields = [line for line in head.decode().split("\r\n") if not line.startswith("Date: ")]
        assert fields == ["HTTP/1.1 200 OK", "Content-Type: text/event-stream", "Cache-Control: no-store",
                          "X-Accel-Buffering: no", "Transfer-Encoding: chunked", "", ""]  # fmt: skip
        assert received(sock, b":\n\r\n") == COMMENT
        message = lab.post({"text": "zürich\n"})
        event = b"id: %d\ndata: %b\n\n" % (after + 1, message)
        assert received(sock, b"\n\n\r\n") == b"%x\r\n%b\r\n" % (len(event), event)


def test_the_head_says_of_the_feed_what_the_request_did_not(lab):
    status = lab.status(EVENTS)
    with closing(requested(lab)) as sock:
        head = received(sock, b"\r\n\r\n").decode()
    assert f"Feed-Epoch: {status['epoch']}\r\nFeed-Newest: {status['newest']}\r\n" in head
    head = lab.request(EVENTS, "HEAD", "/messages")
    assert (head.status, head.body, head.fields["Feed-Epoch"]) == (200, b"", status["epoch"])


def test_last_event_id_wins_over_after(lab):
    seq = json.loads(lab.post("one"))["seq"]
    posted = lab.post("two")
    with closing(requested(lab, "/messages?after=999999999", Last_Event_ID=str(seq))) as sock:
        assert posted in received(sock, b"\n\n\r\n")


@pytest.mark.parametrize("bad", ["x", "-1", "1.5", "9" * 19])
def test_what_is_malformed_is_refused_before_the_stream(lab, bad):
    assert is_problem(lab.request(EVENTS, "GET", "/messages", Last_Event_ID=bad), 400)
    assert is_problem(lab.request(EVENTS, "GET", f"/messages?after={bad}"), 400)


def test_a_client_that_takes_no_events_is_told(lab):
    assert is_problem(lab.request(EVENTS, "GET", "/messages", Accept="application/json"), 406)
    for taken in ("text/*", "*/*", "application/json, text/event-stream;q=0.1"):
        assert lab.request(EVENTS, "HEAD", "/messages", Accept=taken).status == 200


@pytest.mark.parametrize("query", [{"after": 2}, {"after": 9}, {"after": 8, "epoch": "other"}])
def test_a_gap_is_an_event_and_the_oldest_message_follows(query):
    with serving(script=SHORT_FEED) as lab:
        lab.ports[EVENTS] = lab.ports.get(EVENTS) or 0
        with reading(lab, EVENTS, **query) as reader:
            gone = json.loads(reader.gone())
            assert (gone["status"], gone["oldest"], gone["newest"], gone["epoch"]) == (
                410, 4, 8, lab.status(EVENTS)["epoch"],
            )  # fmt: skip
            assert [json.loads(message)["seq"] for message in reader.read(5)] == [4, 5, 6, 7, 8]


def test_a_silent_stream_has_comments_and_one_with_messages_has_none():
    quick = "from servers.sockets import event_stream", "event_stream.EventStream.silence = 0.4", "feed = MemoryFeed()"
    with serving(script=script_of(*quick)) as lab:
        with closing(requested(lab)) as sock:
            received(sock, COMMENT)
            began = time.monotonic()
            received(sock, COMMENT)
            assert 0.3 < time.monotonic() - began < WAIT / 2
            for number in range(8):
                lab.post(number)
                time.sleep(0.1)
            assert sock.recv(65_536, socket.MSG_PEEK).count(COMMENT) == 0
            received(sock, COMMENT)


def test_http_1_0_has_the_stream_without_chunks(lab):
    with closing(requested(lab, version="1.0")) as sock:
        assert b"Transfer-Encoding" not in received(sock, b"\r\n\r\n")
        assert received(sock, b"\n") == b":\n"
        message = lab.post("old")
        assert received(sock, b"\n\n").split(b"\n")[1] == b"data: " + message


def test_the_stream_ends_in_order_with_its_server():
    with serving("--guests", "--ports", "0,0,0,0", "--source", "none") as lab:
        with closing(requested(lab)) as sock:
            received(sock, COMMENT)
            began = time.monotonic()
            assert lab.end() == 0
            assert sock.recv(65_536) == b"0\r\n\r\n" and sock.recv(1) == b""
        assert time.monotonic() - began < 5


def test_a_client_that_has_gone_is_counted_no_longer(lab):
    clients = lab.status(EVENTS)["clients"]
    with closing(requested(lab)) as sock:
        received(sock, COMMENT)
        assert lab.status(EVENTS)["clients"] == clients + 1
    eventually(lambda: lab.status(EVENTS)["clients"] == clients)


def test_what_follows_the_request_is_not_answered(lab):
    """A stream has no end that another response could follow."""
    with closing(requested(lab)) as sock:
        received(sock, COMMENT)
        sock.sendall(b"GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n")
        message = lab.post("after")
        assert message in received(sock, b"\n\n\r\n")


def test_a_body_is_refused(lab):
    bad = raw_exchange(lab, EVENTS, REQUEST + b"Content-Length: 1\r\n\r\nx")
    assert bad.startswith(b"HTTP/1.1 400 ")


def test_a_slow_reader_holds_nobody_up_and_misses_nothing():
    clock = ["--source", "clock", "--rate", "400", "--size", "20000", "--count", "800"]
    with serving("--guests", "--ports", "0,0,0,0", *clock) as lab:
        with closing(requested(lab, "/messages?after=0")) as slow, reading(lab, EVENTS, after=0) as quick:
            assert [json.loads(message)["seq"] for message in quick.read(800)] == list(range(1, 801))
            body = received_in_blocks(slow, b'"seq":800,')
            assert body.count(b'data: {"seq":') == 800


def received_in_blocks(sock: socket.socket, end: bytes) -> bytes:
    data = bytearray()
    while end not in data[-60_000:]:
        assert (more := sock.recv(65_536))
        data += more
    return bytes(data)


def test_a_stream_with_messages_waits_for_silence_once():
    """Not once more each time that it finds that there was none: a stream may last for days."""
    ours, theirs = gevent.socket.socketpair()
    stream = EventStream()
    stream.silence = 0.02
    with closing(theirs), closing(ours):
        stream.take_over(FrameSocket(ours), set())
        gevent.sleep(0.1)
        before = greenlets()
        for _ in range(60):
            stream.offer(b"x")
            gevent.sleep(0.01)
        assert greenlets() <= before + 2
        theirs.close()
        stream.ended.wait(WAIT)


def greenlets() -> int:
    return sum(issubclass(type(thing), gevent.Greenlet) for thing in gc.get_objects())
