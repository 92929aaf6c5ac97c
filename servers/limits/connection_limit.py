"""How many connections may be open, in all and per client address."""

from collections import Counter
from collections.abc import Callable

PER_ADDRESS = 256  # connections from one address of another machine
RESERVED = 128  # file descriptors kept for files, pipes, listeners, and refusals under way


class ConnectionLimit:
    """Counts the open connections of all servers in this process. For greenlets of one thread.

    `on_release` is called after each connection has ended.
    """

    def __init__(self, total: float, per_address: float, on_release: Callable[[], object] = lambda: None) -> None:
        self._total, self._per_address, self._on_release = total, per_address, on_release
        self._open: Counter[str] = Counter()

    def acquire(self, address: str) -> bool:
        """Count one more connection from this address; return False if there may be no more."""
        if self._open.total() >= self._total or self._open[address] >= self._per_address:
            return False
        self._open[address] += 1
        return True

    def release(self, address: str) -> None:
        """Count one connection less."""
        self._open[address] -= 1
        if not self._open[address]:
            del self._open[address]
        self._on_release()
