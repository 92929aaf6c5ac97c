"""The server's side of one WebSocket, as flask-sock passes it to a route; wsproto reads and writes the frames.

It replaces flask-sock's own, of simple-websocket 1.1.0, which has five faults. It writes half a frame to a slow reader.
It answers a malformed upgrade with 500. It compresses for every client that offers compression. It counts a text's size
in characters. It leaves TCP open after a close.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

from flask import current_app
from gevent.event import Event
from gevent.queue import Queue
from simple_websocket import ConnectionClosed
from werkzeug.exceptions import BadRequest, ServiceUnavailable
from wsproto import ConnectionState
from wsproto.connection import Connection
from wsproto.events import BytesMessage, CloseConnection, Message, Ping, TextMessage
from wsproto.events import Event as Frame
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import LocalProtocolError

from servers.app.application import App
from servers.limits.memory_budget import Charge
from servers.sockets.frame_socket import FrameSocket
from servers.sockets.handshake import accept
from servers.sockets.lasting import READ, LastingConnection
from servers.sockets.messages import MessageAssembler, MessageTooBig, parsed_fairly

PING_INTERVAL = 25.0  # seconds of silence, after which a ping lets TCP find out that a client has gone
DEFLATED_PIECE = 512  # bytes, which deflate may have made of 512 KiB


class WebSocket(LastingConnection):
    """A connection that a handler has to accept; what the client sends is read when it arrives."""

    kind, silence = "WebSocket", PING_INTERVAL
    mode = "gevent"  # flask-sock asks for it, and then leaves the response to the server
    _protocol: Connection
    _assembler: MessageAssembler
    _charge: Charge
    _received: Queue[tuple[str | bytes | None, int]]
    _handler_ready: Event

    def __init__(self, environ: dict[str, Any]) -> None:
        super().__init__()
        self._environ = environ
        self._on_text: Callable[[str], Any] | None = None
        self._answering = 0  # bytes of the memory budget that the message delivered last takes

    def accept(self, largest: int, on_text: Callable[[str], Any] | None = None) -> None:
        """Complete the opening handshake, and read messages of up to `largest` bytes from then on.

        `on_text` is called with each text, and binary messages are refused; without it, `receive` returns them all.
        Raises BadRequest or UpgradeRequired, to be answered by HTTP.
        """
        app = cast(App, current_app)
        answer, self._protocol, compressed = accept(
            self._environ, app.context.deflate, app.context.answer_fields
        )
        self._shares_frames = not compressed and self._environ["wsgi.url_scheme"] == "http"
        self._piece = DEFLATED_PIECE if compressed else READ
        self._assembler = MessageAssembler(largest)
        self._on_text = on_text
        self._charge = Charge(app.context.memory_budget)
        if on_text is None:
            self._received, self._handler_ready = Queue(), Event()
        sock, behind = self._environ["wsgi.input"].hand_over()
        frames = FrameSocket(sock)
        try:
            frames.send(answer)
        except OSError:
            raise BadRequest("the client has gone before the response") from None
        self._open(frames, app.context.shutdown_hooks, behind)

    def send(self, data: str | bytes) -> None:
        """Send one message, text or binary."""
        self._send(TextMessage(data=data) if isinstance(data, str) else BytesMessage(data=data))

    def receive(self) -> str | bytes:
        """Wait for the next message and return it; the memory of the one before is released."""
        self._charge.release(self._answering)
        self._handler_ready.set()
        message, self._answering = self._received.get()
        if message is None:
            raise ConnectionClosed()
        return message

    def close(self, code: int = CloseReason.NORMAL_CLOSURE, reason: str = "") -> None:
        """Close in order (RFC 6455 section 7.1.1) and return when TCP has ended; at once if it has."""
        self._begin_closing(code, reason)
        if self._on_text is None:
            self._handler_ready.set()  # the handler receives no more; reading must not wait for it
        self.ended.wait()

    def _begin_closing(self, code: int = CloseReason.GOING_AWAY, reason: str = "") -> None:
        """Send a close frame; the other side has a moment to send its own."""
        with suppress(ConnectionClosed):
            self._send(CloseConnection(code=code, reason=reason))
        self._end_later()

    def _send(self, event: Frame) -> None:
        with self._socket.lock:  # frames leave in the order in which they are encoded: deflate counts on it
            try:
                data = self._protocol.send(event)
            except LocalProtocolError:
                self.connected = False
                raise ConnectionClosed() from None
            self.connected &= self._protocol.state is ConnectionState.OPEN
            self._send_locked(data)

    def _break_silence(self) -> None:
        """Ping. A slow reader answers late, so a late pong does not end the connection."""
        self._send(Ping())

    def _end(self) -> None:
        self._charge.release()
        super()._end()
        if self._on_text is None:
            self._received.put((None, 0))

    def _receive(self, data: bytes) -> bool:
        """Process received bytes; return whether more may arrive."""
        return data != b"" and all(map(self._handle, parsed_fairly(self._protocol, data, self._piece)))

    def _handle(self, event: Frame) -> bool:
        """Handle one event; return whether more may follow."""
        if isinstance(event, Ping | CloseConnection):  # wsproto reports a broken frame as CloseConnection, too
            self._send(event.response())
        elif isinstance(event, Message) and self.connected:
            self._collect(event)
        return not isinstance(event, CloseConnection)

    def _collect(self, part: Message[Any]) -> None:
        """Add a part of a message; deliver the message when it is complete."""
        is_text = isinstance(part, TextMessage)
        data = part.data.encode() if is_text else bytes(part.data)
        try:
            self._charge.acquire(len(data))
            message = self._assembler.add(data, part.message_finished)
        except ServiceUnavailable as error:
            return self._begin_closing(CloseReason.TRY_AGAIN_LATER, error.description or "")
        except MessageTooBig:
            return self._begin_closing(CloseReason.MESSAGE_TOO_BIG, "Message is too big")
        if message is not None:
            self._deliver(message.decode() if is_text else message, len(message))

    def _deliver(self, message: str | bytes, size: int) -> None:
        """Deliver a message. Without `on_text` this waits until the handler is ready, and meanwhile nothing is read."""
        if self._on_text is None:
            self._handler_ready.wait()
            self._handler_ready.clear()
            self._received.put((message, size))
        elif isinstance(message, str):
            self._on_text(message)
            self._charge.release(size)
        else:
            self._begin_closing(CloseReason.UNSUPPORTED_DATA, "text only")
