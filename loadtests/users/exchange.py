"""There and back, as Locust users: what is sent by POST, or as a message on a WebSocket, and what comes of it.

An echo gives it back as it was. What is posted is published, and comes back as a message of the feed.
"""

import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager

from clients.connection.websocket import WebSocketConnection
from clients.errors import BrokenFeed
from loadtests.users.feed import FeedUser, stamp
from loadtests.users.http import HttpUser, cadence

CONTENT_TYPE = {"Content-Type": "text/plain;charset=UTF-8"}  # what fetch() sends with a string
MOST_EXCHANGES = 1_000_000  # of one client: together with the client's number they make an exchange's own


class ExchangeUser(FeedUser):
    """Sends `--size` bytes at a fixed cadence, each time waits for what comes of it, and counts that as a delivery.

    The text begins with letters of the user's own, as far as it has room for them.
    """

    abstract = True
    follows = False
    target: str
    exchanges = 0

    def complete(self, newest: int) -> bool:
        return not self.sending

    def session(self) -> None:
        size = self.options.size
        self.text = secrets.token_hex(4).ljust(size, "x")[:size]
        with self.connection():
            self.exchange()
            self.joined()
            for due in cadence(self.options.every):
                time.sleep(max(due - time.monotonic(), 0))
                if self.generator.quiesced:
                    self.depart()
                self.measure()

    def leave_soon(self) -> None:
        """Leave between two exchanges; see `session`."""
        if not self.sending:
            self.leave()

    @contextmanager
    def connection(self) -> Iterator[None]:
        """Be connected."""
        raise NotImplementedError
        yield

    def exchange(self) -> bytes:
        """Send the text; return what has come of it, which `check` finds right."""
        self.sending = True
        came = self.answered()
        self.sending = False
        self.check(came)
        self.generator.tally.message_bytes_in_all += len(self.text) + len(came)
        return came

    def answered(self) -> bytes:
        """What comes of the text once it is sent."""
        raise NotImplementedError

    def check(self, came: bytes) -> None:
        """BrokenFeed if that is not what should come."""
        raise NotImplementedError

    def measure(self) -> None:
        """Exchange, and sample how long that took."""
        tally, counting = self.generator.tally, self.counting
        sent_at = self.generator.master_time(time.time())
        came = self.exchange()
        now, arrived_at = self.generator.master_time(time.time()), self.arrived_at
        self.exchanges += 1
        if counting:
            tally.deliveries += 1
            tally.message_bytes += len(self.text) + len(came)
        since = self.sample(came, sent_at, now, arrived_at)
        if self.generator.shown:
            (spent,) = self.cursor.split_wire_bytes([came], self.ledger.wire)
            self.row.log(((arrived_at or now) - since) * 1000, spent)

    def sample(self, came: bytes, sent_at: float, now: float, arrived_at: float | None) -> float:
        """Sample one exchange, in Unix times; return the time from which its latency counts."""
        raise NotImplementedError


class Echo(ExchangeUser):
    """What comes back is what was sent; the latency is that of there and back."""

    abstract = True
    counted = "echo"
    target = "/echo"

    def check(self, came: bytes) -> None:
        if came != self.text.encode():
            raise BrokenFeed("the echo differs from what was sent")

    def sample(self, came: bytes, sent_at: float, now: float, arrived_at: float | None) -> float:
        exchange = self.number * MOST_EXCHANGES + self.exchanges
        self.generator.tally.sample(0, exchange, sent_at, now, arrived_at)
        return sent_at


class Post(ExchangeUser):
    """The response is a message. Its latency is that of the way back, from publication; the way there is kept apart."""

    abstract = True
    counted = "post"
    target = "/messages"

    def check(self, came: bytes) -> None:
        if not self.own(came):
            raise BrokenFeed("another message was published than was sent")

    def own(self, message: bytes) -> bool:
        return bool(json.loads(message)["data"] == self.text)

    def sample(self, came: bytes, sent_at: float, now: float, arrived_at: float | None) -> float:
        seq, published_at = stamp(came)
        self.generator.tally.sample(0, seq, published_at, now, arrived_at)
        self.generator.tally.sample_upstream(sent_at, published_at)
        return published_at


class ByHttp(ExchangeUser, HttpUser):
    """By POST, on a kept connection or, with `--close`, on a new one each time."""

    abstract = True
    transport = "polling"  # whose server it asks; the other HTTP server answers alike
    host = "http://127.0.0.1:5001"

    @contextmanager
    def connection(self) -> Iterator[None]:
        self.connect()
        try:
            yield
        finally:
            self.client.close()

    def answered(self) -> bytes:
        self.generator.tally.requests += self.counting
        return bytes(self.client.request("POST", self.address.target(self.target), self.text, CONTENT_TYPE).read())


class ByWebSocket(ExchangeUser):
    """As a message on one WebSocket."""

    abstract = True
    transport = "websocket"
    host = "ws://127.0.0.1:5003"

    @contextmanager
    def connection(self) -> Iterator[None]:
        self.generator.tally.connections += 1
        ways = {"trust": self.options.tls, "deflate": self.options.deflate}
        with WebSocketConnection(self.url, self.target, self.ledger, self.fields[1:], **ways) as opened:
            self.sockets, self.send, self.messages = [opened.socket], opened.send, opened.messages()
            yield

    def answered(self) -> bytes:
        self.send(self.text)
        (message,), _ = next(self.messages)
        return message


class HttpEchoUser(Echo, ByHttp):
    """POSTs to /echo."""


class WebSocketEchoUser(Echo, ByWebSocket):
    """Sends messages to /echo."""


class HttpPostUser(Post, ByHttp):
    """POSTs to /messages; the 201 has the message."""


class WebSocketPostUser(Post, ByWebSocket):
    """Sends messages to /messages, and waits until its own comes back, among the messages of others."""

    def answered(self) -> bytes:
        self.send(self.text)
        for messages, _ in self.messages:
            others = [message for message in messages if not self.own(message)]
            self.generator.tally.message_bytes_in_all += sum(map(len, others))
            if own := [message for message in messages if message not in others]:
                return own[0]
        raise AssertionError("messages() ends with an error")
