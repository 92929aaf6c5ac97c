"""What the three users share: following a feed, checking every seq, booking every byte."""

import json
import random
import re
import time
from functools import lru_cache
from typing import Any, NoReturn
from urllib.parse import urlsplit

from geventhttpclient.response import HTTPConnectionClosed, HTTPParseError
from locust import User, task
from locust.exception import StopUser

from clients.address import address_of, with_tls
from clients.connection.counting import CountingSocket
from clients.cursor import Cursor
from clients.errors import BrokenFeed, ClientError, Gone
from clients.ledger import Ledger
from loadtests.headers.profiles import PROFILES
from loadtests.runs.tally import FEED, Sequence
from loadtests.users.generator import Generator

RETRY = 0.25, 0.75  # seconds between attempts to reach a server that is away; random, so that clients are not in step
LONGEST_RETRY = 60.0  # seconds that a Retry-After may ask for
STAMP = re.compile(rb'\{"seq":([0-9]+),"published_at":([0-9]+\.[0-9]+),')  # how each message begins
LOST = (OSError, HTTPConnectionClosed, HTTPParseError)  # the errors of a lost connection


@lru_cache(maxsize=256)  # since all clients receive the same messages
def stamp(message: bytes) -> tuple[int, float]:
    """Seq and time of publication, read from the beginning of a message: the data may be long."""
    found = STAMP.match(message)
    if found is None:
        record = json.loads(message.decode())
        return record["seq"], record["published_at"]
    return int(found[1]), float(found[2])


class FeedUser(User):
    """A client of the feed: follows it, checks every seq, books every byte on the page that is open.

    `ledger` is that page; `sockets` are its connections, the newest last.
    """

    abstract = True
    transport: str
    generator: Generator
    number = 0  # among the clients of this process
    counted = "delivery"  # the name of its row in Locust's table
    follows = True  # the feed, and so must have every message of it
    sending = False  # whether something that it has sent is under way

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self.options = environment.parsed_options
        self.generator = environment.generator
        self.cursor, self.sequence = Cursor(), Sequence(0)
        self.ledger = self.joining = Ledger()
        self.window, self.rest = Ledger(), Ledger()
        self.row = environment.deliveries.row(self.transport, self.counted)
        self.sockets: list[CountingSocket] = []
        self.feeds = 0  # that came after the first
        self.leaving = self.has_joined = False

    def on_start(self) -> None:
        url = self.generator.server(str(self.host))
        self.url = with_tls(url) if self.options.tls else url
        try:
            self.address = address_of(self.url)
        except ClientError as error:  # what was typed into Locust's page
            self.fail("connection", error)
            raise StopUser from None
        profile, netloc = PROFILES[self.options.header_profile], str(urlsplit(self.url).netloc)
        self.fields = profile.fields(self.transport, netloc, self.options.cookie_bytes, self.address.secure)

    def complete(self, newest: int) -> bool:
        return self.sequence.seq >= newest

    def leave(self) -> None:
        """End, but once: a second time would break off the closing handshake."""
        if self.greenlet is not None and not self.leaving:
            self.leaving = True
            self.greenlet.kill(StopUser, block=False)

    def leave_soon(self) -> None:
        """Leave: nobody waits for a response."""
        self.leave()

    def depart(self) -> NoReturn:
        """End this user; `leave` then does not stop it again."""
        self.leaving = True
        raise StopUser

    @task
    def follow(self) -> None:
        """Follow the feed until stopped; a server that went away is tried again."""
        self.began_at = time.monotonic()
        try:
            while True:
                try:
                    self.session()
                except Gone as gone:
                    self.report_gap(gone)
                except (*LOST, ClientError) as error:
                    self.fail("connection", error)
                    time.sleep(max(random.uniform(*RETRY), min(getattr(error, "retry_after", 0.0), LONGEST_RETRY)))
        finally:
            self.hand_in()

    def report_gap(self, gone: Gone) -> None:
        """Count a gap, and go on after it."""
        gap = self.cursor.skip(gone)
        self.fail("gap", BrokenFeed(str(gap)))
        self.sequence.seq = gone.oldest - 1
        self.feeds += gap.restarted
        self.generator.tally.gaps += 1

    def session(self) -> None:
        """Connect, and follow the feed until the connection ends."""
        raise NotImplementedError

    def joined(self) -> None:
        """The first response is there, or the 101: what comes from here on stands on another page."""
        if not self.has_joined:
            self.has_joined = True
            self.generator.tally.joining_us += round((time.monotonic() - self.began_at) * 1e6)
            self.cursor.booked = 0
            self.generator.ready(self)

    def turn(self, page: Ledger) -> None:
        """Book on another page from here on."""
        self.ledger = page
        for each in self.sockets:
            if each.fileno() >= 0:
                each.use_ledger(page)

    @property
    def arrived_at(self) -> float | None:
        """When the last byte that was read came to this machine, where the kernel says so; Unix time of the master."""
        arrived_at = self.sockets[-1].arrived_at if self.sockets else None
        return None if arrived_at is None else self.generator.master_time(arrived_at)

    @property
    def counting(self) -> bool:
        """Whether the page is the window's."""
        return self.ledger is self.window

    def deliver(self, messages: list[bytes]) -> None:
        """Check and count messages that came together; what is lost or repeated is counted, and the user goes on."""
        tally, size = self.generator.tally, sum(map(len, messages))
        now = self.generator.master_time(time.time())
        arrived_at = self.arrived_at
        tally.message_bytes_in_all += size
        if self.counting:
            tally.deliveries += len(messages)
            tally.message_bytes += size
        for message in messages:
            seq, published_at = stamp(message)
            self.sequence.check(seq)
            tally.sample(self.number, self.feeds * FEED + seq, published_at, now, arrived_at)
        if self.generator.shown and self.counting:
            self.show(messages, arrived_at or now)
        self.cursor.seq = self.sequence.seq

    def show(self, messages: list[bytes], arrived_at: float) -> None:
        """Count the messages in Locust's table."""
        for message, spent in zip(messages, self.cursor.split_wire_bytes(messages, self.ledger.wire), strict=True):
            self.row.log((arrived_at - stamp(message)[1]) * 1000, spent)

    def fail(self, name: str, error: Exception) -> None:
        self.generator.tally.failures += 1
        self.environment.events.request.fire(
            request_type=self.transport, name=name, response_time=0, response_length=0, exception=error, context={}
        )

    def hand_in(self) -> None:
        tally = self.generator.tally
        tally.close(self.sequence, self.generator.newest if self.follows else None)
        tally.joining += self.joining
        tally.ledger += self.window
        tally.rest += self.rest
        self.generator.left(self)
