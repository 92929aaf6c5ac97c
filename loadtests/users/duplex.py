"""Both ways at once, as Locust users: each follows the feed and publishes on it, as players of a game do.

What a user sends says by whom and when. Since it comes back in the feed, the way up is measured alike for all three.
"""

import re
import secrets
import time
from typing import Any

import gevent
from gevent.pool import Group
from locust.exception import StopUser

from clients.connection.counting import CountingSocket
from clients.errors import ClientError
from clients.ledger import Ledger
from loadtests.users.exchange import CONTENT_TYPE
from loadtests.users.feed import LOST, FeedUser, stamp
from loadtests.users.http import GRACE, CountingPool, HttpUser, LongPollingUser, PollingUser, cadence
from loadtests.users.listening import ListenedTo
from loadtests.users.websocket import WebSocketUser

POSTS_AT_ONCE = 5  # a browser opens six connections to a host; one is for following
SENT = re.compile(rb'"data":"([0-9a-f]{8}) ([0-9]+\.[0-9]+) ')  # how what was sent stands in a message


class DuplexUser(FeedUser):
    """Follows the feed, and publishes `--size` bytes on it at a fixed cadence."""

    abstract = True
    least = len("01234567 1795363200.123456 ")  # bytes: by whom and when
    sent = own = 0

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self.letters = secrets.token_hex(4)
        self.saying = Group()

    @property
    def sending(self) -> bool:  # type: ignore[override]
        return self.own < self.sent

    def joined(self) -> None:
        """Greet, so that all connections are there before joining ends; then send what comes from here on."""
        if not self.has_joined:
            self.say()
            super().joined()
            self.saying.spawn(self.keep_saying)

    def keep_saying(self) -> None:
        for due in cadence(self.options.every):
            gevent.sleep(max(due - time.monotonic(), 0))
            if self.generator.quiesced:
                return
            self.saying.spawn(self.say)  # which may have to wait for a connection

    def say(self) -> None:
        """Send the time, and count what it takes."""
        self.sent += 1
        text = f"{self.letters} {self.generator.master_time(time.time()):.6f} ".ljust(self.options.size, "x")
        try:
            answered = self.publish(text)
            self.generator.tally.message_bytes_in_all += len(text) + answered
        except (*LOST, ClientError) as error:
            self.sent -= 1
            self.fail("sending", error)

    def publish(self, text: str) -> int:
        """Send the text; return the bytes of a message that comes in answer."""
        raise NotImplementedError

    def deliver(self, messages: list[bytes]) -> None:
        super().deliver(messages)
        for message in messages:
            said = SENT.search(message)
            if said and said[1].decode() == self.letters:
                self.own += 1
                self.generator.tally.sample_upstream(float(said[2]), stamp(message)[1])

    def hand_in(self) -> None:
        self.saying.kill()
        super().hand_in()


class PostingUser(DuplexUser, HttpUser):
    """Publishes by POST, on connections of their own: one that waits for a response can send nothing else."""

    abstract = True

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self.posting: list[CountingSocket] = []

    def connect(self) -> None:
        super().connect()
        if not self.sent:
            self.poster = self.client_of(CountingPool(self, self.posting, GRACE, POSTS_AT_ONCE))

    def publish(self, text: str) -> int:
        self.generator.tally.requests += self.counting
        return len(self.poster.request("POST", self.address.target("/messages"), text, CONTENT_TYPE).read())

    def turn(self, page: Ledger) -> None:
        super().turn(page)
        for each in self.posting:
            if each.fileno() >= 0:
                each.use_ledger(page)

    def hand_in(self) -> None:
        self.saying.kill()  # before what it speaks through
        self.poster.close()
        super().hand_in()


class PollingDuplexUser(PostingUser, PollingUser):
    """Asks at a fixed cadence, and POSTs."""


class LongPollingDuplexUser(PostingUser, LongPollingUser):
    """Has a request held, and POSTs beside it."""


class WebSocketDuplexUser(DuplexUser, WebSocketUser):
    """Sends and is told on the one connection."""

    def listen(self, connection: ListenedTo) -> None:
        try:
            super().listen(connection)
        except (StopUser, gevent.GreenletExit):
            self.saying.kill()  # before the closing handshake: after it nothing is sent
            raise

    def publish(self, text: str) -> int:
        self.send(text)
        return 0
