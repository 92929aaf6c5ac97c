"""One direction of a path: loss, then a drop-tail queue in front of a rate, then a delay. No device and no clock.

Times are in seconds, sizes in bytes of Ethernet frames. Everything can change while packets are under way.
"""

from __future__ import annotations

import math
import random
from collections import deque
from dataclasses import dataclass, field

QUEUE_PACKETS = 1000
"""As Linux's own pfifo has it (txqueuelen)."""


@dataclass(frozen=True)
class Loss:
    """Random loss, in percent of packets; in bursts of `burst` packets on average (Gilbert and Elliott, 1960 and 1963).

    With `burst` 1, each packet is lost or not, whatever became of the others. ValueError for what no path can lose.
    """

    percent: float = 0.0
    burst: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.percent < 100:
            raise ValueError(f"{self.percent:g} % of packets cannot be lost: from 0 to less than 100")
        if self.burst < 1 or (self.percent and self.into_burst > 1):
            raise ValueError(f"bursts of {self.burst:g} packets cannot make {self.percent:g} % loss")

    @property
    def into_burst(self) -> float:
        """The probability that a packet is lost when the one before was not, so that `percent` are lost in all."""
        share = self.percent / 100
        return share if self.burst == 1 else share / (1 - share) / self.burst

    @property
    def within_burst(self) -> float:
        """The probability that a packet is lost when the one before was."""
        return self.percent / 100 if self.burst == 1 else 1 - 1 / self.burst


@dataclass
class Direction:
    """One direction; `lost` counts packets lost at random or in a cut, `dropped` the ones beyond a full queue."""

    delay: float = 0.0
    rate: float = math.inf  # bytes per second
    queue_packets: int = QUEUE_PACKETS
    loss: Loss = Loss()
    seed: int = 1
    cut_until: float = -math.inf
    passed: int = 0
    lost: int = 0
    dropped: int = 0
    _waiting: deque[float] = field(default_factory=deque)  # when each packet in the queue has left it
    _under_way: deque[tuple[float, bytes]] = field(default_factory=deque)
    _free_at: float = -math.inf  # when the last packet accepted has left the queue
    _last_was_lost: bool = False

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)

    def put(self, now: float, packet: bytes) -> None:
        """Take a packet that arrived now: it is lost, dropped, or under way."""
        if self._loses() or now < self.cut_until:
            self.lost += 1
            return
        while self._waiting and self._waiting[0] <= now:
            self._waiting.popleft()
        if len(self._waiting) >= self.queue_packets:
            self.dropped += 1
            return
        self._free_at = max(self._free_at, now) + len(packet) / self.rate
        self._waiting.append(self._free_at)
        release = max(self._free_at + self.delay, self._under_way[-1][0] if self._under_way else -math.inf)
        self._under_way.append((release, packet))  # a shorter delay reorders nothing

    def take(self, now: float) -> bytes | None:
        """The next packet whose time has come."""
        if not self._under_way or self._under_way[0][0] > now:
            return None
        self.passed += 1
        return self._under_way.popleft()[1]

    @property
    def next_release(self) -> float:
        """When there will be something to take; infinity if nothing is under way."""
        return self._under_way[0][0] if self._under_way else math.inf

    def _loses(self) -> bool:
        chance = self.loss.within_burst if self._last_was_lost else self.loss.into_burst
        self._last_was_lost = self._chance.random() < chance
        return self._last_was_lost
