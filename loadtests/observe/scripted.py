"""A server that does what no good one does: after the opening handshake it sends the bytes of a script as they stand.

What a client sends is kept, with the moment at which it came. Only when the script is over does the server answer:
websockets' sans-I/O protocol does that, and the opening handshake.
"""

import queue
import socket
import socketserver
import ssl
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol
from websockets.typing import Origin

REFUSED, ELSEWHERE = "/refused", Origin("https://elsewhere.example")
"""A path that is open to pages of another site alone."""
DONE = (1000, "done")
LINGER = 10.0  # seconds that a client has to close, once the script is over


@dataclass(frozen=True)
class Step:
    """Bytes to send, `after_s` seconds after the previous step; then the server may close, with this code and reason.

    Or TCP ends, without a close frame.
    """

    data: bytes
    after_s: float = 0.0
    closes: tuple[int, str] | None = None
    ends: bool = False


Script = tuple[Step, ...]


def frame(data: bytes, opcode: Opcode = Opcode.TEXT, last: bool = True) -> bytes:
    """A frame as a server sends it, not masked."""
    return Frame(opcode, data, fin=last).serialize(mask=False)


@dataclass
class Received:
    """What arrived over one connection: the request's head, pieces with their seconds since the 101, and their frames.

    It is complete once the connection has `ended`.
    """

    head: bytes
    pieces: list[tuple[float, bytes]] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)


class ScriptedServer(socketserver.ThreadingTCPServer):
    """On a free port of 127.0.0.1: `scripts` by path; any other path is an empty page, and REFUSED an upgrade refused.

    `heard` are the connections by what they ask for, in their order.
    """

    daemon_threads = True

    def __init__(self, scripts: Mapping[str, Script], tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Connection)
        self.scripts, self._tls = scripts, tls
        self.heard: defaultdict[str, queue.Queue[Received]] = defaultdict(queue.Queue)

    def get_request(self) -> tuple[socket.socket, Any]:
        sock, address = super().get_request()
        if self._tls:  # the handshake comes with the first read, in the connection's own thread
            sock = self._tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        return sock, address

    def next_received(self, target: str = "/") -> Received:
        """The next connection that asks for that target, once it has ended."""
        heard = self.heard[target].get(timeout=LINGER)
        heard.ended.wait(LINGER)
        return heard

    def url(self, path: str = "/", scheme: str = "http", name: str = "localhost") -> str:
        return f"{scheme}://{name}:{self.server_address[1]}{path}"


class Connection(socketserver.BaseRequestHandler):
    """One request, or one WebSocket."""

    server: ScriptedServer
    heard: Received

    def handle(self) -> None:
        self.protocol, head = ServerProtocol(), b""
        with suppress(OSError):  # the client has gone, or says nothing more
            self.request.settimeout(LINGER)
            while not (events := self.protocol.events_received()):
                if not (data := self.request.recv(65_536)):
                    return
                head += data
                self.protocol.receive_data(data)
            assert isinstance(events[0], Request)
            self.heard = Received(head)
            self.server.heard[events[0].path].put(self.heard)
            try:
                self.answer(events[0])
            finally:
                self.heard.ended.set()

    def answer(self, request: Request) -> None:
        path = urlsplit(request.path).path
        script = self.server.scripts.get(path)
        if path == REFUSED:
            self.protocol.origins = [ELSEWHERE]
        if script is not None or path == REFUSED:
            self.protocol.send_response(self.protocol.accept(request))
        else:
            self.protocol.send_response(self.protocol.reject(HTTPStatus.OK, "observed\n"))
        self.send_all()
        if script is not None:
            self.play(script)

    def play(self, script: Script) -> None:
        self.began = time.monotonic()
        for step in script:
            deadline = time.monotonic() + step.after_s
            while (left := deadline - time.monotonic()) > 0 and self.receive_piece(left):
                pass
            self.request.sendall(step.data)
            if step.closes:
                self.protocol.send_close(*step.closes)
            if step.ends:
                return
        self.send_all()
        while not self.protocol.close_expected() and self.receive_piece(LINGER):
            self.send_all()

    def receive_piece(self, seconds: float) -> bool:
        """Keep the next piece of what the client sends; False if none comes in that time, or none will ever."""
        self.request.settimeout(seconds)
        with suppress(TimeoutError):
            if data := self.request.recv(65_536):
                self.heard.pieces.append((time.monotonic() - self.began, data))
                self.protocol.receive_data(data)
                self.heard.frames += (each for each in self.protocol.events_received() if isinstance(each, Frame))
                return True
        return False

    def send_all(self) -> None:
        """Send what the protocol has to say; an empty piece is the end of it."""
        for data in filter(None, self.protocol.data_to_send()):
            self.request.sendall(data)


@contextmanager
def playing(scripts: Mapping[str, Script], tls: ssl.SSLContext | None = None) -> Iterator[ScriptedServer]:
    """A scripted server, for as long as the block."""
    with ScriptedServer(scripts, tls) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
