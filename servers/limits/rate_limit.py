"""How many messages clients may post per second, so that a burst does not push unread messages out of the history."""

from time import monotonic

import gevent

POSTS_PER_SECOND = 1_000.0
BURST = 100  # posts that pass at once after a pause


class RateLimiter:
    """Spaces callers evenly at `rate_hz`, after a burst of up to BURST. For greenlets of one thread."""

    def __init__(self, rate_hz: float = POSTS_PER_SECOND) -> None:
        self._interval = 1 / rate_hz
        self._next = 0.0

    def acquire(self) -> None:
        """Sleep until the caller may go on."""
        now = monotonic()
        self._next = max(self._next + self._interval, now - BURST * self._interval)
        if self._next > now:
            gevent.sleep(self._next - now)
