"""How often clients may publish: so often that a burst of theirs does not push out what others have yet to read."""

from time import monotonic

import gevent

POSTS_PER_SECOND = 1_000.0
BURST = 100  # that go through at once after a pause


class Pace:
    """Turns at a steady rate: who comes too early waits for its own."""

    def __init__(self, rate_hz: float = POSTS_PER_SECOND) -> None:
        self._every = 1 / rate_hz
        self._next = 0.0

    def wait(self) -> None:
        """Return when it is the caller's turn."""
        now = monotonic()
        self._next = max(self._next + self._every, now - BURST * self._every)
        if self._next > now:
            gevent.sleep(self._next - now)
