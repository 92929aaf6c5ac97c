"""What HTTP/2 would leave of a head: HPACK, computed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime

import hpack

from results import model
from results.audit import printed

Fields = Sequence[tuple[str, str]]


FRAME_HEAD, LARGEST_FRAME = 9, 2**14
"""Bytes before each HTTP/2 frame's payload, and of the largest payload (RFC 9113 §4.1; §6.5.2, initial value)."""
DROPPED = {"connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade", "http2-settings", "host"}
"""Field lines HTTP/2 has no use for (RFC 9113 §8.2.2; §3.1 for HTTP2-Settings); Host becomes :authority (§8.3.1)."""


@dataclass(frozen=True)
class Head:
    """The head of a request or response: its start line as HTTP/1.1 has it, its field lines, Host among them."""

    start_line: str
    fields: tuple[tuple[str, str], ...]

    @property
    def wire(self) -> bytes:
        """The bytes in HTTP/1.1 (RFC 9112 §2.1)."""
        return "".join(f"{line}\r\n" for line in [*self._lines(), ""]).encode("latin-1")

    @property
    def characters(self) -> int:
        """How many characters it has without line ends."""
        return sum(map(len, self._lines()))

    def _lines(self) -> list[str]:
        return [self.start_line, *(f"{name}: {value}" for name, value in self.fields)]

    def http2(self, scheme: str = "https") -> list[tuple[str, str]]:
        """The field lines of the same head in HTTP/2, pseudo-header fields first (RFC 9113 §8.2, §8.3)."""
        dropped = DROPPED | self._connection_options()
        kept = [(name.lower(), value) for name, value in self.fields]
        first, second, *_ = self.start_line.split(" ")
        if first.startswith("HTTP/"):
            pseudo = [(":status", second)]
        else:
            host = next((value for name, value in kept if name == "host"), "")
            pseudo = [(":method", first), (":scheme", scheme), (":path", second), (":authority", host)]
        return pseudo + [(name, value) for name, value in kept if name not in dropped]

    def _connection_options(self) -> set[str]:
        """The lines that Connection names as meant for this connection alone (RFC 9110 §7.6.1)."""
        lists = (value.split(",") for name, value in self.fields if name.lower() == "connection")
        return {option.strip().lower() for options in lists for option in options}


def request(fields: Fields, path: str, authority: str, method: str = "GET") -> Head:
    """A request's head: `authority` is Host, "localhost:5001", and replaces one among the field lines."""
    others = tuple((name, value) for name, value in fields if name.lower() != "host")
    return Head(f"{method} {path} HTTP/1.1", (("Host", authority), *others))


@dataclass(frozen=True)
class Compressed:
    """Bytes of heads sent one after another on one connection. `plain` is one in HTTP/1.1, on average. With HPACK,
    `first` is the first one and `later` one of the others, on average. `on_wire` adds the heads of the frames."""

    plain: float
    first: int
    later: float

    @staticmethod
    def on_wire(block: float) -> float:
        """A field block and the 9 B of each HEADERS or CONTINUATION frame that it takes (RFC 9113 §4.1, §4.3)."""
        return block + FRAME_HEAD * max(math.ceil(block / LARGEST_FRAME), 1)


def compressed(heads: Sequence[Head]) -> Compressed:
    """HPACK over two or more heads on one connection, with a dynamic table of 4,096 B (RFC 7541 §4.2, RFC 9113 §6.5.2).

    The encoder enters every line into its table (RFC 7541 §6.2.1), as python's hpack does; another may choose
    otherwise. A new entry pushes the oldest out: while one line keeps changing, unchanged lines must be sent again in
    time.
    ModelError for fewer than two heads.
    """
    if len(heads) < 2:
        raise model.ModelError("what is left of a later head needs a second head")
    encoder = hpack.Encoder()
    first, *later = (len(encoder.encode(head.http2())) for head in heads)
    return Compressed(sum(len(head.wire) for head in heads) / len(heads), first, sum(later) / len(later))


def polls(fields: Fields, authority: str, count: int = 100, epoch: str = "0123456789abcdef") -> list[Head]:
    """The headers of this lab's polls, each asking for what follows one message more."""
    return [request(fields, f"/messages?after={seq}&epoch={epoch}", authority) for seq in range(1, count + 1)]


def responses(count: int = 100, length: int = 143, moment: str = "Sun, 22 Nov 2026 20:32:00 GMT") -> list[Head]:
    """The headers of this lab's responses to them, a second apart, each with a body of `length` bytes."""
    lines = (("Content-Type", "application/x-ndjson"), ("Content-Length", str(length)), ("Date", moment))
    return [later_by(Head("HTTP/1.1 200 OK", lines), seconds) for seconds in range(count)]


PRINTED_REQUEST, PRINTED_RESPONSE = Head(*printed.REQUEST), Head(*printed.RESPONSE)
"""The heads of Lubbers & Greco."""


def later_by(head: Head, seconds: int) -> Head:
    """The same head with a Date so much later."""
    lines = ((name, _date_later(value, seconds) if name.lower() == "date" else value) for name, value in head.fields)
    return replace(head, fields=tuple(lines))


def _date_later(date: str, seconds: int) -> str:
    return format_datetime(parsedate_to_datetime(date) + timedelta(seconds=seconds), usegmt=True)
