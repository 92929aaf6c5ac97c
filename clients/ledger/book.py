"""Bytes by heading. No I/O."""

from dataclasses import dataclass, field, fields
from typing import Literal

Direction = Literal["sent", "received"]

HEADINGS = ("handshake", "cookies", "request_head", "response_head", "framing", "payload")


@dataclass
class Ledger:
    """Bytes by heading, and what passed on the wire; the six add up to `wire_sent + wire_received`.

    The last four are the kernel's own count of closed connections, bytes and segments; 0 where it does not tell.
    """

    handshake: int = 0
    cookies: int = 0
    request_head: int = 0
    response_head: int = 0
    framing: int = 0
    payload: int = 0
    wire_sent: int = 0
    wire_received: int = 0
    kernel_sent: int = 0
    kernel_received: int = 0
    segments_sent: int = 0
    segments_received: int = 0

    def book(self, direction: Direction, heading: str, data: bytes) -> None:
        """Book `data` under a heading."""
        setattr(self, heading, getattr(self, heading) + len(data))

    @property
    def wire(self) -> int:
        """Bytes that passed, both ways."""
        return self.wire_sent + self.wire_received

    @property
    def difference(self) -> int:
        """Bytes that passed but are not booked: 0 once every account is closed."""
        return self.wire - sum(getattr(self, heading) for heading in HEADINGS)

    def __add__(self, other: "Ledger") -> "Ledger":
        return Ledger(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Ledger)))


@dataclass
class Transcript(Ledger):
    """A ledger that also keeps what it booked, in order: for showing an exchange with every byte under its heading."""

    entries: list[tuple[Direction, str, bytes]] = field(default_factory=list)

    def book(self, direction: Direction, heading: str, data: bytes) -> None:
        super().book(direction, heading, data)
        if data:
            self.entries.append((direction, heading, data))
