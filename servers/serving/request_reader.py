"""Reads one connection as HTTP/1.1 requests (RFC 9112), one after another.

It replaces pywsgi's reading for three reasons. pywsgi accepts heads that proxies read in another way. It waits for the
rest of a head without a timeout. It serves a client that never pauses before all others.
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from time import monotonic

import gevent
from gevent.socket import wait_read
from werkzeug.exceptions import BadRequest, HTTPException, RequestTimeout

from servers.limits.memory_budget import MemoryBudget
from servers.scheduling import one_per_loop
from servers.serving.requests import Head, Requests, check

HEAD_TIME = 10.0  # seconds for a connection's first head, and for any later head once it has begun
BODY_TIME, SLOWEST = 10.0, 1_000  # seconds for a body, and one more for each 1,000 bytes of it
DRAIN_TIMEOUT = 2.0  # seconds in which the rest of a refused body is read, so that the client can read the refusal
READ = 65_536  # bytes at a time; so large a read leaves nothing in OpenSSL's buffer, which the event loop does not see
PARSED = 4_096  # bytes at a time: as requests they take many times the memory
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class ClientDisconnected(gevent.GreenletExit):
    """The client has closed the connection or stopped reading: not the server's fault, and no response is due."""


class RequestReader:
    """The requests of one connection; as `wsgi.input`, the body of the request that is being answered.

    Raises an HTTPException for a malformed or slow request, ClientDisconnected at the connection's end.
    """

    def __init__(self, sock: socket.socket, memory_budget: MemoryBudget) -> None:
        self._socket, self._memory_budget = sock, memory_budget
        self._requests, self._unread = Requests(), b""  # received bytes: parsed, and not yet parsed
        self._is_first, self.handed_over = True, False
        self._begin()

    def _begin(self) -> None:
        """Make ready for the next request."""
        self._part, self._taken = b"", 0  # of the body: not read yet; bytes of the budget it takes
        self._behind = 0  # bytes of the budget that further requests take while this one is answered
        self._has_head = self.complete = self._awaits_continue = False  # the client waits for a 100

    def head(self) -> Head:
        """Return the next request's head; other greenlets run before it."""
        if self.complete:
            self._begin()
        event = self._next()
        if event is not None:
            one_per_loop()  # it came with the request before
        while event is None and not self._requests.begun and not self._is_first:
            self._receive()  # a pause between requests is no fault, however long
            event = self._next()
        self._since = monotonic()
        head = event or self._event(self._since + HEAD_TIME)
        assert isinstance(head, Head)
        check(head)
        self._is_first, self._has_head = False, True
        self._awaits_continue = b"100-continue" in head.values(b"expect") and head.version == "1.1"
        self._charge()
        return head

    def keep(self, data: bytes) -> None:
        """Keep what came while a request is answered: it belongs to the next one."""
        self._unread += data
        self._behind += len(data)
        self._memory_budget.left -= len(data)  # at most one read; this code must not wait

    def _charge(self) -> None:
        """Charge what arrived behind this request to the budget: it stays in memory until this one is answered."""
        if size := len(self._unread) + PARSED * bool(self._requests.events):
            self._memory_budget.acquire(size)
            self._behind += size

    def read(self, size: int = -1) -> bytes:
        """Some of the body, at most `size` bytes; without a size, the rest of it; b"" at its end."""
        if size < 0:
            return b"".join(iter(partial(self.read, READ), b""))
        if not self._part and not self.complete:
            self._part = self._more()
            self._memory_budget.acquire(len(self._part))
            self._taken += len(self._part)
        part, self._part = self._part[:size], self._part[size:]
        return part

    def hand_over(self) -> tuple[socket.socket, bytes]:
        """The socket, for another protocol, and what came behind the request that asked for it."""
        if self._more():
            raise BadRequest("this request has a body")
        self.handed_over = True
        self._release()
        del self._requests
        return self._socket, self._unread

    def _discard(self) -> None:
        """Read the rest of the body once the response is sent; the name is pywsgi's."""
        if self.handed_over or not self._has_head:
            return
        self._release()
        with suppress(HTTPException), gevent.Timeout(DRAIN_TIMEOUT, False):
            while not self.complete and not self._awaits_continue:
                self._more()

    def _release(self) -> None:
        """Release what this request took of the budget."""
        self._memory_budget.release(self._taken + self._behind)
        self._taken = self._behind = 0

    def _more(self) -> bytes:
        """Wait for the next part of the body; b"" at its end."""
        event = self._next()
        if event is None and self._awaits_continue:
            self._awaits_continue = False
            with disconnected_on_error():
                self._socket.sendall(CONTINUE)
        if event is None:
            event = self._event(self._since + BODY_TIME + self._taken / SLOWEST)
        assert isinstance(event, bytes)
        self.complete = not event
        return event

    def _event(self, deadline: float) -> Head | bytes:
        """The next event; RequestTimeout if not enough has come for one before the deadline."""
        while (event := self._next()) is None:
            with gevent.Timeout(max(deadline - monotonic(), 0), RequestTimeout()):
                self._receive()
        return event

    def _next(self) -> Head | bytes | None:
        """The next event of what was received; None if it takes more."""
        events = self._requests.events
        while not events and self._unread:
            piece, rest = self._unread[:PARSED], self._unread[PARSED:]
            self._unread = self._requests.feed(piece) + rest
        event = events.popleft() if events else None
        if isinstance(event, HTTPException):
            raise event
        return event

    def _receive(self) -> None:
        """Read once per iteration of the event loop, so that a client that never pauses leaves others their share."""
        with disconnected_on_error():
            wait_read(self._socket.fileno())
            data = self._socket.recv(READ)
        if not data:
            raise ClientDisconnected()
        self._unread += data


@contextmanager
def disconnected_on_error() -> Iterator[None]:
    """Raise ClientDisconnected for an error of the socket's."""
    try:
        yield
    except OSError:
        raise ClientDisconnected() from None
