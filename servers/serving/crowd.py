"""How many connections there may be, in all and from one address."""

from collections import Counter
from collections.abc import Callable

PER_ADDRESS = 256  # from one address of another machine
RESERVED = 128  # descriptors that are not for connections: files, pipes, listeners, refusals under way


class Crowd:
    """The connections that are open, to all servers of this process."""

    def __init__(self, most: float, most_of_one: float) -> None:
        self._most, self._most_of_one = most, most_of_one
        self._open: Counter[str] = Counter()
        self.on_leave: Callable[[], object] = lambda: None

    def admit(self, address: str) -> bool:
        """Whether there is a place for one more from this address; if so, it is taken."""
        if self._open.total() >= self._most or self._open[address] >= self._most_of_one:
            return False
        self._open[address] += 1
        return True

    def leave(self, address: str) -> None:
        """Give a place back."""
        self._open[address] -= 1
        if not self._open[address]:
            del self._open[address]
        self.on_leave()
