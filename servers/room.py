"""Memory for what clients have sent and nobody has answered yet: one bound for all of them."""

from time import monotonic

from gevent.event import Event
from werkzeug.exceptions import ServiceUnavailable

ROOM = 64 * 1024 * 1024  # bytes
PATIENCE = 10.0  # seconds


class Room:
    """So many bytes. Who finds too few left waits, and meanwhile reads nothing more from its client."""

    def __init__(self, size: int = ROOM) -> None:
        self.left = size
        self._given = Event()

    def take(self, size: int) -> None:
        """Take bytes as soon as they are left; ServiceUnavailable if they are not within PATIENCE."""
        deadline = monotonic() + PATIENCE
        while self.left < size:
            self._given.clear()
            if not self._given.wait(deadline - monotonic()):
                raise ServiceUnavailable("there is no memory left for what clients send")
        self.left -= size

    def give(self, size: int) -> None:
        """Give back what was taken."""
        self.left += size
        self._given.set()
