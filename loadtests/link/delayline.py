"""The model of a slow path: a queue of (release time, bytes). No socket and no clock; times are in seconds."""

import math
from collections import deque
from typing import NamedTuple

READ_BYTES = 65_536
MAX_QUEUED_BYTES = 2 << 20  # per connection and direction, a message of 1 MiB and more; one read more may be queued
MAX_QUEUED_PIECES = 4096  # a piece of one byte takes memory too
SEGMENT_BYTES = 1448  # TCP payload of an Ethernet frame, with timestamps: what a slow link sends in one go


def bytes_per_second(mbps: float) -> float:
    """A rate in Mbit/s as the wire has it; 0 is no limit."""
    return mbps * 125_000 or math.inf


class Wire:
    """One direction of the link, shared by all connections: `delay` in seconds, `rate` in bytes per second."""

    def __init__(self, delay: float, rate: float = math.inf) -> None:
        self.delay = delay
        self.rate = rate
        self.free_at = -math.inf  # when the last byte accepted has left the sender
        self.cut_until = -math.inf

    def leaves(self, now: float, size: int) -> float:
        """When `size` bytes that are ready now have left: at the rate, after all before them, not during a cut."""
        self.free_at = max(self.free_at, self.cut_until, now) + size / self.rate
        return self.free_at


class Piece(NamedTuple):
    """Bytes under way; none at all mean the end of the stream."""

    release: float
    arrived: float
    data: bytes


class DelayLine:
    """One direction of one connection: a queue of (release time, bytes), in order.

    What is put before `ready` leaves at `ready`: a real connection would not be open before.
    """

    def __init__(self, wire: Wire, ready: float = -math.inf) -> None:
        self.wire = wire
        self.ready = ready
        self.queue: deque[Piece] = deque()
        self.size = 0

    @property
    def limit(self) -> int:
        """Bytes that may wait; at a limited rate what fills the wire, and a sender's buffer in front of it."""
        if self.wire.rate == math.inf:
            return MAX_QUEUED_BYTES
        return min(MAX_QUEUED_BYTES, int(self.wire.rate * self.wire.delay) + READ_BYTES)

    def put(self, now: float, data: bytes) -> None:
        """Queue bytes that arrived now; b"" ends the stream."""
        step = READ_BYTES if self.wire.rate == math.inf else SEGMENT_BYTES
        for start in range(0, len(data) or 1, step):
            piece = data[start:start + step]
            leaves = max(self.wire.leaves(now, len(piece)), self.ready)
            self.queue.append(Piece(leaves + self.wire.delay, now, piece))
        self.size += len(data)

    def take(self, now: float) -> Piece | None:
        """The oldest piece, once its time has come."""
        due = self.next_release
        if due is None or due > now:
            return None
        piece = self.queue.popleft()
        self.size -= len(piece.data)
        return piece

    @property
    def next_release(self) -> float | None:
        """When there will be something to take; None for an empty line."""
        return max(self.queue[0].release, self.wire.cut_until) if self.queue else None

    @property
    def full(self) -> bool:
        """Whether to stop reading from the sender."""
        return self.size >= self.limit or len(self.queue) >= MAX_QUEUED_PIECES
