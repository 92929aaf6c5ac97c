"""One stream of server-sent events, every byte of it booked; httptools reads the response.

h11 reads all other responses. It is too slow for a load generator that has many streams.
"""

import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from httptools import HttpParserError, HttpResponseParser

from clients.address import address_of
from clients.connection.events import EventParser, EventTooLarge
from clients.connection.response import LARGEST, refusal
from clients.connection.tls import connect
from clients.errors import BrokenFeed, ConnectionLost, Gone
from clients.ledger import Ledger

ACCEPT = ("Accept", "text/event-stream")
LAST_EVENT_ID = "Last-Event-ID"
SILENCE = 60.0  # seconds without a byte, comments included, after which the connection is taken for dead


class EndlessResponse:
    """A response as it arrives: what httptools calls. No I/O."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}
        self.status = 0  # until the head is complete
        self.has_ended = False
        self._parser, self._parts = HttpResponseParser(self), list[bytes]()

    def feed(self, data: bytes) -> list[bytes]:
        """Return the parts of the body that these bytes complete; HttpParserError for what is no HTTP."""
        self._parser.feed_data(data)
        parts, self._parts = self._parts, []
        return parts

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self.status = self._parser.get_status_code()

    def on_body(self, part: bytes) -> None:
        self._parts.append(part)

    def on_message_complete(self) -> None:
        self.has_ended = True


class EventStreamConnection:
    """An open stream; the caller's field lines go with the request.

    `on_sign` is called when something comes that shows that the server serves, `on_gone` for a reported gap.
    """

    def __init__(
        self,
        url: str,
        target: str,
        ledger: Ledger,
        fields: Sequence[tuple[str, str]] = (),
        trust: str | None = None,
        on_sign: Callable[[], Any] = lambda: None,
        on_gone: Callable[[Gone], Any] = lambda gone: None,
    ) -> None:
        address = address_of(url)
        self._response, self._events = EndlessResponse(), EventParser()
        self._on_sign, self._on_gone = on_sign, on_gone
        self._unpacking: Any = None
        self._complete: list[bytes] = []
        given = {name.lower() for name, _ in fields}
        own = [line for line in (("Host", address.authority), ACCEPT) if line[0].lower() not in given]
        lines = [f"GET {address.target(target)} HTTP/1.1", *(f"{name}: {value}" for name, value in [*own, *fields])]
        self.socket = connect(address, ledger, SILENCE, trust)
        try:
            self._open("\r\n".join([*lines, "", ""]).encode("latin-1"))
        except BaseException:
            self.socket.close()
            raise
        self.fields = self._response.fields

    def __enter__(self) -> "EventStreamConnection":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def messages(self) -> Iterator[tuple[list[bytes], float]]:
        """Yield the messages that one read completed, and when it arrived; ConnectionLost at the end."""
        while True:
            complete, received_at = self.take()
            if complete:
                yield complete, received_at
            elif self._response.has_ended:
                raise ConnectionLost("the server ended its response")
            else:
                self._receive()

    def take(self) -> tuple[list[bytes], float]:
        """The messages that are complete by what was read, and the Unix time at which its last byte arrived."""
        complete, self._complete = self._complete, []
        return complete, self.socket.arrived_at or time.time()

    def receive(self) -> None:
        """Read once; ConnectionLost if the response has ended."""
        self._receive()
        if self._response.has_ended:
            raise ConnectionLost("the server ended its response")

    def _receive(self) -> None:
        for part in self._read():
            self._feed(part)

    @property
    def unsent(self) -> bool:
        """Whether bytes wait until the socket takes more: none, since nothing follows the request."""
        return self.socket.unsent > 0

    def flush(self) -> None:
        """Send what waits."""
        self.socket.flush()

    def close(self) -> None:
        """End the connection: a response that does not end cannot be finished otherwise."""
        self.socket.close()

    def _open(self, request: bytes) -> None:
        """Send the request, and read until events may come; raise what a response without them means."""
        self.socket.sendall(request)
        response, body = self._response, b""
        while not response.status:
            body += b"".join(self._read())
        if response.status != 200 or not response.fields.get("content-type", "").startswith(ACCEPT[1]):
            with suppress(ConnectionLost):  # a body without a length ends with its connection (RFC 9112 section 6.3)
                while not response.has_ended and len(body) < LARGEST:
                    body += b"".join(self._read())
            raise refusal(response.status, body, response.fields.get("retry-after"))
        if response.fields.get("content-encoding") == "gzip":
            self._unpacking = zlib.decompressobj(wbits=31)
        self._feed(body)  # what came together with the head

    def _read(self) -> list[bytes]:
        """The parts of the body that one read brings."""
        data = self.socket.recv(16_384)
        if not data:
            raise ConnectionLost(f"the server ended the connection {'within' if self._response.status else 'before'} "
                                 "its response")  # fmt: skip
        try:
            return self._response.feed(data)
        except HttpParserError as error:
            raise ConnectionLost("the server answers, but not in HTTP") from error

    def _feed(self, data: bytes) -> None:
        """Take the events out of a part of the body."""
        comments = self._events.comments
        try:
            events = self._events.feed(self._unpacked(data) if self._unpacking else data)
        except (EventTooLarge, zlib.error) as error:
            raise BrokenFeed(f"the server's events are wrong: {error}") from None
        for event in events:
            if event.type == "gone":
                self._on_gone(Gone(event.data))
            elif event.type == "message":
                self._complete.append(event.data)
        if events or self._events.comments > comments:
            self._on_sign()

    def _unpacked(self, data: bytes) -> bytes:
        """Decompress; EventTooLarge for more than LARGEST bytes, of which none would be delivered."""
        whole: bytes = self._unpacking.decompress(data, LARGEST)
        if self._unpacking.unconsumed_tail:
            raise EventTooLarge(f"what came at once has more than {LARGEST:,} B")
        return whole
