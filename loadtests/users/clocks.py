"""How far this machine's clock is from the master's: a round trip halved, as NTP does it (RFC 5905 section 8)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

EXCHANGES = 30
"""Round trips of which the shortest counts: it was delayed the least."""


@dataclass(frozen=True)
class Offset:
    """What is to be added to this machine's Unix time to have the master's, and by how much that may be wrong, s."""

    seconds: float = 0.0
    bound_s: float = 0.0


def offset_of(exchanges: Iterable[tuple[float, float, float]]) -> Offset:
    """The offset from round trips: when a question was sent, the master's time in the answer, when that was there.

    ValueError without any. The master answered at some moment between the two, so half of a round trip bounds the
    error.
    """
    sent, there, back = min(exchanges, key=lambda each: each[2] - each[0])
    return Offset(there - (sent + back) / 2, (back - sent) / 2)


def bound_over(first: Offset, last: Offset) -> float:
    """How wrong the first offset may be for all that lies between the two, s: the clocks may have drifted meanwhile."""
    return max(first.bound_s, abs(last.seconds - first.seconds) + last.bound_s)
