"""A socket that sends whole frames, one at a time: a frame between two halves of another corrupts the stream."""

import socket
from contextlib import suppress
from time import monotonic

from gevent.lock import Semaphore

PIECE = 65_536  # bytes, each of which the other side has the socket's timeout to take
READABLE = 1  # of a watcher of a socket; libev's name for it is EV_READ
LINGER = 2.0  # seconds a closing server waits for the other side


class FrameSocket:
    """gevent's socket, whose own `send` may write half a frame when the reader is slow."""

    __slots__ = "_rest", "_sock", "_system", "fileno", "lock", "recv"  # a broadcast meets thousands, cold in the cache

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._system: socket.socket = sock._sock  # type: ignore[attr-defined]  # the system's, beneath gevent and TLS
        self._rest = b""  # of an offered frame that went out in part
        self.lock = Semaphore()
        self.recv, self.fileno = sock.recv, sock.fileno

    def send(self, data: bytes) -> None:
        """Send all of it, and first what is left of an offered frame."""
        with self.lock:
            self.send_locked(data)

    def send_locked(self, data: bytes) -> None:
        """Send as `send` does; for a caller that holds the lock."""
        whole, self._rest = self._rest + data, b""
        sent = self._sock.send(whole)  # nearly always all of it, and faster than sendall
        for start in range(sent, len(whole), PIECE):
            self._sock.sendall(memoryview(whole)[start : start + PIECE])

    def offer(self, frame: bytes) -> int:
        """Send without waiting; return how many bytes went out. The rest of a part goes before whatever comes next."""
        if self._rest or self.lock.locked():
            return 0
        try:
            sent = self._system.send(frame)  # gevent's own send would wait
        except OSError:  # the buffer is full, or the connection has ended: the next sender finds out
            return 0
        if 0 < sent < len(frame):
            self._rest = frame[sent:]
        return sent

    def close(self) -> None:
        """End TCP once the other side has read the close frame under way, or has had time to."""
        with suppress(OSError):  # the other side, or `end`, has closed before
            self._system.shutdown(socket.SHUT_WR)
            self._drain(monotonic() + LINGER)
        self.end()

    def end(self) -> None:
        """End TCP both ways, and with it every wait to read or write.

        Not by TLS's own `shutdown`, which breaks a write that is under way.
        """
        with suppress(OSError):  # it has ended
            self._system.shutdown(socket.SHUT_RDWR)

    def _drain(self, deadline: float) -> None:
        while (left := deadline - monotonic()) > 0:
            self._sock.settimeout(left)
            if not self._sock.recv(65_536):
                return
