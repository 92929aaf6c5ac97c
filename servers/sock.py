"""flask-sock, mended: its WebSocket with whole frames, an answer to every malformed upgrade, and an end to every close.

simple-websocket 1.1.0 sends with `sock.send`, which under gevent may write half a frame; answers a malformed upgrade
with a 500; accepts compression from whoever offers it; counts a text's size in characters; and leaves TCP open after
a close. `WebSocket` is its server class with these five put right, and with what the feed needs beside: a frame offered
without waiting, incoming messages handed on, word of the end. flask-sock looks for it in `flask_sock.Server`.
"""

import base64
import binascii
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from time import monotonic
from typing import Any

import flask_sock
import simple_websocket
from flask import current_app
from flask_sock import Sock as Sock
from simple_websocket import ConnectionClosed
from werkzeug.exceptions import BadRequest, HTTPException
from wsproto.events import BytesMessage, TextMessage
from wsproto.frame_protocol import CloseReason, FrameProtocol
from wsproto.utilities import LocalProtocolError

LINGER = 2.0  # seconds a closing server waits for the other side
OPTIONS = {"ping_interval": 25, "receive_bytes": 65_536}  # large reads: select cannot see what TLS has buffered


class UpgradeRequired(HTTPException):
    """426: the client speaks another version of the protocol (RFC 6455 section 4.4)."""

    code = 426
    description = "this server speaks version 13 of the WebSocket protocol"

    def get_headers(self, *args: Any, **kwargs: Any) -> list[tuple[str, str]]:
        return [("Sec-WebSocket-Version", "13"), ("Upgrade", "websocket"), ("Connection", "Upgrade")]


def check_upgrade(environ: Mapping[str, Any]) -> None:
    """Raise BadRequest or UpgradeRequired unless this is an opening handshake of RFC 6455 section 4.2.1."""
    if environ["SERVER_PROTOCOL"] != "HTTP/1.1":
        raise BadRequest("an upgrade takes HTTP/1.1")
    if "HTTP_SEC_WEBSOCKET_VERSION" not in environ:
        raise BadRequest("Sec-WebSocket-Version is missing")
    if environ["HTTP_SEC_WEBSOCKET_VERSION"].strip() != "13":
        raise UpgradeRequired()
    try:
        nonce = base64.b64decode(environ.get("HTTP_SEC_WEBSOCKET_KEY", ""), validate=True)
    except binascii.Error:
        nonce = b""
    if len(nonce) != 16:
        raise BadRequest("Sec-WebSocket-Key is not 16 bytes in base64")


def text_frame(text: bytes) -> bytes:
    """The unmasked frame of a text message (RFC 6455 section 5.2), which is the same for however many it goes to."""
    return bytes(FrameProtocol(client=False, extensions=[]).send_data(text.decode(), fin=True))


class WholeSocket:
    """What simple-websocket takes for a socket: it sends frames whole, one at a time, and closing it ends TCP."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._rest = b""  # of an offered frame that was taken in part
        self.lock = threading.Lock()
        self.recv, self.fileno = sock.recv, sock.fileno
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data: bytes) -> int:
        with self.lock:
            return self.send_locked(data)

    def send_locked(self, data: bytes) -> int:
        """Send all of it, and first what is left of an offered frame; for a caller that holds the lock."""
        whole, self._rest = self._rest + data, b""
        sent = self._sock.send(whole)  # nearly always all of it; sendall alone is slower to find out
        if sent < len(whole):
            self._sock.sendall(memoryview(whole)[sent:])
        return len(data)

    def offer(self, frame: bytes) -> int:
        """Send without waiting: return how much went out. Of a part, the rest goes before whatever is sent next."""
        if self._rest or self.lock.locked():
            return 0
        try:
            sent: int = self._sock._sock.send(frame)  # type: ignore[attr-defined]  # gevent's own send would wait
        except OSError:  # full, or at its end: whoever sends next finds out
            return 0
        self._rest = frame[sent:] if sent else b""
        return sent

    def close(self) -> None:
        """End TCP, first letting the other side read the close frame under way. For the reader's greenlet alone."""
        with suppress(OSError):  # the other side was faster, or `end`
            self._sock.shutdown(socket.SHUT_WR)
            self._drain(monotonic() + LINGER)
        self.end()

    def end(self) -> None:
        """End TCP both ways, and whoever still waits to read or write."""
        with suppress(OSError):  # it has ended
            self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()

    def _drain(self, deadline: float) -> None:
        while (left := deadline - monotonic()) > 0:
            self._sock.settimeout(left)
            if not self._sock.recv(65_536):
                return


