"""The broadcast: whoever reads slowly, late, over TLS or not at all, nobody loses a byte or sees one twice."""

import gc
import json
import os
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager

import gevent
import psutil
import pytest
import websocket
from tools.lab import UPGRADE, WAIT, Lab, eventually, serving
from websockets.sync.client import connect

from servers.feed import MemoryFeed, Message
from servers.serving.transports import TRANSPORTS as ROWS
from servers.sockets.broadcast import Subscriber, offer_to_all
from servers.sockets.frame_socket import FrameSocket

pytestmark = pytest.mark.starts

NONE = ("websocket", "--port", "0", "--source", "none")
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
MIB = 1024 * 1024
GOODBYE = (CLOSE, b"\x03\xe8")  # 1000
RESET = struct.pack("ii", 1, 0)

sizes = pytest.mark.parametrize(("size", "count"), [(142, 30_000), (60_000, 200)], ids=["142 B", "60,000 B"])
ways = pytest.mark.parametrize("options", [[], ["--tls"], ["--deflate"], ["--tls", "--deflate"]], ids=" ".join)


def masked(opcode: int, data: bytes = b"") -> bytes:
    """A client's frame, of which the masking key is 0 (RFC 6455 section 5.2)."""
    if len(data) < 126:
        length = struct.pack(">B", 128 | len(data))
    else:
        length = struct.pack(">BH", 254, len(data)) if len(data) < 65_536 else struct.pack(">BQ", 255, len(data))
    return bytes([128 | opcode]) + length + bytes(4) + data


class Bare:
    """A client without a library: it reads when told, as little as told, and takes nothing but whole frames."""

    def __init__(self, lab: Lab, target: str = "/messages", buffer: int | None = None) -> None:
        self.sock = socket.socket()
        if buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.sock.settimeout(WAIT)
        self.sock.connect(("127.0.0.1", lab.ports["websocket"]))
        if lab.trust:
            self.sock = ssl.create_default_context(cafile=lab.trust).wrap_socket(self.sock, server_hostname="127.0.0.1")
        lines = [f"GET {target} HTTP/1.1", "Host: localhost", *(f"{n}: {t}" for n, t in UPGRADE.items()), "", ""]
        self.sock.sendall("\r\n".join(lines).encode())
        self._file = self.sock.makefile("rb")
        assert b" 101 " in self._file.readline()
        while self._file.readline() != b"\r\n":
            pass

    def frame(self) -> tuple[int, bytes]:
        """The opcode and the data of the next frame, which must be there as a whole and unmasked."""
        first, length = self._exactly(2)
        assert first & 0xF0 == 0x80 and length < 128, f"no frame begins with {first:#x} {length:#x}"
        if length > 125:
            length = int.from_bytes(self._exactly(2 if length == 126 else 8))
        return first & 0x0F, self._exactly(length)

    def _exactly(self, size: int) -> bytes:
        data = self._file.read(size)
        assert len(data) == size, f"the connection ended {size - len(data)} bytes early"
        return data

    def seqs(self, count: int) -> list[int]:
        """The seq of each of the next messages."""
        return [seq_of(self.frame()) for _ in range(count)]

    def ends(self) -> bool:
        """Whether TCP ends here."""
        return self._file.read(1) == b""

    def reset(self) -> None:
        """End TCP by RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.close()

    def close(self) -> None:
        self._file.close()
        self.sock.close()


def seq_of(frame: tuple[int, bytes]) -> int:
    opcode, data = frame
    assert opcode == TEXT
    return json.loads(data)["seq"]


@contextmanager
def bare(lab: Lab, *arguments: object) -> Iterator[Bare]:
    """A client that listens: a message published from now on comes through the broadcast."""
    with closing(Bare(lab, *arguments)) as client:
        client.sock.sendall(masked(PING, b"here"))
        assert client.frame() == (PONG, b"here")
        yield client


@contextmanager
def publishing(options: list[str], *more: str) -> Iterator[tuple[Lab, Callable[[str], int]]]:
    """A server whose clock is told `start` and `stop`; telling returns the newest seq."""
    command = ("websocket", "--port", "0", "--controlled", "--source", "clock", "--arrivals", "even", *more, *options)
    with serving(*command, transports=("websocket",)) as lab:

        def tell(word: str) -> int:
            print(json.dumps({"do": word}), file=lab.process.stdin, flush=True)
            newest, *_ = json.loads(lab.process.stdout.readline()).values()
            return newest

        yield lab, tell


@pytest.fixture(scope="module")
def plain() -> Iterator[Lab]:
    with serving(*NONE, transports=("websocket",)) as lab:
        yield lab


def clients(lab: Lab) -> int:
    return lab.status("websocket")["clients"]


def say(lab: Lab, *texts: str) -> None:
    """Publish by a WebSocket; return when the server has."""
    before = lab.status("websocket")["newest"]
    with bare(lab) as client:
        client.sock.sendall(b"".join(masked(TEXT, text.encode()) for text in texts))
        assert client.seqs(len(texts)) == list(range(before + 1, before + 1 + len(texts)))


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
    assert (subscriber.ws.frames, subscriber.seq, left == [subscriber]) == (offered, stands, behind)
    assert len(told) == stands - seq


def test_who_misses_a_message_is_behind_and_the_others_are_told():
    late, ready = Subscriber(Offered(), 1), Subscriber(Offered(len), 2)
    assert offer_to_all([late, ready], 3, b"\x81?" + Message.encode(3, 0, None).encoded) == ([ready], [late])


def test_an_app_starts_nothing_when_it_is_created():
    def running() -> tuple[int, int]:
        return threading.active_count(), sum(isinstance(thing, gevent.Greenlet) for thing in gc.get_objects())

    before = running()
    apps = [row.create_app(MemoryFeed()) for row in ROWS.values()]
    assert len(apps) == 3 and running() == before


# ---- Slow readers


def filled(lab: Lab, tell: Callable[[str], int], count: int, follower: Bare) -> int:
    """Publish at least `count` messages that the follower gets and whoever does not read does not; the newest seq."""
    tell("start")
    assert follower.seqs(count) == list(range(1, count + 1))
    newest = tell("stop")
    assert follower.seqs(newest - count) == list(range(count + 1, newest + 1))
    return newest


def fast(size: int) -> list[str]:
    return ["--size", str(size), "--rate", "10000" if size < 1000 else "400", "--history", "100000"]


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
