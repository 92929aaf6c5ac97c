"""Memory goes back to the system when those have gone who took it; a server with nothing to do is not woken for it."""

from time import monotonic

import gevent
import psutil

from servers.serving.limits import return_memory

GROWN = 1.1  # times what the process had at its start: more than that goes back
LOOK_S, TIDY_S = 1.0, 5.0  # seconds between two looks; from one to giving back, since others may be about to go


class Tidy:
    """Looks at this process's memory when a connection ends."""

    def __init__(self) -> None:
        self._usual = resident()
        self._looked_at, self._waits = 0.0, False

    def look(self) -> None:
        """If the process has grown, give back what it no longer needs, some time from now."""
        if self._waits or monotonic() < self._looked_at + LOOK_S:
            return
        self._looked_at = monotonic()
        if resident() > GROWN * self._usual:
            self._waits = True
            gevent.spawn_later(TIDY_S, self._tidy)

    def _tidy(self) -> None:
        self._waits = False
        return_memory()


def resident() -> int:
    """Bytes of this process that are in memory."""
    return int(psutil.Process().memory_info().rss)
