"""The server's side of one WebSocket, as flask-sock hands it to a route; wsproto reads and writes the frames.

flask-sock's own, of simple-websocket 1.1.0, writes half a frame to a slow reader, answers a malformed upgrade with
500, lets whoever offers it compress, counts a text's size in characters, and leaves TCP open after a close.
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

from servers.app import App
from servers.sockets.handshake import accept
from servers.sockets.whole import LINGER, READABLE, WholeSocket
from servers.turns import give_way, take_turn

PING_INTERVAL = 25.0  # seconds of silence, after which a ping lets TCP find out that a client has gone
READ = 65_536  # bytes at a time
DEFLATED_PIECE = 512  # bytes, which deflate may have made of 512 KiB


class WebSocket:
    """A connection that a handler has to accept; what the client sends is read when it comes.

    No greenlet waits for that: it would take half as much memory as all the rest of an idle connection. `ended` is set
    once TCP has ended. A handler learns by ConnectionClosed that its connection is closing or has ended; the error is
    simple-websocket's, which flask-sock expects.
    """

    mode = "gevent"  # flask-sock asks for it, and then leaves the response to the server
    connected = False  # whether messages can be sent
    _protocol: Connection
    _socket: WholeSocket
    _received: Queue[tuple[str | bytes | None, int]]
    _wanted: Event

    def __init__(self, environ: dict[str, Any]) -> None:
        self._environ = environ
        self._on_text: Callable[[str], Any] | None = None
        self._begun = bytearray()  # of a message whose end has not come
        self._taken = self._answering = 0  # bytes of the server's room: all, and those of the message handed on
        self.ended = Event()

    def accept(self, largest: int, on_text: Callable[[str], Any] | None = None) -> None:
        """Complete the opening handshake, and read messages of up to `largest` bytes from then on.

        `on_text` is called with each text, and binary messages are refused; without it, `receive` returns them all.
        Raises BadRequest or UpgradeRequired, to be answered by HTTP.
        """
        app = cast(App, current_app)
        answer, self._protocol, compressed = accept(
            self._environ, app.config.get("DEFLATE", False), app.config.get("ANSWER_FIELDS", ())
        )
        self._shares_frames = not compressed and self._environ["wsgi.url_scheme"] == "http"
        self._piece = DEFLATED_PIECE if compressed else READ
        self._largest = largest
        self._on_text = on_text
        self._room = app.room
        self._endings = app.endings
        if on_text is None:
            self._received, self._wanted = Queue(), Event()
        sock, behind = self._environ["wsgi.input"].hand_over()
        self._socket = WholeSocket(sock)
        try:
            self._socket.send(answer)
        except OSError:
            raise BadRequest("the client has gone before the response") from None
        self.connected = True
        self._endings.add(self.go_away)
        loop = gevent.get_hub().loop
        self._readable = loop.io(self._socket.fileno(), READABLE)
        self._silence = loop.timer(PING_INTERVAL, PING_INTERVAL)
        gevent.spawn(self._read, behind) if behind else self._listen()

    def send(self, data: str | bytes) -> None:
        """Send one message, text or binary."""
        self._send(TextMessage(data=data) if isinstance(data, str) else BytesMessage(data=data))

    def offer(self, frame: bytes) -> int:
        """Send a frame that was made for all, without waiting; return how many bytes went out.

        Sends nothing over TLS or compressed, where frames differ. The rest of a part goes before whatever is sent next.
        """
        return self._socket.offer(frame) if self.connected and self._shares_frames else 0

    def flush(self) -> None:
        """Send what is left of an offered frame."""
        if not self.connected:
            raise ConnectionClosed()
        self._send(None)

    def receive(self) -> str | bytes:
        """Return the next message, once it is there; what was done with the one before is done."""
        self._give_back(self._answering)
        self._wanted.set()
        message, self._answering = self._received.get()
        if message is None:
            raise ConnectionClosed()
        return message

    def close(self, code: int = CloseReason.NORMAL_CLOSURE, reason: str = "") -> None:
        """Close in order (RFC 6455 section 7.1.1) and return when TCP has ended; at once if it has."""
        self._begin_closing(code, reason)
        if self._on_text is None:
            self._wanted.set()  # whatever is read from now on, nobody waits for
        self.ended.wait()

    def fail(self) -> None:
        """Begin to close, since the server cannot serve this connection; return at once."""
        gevent.spawn(self._begin_closing, CloseReason.INTERNAL_ERROR, "")

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

    # What the client sends, in a greenlet for each time that something comes

    def _listen(self) -> None:
        self._readable.start(self._wake)
        self._silence.again(gevent.spawn, self._ping)

    def _wake(self) -> None:
        self._readable.stop()  # at once: the loop may come round again before the greenlet has its turn
        gevent.spawn(self._read)

    def _read(self, behind: bytes = b"") -> None:
        """Read once, and then not before the event loop comes round: whoever sends without a pause leaves the others
        their turns. Large reads leave nothing in OpenSSL's buffer, which the event loop does not see.
        """
        try:
            if self._hear(behind or self._socket.recv(READ)):
                return self._listen()
        except (OSError, ConnectionClosed):
            pass
        except Exception as error:  # a fault of the server's own: the client hears of it, and so does the terminal
            print(f"servers: a WebSocket is closed with 1011: {error!r}", file=sys.stderr, flush=True)
            self._begin_closing(CloseReason.INTERNAL_ERROR, "")
        self._end()

    def _ping(self) -> None:
        """Ping after a silence. A slow reader answers late, so a late pong does not end the connection."""
        with suppress(ConnectionClosed):
            self._send(Ping())

    def _end(self) -> None:
        self._endings.discard(self.go_away)
        self._give_back(self._taken)
        self._readable.close()
        self._silence.close()
        self.connected = False
        self._socket.close()
        self.ended.set()
        if self._on_text is None:
            self._received.put((None, 0))

    def _hear(self, data: bytes) -> bool:
        """Take what came; return whether more may come.

        Compressed data is inflated in small pieces, so that a message is too big before it has filled the memory.
        """
        for start in range(0, len(data), self._piece):
            if start:
                take_turn()  # however much there is to inflate
            self._protocol.receive_data(data[start : start + self._piece])
            for number, event in enumerate(self._protocol.events()):
                if number:
                    give_way()  # however many frames came at once
                if not self._take(event):
                    return False
        return data != b""

    def _take(self, event: Frame) -> bool:
        """Act on what the client said; return whether it may say more."""
        if isinstance(event, Ping | CloseConnection):  # wsproto reports a broken frame as CloseConnection, too
            self._send(event.response())
        elif isinstance(event, Message) and self.connected:
            self._collect(event)
        return not isinstance(event, CloseConnection)

    def _collect(self, part: Message[Any]) -> None:
        """Add a part of a message; hand it on when it is whole."""
        text = isinstance(part, TextMessage)
        data = part.data.encode() if text else part.data
        try:
            self._room.take(len(data))
        except ServiceUnavailable as error:
            return self._begin_closing(CloseReason.TRY_AGAIN_LATER, error.description or "")
        self._taken += len(data)
        self._begun += data
        if len(self._begun) > self._largest:
            self._begin_closing(CloseReason.MESSAGE_TOO_BIG, "Message is too big")
        elif part.message_finished:
            whole, self._begun = self._begun, bytearray()
            self._hand_on(whole.decode() if text else bytes(whole), len(whole))

    def _hand_on(self, message: str | bytes, size: int) -> None:
        """Hand on a message; without `on_text`, when the handler wants it, and until then no more is read."""
        if self._on_text is None:
            self._wanted.wait()
            self._wanted.clear()
            self._received.put((message, size))
        elif isinstance(message, str):
            self._on_text(message)
            self._give_back(size)
        else:
            self._begin_closing(CloseReason.UNSUPPORTED_DATA, "text only")

    def _give_back(self, size: int) -> None:
        """Give back what messages of this client took of the server's room."""
        given = min(size, self._taken)
        self._taken -= given
        self._room.give(given)
