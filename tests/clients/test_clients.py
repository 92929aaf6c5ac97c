"""The clients against real servers and against servers that break off: nothing lost, nothing repeated."""

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
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import islice
from typing import Any

import pytest
from tools.lab import ROOT, TRANSPORTS, WAIT, Lab, eventually, serving
from tools.terminal import run

from clients import long_polling, polling, websocket
from clients.delivery import Back, Delivery, Gap, Lost
from clients.errors import BrokenFeed, Refused, ServerMissing
from clients.ledger import HEADINGS, Ledger, Transcript
from loadtests.headers.profiles import PROFILES

FOLLOW: dict[str, Callable[..., Iterator[Delivery]]] = {
    "polling": lambda url, after=None, **more: polling.follow(url, after, interval=0.05, **more),
    "long-polling": lambda url, after=None, **more: long_polling.follow(url, after, hold=5, **more),
    "websocket": websocket.follow,
}

each = pytest.mark.parametrize("transport", TRANSPORTS)


class Follower:
    """Follows a feed on a thread of its own until it has `count` deliveries."""

    def __init__(self, transport: str, url: str, count: int, after: int | None = None) -> None:
        self.deliveries: list[Delivery] = []
        self.gaps: list[Gap] = []
        self.ledger = Ledger()
        self._following = FOLLOW[transport](url, after, ledger=self.ledger, on_gap=self.gaps.append)
        self._thread = threading.Thread(target=self._run, args=(count,), daemon=True)
        self._thread.start()

    def _run(self, count: int) -> None:
        for delivery in islice(self._following, count):
            self.deliveries.append(delivery)
        self._following.close()

    def finish(self) -> list[Any]:
        """The data of all deliveries, once they are there."""
        self._thread.join(2 * WAIT)
        assert not self._thread.is_alive(), f"only {self.deliveries}"
        return [delivery.data for delivery in self.deliveries]


def asked(lab: Lab, transport: str, before: int = 0) -> bool:
    """Whether a client's question has reached the server."""
    return lab.status(transport)["requests"] > before


# ---- Following


@each
def test_from_now_on_is_from_now_on(lab, transport):
    lab.post("before")
    before = lab.status(transport)["requests"]
    follower = Follower(transport, lab.url(transport), 3)
    eventually(lambda: asked(lab, transport, before))
    for number in range(3):
        lab.post(number)
    assert follower.finish() == [0, 1, 2]
    assert follower.gaps == [] and follower.ledger.difference == 0


@each
def test_after_a_seq_everything_comes_once_and_in_order(lab, transport):
    after = json.loads(lab.post("before"))["seq"]
    posted = [json.loads(lab.post({"number": number, "text": "zürich €"})) for number in range(20)]
    ledger = Ledger()
    following = FOLLOW[transport](lab.url(transport), after, ledger=ledger)
    deliveries = list(islice(following, 20))
    following.close()
    assert [(d.seq, d.published_at, d.data) for d in deliveries] == [
        (m["seq"], m["published_at"], m["data"]) for m in posted
    ]
    assert all(delivery.latency > 0 for delivery in deliveries)
    assert ledger.payload == sum(delivery.size for delivery in deliveries)
    assert ledger.difference == 0


@each
def test_the_bytes_of_the_deliveries_are_those_of_the_wire(lab, transport):
    after = json.loads(lab.post("before"))["seq"]
    lab.post("one"), lab.post("two")
    ledger = Ledger()
    following = FOLLOW[transport](lab.url(transport), after, ledger=ledger)
    first, second = islice(following, 2)
    assert first.wire_bytes + second.wire_bytes == ledger.wire
    assert first.wire_bytes > second.wire_bytes >= second.size
    following.close()


@each
def test_a_client_leaves_no_connection_behind(lab, transport):
    lab.post("something")
    following = FOLLOW[transport](lab.url(transport), 0)
    next(following)
    following.close()
    eventually(lambda: lab.status(transport)["clients"] == 0)


@each
def test_a_client_that_is_ahead_of_the_feed_is_told(lab, transport):
    lab.post("something")
    gaps: list[Gap] = []
    following = FOLLOW[transport](lab.url(transport), 10**9, on_gap=gaps.append)
    assert next(following).seq == 1
    following.close()
    assert [(gap.after, gap.oldest, gap.restarted) for gap in gaps] == [(10**9, 1, False)]


# ---- Servers that go away


@each
def test_a_restart_is_a_gap_after_which_following_goes_on(transport):
    with serving("--ports", "0,0,0", "--source", "none") as first:
        ports = ",".join(str(first.ports[name]) for name in TRANSPORTS)
        follower = Follower(transport, first.url(transport), 7, after=0)
        for number in range(4):
            first.post(f"first {number}")
        eventually(lambda: len(follower.deliveries) == 4)
        first.process.kill()
        first.process.wait()
        with serving("--ports", ports, "--source", "none") as second:
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
    changes: list[Lost | Back] = []
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
    assert [type(change) for change in changes] == [Lost, Back]
    assert str(changes[0]).startswith("connection lost (") and str(changes[0]).endswith("); trying again")
    assert not changes[1].gap and changes[1].seq == before + 1 and 0 < changes[1].seconds < WAIT
    assert "nothing was missed, going on after message" in str(changes[1])


