"""The account of one connection: every byte that passes, booked under exactly one heading. No I/O.

An `Account` is given the bytes of one connection as they pass, in pieces of any size, and books them in a `Ledger`.
It reads HTTP/1.1 (RFC 9112) and, after a 101, WebSocket frames (RFC 6455 section 5.2), just far enough to tell the
headings apart. It never refuses a byte: bytes that it cannot read count with the headers around them.
"""

from collections import deque
from collections.abc import Callable, Generator
from math import inf

from clients.ledger.book import Direction, Ledger
from clients.ledger.events import EventBytes
from clients.ledger.reading import Head, Reading, Stream, field_name

COOKIES = (b"cookie", b"set-cookie")


class Account:
    """One connection's bytes, booked in `ledger`."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._next: Ledger | None = None
        self._asked: deque[Head] = deque()
        self._streams: dict[Direction, Stream] = {"sent": Stream(), "received": Stream()}
        self._heads: dict[Direction, Head] = {"sent": Head(), "received": Head()}
        self._unread = {"sent": "request_head", "received": "response_head"}
        self._readings: dict[Direction, Reading] = {"sent": self._requests(), "received": self._responses()}

    def sent(self, data: bytes) -> None:
        """Book bytes that went from the client to the server."""
        self.ledger.wire_sent += len(data)
        self._feed("sent", data)
        self._use_ledger()

    def received(self, data: bytes) -> None:
        """Book bytes that came from the server to the client."""
        self.ledger.wire_received += len(data)
        self._feed("received", data)
        self._use_ledger()

    def use_ledger(self, ledger: Ledger) -> None:
        """Book in another ledger, once all that has begun to pass is booked in this one: each adds up by itself."""
        self._next = ledger
        self._use_ledger()

    def _use_ledger(self) -> None:
        if self._next is not None and not self.ledger.difference:
            self.ledger, self._next = self._next, None

    def wrapped(self, direction: Direction, size: int, heading: str = "framing") -> None:
        """Book `size` bytes of TLS; a negative size takes out plaintext that is booked under its own heading."""
        for name in (heading, f"wire_{direction}"):
            setattr(self.ledger, name, getattr(self.ledger, name) + size)

    def begin_exchange(self, request: Head) -> None:
        """Called with the head of each request before it is booked; a subclass may choose the ledger by it."""

    def close(self) -> None:
        """Book what a broken connection left unfinished."""
        for asked in self._asked:
            if asked.upgrades and asked.accepted is None:
                self._book_head("sent", asked, "request_head")
        self._asked.clear()
        for direction, stream in self._streams.items():
            self._readings[direction].close()
            self._book_head(direction, self._heads[direction], self._unread[direction])
            self._heads[direction] = Head()
            self.ledger.book(direction, self._unread[direction], stream.take(len(stream.buffer)))

    def _feed(self, direction: Direction, data: bytes) -> None:
        self._streams[direction].buffer += data
        next(self._readings[direction])

    # What the client sends

    def _requests(self) -> Reading:
        while True:
            head = yield from self._read_head("sent")
            self.begin_exchange(head)
            self._asked.append(head)
            if head.upgrades:
                while head.accepted is None:
                    yield
                if head.accepted:
                    yield from self._frames("sent")
            else:
                self._book_head("sent", head, "request_head")
                yield from self._body("sent", head, 0, self._book_as("sent", "payload"))

    # What the server sends

    def _responses(self) -> Reading:
        while True:
            head = yield from self._read_head("received")
            if 100 <= head.status < 200 and head.status != 101:
                self._book_head("received", head, "response_head")
                continue
            asked = self._asked.popleft() if self._asked else Head([b"GET"])
            if asked.upgrades:
                asked.accepted = head.status == 101
                self._book_head("sent", asked, "handshake" if asked.accepted else "request_head")
            if asked.accepted:
                self._book_head("received", head, "handshake")
                yield from self._frames("received")  # for good: there is no way back to HTTP
            self._book_head("received", head, "response_head")
            if asked.method != b"HEAD" and head.status not in (204, 304):
                yield from self._body("received", head, inf, self._content_of(asked, head))

    def _content_of(self, asked: Head, head: Head) -> Callable[[bytes], None]:
        """How to book this response's body: messages by the line, an echo whole, all else with the headers."""
        kind = head.value(b"content-type")
        lines, events = kind.startswith(b"application/x-ndjson"), kind.startswith(b"text/event-stream")
        if not 200 <= head.status < 300 or not (lines or events or asked.method == b"POST"):
            return self._book_as("received", "response_head")
        if head.value(b"content-encoding") or not (lines or events):
            return self._book_as("received", "payload")
        return self._book_lines if lines else self._book_events(EventBytes())

    def _book_events(self, stream: EventBytes) -> Callable[[bytes], None]:
        def book(data: bytes) -> None:
            for heading, part in stream.divide(data):
                self.ledger.book("received", heading, part)

        return book

    def _book_lines(self, data: bytes) -> None:
        for line in data.splitlines(keepends=True):
            message = line.removesuffix(b"\n")
            self.ledger.book("received", "payload", message)
            self.ledger.book("received", "framing", line[len(message) :])

    # HTTP/1.1

    def _read_head(self, direction: Direction) -> Generator[None, None, Head]:
        head = self._heads[direction] = Head()
        self._unread[direction] = "request_head" if direction == "sent" else "response_head"
        while not head.lines or head.lines[-1] not in (b"\r\n", b"\n"):
            head.lines.append((yield from self._streams[direction].line()))
        self._heads[direction] = Head()
        return head

    def _book_head(self, direction: Direction, head: Head, heading: str) -> None:
        where = heading
        for line in head.lines:
            if line[:1] not in (b" ", b"\t"):  # a folded line goes with the one before
                where = "cookies" if field_name(line) in COOKIES else heading
            self.ledger.book(direction, where, line)

    def _book_as(self, direction: Direction, heading: str) -> Callable[[bytes], None]:
        return lambda data: self.ledger.book(direction, heading, data)

    def _body(self, direction: Direction, head: Head, unstated: float, book: Callable[[bytes], None]) -> Reading:
        """Read a body (RFC 9112 section 6.3); `unstated` is its length where the headers say nothing."""
        length = head.value(b"content-length")
        if head.value(b"transfer-encoding").endswith(b"chunked"):
            yield from self._chunks(direction, book)
        else:
            yield from self._content(direction, int(length) if length.isdigit() else unstated, book)

    def _content(self, direction: Direction, length: float, book: Callable[[bytes], None]) -> Reading:
        while length:
            data = yield from self._streams[direction].take_some(length)
            length -= len(data)
            book(data)

    def _chunks(self, direction: Direction, book: Callable[[bytes], None]) -> Reading:
        self._unread[direction] = "framing"
        framing, size = self._book_as(direction, "framing"), 1
        while size:
            line = yield from self._streams[direction].line()
            framing(line)
            size = hexadecimal(line.partition(b";")[0])
            yield from self._content(direction, size, book)
            if size:
                framing((yield from self._streams[direction].take_exactly(2)))
        while line not in (b"\r\n", b"\n"):  # trailers
            framing(line := (yield from self._streams[direction].line()))

    # WebSocket

    def _frames(self, direction: Direction) -> Reading:
        """Read frames for good: 2 bytes, an extended length, a masking key, then the payload."""
        self._unread[direction] = "framing"
        stream = self._streams[direction]
        buffer = stream.buffer
        while True:
            while len(buffer) < 2:
                yield
            control, length = buffer[0] & 0x08, buffer[1] & 0x7F
            extended = 0 if length < 126 else 2 if length == 126 else 8
            size = 2 + extended + (4 if buffer[1] & 0x80 else 0)
            while len(buffer) < size:
                yield
            if extended:
                length = int.from_bytes(buffer[2 : 2 + extended])
            self.ledger.book(direction, "framing", stream.take(size))
            heading = "framing" if control else "payload"
            if len(buffer) >= length:  # the usual case, and the cheap one
                self.ledger.book(direction, heading, stream.take(length))
            else:
                yield from self._content(direction, length, self._book_as(direction, heading))


def hexadecimal(digits: bytes) -> int:
    """The size of a chunk; 0 if it is none."""
    try:
        return int(digits, 16)
    except ValueError:
        return 0
