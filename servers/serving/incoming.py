"""What one client sends, as HTTP/1.1 requests (RFC 9112), one after another.

gevent's own reading takes what proxies read in another way, waits without end for the other half of a head, and serves
a client that never pauses before all others.
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from time import monotonic

import gevent
from gevent.socket import wait_read
from werkzeug.exceptions import BadRequest, HTTPException, RequestTimeout

from servers.room import Room
from servers.serving.requests import Head, Requests, check
from servers.turns import take_turn

HEAD_TIME = 10.0  # seconds that a client has for its first head, and for any other once that has begun
BODY_TIME, SLOWEST = 10.0, 1_000  # seconds that it has for a body, and one more for every so many bytes of it
FAREWELL = 2.0  # seconds in which the rest of a refused body is read, so that the client comes to read the refusal
READ = 65_536  # bytes at a time; so large a read leaves nothing in OpenSSL's buffer, which the event loop does not see
PARSED = 4_096  # bytes at a time: as requests they take many times the memory
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Gone(gevent.GreenletExit):
    """The client has ended the connection, or does not read: no fault of the server's, and nobody is left to answer."""


class Incoming:
    """The requests of one connection; as `wsgi.input`, the body of the one that is being answered.

    Raises an HTTPException for what is no request, or takes too long; Gone at the connection's end.
    """

    def __init__(self, sock: socket.socket, room: Room) -> None:
        self._socket, self._room = sock, room
        self._requests, self._unread = Requests(), b""  # what was received, parsed and not yet
        self._is_first, self.handed_over = True, False
        self._begin()

    def _begin(self) -> None:
        """Make ready for the next request."""
        self._part, self._taken = b"", 0  # of the body: what nobody has read yet; how much of the room it takes
        self._behind = 0  # bytes of the room that further requests take while this one is answered
        self._has_head = self.complete = self._waits = False  # `_waits`: the client, for a 100 before it sends a body

    def head(self) -> Head:
        """The next request's head, once it is there and others have had their turn."""
        if self.complete:
            self._begin()
        event = self._next()
        if event is not None:
            take_turn()  # it came with the request before
        while event is None and not self._requests.begun and not self._is_first:
            self._receive()  # a pause between requests is no fault, however long
            event = self._next()
        self._since = monotonic()
        head = event or self._event(self._since + HEAD_TIME)
        assert isinstance(head, Head)
        check(head)
        self._is_first, self._has_head = False, True
        self._waits = b"100-continue" in head.values(b"expect") and head.version == "1.1"
        self._charge()
        return head

    def keep(self, data: bytes) -> None:
        """Keep what came while a request is answered: it belongs to the next one."""
        self._unread += data
        self._behind += len(data)
        self._room.left -= len(data)  # one read at most, which nobody can wait for here

    def _charge(self) -> None:
        """Take the room of what came behind this request: until that is answered, it stays in memory."""
        if size := len(self._unread) + PARSED * bool(self._requests.events):
            self._room.take(size)
            self._behind += size

    def read(self, size: int = -1) -> bytes:
        """Some of the body, at most `size` bytes; without a size, the rest of it; b"" at its end."""
        if size < 0:
            return b"".join(iter(partial(self.read, READ), b""))
        if not self._part and not self.complete:
            self._part = self._more()
            self._room.take(len(self._part))
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
        """Read what nobody wanted of the body; pywsgi calls it so, once the response is sent."""
        if self.handed_over or not self._has_head:
            return
        self._release()
        with suppress(HTTPException), gevent.Timeout(FAREWELL, False):
            while not self.complete and not self._waits:
                self._more()

    def _release(self) -> None:
        """Give back what this request took of the room."""
        self._room.give(self._taken + self._behind)
        self._taken = self._behind = 0

    def _more(self) -> bytes:
        """The next part of the body, as soon as it has come; b"" at its end."""
        event = self._next()
        if event is None and self._waits:
            self._waits = False
            with gone_if_broken():
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
        """Read once, when the event loop has come round: whoever sends without a pause leaves others their turns."""
        with gone_if_broken():
            wait_read(self._socket.fileno())
            data = self._socket.recv(READ)
        if not data:
            raise Gone()
        self._unread += data


@contextmanager
def gone_if_broken() -> Iterator[None]:
    """Raise Gone for an error of the socket's."""
    try:
        yield
    except OSError:
        raise Gone() from None
