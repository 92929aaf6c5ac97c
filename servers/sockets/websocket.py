"""The server's side of one WebSocket, as flask-sock hands it to a route; wsproto reads and writes the frames.

flask-sock's own, of simple-websocket 1.1.0, writes half a frame to a slow reader, answers a malformed upgrade with
500, lets whoever offers it compress, counts a text's size in characters, and leaves TCP open after a close.
"""

from collections.abc import Callable
from contextlib import suppress
from io import BufferedReader
from typing import Any

import gevent
from flask import current_app
from gevent.event import Event
from gevent.queue import Queue
from simple_websocket import ConnectionClosed
from werkzeug.exceptions import BadRequest
from wsproto import ConnectionState
from wsproto.connection import Connection
from wsproto.events import BytesMessage, CloseConnection, Message, Ping, TextMessage
from wsproto.events import Event as Frame
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import LocalProtocolError

from servers.sockets.handshake import accept
from servers.sockets.whole import LINGER, WholeSocket

PING_INTERVAL = 25.0  # seconds of silence, after which a ping lets TCP find out that a client has gone
READ, READABLE = 65_536, 1  # bytes at a time; libev's name for it is EV_READ


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
    _received: Queue[str | bytes | None]

    def __init__(self, environ: dict[str, Any]) -> None:
        self._environ = environ
        self._on_text: Callable[[str], Any] | None = None
        self._begun = bytearray()  # of a message whose end has not come
        self.ended = Event()

    def accept(self, largest: int, on_text: Callable[[str], Any] | None = None) -> None:
        """Complete the opening handshake, and read messages of up to `largest` bytes from then on.

        `on_text` is called with each text, and binary messages are refused; without it, `receive` returns them all.
        Raises BadRequest or UpgradeRequired, to be answered by HTTP.
        """
        config = current_app.config
        answer, self._protocol, compressed = accept(
            self._environ, config.get("DEFLATE", False), config.get("ANSWER_FIELDS", ())
        )
        self._shares_frames = not compressed and self._environ["wsgi.url_scheme"] == "http"
        self._largest, self._on_text = largest, on_text
        if on_text is None:
            self._received = Queue()
        reader: BufferedReader = self._environ["wsgi.input"]
        BufferedReader.__init__(reader, reader.raw, 1)  # frees 8 KiB: what comes now is not read through it
        self._socket = WholeSocket(reader.raw._sock)  # type: ignore[attr-defined]
        try:
            self._socket.send(answer)
        except OSError:
            raise BadRequest("the client has gone before the response") from None
        self.connected = True
        loop = gevent.get_hub().loop
        self._readable = loop.io(self._socket.fileno(), READABLE)
        self._silence = loop.timer(PING_INTERVAL, PING_INTERVAL)
        self._listen()

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
        """Return the next message, once it is there."""
        if (message := self._received.get()) is None:
            raise ConnectionClosed()
        return message

    def close(self, code: int = CloseReason.NORMAL_CLOSURE, reason: str = "") -> None:
        """Close in order (RFC 6455 section 7.1.1) and return when TCP has ended; at once if it has."""
        self._begin_closing(code, reason)
        self.ended.wait()

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

    def _read(self) -> None:
        """Read once, and then not before the event loop comes round: whoever sends without a pause leaves the others
        their turns. Large reads leave nothing in OpenSSL's buffer, which the event loop does not see.
        """
        with suppress(OSError, ConnectionClosed):
            if self._hear(self._socket.recv(READ)):
                return self._listen()
        self._end()

    def _ping(self) -> None:
        """Ping after a silence. A slow reader answers late, so a late pong does not end the connection."""
        with suppress(ConnectionClosed):
            self._send(Ping())

    def _end(self) -> None:
        self._readable.close()
        self._silence.close()
        self.connected = False
        self._socket.close()
        self.ended.set()
        if self._on_text is None:
            self._received.put(None)

    def _hear(self, data: bytes) -> bool:
        """Take what came; return whether more may come."""
        if data:
            self._protocol.receive_data(data)
        return data != b"" and all(map(self._take, self._protocol.events()))

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
        self._begun += part.data.encode() if text else part.data
        if len(self._begun) > self._largest:
            self._begin_closing(CloseReason.MESSAGE_TOO_BIG, "Message is too big")
        elif part.message_finished:
            whole, self._begun = self._begun, bytearray()
            self._hand_on(whole.decode() if text else bytes(whole))

    def _hand_on(self, message: str | bytes) -> None:
        if self._on_text is None:
            self._received.put(message)
        elif isinstance(message, str):
            self._on_text(message)
        else:
            self._begin_closing(CloseReason.UNSUPPORTED_DATA, "text only")
