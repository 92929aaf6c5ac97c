"""A socket's bytes as events of requests, read with deadlines; `requests` parses them."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

import gevent
from gevent.socket import wait
from werkzeug.exceptions import HTTPException, RequestTimeout

from servers.serving.requests import Head, Requests

READ = 65_536  # bytes at a time; so large a read leaves nothing in OpenSSL's buffer, which the event loop does not see
READABLE = 1  # libev's word
PARSED = 4_096  # bytes at a time: as requests they take many times the memory


class ClientDisconnected(gevent.GreenletExit):
    """The client has closed the connection or stopped reading: not the server's fault, and no response is due."""


class RequestStream:
    """The heads and bodies that arrive on one connection, as `requests.Requests` gives them.

    Methods raise the HTTPException to answer a malformed request with, or ClientDisconnected. For one greenlet.
    """

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self.unparsed = b""  # received bytes
        self._requests = Requests()
        self._readable = gevent.get_hub().loop.io(sock.fileno(), READABLE)  # one for all requests: to make it is dear

    @property
    def is_between_requests(self) -> bool:
        """Whether no request has begun to arrive."""
        return not self._requests.begun

    @property
    def size(self) -> int:
        """About how many bytes of memory the events and bytes take that are not read yet."""
        return len(self.unparsed) + PARSED * bool(self._requests.events)

    @property
    def pending(self) -> Head | bytes | HTTPException | None:
        """The next event, if it is parsed already; it stays the next one."""
        return self._requests.events[0] if self._requests.events else None

    def next(self) -> Head | bytes | None:
        """The next event of what was received; None if it takes more."""
        events = self._requests.events
        while not events and self.unparsed:
            piece, rest = self.unparsed[:PARSED], self.unparsed[PARSED:]
            self.unparsed = self._requests.feed(piece) + rest
        event = events.popleft() if events else None
        if isinstance(event, HTTPException):
            raise event
        return event

    def wait(self, deadline: float) -> Head | bytes:
        """Wait for the next event; RequestTimeout if not enough has come for one before the deadline (monotonic)."""
        while (event := self.next()) is None:
            self.receive(max(deadline - monotonic(), 0))
        return event

    def receive(self, timeout: float | None = None) -> None:
        """Read once per iteration of the event loop, so that a client that never pauses leaves others their share.

        RequestTimeout if nothing comes within `timeout` seconds.
        """
        try:
            wait(self._readable, timeout, None if timeout is None else RequestTimeout())
            data = self.socket.recv(READ)
        except OSError:
            raise ClientDisconnected() from None
        if not data:
            raise ClientDisconnected()
        self.unparsed += data

    def close(self) -> None:
        """Watch the socket no more."""
        self._readable.close()

    def send(self, data: bytes) -> None:
        """Send bytes at once."""
        with disconnected_on_error():
            self.socket.sendall(data)


@contextmanager
def disconnected_on_error() -> Iterator[None]:
    """Raise ClientDisconnected for an error of the socket's."""
    try:
        yield
    except OSError:
        raise ClientDisconnected() from None
