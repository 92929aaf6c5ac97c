"""A WebSocket client of bare bytes, which reads when a test says so."""

import json
import socket
import ssl
import struct
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from tools.lab import UPGRADE, WAIT, Lab, serving

NONE = ("websocket", "--port", "0", "--source", "none")
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
MIB = 1024 * 1024
GOODBYE = (CLOSE, b"\x03\xe8")  # 1000
RESET = struct.pack("ii", 1, 0)


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


def clients(lab: Lab) -> int:
    return lab.status("websocket")["clients"]


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
