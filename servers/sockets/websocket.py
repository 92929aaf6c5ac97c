"""The server's side of one WebSocket, as flask-sock passes it to a route; wsproto reads and writes the frames.

It replaces flask-sock's own, of simple-websocket 1.1.0, which has five faults. It writes half a frame to a slow reader.
It answers a malformed upgrade with 500. It compresses for every client that offers compression. It counts a text's size
in characters. It leaves TCP open after a close.
"""

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

import gevent
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
from servers.scheduling import one_per_loop, yield_to_loop
from servers.sockets.frame_socket import LINGER, READABLE, FrameSocket
from servers.sockets.handshake import accept

PING_INTERVAL = 25.0  # seconds of silence, after which a ping lets TCP find out that a client has gone
READ = 65_536  # bytes at a time
DEFLATED_PIECE = 512  # bytes, which deflate may have made of 512 KiB


class WebSocket:
    """A connection that a handler has to accept; what the client sends is read when it arrives.

    No greenlet waits for it: that would take half as much memory as all the rest of an idle connection. `ended` is set
    once TCP has ended. Methods raise simple-websocket's ConnectionClosed, which flask-sock expects, when the connection
    is closing or has ended. For greenlets of one thread.
    """

    mode = "gevent"  # flask-sock asks for it, and then leaves the response to the server
    connected = False  # whether messages can be sent
    _protocol: Connection
    _socket: FrameSocket
    _received: Queue[tuple[str | bytes | None, int]]
    _handler_ready: Event

    def __init__(self, environ: dict[str, Any]) -> None:
        self._environ = environ
        self._on_text: Callable[[str], Any] | None = None
        self._fragments = bytearray()  # parts of an unfinished message
        self._taken = self._answering = 0  # bytes of the memory budget: all, and for the message delivered last
        self.ended = Event()

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
        self._largest = largest
        self._on_text = on_text
        self._memory_budget = app.context.memory_budget
        self._shutdown_hooks = app.context.shutdown_hooks
        if on_text is None:
            self._received, self._handler_ready = Queue(), Event()
        sock, behind = self._environ["wsgi.input"].hand_over()
        self._socket = FrameSocket(sock)
        try:
            self._socket.send(answer)
        except OSError:
            raise BadRequest("the client has gone before the response") from None
        self.connected = True
        self._shutdown_hooks.add(self.go_away)
        loop = gevent.get_hub().loop
        self._readable = loop.io(self._socket.fileno(), READABLE)
        self._silence = loop.timer(PING_INTERVAL, PING_INTERVAL)
        gevent.spawn(self._read, behind) if behind else self._listen()

    def send(self, data: str | bytes) -> None:
        """Send one message, text or binary."""
        self._send(TextMessage(data=data) if isinstance(data, str) else BytesMessage(data=data))

    def offer(self, frame: bytes) -> int:
        """Send a frame that was made for all, without waiting; return how many bytes went out.

        Sends nothing over TLS or compressed, where frames differ. If only a part goes out, its rest precedes the next
        send.
        """
        return self._socket.offer(frame) if self.connected and self._shares_frames else 0

    def flush(self) -> None:
        """Send what is left of an offered frame."""
        if not self.connected:
            raise ConnectionClosed()
        self._send(None)

    def receive(self) -> str | bytes:
        """Wait for the next message and return it; the memory of the one before is released."""
        self._release(self._answering)
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

    def fail(self, code: int) -> None:
        """Begin to close, since the server cannot serve this connection; return at once."""
        gevent.spawn(self._begin_closing, code, "")

    def go_away(self) -> None:
        """Begin to close, since the server ends; return at once."""
        gevent.spawn(self._begin_closing, CloseReason.GOING_AWAY, "")

    def _begin_closing(self, code: int, reason: str) -> None:
        """Send a close frame; the other side has a moment to send its own."""
        with suppress(ConnectionClosed):
            self._send(CloseConnection(code=code, reason=reason))
        gevent.spawn_later(LINGER, self._socket.end)

    def _send(self, event: Frame | None) -> None:
        with self._socket.lock:  # frames leave in the order in which they are encoded: deflate counts on it
            try:
                data = b"" if event is None else self._protocol.send(event)
                self.connected &= self._protocol.state is ConnectionState.OPEN
                self._socket.send_locked(data)
            except (OSError, LocalProtocolError):
                self.connected = False
                raise ConnectionClosed() from None

    # Reading: a greenlet for each time that bytes arrive

    def _listen(self) -> None:
        self._readable.start(self._wake)
        self._silence.again(gevent.spawn, self._ping)

    def _wake(self) -> None:
        self._readable.stop()  # now: the loop may poll again before the greenlet runs
        gevent.spawn(self._read)

    def _read(self, behind: bytes = b"") -> None:
        """Read once per iteration of the event loop, so that a client that never pauses leaves others their share.

        Large reads leave nothing in OpenSSL's buffer, which the event loop does not see.
        """
        try:
            if self._receive(behind or self._socket.recv(READ)):
                return self._listen()
        except (OSError, ConnectionClosed):
            pass
        except Exception as error:  # a fault of the server's own: tell the client and the terminal
            print(f"servers: a WebSocket is closed with 1011: {error!r}", file=sys.stderr, flush=True)
            self._begin_closing(CloseReason.INTERNAL_ERROR, "")
        self._end()

    def _ping(self) -> None:
        """Ping after a silence. A slow reader answers late, so a late pong does not end the connection."""
        with suppress(ConnectionClosed):
            self._send(Ping())

    def _end(self) -> None:
        self._shutdown_hooks.discard(self.go_away)
        self._release(self._taken)
        self._readable.close()
        self._silence.close()
        self.connected = False
        self._socket.close()
        self.ended.set()
        if self._on_text is None:
            self._received.put((None, 0))

    def _receive(self, data: bytes) -> bool:
        """Process received bytes; return whether more may arrive.

        Compressed data is inflated in small pieces, so that a message is refused as too big before it fills the memory.
        """
        for start in range(0, len(data), self._piece):
            if start:
                one_per_loop()  # however much there is to inflate
            self._protocol.receive_data(data[start : start + self._piece])
            for number, event in enumerate(self._protocol.events()):
                if number:
                    yield_to_loop()  # however many frames came at once
                if not self._handle(event):
                    return False
        return data != b""

    def _handle(self, event: Frame) -> bool:
        """Handle one event; return whether more may follow."""
        if isinstance(event, Ping | CloseConnection):  # wsproto reports a broken frame as CloseConnection, too
            self._send(event.response())
        elif isinstance(event, Message) and self.connected:
            self._collect(event)
        return not isinstance(event, CloseConnection)

    def _collect(self, part: Message[Any]) -> None:
        """Add a part of a message; deliver the message when it is complete."""
        text = isinstance(part, TextMessage)
        data = part.data.encode() if text else part.data
        try:
            self._memory_budget.acquire(len(data))
        except ServiceUnavailable as error:
            return self._begin_closing(CloseReason.TRY_AGAIN_LATER, error.description or "")
        self._taken += len(data)
        self._fragments += data
        if len(self._fragments) > self._largest:
            self._begin_closing(CloseReason.MESSAGE_TOO_BIG, "Message is too big")
        elif part.message_finished:
            whole, self._fragments = self._fragments, bytearray()
            self._deliver(whole.decode() if text else bytes(whole), len(whole))

    def _deliver(self, message: str | bytes, size: int) -> None:
        """Deliver a message. Without `on_text` this waits until the handler is ready, and meanwhile nothing is read."""
        if self._on_text is None:
            self._handler_ready.wait()
            self._handler_ready.clear()
            self._received.put((message, size))
        elif isinstance(message, str):
            self._on_text(message)
            self._release(size)
        else:
            self._begin_closing(CloseReason.UNSUPPORTED_DATA, "text only")

    def _release(self, size: int) -> None:
        """Release what messages of this client took of the memory budget."""
        given = min(size, self._taken)
        self._taken -= given
        self._memory_budget.release(given)