@each
def test_on_a_quiet_feed_the_way_back_is_told_as_soon_as_the_server_answers(lab, transport):
    changes: list[Lost | Back] = []
    seen: list[Any] = []
    with linked(lab.url(transport)) as (url, tell):
        before = lab.status(transport)["newest"]
        following = FOLLOW[transport](url, before, on_change=changes.append)
        lab.post("one")
        next(following)
        reader = threading.Thread(target=lambda: seen.append(next(following).data))
        reader.start()
        tell(reset=0.2)
        eventually(lambda: [type(change) for change in changes] == [Lost, Back])
        assert seen == [] and not changes[1].gap
        lab.post("two")
        reader.join(WAIT)
    assert seen == ["two"]


@each
def test_after_a_restart_the_way_back_does_not_say_that_nothing_was_missed(transport):
    changes: list[Lost | Back] = []
    with serving("--ports", "0,0,0", "--source", "none") as first:
        ports = ",".join(str(first.ports[name]) for name in TRANSPORTS)
        first.post("one")
        following = FOLLOW[transport](first.url(transport), 0, on_gap=changes.append, on_change=changes.append)
        assert next(following).data == "one"
    with serving("--ports", ports, "--source", "none") as second:
        second.post("anew")
        assert next(following).data == "anew"
        following.close()
    assert [type(change) for change in changes] == [Lost, Gap, Back]
    assert changes[2].gap and "nothing was missed" not in str(changes[2])


@each
def test_a_server_that_never_was_is_missing_at_once(transport):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ServerMissing):
        next(FOLLOW[transport](f"http://127.0.0.1:{port}"))


@each
def test_a_server_that_went_away_is_missing_after_patience(transport):
    with serving("--ports", "0,0,0", "--source", "none") as servers:
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
    parts = [says(STATUS), upgraded(frames)] if transport == "websocket" else [says(answer(*seqs))]
    with scripted(*parts) as (url, _), pytest.raises(BrokenFeed):
        list(islice(FOLLOW[transport](url, 0), len(seqs)))


@each
def test_a_refusal_is_reported_with_the_servers_words(transport):
    refusal = b'HTTP/1.1 403 Forbidden\r\nContent-Length: 20\r\n\r\n{"detail":"not you"}'
    parts = [says(STATUS), says(refusal)] if transport == "websocket" else [says(refusal)]
    with scripted(*parts) as (url, _), pytest.raises(Refused, match="403: not you"):
        next(FOLLOW[transport](url, 0))


# ---- TLS and deflate

SECURE = {"polling": "https", "long-polling": "https", "websocket": "wss"}


def exact(ledger: Ledger) -> bool:
    """Whether all is booked, and as much of it as the kernel has counted, where it tells."""
    kernel = (ledger.kernel_sent, ledger.kernel_received)
    return ledger.difference == 0 and (kernel == (ledger.wire_sent, ledger.wire_received) or not any(kernel))


@each
def test_over_tls_everything_comes_once_and_every_byte_is_booked(secure_lab, lab, transport):
    ledgers = {}
    for servers in (lab, secure_lab):
        after = json.loads(servers.post("before"))["seq"]
        posted = [json.loads(servers.post({"number": number, "text": "zürich €"})) for number in range(20)]
        ledger = ledgers[servers.trust is not None] = Ledger()
        following = FOLLOW[transport](servers.url(transport), after, ledger=ledger, trust=servers.trust)
        deliveries = list(islice(following, 20))
        following.close()
        assert [(d.seq, d.data) for d in deliveries] == [(m["seq"], m["data"]) for m in posted]
        assert exact(ledger) and ledger.payload == sum(delivery.size for delivery in deliveries)
    plain, secure = ledgers[False], ledgers[True]
    assert secure.handshake - plain.handshake > 1000 and secure.framing - plain.framing > 2 * 22
    assert secure.request_head == pytest.approx(plain.request_head, abs=8)  # the digits of after=


@each
def test_a_server_that_starts_again_with_another_certificate_is_trusted_by_its_new_file(transport, tmp_path):
    tls = ("--tls", str(tmp_path / "authority.pem"))
    with serving("--ports", "0,0,0", "--source", "none", *tls) as first:
        ports = ",".join(str(first.ports[name]) for name in TRANSPORTS)
        first.post("one")
        gaps: list[Gap] = []
        following = FOLLOW[transport](first.url(transport), 0, trust=first.trust, on_gap=gaps.append)
        assert next(following).data == "one"
    with serving("--ports", ports, "--source", "none", *tls) as second:
        second.post("two")
        assert next(following).data == "two" and [gap.restarted for gap in gaps] == [True]
        following.close()


