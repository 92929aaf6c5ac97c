"""Reading a stream of bytes just far enough to tell its headings apart: lines, headers, stretches. No I/O."""

from collections.abc import Generator
from dataclasses import dataclass, field

Reading = Generator[None, None, None]


class Stream:
    """The bytes of one direction; a reading takes them out and pauses with `yield` where it needs more."""

    def __init__(self) -> None:
        self.buffer = bytearray()

    def take(self, size: int) -> bytes:
        data = bytes(self.buffer[:size])
        del self.buffer[:size]
        return data

    def line(self) -> Generator[None, None, bytes]:
        """Return the next line with its end."""
        searched = 0
        while (end := self.buffer.find(b"\n", searched)) < 0:
            searched = len(self.buffer)
            yield
        return self.take(end + 1)

    def wait_for(self, size: int) -> Reading:
        """Wait until there are `size` bytes, and take none: a connection may break before a part is whole."""
        while len(self.buffer) < size:
            yield

    def take_exactly(self, size: int) -> Generator[None, None, bytes]:
        yield from self.wait_for(size)
        return self.take(size)

    def take_some(self, most: float) -> Generator[None, None, bytes]:
        """Return what there is, at least a byte and at most `most`."""
        while not self.buffer:
            yield
        return self.take(int(min(most, len(self.buffer))))


@dataclass
class Head:
    """A start line and its field lines, whole, up to and with the blank line."""

    lines: list[bytes] = field(default_factory=list)
    accepted: bool | None = None  # of a request to upgrade: what the response said

    def value(self, name: bytes) -> bytes:
        """The lower-case value of the first field line of that name; empty if there is none."""
        found = (line.partition(b":")[2] for line in self.lines[1:] if field_name(line) == name)
        return next(found, b"").strip().lower()

    @property
    def method(self) -> bytes:
        return self.lines[0].split(b" ")[0]

    @property
    def status(self) -> int:
        """The status code of a response; 0 if its first line has none."""
        words = self.lines[0].split()
        return int(words[1]) if len(words) > 1 and words[1].isdigit() else 0

    @property
    def upgrades(self) -> bool:
        return self.value(b"upgrade") == b"websocket"


def field_name(line: bytes) -> bytes:
    return line.partition(b":")[0].strip().lower()
