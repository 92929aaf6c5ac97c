"""Bytes to a server, and its answer, over a bare socket; h11 and websockets, sans-I/O, say where the answer ends."""

import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import h11
from websockets.client import ClientProtocol
from websockets.frames import Frame
from websockets.uri import parse_uri

TIMEOUT = 10.0  # seconds
Lines = Iterable[tuple[str, str]]


@dataclass(frozen=True)
class Answer:
    """A response: its status, its field lines with their names in lower case, and its body."""

    status: int
    fields: tuple[tuple[bytes, bytes], ...]
    body: bytes

    def field(self, name: str) -> str:
        """A field's value, empty without such a line."""
        return next((value.decode() for key, value in self.fields if key == name.encode()), "")

    @property
    def undated(self) -> "Answer":
        """The same without its Date, which moves on by itself."""
        return Answer(self.status, tuple(line for line in self.fields if line[0] != b"date"), self.body)


def request(target: str, lines: Lines) -> bytes:
    """A GET with these field lines, in their order."""
    return "\r\n".join([f"GET {target} HTTP/1.1", *(f"{name}: {text}" for name, text in lines), "", ""]).encode()


def connect(url: str) -> socket.socket:
    """A connection to the server of a URL, over plain TCP."""
    where = urlsplit(url)
    return socket.create_connection((where.hostname, where.port or 80), TIMEOUT)


def ask(url: str, asked: bytes) -> Answer:
    """What the server answers, on a connection of its own, to bytes that need be no proper request."""
    with connect(url) as sock:
        sock.sendall(asked)
        return answer(sock)


def answer(sock: socket.socket) -> Answer:
    """Read one response; a 101 ends with its head. Raises ConnectionError if the server ends the connection first."""
    reader, body = _reader(), b""
    heads: list[h11.InformationalResponse | h11.Response] = []
    while True:
        event = reader.next_event()
        if event is h11.NEED_DATA:
            reader.receive_data(some(sock))
        elif isinstance(event, h11.InformationalResponse | h11.Response):
            heads.append(event)
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        else:
            return Answer(heads[-1].status_code, tuple(heads[-1].headers), body)


def some(sock: socket.socket) -> bytes:
    """The next bytes from the server; ConnectionError if there will be none."""
    if not (data := sock.recv(65_536)):
        raise ConnectionError("the server ended the connection without an answer")
    return data


def _reader() -> h11.Connection:
    """A client that has asked for an upgrade, and so takes a 101 as well as any other answer."""
    reader = h11.Connection(h11.CLIENT)
    reader.send(h11.Request(method="GET", target="/", headers=[("Host", "x"), ("Connection", "upgrade"),
                                                               ("Upgrade", "websocket")]))  # fmt: skip
    reader.send(h11.EndOfMessage())
    return reader


@contextmanager
def opened(url: str) -> Iterator[tuple[socket.socket, ClientProtocol]]:
    """A WebSocket whose handshake is made: its socket, and the protocol that reads and writes what travels there."""
    protocol = ClientProtocol(parse_uri(url))
    with connect(url) as sock:
        sock.settimeout(TIMEOUT)
        protocol.send_request(protocol.connect())
        sock.sendall(b"".join(protocol.data_to_send()))
        while not protocol.events_received():
            protocol.receive_data(some(sock))
        yield sock, protocol


def next_frame(sock: socket.socket, protocol: ClientProtocol) -> tuple[Frame, int]:
    """The next frame from the server, and how many bytes came for it."""
    received = 0
    while not (frames := protocol.events_received()):
        received += len(data := some(sock))
        protocol.receive_data(data)
    assert isinstance(frames[0], Frame)
    return frames[0], received