@each
def test_whom_nobody_vouches_for_is_not_trusted(secure_lab, transport):
    ended = run(transport, secure_lab.url(transport))
    assert (ended.returncode, len(ended.stderr.splitlines())) == (1, 1)
    assert "the server's certificate is not trusted" in ended.stderr


class Silent(BaseHTTPRequestHandler):
    """Answers 400 to what is no HTTP, and keeps no log."""

    def log_message(self, *_: object) -> None:
        pass


@each
def test_a_server_without_tls_is_told_from_one_with_it(secure_lab, transport):
    with HTTPServer(("127.0.0.1", 0), Silent) as server:
        threading.Thread(target=server.handle_request).start()
        ended = run(transport, f"{SECURE[transport]}://127.0.0.1:{server.server_port}")
    assert (ended.returncode, len(ended.stderr.splitlines())) == (1, 1), ended.stderr
    assert "speaks no TLS" in ended.stderr
    ended = run(transport, secure_lab.url(transport).replace("s://", "://"))
    assert (ended.returncode, len(ended.stderr.splitlines())) == (1, 1), ended.stderr
    assert "https or wss" in ended.stderr


@each
def test_with_tls_the_address_without_one_is_secure(transport, secure_lab):
    ended = run(transport, "--tls", secure_lab.trust)
    assert (ended.returncode, len(ended.stderr.splitlines())) == (1, 1)  # unless the lab runs on its usual ports
    assert ended.stderr.startswith(f"clients: {SECURE[transport]}://127.0.0.1:500")


@each
def test_the_terminal_client_speaks_tls(secure_lab, transport):
    after = json.loads(secure_lab.post("before"))["seq"]
    secure_lab.post("something")
    options = ["--tls", secure_lab.trust, "--json", "--after", str(after), "--count", "1"]
    ended = run(transport, secure_lab.url(transport), *options)
    delivery, last = [json.loads(line) for line in ended.stdout.splitlines()]
    assert (ended.returncode, ended.stderr, delivery["seq"]) == (0, "", after + 1)
    ledger = last["ledger"]
    assert sum(ledger[heading] for heading in HEADINGS) == ledger["wire_sent"] + ledger["wire_received"]
    assert ledger["handshake"] > 1000


def compressed_ledger(servers: Lab, transport: str, deflate: bool, count: int = 5) -> tuple[list[Delivery], Ledger]:
    """What following `count` messages that repeat themselves costs."""
    after = json.loads(servers.post("before"))["seq"]
    for number in range(count):
        servers.post([number, "tick tock " * 200])
    ledger = Ledger()
    follow = FOLLOW[transport]
    following = follow(servers.url(transport), after, ledger=ledger, trust=servers.trust, deflate=deflate)
    deliveries = list(islice(following, count))
    following.close()
    return deliveries, ledger


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_deflate_brings_the_same_messages_in_fewer_bytes(transport, secure_lab):
    for deflate in (False, True):
        deliveries, ledger = compressed_ledger(secure_lab, transport, deflate)
        sizes = [delivery.size for delivery in deliveries]
        assert [delivery.data for delivery in deliveries] == [[number, "tick tock " * 200] for number in range(5)]
        assert min(sizes) > 2000 and exact(ledger)
        assert (ledger.payload < sum(sizes) / 20) is deflate and (ledger.payload == sum(sizes)) is not deflate
        assert all(0 <= delivery.wire_bytes for delivery in deliveries)
        assert sum(delivery.wire_bytes for delivery in deliveries) <= ledger.wire


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_deflate_that_is_declined_is_none(transport, lab):
    deliveries, ledger = compressed_ledger(lab, transport, deflate=True)
    assert ledger.payload == sum(delivery.size for delivery in deliveries)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("deflate", [False, True])
def test_what_a_profile_offers_is_offered_once_and_understood(secure_lab, lab, profile, deflate):
    fields = PROFILES[profile].fields("websocket", "h")[1:]
    offers = deflate or "Sec-WebSocket-Extensions" in dict(fields)
    for servers in (lab, secure_lab):
        after = json.loads(servers.post("x" * 1000))["seq"] - 1
        ledger = Transcript()
        options = {"trust": servers.trust, "deflate": deflate}
        where = servers.url("websocket"), f"/messages?after={after}"
        with websocket.WebSocketConnection(*where, ledger, fields, **options) as connection:
            [message], _ = next(connection.messages())
        head = b"".join(data for way, _, data in ledger.entries if way == "sent").lower()
        assert json.loads(message)["data"] == "x" * 1000
        assert head.count(b"sec-websocket-extensions") == offers
        assert (ledger.payload < 100) is (offers and servers is secure_lab)
