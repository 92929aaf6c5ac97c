"""Return freed memory to the system some time after connections end; an idle server is not woken for it."""

from time import monotonic

import gevent
import psutil

from servers.serving.limits import return_memory

GROWTH = 1.1  # times the memory at the start: only above that is memory returned
TRIM_DELAY = 5.0  # seconds after the end of a connection; until then its memory may still be in use


class MemoryTrimmer:
    """Checks this process's memory TRIM_DELAY after the last connection has ended."""

    def __init__(self) -> None:
        self._at_start = resident()
        self._ended_at, self._scheduled = 0.0, False

    def connection_ended(self) -> None:
        """Schedule a check, unless one is scheduled already."""
        self._ended_at = monotonic()
        if not self._scheduled:
            self._scheduled = True
            gevent.spawn_later(TRIM_DELAY, self._check)

    def _check(self) -> None:
        """Return memory if the process has grown; check again if other connections have ended meanwhile."""
        if resident() > GROWTH * self._at_start:
            return_memory()
        left = self._ended_at + TRIM_DELAY - monotonic()
        self._scheduled = left > 0
        if self._scheduled:
            gevent.spawn_later(left, self._check)


def resident() -> int:
    """Resident memory of this process in bytes."""
    return int(psutil.Process().memory_info().rss)
