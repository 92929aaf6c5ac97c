"""Reads one connection as HTTP/1.1 requests (RFC 9112), one after another.

pywsgi's own reading accepts heads that proxies read in another way. It waits for the rest of a head without a timeout.
It serves a client that never pauses before all others.
"""

import socket
from contextlib import suppress
from functools import partial
from time import monotonic

import gevent
from werkzeug.exceptions import BadRequest, HTTPException

from servers.limits.memory_budget import Charge, MemoryBudget
from servers.scheduling import one_per_loop
from servers.serving.request_stream import READ, RequestStream
from servers.serving.requests import Head, check

HEAD_TIME = 10.0  # seconds for a connection's first head, and for any later head once it has begun
BODY_TIME, SLOWEST = 10.0, 1_000  # seconds for a body, and one more for each 1,000 bytes of it
DRAIN_TIMEOUT = 2.0  # seconds in which the rest of a refused body is read, so that the client can read the refusal
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class RequestReader:
    """The requests of one connection; as `wsgi.input`, the body of the request that is being answered.

    Raises an HTTPException for a malformed or slow request, ClientDisconnected at the connection's end.
    """

    def __init__(self, sock: socket.socket, memory_budget: MemoryBudget) -> None:
        self._stream, self._charge = RequestStream(sock), Charge(memory_budget)
        self._is_first, self.handed_over = True, False
        self._begin()

    def _begin(self) -> None:
        """Make ready for the next request."""
        self._part, self._body_size = b"", 0  # of the body: what is not read yet; bytes of it that were read
        self._has_head = self.complete = self._awaits_continue = False  # the client waits for a 100

    def head(self) -> Head:
        """Return the next request's head; other greenlets run before it."""
        if self.complete:
            self._begin()
        event = self._stream.next()
        if event is not None:
            one_per_loop()  # it came with the request before
        while event is None and self._stream.is_between_requests and not self._is_first:
            self._stream.receive()  # a pause between requests is no fault, however long
            event = self._stream.next()
        self._since = monotonic()
        head = event or self._stream.wait(self._since + HEAD_TIME)
        assert isinstance(head, Head)
        check(head)
        self._is_first, self._has_head = False, True
        self._awaits_continue = b"100-continue" in head.values(b"expect") and head.version == "1.1"
        self._charge.acquire(self._stream.size)  # what came behind this request stays in memory until it is answered
        return head

    def keep(self, data: bytes) -> None:
        """Keep what came while a request is answered: it belongs to the next one. Does not wait."""
        self._stream.unparsed += data
        self._charge.add(len(data))

    # The body, as wsgi.input (PEP 3333)

    def read(self, size: int = -1) -> bytes:
        """Some of the body, at most `size` bytes; without a size, the rest of it; b"" at its end."""
        if size < 0:
            return b"".join(iter(partial(self.read, READ), b""))
        if not self._part and not self.complete:
            self._part = self._more()
            self._charge.acquire(len(self._part))
            self._body_size += len(self._part)
        part, self._part = self._part[:size], self._part[size:]
        return part

    def _more(self) -> bytes:
        """Wait for the next part of the body; b"" at its end."""
        event = self._stream.next()
        if event is None and self._awaits_continue:
            self._awaits_continue = False
            self._stream.send(CONTINUE)
        if event is None:
            event = self._stream.wait(self._since + BODY_TIME + self._body_size / SLOWEST)
        assert isinstance(event, bytes)
        self.complete = not event
        return event

    def discard(self) -> None:
        """Read the rest of the body once the response is sent."""
        if self.handed_over or not self._has_head:
            return
        self._charge.release()
        if self._stream.pending == b"":  # there is no more
            self._more()
            return
        with suppress(HTTPException), gevent.Timeout(DRAIN_TIMEOUT, False):
            while not self.complete and not self._awaits_continue:
                self._more()

    # Upgrade

    def hand_over(self) -> tuple[socket.socket, bytes]:
        """The socket, for another protocol, and what came behind the request that asked for it."""
        if self._more():
            raise BadRequest("this request has a body")
        self.handed_over = True
        self._charge.release()
        sock, behind = self._stream.socket, self._stream.unparsed
        self._stream.close()
        del self._stream
        return sock, behind

    def close(self) -> None:
        """Give back what it has taken, at the connection's end."""
        self._charge.release()
        if not self.handed_over:
            self._stream.close()
