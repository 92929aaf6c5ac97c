"""The broadcast: whoever reads slowly, late, over TLS or not at all, nobody loses a byte or sees one twice."""

import gc
import json
import ssl
import threading
from collections.abc import Callable
from contextlib import ExitStack, closing

import gevent
import pytest
import websocket
from tools.bare import (
    CLOSE,
    GOODBYE,
    MIB,
    NONE,
    PING,
    PONG,
    TEXT,
    Bare,
    bare,
    clients,
    fast,
    filled,
    masked,
    publishing,
    seq_of,
)
from tools.lab import WAIT, eventually, serving
from websockets.sync.client import connect

from servers.feed import MemoryFeed, Message
from servers.serving.transports import TRANSPORTS as ROWS
from servers.sockets.broadcast import Subscriber, offer_to_all
from servers.sockets.frame_socket import FrameSocket

pytestmark = pytest.mark.starts

sizes = pytest.mark.parametrize(("size", "count"), [(142, 30_000), (60_000, 200)], ids=["142 B", "60,000 B"])
ways = pytest.mark.parametrize("options", [[], ["--tls"], ["--deflate"], ["--tls", "--deflate"]], ids=" ".join)


# ---- Frames that are offered, byte by byte


class Narrow:
    """A socket, and the operating system's beneath it, with room for so many bytes at a time."""

    def __init__(self, *rooms: int) -> None:
        self._sock, self._rooms, self.sent = self, list(rooms), b""
        self.recv = self.fileno = None

    def send(self, data: bytes) -> int:
        if not (room := self._rooms.pop(0)):
            raise BlockingIOError
        self.sent += bytes(data[:room])
        return len(data[:room])

    def sendall(self, data: bytes) -> None:
        self.sent += bytes(data)


def test_what_is_left_of_an_offered_frame_goes_before_all_else():
    narrow = Narrow(0, 3, 99, 99)
    whole = FrameSocket(narrow)
    assert [whole.offer(b"first"), whole.offer(b"first")] == [0, 3]
    assert whole.offer(b"second") == 0, "offered between two parts of a frame"
    whole.send(b"pong")
    assert (narrow.sent, whole.offer(b"third")) == (b"firstpong", 5)


def test_nothing_is_offered_while_somebody_sends():
    narrow = Narrow(99)
    whole = FrameSocket(narrow)
    with whole.lock:
        assert whole.offer(b"frame") == 0
    assert (narrow.sent, whole.offer(b"frame")) == (b"", 5)


class Offered:
    """A connection that takes the frames in turn: all of one, a byte of it, or nothing."""

    def __init__(self, *takes: Callable[[bytes], int]) -> None:
        self._takes, self.frames = list(takes), []

    def offer(self, frame: bytes) -> int:
        self.frames.append(seq_of((TEXT, frame[2:])))
        return self._takes.pop(0)(frame)


def nothing(frame: bytes) -> int:
    return 0


def a_byte(frame: bytes) -> int:
    return 1


@pytest.mark.parametrize(("seq", "takes", "offered", "stands", "behind"), [
    (0, [len, len, len], [1, 2, 3], 3, False), (0, [nothing], [1], 0, True),
    (0, [a_byte], [1], 1, True), (2, [len], [3], 3, False), (3, [], [], 3, False), (9, [], [], 9, False),
], ids=["takes all", "takes nothing", "takes a part", "is ahead", "has all", "has more"])
def test_a_message_is_offered_to_who_has_the_one_before(seq, takes, offered, stands, behind):
    subscriber, told = Subscriber(Offered(*takes), seq), []
    for number in (1, 2, 3):
        sent, left = offer_to_all([subscriber], number, b"\x81?" + Message.encode(number, 0, None).encoded)
        told += sent
        if left:
            break
    assert (subscriber.connection.frames, subscriber.seq, left == [subscriber]) == (offered, stands, behind)
    assert len(told) == stands - seq


def test_who_misses_a_message_is_behind_and_the_others_are_told():
    late, ready = Subscriber(Offered(), 1), Subscriber(Offered(len), 2)
    assert offer_to_all([late, ready], 3, b"\x81?" + Message.encode(3, 0, None).encoded) == ([ready], [late])


def test_an_app_starts_nothing_when_it_is_created():
    def running() -> tuple[int, int]:
        return threading.active_count(), sum(issubclass(type(thing), gevent.Greenlet) for thing in gc.get_objects())

    before = running()
    apps = [row.create_app(MemoryFeed()) for row in ROWS.values()]
    assert len(apps) == 4 and running() == before


