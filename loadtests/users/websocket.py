"""The WebSocket as a Locust user, over websockets' sans-I/O protocol."""

import time

import gevent
from gevent.event import AsyncResult

from clients.connection.http import read_status
from clients.connection.websocket import SILENCE, WebSocketConnection
from clients.errors import ConnectionLost
from loadtests.runs.tally import Sequence
from loadtests.users.feed import FeedUser

READABLE, WRITABLE = 1, 2  # libev's EV_READ and EV_WRITE


class WebSocketUser(FeedUser):
    """Asks for the connection, then is told."""

    transport = "websocket"
    host = "ws://127.0.0.1:5003"

    def session(self) -> None:
        tally = self.generator.tally
        if self.cursor.epoch is None:
            tally.connections += 1
            status = read_status(self.url, self.ledger, SILENCE, self.options.tls)
            self.cursor.learn(status["epoch"], status["newest"])
            self.sequence = Sequence(status["newest"])
        tally.requests += self.counting
        tally.connections += 1
        where = self.url, self.cursor.target()
        ways = {"trust": self.options.tls, "deflate": self.options.deflate}
        connection = WebSocketConnection(*where, self.ledger, self.fields[1:], **ways)
        try:
            with connection:
                self.sockets, self.send = [connection.socket], connection.send
                self.heard(connection)  # what came together with the 101, and so on its page
                self.joined()
                self.listen(connection)
        finally:
            self.heard(connection)  # what came while the connection was being closed was delivered, too

    def listen(self, connection: WebSocketConnection) -> None:
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

        def send(text: str) -> None:
            connection.send(text)
            send_rest()

        connection.socket.settimeout(0)
        self.send = send
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

    def heard(self, connection: WebSocketConnection) -> None:
        messages, _ = connection.take()
        if messages:
            self.deliver(messages)
