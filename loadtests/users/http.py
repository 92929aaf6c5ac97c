"""Polling and long polling as Locust users, over geventhttpclient."""

import random
import select
import time
from collections.abc import Iterator
from typing import Any

from gevent import monkey
from geventhttpclient.client import HTTPClient
from geventhttpclient.connectionpool import ConnectionPool
from geventhttpclient.header import Headers
from geventhttpclient.response import HTTPResponse

from clients.connection.counting import CountingSocket
from clients.connection.response import messages_in
from clients.connection.tls import new_socket
from loadtests.runs.tally import Sequence
from loadtests.users.feed import FeedUser, stamp

GZIP = {"Accept-Encoding": "gzip"}  # where the header profile does not take it anyway
GRACE = 10.0  # seconds that a response may take beyond its hold


class CountingPool(ConnectionPool):
    """A pool of connections whose bytes are booked; polls, because select fails from descriptor 1,024 on.

    `sockets` is where it keeps them, the newest last.
    """

    def __init__(self, user: FeedUser, sockets: list[CountingSocket], timeout: float, size: int = 1) -> None:
        where = user.address.host, user.address.port
        super().__init__(*where, *where, size=size, connection_timeout=GRACE, network_timeout=timeout)
        self._user, self._sockets = user, sockets

    def _create_tcp_socket(self, *kind: Any) -> CountingSocket:
        self._user.generator.tally.connections += 1
        made = new_socket(self._user.address, self._user.options.tls, self._user.ledger, *kind)
        self._sockets[:] = [*(each for each in self._sockets if each.fileno() >= 0), made]
        return made

    def close(self) -> None:
        """Close the connections, even while a request is under way."""
        super().close()
        for each in self._sockets:
            each.close()

    def _is_socket_alive(self, sock: Any) -> bool:
        if not hasattr(select, "POLLIN"):  # Windows: its select knows no such limit
            return super()._is_socket_alive(sock)
        poll = monkey.get_original("select", "poll")()  # it does not wait; gevent's own costs ten times as much
        poll.register(sock.fileno(), select.POLLIN)
        return not poll.poll(0) and not sock.pending()


class PlainClient(HTTPClient):
    """Sends the profile's field lines and none of its own."""

    DEFAULT_HEADERS = Headers()


class HttpUser(FeedUser):
    """What the two HTTP users share: one kept connection, request after request; or, with `--close`, one for each."""

    abstract = True
    timeout = GRACE
    asking = False
    asked_at = 0.0  # Unix time of the last request, by the master's clock
    answered_at: float | None = None  # and of the response before it, if that had messages

    def connect(self) -> None:
        self.client = self.client_of(CountingPool(self, self.sockets, self.timeout))

    def client_of(self, pool: CountingPool) -> HTTPClient:
        """What sends requests with the profile's field lines on the pool's connections."""
        added = {"Connection": "close"} if self.options.close else {}
        if self.options.deflate and "gzip" not in dict(self.fields).get("Accept-Encoding", ""):
            added |= GZIP
        client = PlainClient(self.address.host, self.address.port, headers=dict(self.fields) | added)
        client._connection_pool = pool
        return client

    def ask(self, **extra: object) -> None:
        """Ask for what comes next, take it."""
        tally, self.asked_at = self.generator.tally, self.generator.master_time(time.time())
        self.asking = True
        tally.requests += self.counting
        response = self.client.request("GET", self.address.target(self.cursor.target(**extra)))
        body = response.read()
        self.asking = False
        if self.counting:
            tally.answers += 1
            tally.held_us += round((self.generator.master_time(time.time()) - self.asked_at) * 1e6)
            tally.empty_responses += response.status_code == 204
        coding, retry_after = field(response, "Content-Encoding"), field(response, "Retry-After")
        if messages := messages_in(response.status_code, body, coding, retry_after):
            self.deliver(messages)
        else:
            self.answered_at = None
        self.cursor.learn(field(response, "Feed-Epoch"), field(response, "Feed-Newest"))
        if not self.has_joined:
            self.sequence = Sequence(self.cursor.seq or 0)
            self.joined()
        if self.generator.stopping:
            self.depart()

    def leave_soon(self) -> None:
        """Leave between two requests; a response that is under way is taken first."""
        if not self.asking:
            self.leave()


def field(response: HTTPResponse, name: str) -> str | None:
    value = response.get(name)
    return None if value is None else str(value)


def cadence(interval: float) -> Iterator[float]:
    """Moments every `interval` seconds on the monotonic clock, the first at random within one of them from now.

    Where more than one of them has passed unused, as while the machine slept, the rhythm begins again: nothing is made
    up for.
    """
    due = time.monotonic() + random.random() * interval
    while True:
        yield due
        now = time.monotonic()
        due = (now if now - due > interval else due) + interval


class PollingUser(HttpUser):
    """Asks at a fixed cadence, from a random phase on, so that clients do not ask in step."""

    transport = "polling"
    host = "http://127.0.0.1:5001"

    def complete(self, newest: int) -> bool:
        return super().complete(newest) and not self.asking

    def session(self) -> None:
        self.connect()
        try:
            if not self.cursor.answers:
                self.ask()
            for due in cadence(self.options.poll_interval):
                ready = time.monotonic()  # a response that takes longer than the interval is no lateness of this side
                time.sleep(max(due - ready, 0))
                if self.generator.newest is not None and self.complete(self.generator.newest):
                    self.depart()  # a poll may take longer than the interval: then there is no moment between two
                if self.counting:
                    self.generator.tally.count_late_request(time.monotonic() - max(due, ready))
                self.ask()
        finally:
            self.client.close()


class LongPollingUser(HttpUser):
    """Asks, waits for the response, asks again at once, or after a `--pause`."""

    transport = "long-polling"
    host = "http://127.0.0.1:5002"
    paused_s = 0.0  # before the last question

    def deliver(self, messages: list[bytes]) -> None:
        """As others do; and how long the client was away beside its pause, if a message came meanwhile.

        A message that was published before the request waited for it, at most as long as the client took to send it.
        """
        tally, arrived_at = self.generator.tally, self.arrived_at or self.generator.master_time(time.time())
        if self.counting and self.answered_at:
            if stamp(messages[0])[1] < self.asked_at:
                tally.absences += 1
                tally.absent_us += round((arrived_at - self.answered_at - self.paused_s) * 1e6)
            late_s = self.asked_at - self.answered_at - self.paused_s
            for message in messages:
                tally.count_late_request(min(late_s, self.asked_at - stamp(message)[1]))
        self.answered_at = arrived_at
        super().deliver(messages)

    def pause(self) -> None:
        begun = time.monotonic()
        if self.options.pause:
            time.sleep(self.options.pause)
        self.paused_s = time.monotonic() - begun

    def session(self) -> None:
        self.timeout = self.options.hold + GRACE
        self.answered_at = None  # a connection that was lost kept this client away, and not its process
        self.connect()
        try:
            if not self.cursor.answers:
                self.ask(wait=0)
            while True:
                self.pause()
                self.ask(wait=f"{self.options.hold:g}")
        finally:
            self.client.close()
