"""There and back, as Locust users: what is sent by POST, or as a message on a WebSocket, and comes back as it was."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from locust.exception import StopUser

from clients.connection.websocket import WebSocketConnection
from clients.errors import BrokenFeed
from loadtests.users.feed import FeedUser
from loadtests.users.http import HttpUser, cadence

CONTENT_TYPE = {"Content-Type": "text/plain;charset=UTF-8"}  # what fetch() sends with a string
MOST_EXCHANGES = 1_000_000  # of one client: together with the client's number they make an exchange's own


class EchoUser(FeedUser):
    """Sends `--size` bytes at a fixed cadence, and has them back; its latency is the round trip.

    An exchange counts as a delivery, and as one that was published when it was sent.
    """

    abstract = True
    exchanges = 0
    sending = False

    def complete(self, newest: int) -> bool:
        return not self.sending

    def session(self) -> None:
        text = "x" * self.options.size
        with self.connection():
            self.exchange(text)
            self.joined()
            for due in cadence(self.options.every):
                time.sleep(max(due - time.monotonic(), 0))
                if self.generator.newest is not None:
                    raise StopUser
                self.measure(text)

    @contextmanager
    def connection(self) -> Iterator[None]:
        """Be connected."""
        raise NotImplementedError
        yield

    def exchange(self, text: str) -> None:
        """Send the text and have it back; BrokenFeed if what comes back is not the same."""
        self.sending = True
        if self.echoed(text) != text.encode():
            raise BrokenFeed("the echo differs from what was sent")
        self.sending = False
        self.generator.tally.message_bytes_in_all += 2 * len(text)

    def echoed(self, text: str) -> bytes:
        """What comes back."""
        raise NotImplementedError

    def measure(self, text: str) -> None:
        """Exchange, and sample how long that took."""
        tally, counting, sent_at = self.generator.tally, self.counting, time.time()
        self.exchange(text)
        now, arrived_at = time.time(), None if self.socket is None else self.socket.arrived_at
        self.exchanges += 1
        if counting:
            tally.deliveries += 1
            tally.message_bytes += 2 * len(text)
        tally.sample(0, self.number * MOST_EXCHANGES + self.exchanges, sent_at, now, arrived_at)
        if self.generator.shown:
            (spent,) = self.cursor.shares([text.encode()], self.ledger.wire)
            self.row.log(((arrived_at or now) - sent_at) * 1000, spent)


class HttpEchoUser(EchoUser, HttpUser):
    """POSTs to /echo, on a kept connection or, with `--close`, on a new one each time."""

    transport = "polling"  # whose server it asks; the other HTTP server answers alike
    host = "http://127.0.0.1:5001"

    @contextmanager
    def connection(self) -> Iterator[None]:
        self.connect()
        try:
            yield
        finally:
            self.client.close()

    def echoed(self, text: str) -> bytes:
        self.generator.tally.requests += self.counting
        response = self.client.request("POST", "/echo", text, CONTENT_TYPE)
        body: bytes = response.read()
        return body


class WebSocketEchoUser(EchoUser):
    """Sends messages to /echo on one WebSocket."""

    transport = "websocket"
    host = "ws://127.0.0.1:5003"

    @contextmanager
    def connection(self) -> Iterator[None]:
        self.generator.tally.connections += 1
        ways = {"trust": self.options.tls, "deflate": self.options.deflate}
        with WebSocketConnection(self.url, "/echo", self.ledger, self.fields[1:], **ways) as opened:
            self.socket, self.open = opened.socket, opened
            yield

    def echoed(self, text: str) -> bytes:
        self.open.send(text)
        (message,), _ = next(self.open.messages())
        return message
