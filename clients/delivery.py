"""What a client hands on: deliveries and gaps, and what becomes of its connection."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as it arrived; times are Unix time in seconds.

    `wire_bytes` is its part of what passed both ways since the message before: messages of one response share its
    headers.
    """

    seq: int
    published_at: float
    received_at: float
    data: Any
    size: int
    wire_bytes: int

    @property
    def latency(self) -> float:
        """Seconds from publication to the arrival of the message's last byte."""
        return self.received_at - self.published_at


@dataclass(frozen=True, slots=True)
class Gap:
    """Messages that the client will never see: it asked for what follows `after`, and the feed begins at `oldest`."""

    after: int
    oldest: int
    newest: int
    restarted: bool

    def __str__(self) -> str:
        if self.restarted:
            return f"gap: the feed was restarted; what followed {self.after} before is lost, going on at {self.oldest}"
        if self.after > self.newest:
            return f"gap: the feed has not come to {self.after}; going on at {self.oldest}"
        return f"gap: messages {self.after + 1} to {self.oldest - 1} are lost; going on at {self.oldest}"


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The connection is lost; the client tries again."""

    reason: str

    def __str__(self) -> str:
        return f"connection lost ({self.reason}); trying again"


@dataclass(frozen=True, slots=True)
class ClocksDiffer:
    """The server's clock is `seconds` ahead of this machine's, or behind if that is negative."""

    seconds: float

    def __str__(self) -> str:
        where = "ahead of" if self.seconds > 0 else "behind"
        return (
            f"the clocks differ: the server's is about {abs(self.seconds):,.0f} s {where} this machine's; "
            "latencies are wrong"
        )


@dataclass(frozen=True, slots=True)
class Reconnected:
    """The server answers again, `seconds` after the connection was lost; `gap` if one was reported meanwhile."""

    seconds: float
    seq: int
    gap: bool

    def __str__(self) -> str:
        missed = "" if self.gap else "nothing was missed, "
        return f"connected again after {self.seconds:.1f} s; {missed}going on after message {self.seq}"
