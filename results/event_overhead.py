"""Bytes around a message that is sent as a server-sent event in a chunked response (HTML Living Standard §9.2.5)."""

from __future__ import annotations

import numpy as np

from results.model import Values
from servers.events import COMMENT, COMMENT_INTERVAL, chunk, event

COMMENT_BYTES = len(chunk(COMMENT))
TYPICAL_SEQ = 100
"""The seq of a typical message of a run: an event's id has its digits."""


def event_overhead(message_bytes: int, seq: int = TYPICAL_SEQ) -> int:
    """Overhead of a message of one line: `id:` and `data:` with their line ends, and a chunk for each event."""
    return len(chunk(event(seq, bytes(message_bytes)))) - message_bytes


def event_overhead_with_comments(rate: Values, message_bytes: int, seq: int = TYPICAL_SEQ) -> Values:
    """Overhead per message in bytes, comments included, for Poisson arrivals: 1 / (e^(15λ) − 1) comments per message.

    A gap between two messages has one comment for each 15 s of it.
    """
    mean = COMMENT_INTERVAL * np.asarray(rate)  # messages in that time; written so that nothing overflows
    return event_overhead(message_bytes, seq) - COMMENT_BYTES * np.exp(-mean) / np.expm1(-mean)
