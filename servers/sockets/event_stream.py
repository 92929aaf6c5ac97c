"""The server's side of one event stream (HTML Living Standard section 9.2.5): a response that does not end.

Its bytes do not pass the WSGI server: it would send them for each client by itself, and the broadcast sends the same
bytes to all.
"""

import zlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

import gevent
from flask import Response, current_app
from simple_websocket import ConnectionClosed
from werkzeug.http import http_date

from servers.app.application import App
from servers.app.responses import GZIP
from servers.events import COMMENT, COMMENT_INTERVAL, chunk, event
from servers.feed import Message
from servers.sockets.frame_socket import FrameSocket
from servers.sockets.lasting import LastingConnection

MEDIA_TYPE = "text/event-stream"
TOLERANCE = 0.001  # seconds by which the loop may be early
LAST_CHUNK = b"0\r\n\r\n"


def event_chunk(message: Message) -> bytes:
    """A message as an event in a chunk: the same bytes for all who are sent it."""
    return chunk(event(message.seq, message.encoded))


class EventStream(LastingConnection):
    """The response to one request for events. What the client sends after its request is not read as one."""

    kind, silence = "stream of events", COMMENT_INTERVAL
    _chunked = True
    _gzip: Any = None

    def begin(self, environ: dict[str, Any], head: Response, first: bytes) -> None:
        """Take the connection over; send the response's head, and the first event or comment with it.

        With --deflate, the events are compressed.
        """
        app = cast(App, current_app)
        self._chunked = environ["SERVER_PROTOCOL"] == "HTTP/1.1"  # else the connection's end is the body's
        self._gzip = zlib.compressobj(level=9, wbits=GZIP) if head.content_encoding else None
        self._shares_frames = self._chunked and not self._gzip and environ["wsgi.url_scheme"] == "http"
        sock, _ = environ["wsgi.input"].hand_over()
        head.headers.extend(app.context.answer_fields)
        self.take_over(FrameSocket(sock), app.context.shutdown_hooks)
        self._send_bytes(head_bytes(head, self._chunked) + self._encoded(first))

    def take_over(self, sock: FrameSocket, shutdown_hooks: set[Callable[[], object]]) -> None:
        """Read from the socket from now on, and break its silence."""
        self._loop = gevent.get_hub().loop
        self._sent_at = self._loop.now()
        self._open(sock, shutdown_hooks, b"")

    def send(self, data: bytes) -> None:
        """Send an event or a comment, whole; what is compressed is flushed with each."""
        if not self.connected:
            raise ConnectionClosed()
        self._sent_at = self._loop.now()
        with self._socket.lock:  # events leave in the order in which they are compressed
            self._send_locked(self._encoded(data))

    def _encoded(self, data: bytes) -> bytes:
        """The bytes on the wire of an event or a comment."""
        if self._gzip:
            data = self._gzip.compress(data) + self._gzip.flush(zlib.Z_SYNC_FLUSH)
        return chunk(data) if self._chunked else data

    def _begin_closing(self, code: int = 0, reason: str = "") -> None:
        """End the response. The browser's EventSource connects again by itself, and resumes."""
        with suppress(ConnectionClosed):
            if self.connected:
                self.connected = False
                rest = self._gzip.flush() if self._gzip else b""
                self._send_bytes((chunk(rest) if rest else b"") + LAST_CHUNK if self._chunked else rest)
        self._end_later()

    def close(self) -> None:
        """End the response, and return when TCP has ended."""
        self._begin_closing()
        self.ended.wait()

    def _receive(self, data: bytes) -> bool:
        """Pass over what the client sends: no request is answered behind one that does not end."""
        return data != b""

    def offer(self, frame: bytes) -> int:
        self._sent_at = self._loop.now()
        return super().offer(frame)

    def _break_silence(self) -> None:
        """Send a comment, if it is COMMENT_INTERVAL since something was sent; else look again when it is."""
        left = self.silence - (self._loop.now() - self._sent_at)
        if left > TOLERANCE and self.connected:
            self._await_silence(left)
        else:
            self.send(COMMENT)


def head_bytes(head: Response, chunked: bool) -> bytes:
    """Status line and field lines of a response of unknown length (RFC 9112 section 6.3)."""
    fields = [*head.headers.items(), ("Date", http_date())]
    fields += [("Transfer-Encoding", "chunked")] if chunked else [("Connection", "close")]
    lines = [f"HTTP/1.1 {head.status}", *(f"{name}: {value}" for name, value in fields), "", ""]
    return "\r\n".join(lines).encode("latin-1")
