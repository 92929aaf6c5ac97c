"""A connection that lasts: the server sends on it when there is something, and reads what the client sends.

WebSockets and event streams share this. No greenlet waits for what the client sends: that would take half as much
memory as all the rest of an idle connection. A watcher of the event loop starts one each time that bytes arrive.
"""

import sys
from collections.abc import Callable
from contextlib import suppress

import gevent
from gevent.event import Event
from simple_websocket import ConnectionClosed
from wsproto.frame_protocol import CloseReason

from servers.sockets.frame_socket import LINGER, READABLE, FrameSocket

READ = 65_536  # bytes at a time


class LastingConnection:
    """What sends, reads and ends on one socket. For greenlets of one thread.

    `connected` says whether messages can be sent; `ended` is set once TCP has ended. Methods raise simple-websocket's
    ConnectionClosed, which flask-sock expects, when the connection is closing or has ended.
    """

    kind = "connection"  # as the terminal names it
    silence: float  # seconds after which `_break_silence` is called
    connected = False
    _shares_frames = False  # whether its frames are the same bytes as others'
    _socket: FrameSocket
    _shutdown_hooks: set[Callable[[], object]]

    def __init__(self) -> None:
        self.ended = Event()

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
        self._send_bytes(b"")

    def fail(self, code: int) -> None:
        """Begin to close, since the server cannot serve this connection; return at once."""
        gevent.spawn(self._begin_closing, code)

    def go_away(self) -> None:
        """Begin to close, since the server ends; return at once."""
        gevent.spawn(self._begin_closing)

    # What differs

    def _begin_closing(self, code: int = 0, reason: str = "") -> None:
        """Tell the other side that this is the end, and give it a moment to end the connection."""
        raise NotImplementedError

    def _receive(self, data: bytes) -> bool:
        """Process received bytes, none at the connection's end; return whether more may arrive."""
        raise NotImplementedError

    def _break_silence(self) -> None:
        """Send something that is no message."""
        raise NotImplementedError

    def _send_bytes(self, data: bytes) -> None:
        """Send bytes in their turn; ConnectionClosed if they cannot be sent."""
        with self._socket.lock:
            self._send_locked(data)

    def _send_locked(self, data: bytes) -> None:
        """The same for a caller that holds the lock."""
        try:
            self._socket.send_locked(data)
        except OSError:
            self.connected = False
            raise ConnectionClosed() from None

    # Reading: a greenlet for each time that bytes arrive

    def _open(self, sock: FrameSocket, shutdown_hooks: set[Callable[[], object]], behind: bytes) -> None:
        """Read from now on, and first what came behind the request."""
        self._socket, self._shutdown_hooks, self.connected = sock, shutdown_hooks, True
        shutdown_hooks.add(self.go_away)
        loop = gevent.get_hub().loop
        self._readable = loop.io(sock.fileno(), READABLE)
        self._silence = loop.timer(self.silence, self.silence)
        gevent.spawn(self._read, behind) if behind else self._listen()

    def _listen(self) -> None:
        self._readable.start(self._wake)
        self._silence.again(gevent.spawn, self._speak)

    def _await_silence(self, seconds: float) -> None:
        """Have `_break_silence` called after these seconds, and from then on as before."""
        self._silence.close()
        self._silence = gevent.get_hub().loop.timer(seconds, self.silence)
        self._silence.start(gevent.spawn, self._speak)

    def _speak(self) -> None:
        with suppress(ConnectionClosed):
            self._break_silence()

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
            print(f"servers: a {self.kind} is closed with 1011: {error!r}", file=sys.stderr, flush=True)
            self._begin_closing(CloseReason.INTERNAL_ERROR)
        self._end()

    def _end(self) -> None:
        self._shutdown_hooks.discard(self.go_away)
        self._readable.close()
        self._silence.close()
        self.connected = False
        self._socket.close()
        self.ended.set()

    def _end_later(self) -> None:
        gevent.spawn_later(LINGER, self._socket.end)
