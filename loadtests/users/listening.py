"""A Locust user that asks once, and then takes what the server sends when it comes."""

import time
from typing import Protocol

import gevent
from gevent.event import AsyncResult

from clients.connection.counting import CountingSocket
from clients.errors import ConnectionLost
from loadtests.users.feed import FeedUser

READABLE, WRITABLE = 1, 2  # libev's EV_READ and EV_WRITE
SILENCE = 60.0  # seconds without a byte after which the connection is taken for dead


class ListenedTo(Protocol):
    """An open connection, as `clients.connection` has one for each transport that listens."""

    socket: CountingSocket

    @property
    def unsent(self) -> bool: ...

    def receive(self) -> None: ...

    def take(self) -> tuple[list[bytes], float]: ...

    def flush(self) -> None: ...


class ListeningUser(FeedUser):
    """What such users share."""

    abstract = True

    def send_rest(self) -> None:
        """Send what the socket did not take. Before `listen` it takes everything."""

    def listen(self, connection: ListenedTo) -> None:
        """Take what comes, until the connection ends.

        The event loop itself calls `take`: waking a greenlet for each message would take as long as all the rest.
        """
        ended = AsyncResult()
        self.heard_at = time.monotonic()
        loop, descriptor = gevent.get_hub().loop, connection.socket.fileno()

        def take() -> None:
            self.heard_at = time.monotonic()
            try:
                connection.receive()
                self.heard(connection)
                while connection.socket.pending():  # records that came together: the event loop does not see them
                    connection.receive()
                    self.heard(connection)
            except BlockingIOError:  # over TLS, less than a record came
                pass
            except Exception as error:
                watcher.stop()
                ended.set_exception(error)
            send_rest()

        def send_rest() -> None:
            """Send what waits, and have this called again as long as something does."""
            try:
                connection.flush()
            except OSError as error:
                ended.set_exception(error)
            if connection.unsent and not ended.ready():
                writer.start(send_rest)
            else:
                writer.stop()

        self.send_rest = send_rest  # type: ignore[method-assign]
        connection.socket.settimeout(0)
        watcher, writer = loop.io(descriptor, READABLE), loop.io(descriptor, WRITABLE)
        try:
            watcher.start(take)
            if connection.socket.pending():
                take()
            while not ended.ready():
                ended.wait(SILENCE)
                if not ended.ready() and time.monotonic() - self.heard_at > SILENCE:
                    raise ConnectionLost(f"the server was silent for {SILENCE:.0f} s")
            ended.get()
        finally:
            for each in (watcher, writer):
                each.stop()
                each.close()
            connection.socket.settimeout(SILENCE)

    def heard(self, connection: ListenedTo) -> None:
        """Deliver what has come."""
        messages, _ = connection.take()
        if messages:
            self.deliver(messages)
