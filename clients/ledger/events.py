"""The bytes of an event stream (HTML Living Standard section 9.2.5) by heading, in pieces of any size. No I/O."""

from collections.abc import Iterator

PAYLOAD, FRAMING, PROBLEM = "payload", "framing", "response_head"


class EventBytes:
    """Divides a stream: the data of a message is payload, and everything around it is framing.

    An event with a type of its own reports something, for example a gap. Its data counts as the body of an error does.
    """

    def __init__(self) -> None:
        self._field = b""  # the field's name, as far as it has come
        self._in_value = self._after_colon = self._has_type = False

    def divide(self, data: bytes) -> Iterator[tuple[str, bytes]]:
        """Yield each stretch of the data with its heading, in order."""
        while data:
            size, heading = self._value(data) if self._in_value else self._name(data)
            if size:
                yield heading, data[:size]
            data = data[size:]

    def _name(self, data: bytes) -> tuple[int, str]:
        """The size of the field's name, with its colon or, where there is none, the line's end."""
        if (end := data.find(b"\n")) < 0:
            end = len(data)
        colon = data.find(b":", 0, end)
        if colon >= 0:
            self._field, self._in_value, self._after_colon = self._field + data[:colon], True, True
            self._has_type |= self._field == b"event"
            return colon + 1, FRAMING
        self._field += data[:end]
        if end < len(data):
            self._has_type &= self._field != b""  # an empty line ends the event
            self._field = b""
        return min(end + 1, len(data)), FRAMING

    def _value(self, data: bytes) -> tuple[int, str]:
        """The size of the value, as far as it has come; of the space before it, or of the line's end after it."""
        if self._after_colon and data[:1] == b" ":
            self._after_colon = False
            return 1, FRAMING
        self._after_colon = False
        if (end := data.find(b"\n")) == 0:
            self._field, self._in_value = b"", False
            return 1, FRAMING
        size = len(data) if end < 0 else end
        return size, FRAMING if self._field != b"data" else PROBLEM if self._has_type else PAYLOAD