class WebSocket(simple_websocket.Server):
    """The server's side of one WebSocket, as flask-sock hands it to a route."""

    on_message: Callable[[str | bytes], Any] | None = None
    _when_over: Callable[[], Any] = staticmethod(lambda: None)
    sock: Any  # a socket at first, from the handshake on a WholeSocket
    connected: bool
    # Pings let TCP find out that a client has gone. A late pong proves nothing: a slow reader's waits its turn.
    pong_received = property(lambda self: True, lambda self, received: None)

    def __init__(self, environ: dict[str, Any], **options: Any) -> None:
        check_upgrade(environ)
        if not current_app.config.get("DEFLATE"):
            environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
        self._plain = "HTTP_SEC_WEBSOCKET_EXTENSIONS" not in environ and environ["wsgi.url_scheme"] == "http"
        super().__init__(environ, **OPTIONS | options)

    def handshake(self) -> None:
        self.sock = WholeSocket(self.sock)
        try:
            super().handshake()
        except OSError:
            self.sock.end()
            raise BadRequest("the client has gone before its answer") from None

    def send(self, data: str | bytes) -> None:
        """Send one message, text or binary; ConnectionClosed if it cannot be delivered any more."""
        event = TextMessage(data=data) if isinstance(data, str) else BytesMessage(data=bytes(data))
        self._send(lambda: self.ws.send(event))

    def flush(self) -> None:
        """Send what an offered frame has left; ConnectionClosed if that cannot be."""
        self._send(bytes)

    def _send(self, encode: Callable[[], bytes]) -> None:
        with self.sock.lock:  # frames leave in the order in which they are encoded: deflate counts on it
            try:
                if self.connected:
                    self.sock.send_locked(encode())
                    return
            except (OSError, LocalProtocolError):
                self.connected = False
        raise ConnectionClosed(self.close_reason, self.close_message)

    def offer(self, frame: bytes) -> int:
        """Send a frame that was made for all without waiting; return how much went out, see WholeSocket."""
        return self.sock.offer(frame) if self._plain and self.connected else 0

    def when_over(self, call: Callable[[], Any]) -> None:
        """Call back when the connection has ended, or at once if it has or is about to."""
        self._when_over = call
        if not self.connected:
            call()

    def hand_to(self, on_message: Callable[[str | bytes], Any]) -> None:
        """Call `on_message` with each incoming message instead of keeping it for `receive`."""
        self.on_message = on_message
        self._hand_over()

    def close(self, reason: int | None = None, message: str | None = None) -> None:
        """Send a close frame, wait for the other side's, end TCP; ConnectionClosed if it has ended."""
        try:
            super().close(reason, message)
        except (OSError, LocalProtocolError):  # the other side was faster
            self.connected = False
        finally:
            if self.thread is not threading.current_thread():
                self.thread.join(LINGER)
                self.sock.end()

    def refuse(self, reason: int, message: str) -> None:
        """Close for what the client has sent, and hear nothing that it sent after; it may have closed by now."""
        self.input_buffer.clear()
        with suppress(ConnectionClosed):
            self.close(reason, message)

    def _handle_events(self) -> bool:
        opening = not self.connected
        going = super()._handle_events()
        too_large = [self._too_large(message) for message in self.input_buffer]
        if any(too_large):
            del self.input_buffer[too_large.index(True) :]
        self._hand_over()
        if any(too_large):
            self.refuse(CloseReason.MESSAGE_TOO_BIG, "Message is too big")
        return going and (self.connected or opening)

    def _thread(self) -> None:
        super()._thread()
        self._when_over()

    def _too_large(self, message: str | bytes) -> bool:
        size = len(message if isinstance(message, bytes) or message.isascii() else message.encode())
        return self.max_message_size is not None and size > self.max_message_size

    def _hand_over(self) -> None:
        while self.on_message and self.input_buffer:
            self.on_message(self.input_buffer.pop(0))


flask_sock.Server = WebSocket
