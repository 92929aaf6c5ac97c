"""Memory for requests and messages that are received and not yet answered: one budget for all clients."""

from time import monotonic

from gevent.event import Event
from werkzeug.exceptions import ServiceUnavailable

BUDGET = 64 * 1024 * 1024  # bytes
ACQUIRE_TIMEOUT = 10.0  # seconds


class MemoryBudget:
    """A number of bytes. A reader that finds too few left waits, and reads nothing more from its client meanwhile.

    For greenlets of one thread.
    """

    def __init__(self, size: int = BUDGET) -> None:
        self.left = size
        self._released = Event()

    def acquire(self, size: int) -> None:
        """Take bytes from the budget; ServiceUnavailable if they do not become free within ACQUIRE_TIMEOUT."""
        deadline = monotonic() + ACQUIRE_TIMEOUT
        while self.left < size:
            self._released.clear()
            if not self._released.wait(deadline - monotonic()):
                raise ServiceUnavailable("there is no memory left for what clients send")
        self.left -= size

    def release(self, size: int) -> None:
        """Give back bytes that were acquired."""
        self.left += size
        self._released.set()


class Charge:
    """What one connection takes of a budget. For greenlets of one thread."""

    def __init__(self, budget: MemoryBudget) -> None:
        self._budget, self.size = budget, 0

    def acquire(self, size: int) -> None:
        """Take bytes; ServiceUnavailable if the budget has too few for ACQUIRE_TIMEOUT."""
        if size:
            self._budget.acquire(size)
            self.size += size

    def add(self, size: int) -> None:
        """Take bytes without waiting, though the budget may have too few: for what is in memory already."""
        self._budget.left -= size
        self.size += size

    def release(self, size: int | None = None) -> None:
        """Give back some of the bytes, or all of them; never more than were taken."""
        if released := self.size if size is None else min(size, self.size):
            self.size -= released
            self._budget.release(released)
