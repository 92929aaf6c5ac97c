"""Readers of the wire that share no code with this project's clients."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode

import websocket

from tools.lab import WAIT, Lab, answer_to, eventually


class HttpReader:
    """Follows the feed by asking; how long a server takes to answer is its own affair."""

    def __init__(self, lab: Lab, transport: str, **query: object) -> None:
        self._connection, self._query = lab.connection(transport), query
        self._ask()

    def _ask(self) -> None:
        self._connection.request("GET", f"/messages?{urlencode(self._query)}")

    def read(self, count: int) -> list[bytes]:
        """The next messages; what came together with the last of them must not be more."""
        messages: list[bytes] = []
        while len(messages) < count:
            answer = answer_to(self._connection)
            assert answer.status in (200, 204), answer
            lines = answer.body.split(b"\n")
            assert lines.pop() == b"", "the last line has no end"
            messages += lines
            newest = json.loads(lines[-1])["seq"] if lines else answer.fields["Feed-Newest"]
            self._query = self._query | ({} if newest is None else {"after": newest})
            self._ask()
        assert len(messages) == count
        return messages

    def gone(self) -> bytes:
        """What the server says of the feed instead of answering."""
        answer = answer_to(self._connection)
        assert (answer.status, answer.fields["Content-Type"]) == (410, "application/problem+json")
        return answer.body

    def close(self) -> None:
        self._connection.close()


class WebSocketReader:
    """Follows the feed by listening."""

    def __init__(self, lab: Lab, transport: str, **query: object) -> None:
        self._socket = websocket.create_connection(f"{lab.url(transport)}/messages?{urlencode(query)}", timeout=WAIT)

    def read(self, count: int) -> list[bytes]:
        """The next messages."""
        received = [self._socket.recv_data() for _ in range(count)]
        assert {opcode for opcode, _ in received} <= {websocket.ABNF.OPCODE_TEXT}
        return [data for _, data in received]

    def gone(self) -> bytes:
        """What the server says of the feed when it closes."""
        opcode, data = self._socket.recv_data()
        assert (opcode, int.from_bytes(data[:2])) == (websocket.ABNF.OPCODE_CLOSE, 4410)
        return data[2:]

    def close(self) -> None:
        self._socket.close()
        self._socket.shutdown()  # which a connection that the server closed still needs


class EventReader:
    """Follows the feed by reading the lines of a response that does not end."""

    def __init__(self, lab: Lab, transport: str, **query: object) -> None:
        self._connection = lab.connection(transport)
        self._connection.request("GET", f"/messages?{urlencode(query)}", headers={"Accept": "text/event-stream"})
        self._response = self._connection.getresponse()
        assert (self._response.status, self._response.headers["Content-Type"]) == (200, "text/event-stream")

    def read(self, count: int) -> list[bytes]:
        """The next messages."""
        events = [self._event() for _ in range(count)]
        assert all(set(event) == {b"id", b"data"} for event in events)
        assert [int(event[b"id"]) for event in events] == [json.loads(event[b"data"])["seq"] for event in events]
        return [event[b"data"] for event in events]

    def gone(self) -> bytes:
        """What the server says of the feed before it goes on."""
        event = self._event()
        assert event[b"event"] == b"gone"
        return event[b"data"]

    def _event(self) -> dict[bytes, bytes]:
        """The next event's fields; comments are passed over."""
        fields: dict[bytes, bytes] = {}
        while (line := self._response.readline()) != b"\n" or not fields:
            assert line.endswith(b"\n"), "the response has ended"
            name, _, value = line.rstrip(b"\n").partition(b": ")
            fields |= {name: value} if name and not name.startswith(b":") else {}
        return fields

    def close(self) -> None:
        self._response.close()
        self._connection.close()


READERS = {"websocket": WebSocketReader, "server-sent-events": EventReader}


@contextmanager
def reading(lab: Lab, transport: str, **query: object) -> Iterator[HttpReader | WebSocketReader | EventReader]:
    """A reader whose first question has reached the server."""
    before = lab.status(transport)["requests"]
    reader = READERS.get(transport, HttpReader)(lab, transport, **query)
    try:
        eventually(lambda: lab.status(transport)["requests"] > before)
        yield reader
    finally:
        reader.close()
