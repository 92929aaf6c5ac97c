"""Memory goes back to the system when those have gone who took it; a server with nothing to do is not woken for it."""

from time import monotonic

import gevent
import psutil

from servers.serving.limits import return_memory

GROWN = 1.1  # times what the process had at its start: more than that goes back
TIDY_S = 5.0  # seconds from the end of a connection: so long may what it took still be in use


class Tidy:
    """Looks at this process's memory some time after connections have ended."""

    def __init__(self) -> None:
        self._usual = resident()
        self._ended_at, self._waits = 0.0, False

    def ended(self) -> None:
        """A connection has ended."""
        self._ended_at = monotonic()
        if not self._waits:
            self._waits = True
            gevent.spawn_later(TIDY_S, self._look)

    def _look(self) -> None:
        """If the process has grown, give back what it no longer needs; look again if others have ended meanwhile."""
        if resident() > GROWN * self._usual:
            return_memory()
        left = self._ended_at + TIDY_S - monotonic()
        self._waits = left > 0
        if self._waits:
            gevent.spawn_later(left, self._look)


def resident() -> int:
    """Bytes of this process that are in memory."""
    return int(psutil.Process().memory_info().rss)
