"""A server that does what no good one does: after the opening handshake it sends the bytes of a script as they stand.

What a client sends is kept, with the moment at which it came. Only when the script is over does the server answer:
websockets' sans-I/O protocol does that, and the opening handshake.
"""

import queue
import socketserver
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlsplit

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol
from websockets.typing import Origin

REFUSED, ELSEWHERE = "/refused", Origin("https://elsewhere.example")
"""A path that is open to pages of another site alone."""
LINGER = 10.0  # seconds that a client has to close, once the script is over


@dataclass(frozen=True)
class Step:
    """Bytes to send, so many seconds after the step before; then the server may close, with 1000 and "done"."""

    data: bytes
    after_s: float = 0.0
    closes: bool = False


Script = tuple[Step, ...]


def frame(data: bytes, opcode: Opcode = Opcode.TEXT, last: bool = True) -> bytes:
    """A frame as a server sends it, not masked."""
    return Frame(opcode, data, fin=last).serialize(mask=False)


@dataclass
class Heard:
    """What came over one connection: the head of the request, then pieces, each so many seconds after the 101, and the
    frames in them. It is whole once the connection has `ended`.
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

    def __init__(self, scripts: Mapping[str, Script]) -> None:
        super().__init__(("127.0.0.1", 0), Connection)
        self.scripts = scripts
        self.heard: defaultdict[str, queue.Queue[Heard]] = defaultdict(queue.Queue)

    def next_heard(self, target: str = "/") -> Heard:
        """The next connection that asks for that target, once it has ended."""
        heard = self.heard[target].get(timeout=LINGER)
        heard.ended.wait(LINGER)
        return heard

    def url(self, path: str = "/", scheme: str = "http") -> str:
        return f"{scheme}://localhost:{self.server_address[1]}{path}"


class Connection(socketserver.BaseRequestHandler):
    """One request, or one WebSocket."""

    server: ScriptedServer

    def handle(self) -> None:
        protocol, head = ServerProtocol(), b""
        with suppress(OSError):  # the client has gone, or says nothing more
            self.request.settimeout(LINGER)
            while not (events := protocol.events_received()):
                if not (data := self.request.recv(65_536)):
                    return
                head += data
                protocol.receive_data(data)
            assert isinstance(events[0], Request)
            heard = Heard(head)
            self.server.heard[events[0].path].put(heard)
            try:
                self.answer(events[0], protocol, heard)
            finally:
                heard.ended.set()

    def answer(self, request: Request, protocol: ServerProtocol, heard: Heard) -> None:
        path = urlsplit(request.path).path
        script = self.server.scripts.get(path)
        if path == REFUSED:
            protocol.origins = [ELSEWHERE]
        if script is not None or path == REFUSED:
            protocol.send_response(protocol.accept(request))
        else:
            protocol.send_response(protocol.reject(HTTPStatus.OK, "observed\n"))
        self.send_all(protocol)
        if script is not None:
            self.play(script, protocol, heard)

    def play(self, script: Script, protocol: ServerProtocol, heard: Heard) -> None:
        began = time.monotonic()
        for step in script:
            deadline = time.monotonic() + step.after_s
            while (left := deadline - time.monotonic()) > 0 and self.hear(left, began, protocol, heard):
                pass
            self.request.sendall(step.data)
            if step.closes:
                protocol.send_close(1000, "done")
        self.send_all(protocol)
        while not protocol.close_expected() and self.hear(LINGER, began, protocol, heard):
            self.send_all(protocol)

    def hear(self, seconds: float, began: float, protocol: ServerProtocol, heard: Heard) -> bool:
        """Keep the next piece of what the client sends; False if none comes in that time, or none will ever."""
        self.request.settimeout(seconds)
        with suppress(TimeoutError):
            if data := self.request.recv(65_536):
                heard.pieces.append((time.monotonic() - began, data))
                protocol.receive_data(data)
                heard.frames += (event for event in protocol.events_received() if isinstance(event, Frame))
                return True
        return False

    def send_all(self, protocol: ServerProtocol) -> None:
        """Send what the protocol has to say; an empty piece is the end of it."""
        for data in filter(None, protocol.data_to_send()):
            self.request.sendall(data)


@contextmanager
def playing(scripts: Mapping[str, Script]) -> Iterator[ScriptedServer]:
    """A scripted server, for as long as the block."""
    with ScriptedServer(scripts) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