@sizes
@pytest.mark.parametrize("meanwhile", [b"", masked(PING, b"still here?")], ids=["silent", "pinging"])
def test_who_stops_reading_holds_nobody_up_and_gets_whole_frames_afterwards(size, count, meanwhile):
    with publishing(fast(size)) as (lab, tell), bare(lab, "/messages", 4096) as slow, bare(lab) as follower:
        tell("start")
        follower.seqs(count // 2)
        for _ in range(20):
            slow.sock.sendall(meanwhile)
        follower.seqs(count - count // 2)
        newest = tell("stop")
        assert lab.status("websocket")["deliveries"] < 2 * newest, "the slow one's buffers did not fill"
        frames = [slow.frame() for _ in range(newest + 20 * bool(meanwhile))]
    messages = [frame for frame in frames if frame[0] == TEXT]
    assert [frame for frame in frames if frame[0] != TEXT] == [(PONG, b"still here?")] * 20 * bool(meanwhile)
    assert [seq_of(frame) for frame in messages] == list(range(1, newest + 1))
    assert {len(data) for _, data in messages} == {size}


def test_the_rest_of_a_frame_follows_without_another_message():
    with publishing(["--size", "20000000", "--rate", "0.5"]) as (lab, tell), bare(lab, "/messages", 4096) as slow:
        tell("start")
        eventually(lambda: lab.status("websocket")["newest"])
        assert tell("stop") == 1, "a second message would take the rest of the first with it"
        assert len(slow.frame()[1]) == 20_000_000


@sizes
def test_two_that_are_differently_far_behind_get_all(size, count):
    with publishing(fast(size)) as (lab, tell), bare(lab) as follower:
        newest = filled(lab, tell, count // 2, follower)
        with ExitStack() as stack:
            far = stack.enter_context(closing(Bare(lab, "/messages?after=0", 4096)))
            near = stack.enter_context(closing(Bare(lab, f"/messages?after={newest - 1}")))
            tell("start")
            seen = near.seqs(count // 2)
            last = tell("stop")
            assert seen + near.seqs(last - seen[-1]) == list(range(newest, last + 1))
            assert far.seqs(last) == list(range(1, last + 1))


def test_who_falls_out_of_the_history_is_told_and_costs_no_memory():
    with publishing(["--size", "60000", "--rate", "200", "--history", "100"]) as (lab, tell), bare(lab) as follower:
        tell("start")
        follower.seqs(200)
        warm = lab.status("websocket")["rss_bytes"]
        with closing(Bare(lab, "/messages", 4096)) as slow:
            follower.seqs(1000)
            grown = lab.status("websocket")["rss_bytes"] - warm
            stop = tell("stop")
            first, last, (opcode, reason) = to_the_end(slow)
        assert (opcode, reason[:2]) == (CLOSE, (4410).to_bytes(2))
        problem = json.loads(reason[2:])
    assert last < problem["oldest"] - 1 and problem["newest"] - problem["oldest"] == 99
    assert first > 1 and problem["newest"] <= stop
    assert grown < MIB


def to_the_end(slow: Bare) -> tuple[int, int, tuple[int, bytes]]:
    """The first and the last seq, between which none is missing, and the close frame, after which TCP ends."""
    frames = []
    while not frames or frames[-1][0] == TEXT:
        frames.append(slow.frame())
    seqs = [seq_of(frame) for frame in frames[:-1]]
    assert seqs == list(range(seqs[0], seqs[-1] + 1))
    slow.sock.sendall(masked(*GOODBYE))
    assert slow.ends()
    return seqs[0], seqs[-1], frames[-1]


def test_who_writes_and_does_not_read_gets_its_own_and_the_others():
    with publishing(fast(60_000)) as (lab, tell), bare(lab, "/messages", 4096) as slow, bare(lab) as follower:
        tell("start")
        for _ in range(10):
            slow.sock.sendall(masked(TEXT, b"mine"))
            follower.seqs(20)
        newest = tell("stop")
        messages = [json.loads(slow.frame()[1]) for _ in range(newest)]
    assert [message["seq"] for message in messages] == list(range(1, newest + 1))
    assert [message["data"] for message in messages].count("mine") == 10


# ---- Joining


@ways
def test_who_joins_while_messages_are_published_misses_none(options):
    with publishing(["--rate", "400", *options]) as (lab, tell):
        tell("start")
        for _ in range(60):
            after = max(lab.status("websocket")["newest"] - 3, 0)
            with closing(Bare(lab, f"/messages?after={after}")) as client:
                assert client.seqs(12) == list(range(after + 1, after + 13))
        tell("stop")
        eventually(lambda: clients(lab) == 0)


def test_who_catches_up_gives_the_others_their_turn():
    with publishing(["--rate", "20000", "--history", "20000"]) as (lab, tell):
        tell("start")
        eventually(lambda: lab.status("websocket")["newest"] >= 15_000)
        newest = tell("stop")
        with closing(Bare(lab, "/messages?after=0")) as client:
            assert client.seqs(1) == [1]
            reading = threading.Thread(target=client.seqs, args=(newest - 1,))
            reading.start()
            sent = lab.status("websocket")["deliveries"]
            reading.join(WAIT)
        assert 0 < sent < newest, "the question waited until all was sent"


# ---- Over TLS, with deflate


@ways
def test_the_feed_is_byte_identical_over_tls_and_with_deflate(options):
    texts = ["", "zürich €\U0001f30d", "x" * 4095, "x" * 4096, "y" * 16_385, "tick tock " * 5000, *map(str, range(200))]
    with serving(*NONE, *options, transports=("websocket",)) as lab, ExitStack() as stack:
        trust = ssl.create_default_context(cafile=lab.trust) if lab.trust else None
        url = lab.url("websocket") + "/messages"
        deflating = stack.enter_context(connect(url, ssl=trust, open_timeout=WAIT, max_size=None, proxy=None))
        other = stack.enter_context(closing(websocket.create_connection(url, WAIT, sslopt={"ca_certs": lab.trust})))
        eventually(lambda: clients(lab) == 2)
        with bare(lab) as listener:
            listener.sock.sendall(b"".join(masked(TEXT, text.encode()) for text in texts))
            wanted = [listener.frame() for _ in texts]
        assert [json.loads(data)["data"] for _, data in wanted] == texts
        assert [(TEXT, deflating.recv(WAIT).encode()) for _ in texts] == wanted
        assert [other.recv_data() for _ in texts] == wanted
        assert [type(extension).__name__ for extension in deflating.protocol.extensions] == (
            ["PerMessageDeflate"] if "--deflate" in options else []
        )
