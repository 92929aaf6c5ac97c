"""What packets add to the model: segments sent again, windows that grow from ten segments, queues. Times in seconds."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

SEGMENT = 1448
"""Bytes of TCP payload in a packet of Ethernet, with time stamps (RFC 6691, RFC 7323)."""
FIRST_WINDOW = 10
"""Segments that a sender may have under way on a new connection (RFC 6928)."""
LEAST_TIMEOUT = 0.2
"""What Linux adds to the round trip before it sends again without being asked (TCP_RTO_MIN; RFC 6298 has 1 s)."""
REORDERING = 0.25
"""Of a round trip: how long a segment may be overtaken before it counts as lost (RFC 8985 section 6.2)."""
PACKET = 1514
"""Bytes of a whole packet on Ethernet, as a queue holds them."""


@dataclass(frozen=True)
class Lost:
    """What one lost packet does to a stream of messages: how many come later, and by how much in all, s."""

    late: float
    delay_s: float


def recovery_s(gap_s: np.ndarray, rtt_s: float) -> np.ndarray:
    """By how much a lost message comes later, if the next one is sent `gap_s` after it; the shape is that of `gap_s`.

    The next one's acknowledgement tells the sender, a round trip after it was sent. A segment counts as lost once it
    was sent a round trip and the reordering window ago (RACK, RFC 8985). Without a next one, the retransmission
    timeout ends the wait.
    """
    return np.minimum(rtt_s + np.maximum(gap_s, REORDERING * rtt_s), rtt_s + LEAST_TIMEOUT)


def one_lost(rate_hz: float, rtt_s: float) -> Lost:
    """Averages over Poisson arrivals at `rate_hz` messages a second, each message in a packet of its own.

    Messages sent before a lost one is there wait behind it, since TCP delivers in order. That two packets are lost in
    one recovery is left out: the result holds for small loss.
    """
    gap_s = -np.log((np.arange(4000) + 0.5) / 4000) / rate_hz  # the gaps' distribution, in equal parts
    recovery = recovery_s(gap_s, rtt_s)
    behind_s = np.maximum(recovery - gap_s, 0.0)
    late = 1 + (behind_s > 0) + rate_hz * behind_s
    delay_s = recovery + behind_s + rate_hz * behind_s**2 / 2
    return Lost(float(late.mean()), float(delay_s.mean()))


def pushed_mean_s(rate_hz: float, rtt_s: float, loss: float) -> float:
    """The mean latency of messages pushed over a path that loses the share `loss` of its packets."""
    return rtt_s / 2 + loss * one_lost(rate_hz, rtt_s).delay_s


def windows(size: int) -> int:
    """How many windows `size` bytes take from a window of ten segments that doubles each round trip; at least one."""
    segments = max(math.ceil(size / SEGMENT), 1)
    return math.ceil(math.log2(segments / FIRST_WINDOW + 1)) if segments > FIRST_WINDOW else 1


def exchange_round_trips(question: int, answer: int, new: bool) -> int:
    """Round trips from sending `question` bytes until `answer` bytes are there, both windows being the first ones.

    Each window but a message's last one is a round trip more; so is a new connection's handshake.
    """
    return windows(question) + windows(answer) - 1 + new


def queue_s(packets: int, link_mbps: float) -> float:
    """How long a packet waits behind a full queue of this many."""
    return packets * PACKET * 8 / (link_mbps * 1e6)
