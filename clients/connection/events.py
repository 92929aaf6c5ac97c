"""Bytes become server-sent events (HTML Living Standard section 9.2.6). No I/O."""

import re
from dataclasses import dataclass

LARGEST_EVENT = 64 * 1024 * 1024  # bytes
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
LINE_END = re.compile(rb"\r\n|\n|\r")


class EventTooLarge(Exception):
    """An event has more than LARGEST_EVENT bytes."""


@dataclass(frozen=True)
class ServerSentEvent:
    """An event as a page's listener gets it: its type, its data, and the id that the stream had last."""

    type: str
    data: bytes
    last_event_id: str | None


class EventParser:
    """Parses a stream, in pieces of any size; for one connection."""

    def __init__(self) -> None:
        self.comments = 0  # lines that say nothing
        self._rest, self._is_first = b"", True  # an unfinished line; whether no line has ended yet
        self._type, self._data, self._last_id = "message", list[bytes](), ""

    def feed(self, data: bytes) -> list[ServerSentEvent]:
        """Return the events that are complete by these bytes; EventTooLarge before one fills the memory."""
        received = self._rest + data
        open_end = b"\r" if received.endswith(b"\r") else b""  # an LF may follow
        *lines, self._rest = LINE_END.split(received.removesuffix(open_end))
        self._rest += open_end
        if lines and self._is_first:
            lines[0], self._is_first = lines[0].removeprefix(BYTE_ORDER_MARK), False
        events = [event for line in lines if (event := self._line(line)) is not None]
        if len(self._rest) + sum(map(len, self._data)) > LARGEST_EVENT:
            raise EventTooLarge(f"an event has more than {LARGEST_EVENT:,} B")
        return events

    def _line(self, line: bytes) -> ServerSentEvent | None:
        """Process a line; return the event that it ends."""
        if not line:
            return self._dispatch()
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
        elif name == b"event":
            self._type = value.decode(errors="replace") or "message"
        elif name == b"id" and b"\0" not in value:
            self._last_id = value.decode(errors="replace")
        elif not name:
            self.comments += 1
        return None

    def _dispatch(self) -> ServerSentEvent | None:
        """End the event; one without data is none."""
        event = ServerSentEvent(self._type, b"\n".join(self._data), self._last_id or None) if self._data else None
        self._type, self._data = "message", []
        return event
