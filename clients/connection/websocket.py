"""One open WebSocket, every byte of it booked; websockets' sans-I/O protocol reads and writes it."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidHandshake, InvalidStatus, PayloadTooBig, ProtocolError
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.frames import DATA_OPCODES, Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from clients.address import address_of
from clients.connection.response import refusal
from clients.connection.tls import connect
from clients.errors import BrokenFeed, ConnectionLost, Gone
from clients.ledger import Ledger

GONE = 4410  # close code
LARGEST_MESSAGE = 16 * 1024 * 1024  # bytes: what /echo gives back, and --size allows (websockets' default is 1 MiB)
SILENCE = 60.0  # seconds without a byte, pings included, after which the connection is taken for dead
LINGER = 2.0  # seconds that the closing handshake may take
EXTENSIONS = "sec-websocket-extensions"


class WebSocketConnection:
    """An open WebSocket; the caller's field lines go with the opening handshake."""

    def __init__(
        self,
        url: str,
        target: str,
        ledger: Ledger,
        fields: Iterable[tuple[str, str]] = (),
        trust: str | None = None,
        deflate: bool = False,
    ) -> None:
        address, lines = address_of(url), list(fields)
        uri = parse_uri(f"{'wss' if address.secure else 'ws'}://{address.authority}{address.target(target)}")
        offered = deflate or any(name.lower() == EXTENSIONS for name, _ in lines)
        extensions = [ClientPerMessageDeflateFactory()] if offered else None
        self._protocol = ClientProtocol(uri, extensions=extensions, max_size=LARGEST_MESSAGE)
        self._unsent = bytearray()  # what a socket without a timeout has not taken yet
        self._begun: list[bytes] = []  # the fragments of a message so far
        self._on_pong: Callable[[], Any] = lambda: None
        self.socket = connect(address, ledger, SILENCE, trust)
        try:
            self._open(lines)
        except BaseException:
            self.socket.close()
            raise

    def __enter__(self) -> "WebSocketConnection":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def messages(self) -> Iterator[tuple[list[bytes], float]]:
        """Yield the messages that one read completed, and when it arrived; Gone or ConnectionLost at the end."""
        while True:
            complete, received_at = self.take()
            if complete:
                yield complete, received_at
            self.receive()

    def receive(self) -> None:
        """Read once; Gone or ConnectionLost if the connection has ended."""
        if self._protocol.state is not State.OPEN:
            raise self._ending()
        self._receive()

    def take(self) -> tuple[list[bytes], float]:
        """The messages that are complete by what was read, and the Unix time at which its last byte arrived."""
        received_at = self.socket.arrived_at or time.time()
        return self._complete(), received_at

    def send(self, text: str) -> None:
        """Send one text message."""
        self._protocol.send_text(text.encode())
        self._flush()

    def ping(self, on_pong: Callable[[], Any]) -> None:
        """Ask whether the server is there (RFC 6455 section 5.5.2); `on_pong` is called when it says so."""
        self._on_pong = on_pong
        self._protocol.send_ping(b"")
        self._flush()

    def close(self) -> None:
        """Close in order (RFC 6455 section 7.1.1): close frames both ways, then the server ends TCP."""
        deadline = time.monotonic() + LINGER
        try:
            self.socket.settimeout(LINGER)
            if self._protocol.state is State.OPEN:
                self._protocol.send_close(1000)
                self._flush()
            while self._protocol.state is not State.CLOSED and time.monotonic() < deadline:
                self._receive()
        except OSError:
            pass  # the other side is gone already
        finally:
            self.socket.close()

    def _complete(self) -> list[bytes]:
        """The messages that are complete by what was read; some may have come together with the 101."""
        complete = []
        for frame in self._protocol.events_received():
            if isinstance(frame, Frame) and frame.opcode is Opcode.PONG:
                self._on_pong()
            if isinstance(frame, Frame) and frame.opcode in DATA_OPCODES:
                self._begun.append(bytes(frame.data))
                if frame.fin:
                    complete.append(b"".join(self._begun))
                    self._begun.clear()
        return complete

    def _open(self, fields: list[tuple[str, str]]) -> None:
        request = self._protocol.connect()
        for name, _ in fields:
            request.headers.pop(name, None)  # what the caller sends is not sent twice
        for name, value in fields:
            request.headers[name] = value
        self._protocol.send_request(request)
        self._flush()
        while self._protocol.state is State.CONNECTING and self._protocol.handshake_exc is None:
            self._receive()
        if isinstance(refused := self._protocol.handshake_exc, InvalidStatus):
            response = refused.response
            raise refusal(response.status_code, bytes(response.body or b""), response.headers.get("Retry-After"))
        if isinstance(refused, InvalidHandshake):
            raise ConnectionLost(f"the handshake failed: {refused}")

    def _receive(self) -> None:
        """Read what has come, or that nothing will any more."""
        if data := self.socket.recv(16_384):
            self._protocol.receive_data(data)
        else:
            self._protocol.receive_eof()
        self._flush()

    @property
    def unsent(self) -> bool:
        """Whether bytes wait until the socket takes more; only one without a timeout leaves any."""
        return bool(self._unsent) or self.socket.unsent > 0

    def flush(self) -> None:
        """Send what waits, oldest first, as far as the socket takes it: what follows a half frame is its other half."""
        with suppress(BlockingIOError):
            self.socket.flush()
            while self._unsent and not self.socket.unsent:
                del self._unsent[: self.socket.send(self._unsent)]

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            self._unsent += data
        self.flush()

    def _ending(self) -> Exception:
        if isinstance(wrong := self._protocol.parser_exc, PayloadTooBig | ProtocolError):
            return BrokenFeed(f"the server's frames are wrong: {wrong}")
        close = self._protocol.close_rcvd
        if close is not None and close.code == GONE:
            return Gone(close.reason)
        return ConnectionLost(f"the server closed: {close or 'without a close frame'}")
