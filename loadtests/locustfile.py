"""The load: three Locust users, one a transport, whose "requests" are deliveries.

Response time is delivery latency, response length the wire bytes since the delivery before, both ways. HTTP goes over
geventhttpclient, WebSocket over websockets' sans-I/O protocol, both over a socket that books every byte.
"""

import json
import os
import re
import select
import sys
import time
from argparse import ArgumentTypeError
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NoReturn
from urllib.parse import urlsplit

import gevent
from gevent import monkey
from gevent.event import AsyncResult
from geventhttpclient.client import HTTPClient
from geventhttpclient.connectionpool import ConnectionPool
from geventhttpclient.header import Headers
from geventhttpclient.response import HTTPConnectionClosed, HTTPParseError, HTTPResponse
from locust import User, events, task
from locust.exception import StopUser
from locust.runners import WorkerRunner
from locust.stats import StatsEntry

from clients.counting import CountingSocket
from clients.delivery import BrokenFeed, ClientError, ConnectionLost, Cursor, Gone, Refused, address_of, with_tls
from clients.http import detail
from clients.ledger import HEADINGS, Ledger
from clients.tls import new_socket
from clients.websocket import SILENCE, WebSocketConnection, read_status
from loadtests.generator import Generator, end_with_parent
from loadtests.headers import PROFILES, cookie
from loadtests.tally import Sequence, Tally

GRACE = 10.0  # seconds that an answer may take beyond its hold
RETRY = 0.5  # seconds between attempts to reach a server that is away
STAMP = re.compile(rb'\{"seq":([0-9]+),"published_at":([0-9]+\.[0-9]+),')  # how each message begins
READABLE = 1  # libev's EV_READ
LOST = (OSError, HTTPConnectionClosed, HTTPParseError)  # what says that a connection is gone


@events.init_command_line_parser.add_listener
def add_options(parser: Any) -> None:
    group = parser.add_argument_group("push lab")
    group.add_argument(
        "--poll-interval", type=between(0.001, 3600), default=1.0, help="polling: from one question to the next, s"
    )
    group.add_argument(
        "--hold", type=between(0.001, 60), default=25.0, help="long polling: how long a question is held, s"
    )
    group.add_argument("--header-profile", choices=list(PROFILES), default="minimal", help="the field lines sent")
    group.add_argument("--cookie-bytes", type=cookie_bytes, default=0, help="bytes of the Cookie line, 0 for none")
    group.add_argument("--tls", metavar="FILE", help="speak TLS, trusting the authority in FILE (PEM)")
    group.add_argument("--deflate", action="store_true", help="WebSocket: offer to take messages compressed")
    group.add_argument("--controlled", metavar="FILE", help="obey the lab's runner, leave the tally in FILE")
    gevent.spawn(end_with_parent, os.getpid())  # here, for the workers of --processes are forked right after


def between(least: float, most: float) -> Callable[[str], float]:
    """Return a reader of option values in seconds."""

    def seconds(text: str) -> float:
        if not least <= float(text) <= most:
            raise ArgumentTypeError(f"{text} is not between {least:g} and {most:g} seconds")
        return float(text)

    return seconds


def cookie_bytes(text: str) -> int:
    if text != "0":
        cookie(int(text))
    return int(text)


@lru_cache(maxsize=256)  # for all clients take the same messages
def stamp(message: bytes) -> tuple[int, float]:
    """Seq and moment of publication, from how a message begins: nobody looks at the data, which may be long."""
    found = STAMP.match(message)
    if found is None:
        record = json.loads(message.decode())
        return record["seq"], record["published_at"]
    return int(found[1]), float(found[2])


class Table:
    """Deliveries for Locust's table, added to it once a second as a worker's report is: half of what `fire` takes."""

    def __init__(self, environment: Any) -> None:
        self._stats = environment.stats
        self._rows: dict[str, StatsEntry] = {}
        environment.events.test_stop.add_listener(lambda **_: self.add())
        gevent.spawn(self._keep_adding)

    def row(self, transport: str) -> StatsEntry:
        return self._rows.setdefault(transport, StatsEntry(self._stats, "delivery", transport))

    def add(self) -> None:
        for transport, row in self._rows.items():
            if row.num_requests:
                self._stats.get("delivery", transport).extend(row)
                self._stats.total.extend(row)
                row.reset()

    def _keep_adding(self) -> None:
        while True:
            gevent.sleep(1)
            self.add()


class FeedUser(User):
    """A client of the feed: follows it, checks every seq, books every byte."""

    abstract = True
    transport: str
    generator: Generator

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self.options = environment.parsed_options
        self.generator = environment.generator
        self.cursor, self.sequence, self.ledger = Cursor(), Sequence(0), Ledger()
        self.row = environment.table.row(self.transport)
        self.leaving = False
        self.counting = False  # whether the ledger's page is the run's

    def on_start(self) -> None:
        url = self.generator.server(str(self.host))
        self.url = with_tls(url) if self.options.tls else url
        self.address = address_of(self.url)
        profile, netloc = PROFILES[self.options.header_profile], str(urlsplit(self.url).netloc)
        self.fields = profile.fields(self.transport, netloc, self.options.cookie_bytes, self.address.secure)

    def complete(self, newest: int) -> bool:
        return self.sequence.seq >= newest

    def leave(self) -> None:
        """End, but once: a second time would break off the closing handshake."""
        if self.greenlet is not None and not self.leaving:
            self.leaving = True
            self.greenlet.kill(StopUser, block=False)

    @task
    def follow(self) -> None:
        """Follow the feed until stopped; a server that went away is tried again."""
        try:
            while True:
                try:
                    self.session()
                except Gone as gone:
                    self.fail("gap", BrokenFeed(str(self.cursor.skip(gone))))
                    self.sequence.seq = gone.oldest - 1
                except (*LOST, ClientError) as error:
                    self.fail("connection", error)
                    time.sleep(RETRY)
        finally:
            self.hand_in()

    def session(self) -> None:
        """Connect, and follow the feed until the connection ends."""
        raise NotImplementedError

    def joined(self) -> None:
        """The first answer is there: from here on every seq counts."""
        if self.cursor.answers == 1:
            self.sequence = Sequence(self.cursor.seq or 0)
            self.generator.ready(self)

    def begin_page(self) -> None:
        """Count from here: what was asked and sent before was warm-up."""
        self.counting = True
        self.ledger = Ledger()

    def deliver(self, messages: list[bytes], received_at: float) -> None:
        """Check and count messages that came together; what is lost, repeated or out of order ends nothing."""
        tally = self.generator.tally
        for message, spent in zip(messages, self.cursor.shares(messages, self.ledger.wire), strict=True):
            seq, published_at = stamp(message)
            self.sequence.check(seq)
            tally.count(seq, published_at, received_at, len(message))
            self.row.log((received_at - published_at) * 1000, spent)
        self.cursor.seq = self.sequence.seq

    def fail(self, name: str, error: Exception) -> None:
        self.generator.tally.failures += 1
        self.environment.events.request.fire(
            request_type=self.transport, name=name, response_time=0, response_length=0, exception=error, context={}
        )

    def hand_in(self) -> None:
        self.generator.tally.close(self.sequence, self.generator.newest)
        self.generator.tally.ledger += self.ledger
        self.generator.left(self)


class CountingPool(ConnectionPool):
    """A pool of one connection whose bytes are booked; polls, because select fails from descriptor 1,024 on."""

    def __init__(self, user: "HttpUser", timeout: float) -> None:
        where = user.address.host, user.address.port
        super().__init__(*where, *where, size=1, connection_timeout=GRACE, network_timeout=timeout)
        self._user = user
        self.socket: CountingSocket | None = None

    def _create_tcp_socket(self, *kind: Any) -> CountingSocket:
        self._user.generator.tally.connections += 1
        self.socket = new_socket(self._user.address, self._user.options.tls, self._user.ledger, *kind)
        return self.socket

    def close(self) -> None:
        """Close the connection also where a question is under way."""
        super().close()
        if self.socket is not None:
            self.socket.close()

    def _is_socket_alive(self, sock: Any) -> bool:
        if not hasattr(select, "POLLIN"):  # Windows: its select knows no such limit
            return super()._is_socket_alive(sock)
        poll = monkey.get_original("select", "poll")()  # it never waits, and gevent's costs ten times as much
        poll.register(sock.fileno(), select.POLLIN)
        return not poll.poll(0) and not sock.pending()


class PlainClient(HTTPClient):
    """Sends the profile's field lines and none of its own."""

    DEFAULT_HEADERS = Headers()


class HttpUser(FeedUser):
    """What the two HTTP users share: one kept connection, a question, an answer."""

    abstract = True
    timeout = GRACE
    asking = False

    def connect(self) -> None:
        self.pool = CountingPool(self, self.timeout)
        self.client = PlainClient(self.address.host, self.address.port, headers=dict(self.fields))
        self.client._connection_pool = self.pool

    def begin_page(self) -> None:
        super().begin_page()
        self.cursor.booked = 0
        if self.pool.socket is not None:
            self.pool.socket.turn_page(self.ledger)

    def ask(self, **extra: object) -> None:
        """Ask for what comes next, take it."""
        tally = self.generator.tally
        self.asking = True
        tally.requests += self.counting
        response = self.client.request("GET", self.cursor.target(**extra))
        body, received_at = response.read(), time.time()
        self.asking = False
        if response.status_code == 410:
            raise Gone(body)
        if response.status_code not in (200, 204):
            raise Refused(f"the server answers {response.status_code}: {detail(body)}")
        tally.empty_responses += self.counting and response.status_code == 204
        if messages := body.splitlines():
            self.deliver(messages, received_at)
        self.cursor.learn(field(response, "Feed-Epoch"), field(response, "Feed-Newest"))
        self.joined()


def field(response: HTTPResponse, name: str) -> str | None:
    value = response.get(name)
    return None if value is None else str(value)


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
            for due in self.generator.cadence(self.options.poll_interval):
                time.sleep(max(due - time.monotonic(), 0))
                if self.generator.begun and not self.counting:
                    self.begin_page()
                self.ask()
        finally:
            self.client.close()


class LongPollingUser(HttpUser):
    """Asks, is held until there is an answer, asks again at once."""

    transport = "long-polling"
    host = "http://127.0.0.1:5002"

    def session(self) -> None:
        self.timeout = self.options.hold + GRACE
        self.connect()
        try:
            if not self.cursor.answers:
                self.ask(wait=0)
                self.begin_page()
            while True:
                self.ask(wait=f"{self.options.hold:g}")
        finally:
            self.client.close()


class WebSocketUser(FeedUser):
    """Asks for the connection, then is told."""

    transport = "websocket"
    host = "ws://127.0.0.1:5003"

    def session(self) -> None:
        if self.cursor.epoch is None:
            read_status(self.url, self.cursor, Ledger(), self.options.tls)  # warm-up
        tally = self.generator.tally
        tally.requests += 1
        tally.connections += 1
        where = self.url, self.cursor.target()
        ways = {"trust": self.options.tls, "deflate": self.options.deflate}
        with WebSocketConnection(*where, self.ledger, self.fields[1:], **ways) as connection:
            self.joined()
            self.listen(connection)

    def listen(self, connection: WebSocketConnection) -> None:
        """Take what comes, until the connection ends.

        The event loop itself calls `take`: to wake a greenlet for each message takes as long as all that it then does.
        """
        ended = AsyncResult()
        self.heard_at = time.monotonic()

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

        connection.socket.settimeout(0)
        watcher = gevent.get_hub().loop.io(connection.socket.fileno(), READABLE)
        try:
            self.heard(connection)  # what came together with the 101
            watcher.start(take)
            if connection.socket.pending():
                take()
            while not ended.wait(SILENCE):
                if time.monotonic() - self.heard_at > SILENCE:
                    raise ConnectionLost(f"the server was silent for {SILENCE:.0f} s")
            ended.get()
        finally:
            watcher.stop()
            watcher.close()

    def heard(self, connection: WebSocketConnection) -> None:
        messages, received_at = connection.take()
        if messages:
            self.deliver(messages, received_at)


def check(environment: Any) -> None:
    """End with status 2 where options do not fit what is to be followed."""
    options, host = environment.parsed_options, environment.host
    if options.tls and host and with_tls(host) != host:
        refuse(f"--tls: {host} is an address without TLS; {with_tls(host)} is one with it")
    if options.deflate and WebSocketUser not in environment.user_classes:
        refuse("--deflate is for WebSocketUser")


def refuse(reason: str) -> NoReturn:
    print(f"locust: error: {reason}", file=sys.stderr)
    sys.exit(2)


@events.init.add_listener
def set_up(environment: Any, **_: Any) -> None:
    """Give each process its generator; workers send their tallies along with Locust's own reports."""
    check(environment)
    environment.generator = generator = Generator(environment, environment.parsed_options.controlled)
    generator.listen()
    environment.table = Table(environment)
    if environment.parsed_options.controlled:
        if not isinstance(environment.runner, WorkerRunner):
            generator.watch_workers()
        return
    if isinstance(environment.runner, WorkerRunner):
        environment.events.report_to_master.add_listener(
            lambda client_id, data: data.update(lab=generator.tally.to_json())
        )
    else:
        environment.events.worker_report.add_listener(lambda client_id, data: generator.take(client_id, data["lab"]))
        environment.events.quitting.add_listener(lambda environment: conclude(environment, generator.whole()))


@events.test_start.add_listener
def obey(environment: Any, **_: Any) -> None:
    """In a controlled run, let the lab's runner lead the master."""
    if environment.parsed_options.controlled and not isinstance(environment.runner, WorkerRunner):
        gevent.spawn(environment.generator.conduct)


def conclude(environment: Any, tally: Tally) -> None:
    """Print what Locust's own table cannot say; a message lost or repeated fails the run."""
    if tally.deliveries:
        print(summary(tally))
    if tally.lost or tally.duplicated or tally.out_of_order:
        environment.process_exit_code = 1


def summary(tally: Tally) -> str:
    """Latency from exact samples, and the ledger."""
    at = tally.latency_us.get_value_at_percentile
    latency = ", ".join(f"p{p:g} {at(p) / 1000:.2f}" for p in (50, 90, 99, 99.9))
    each = ", ".join(f"{h.replace('_', ' ')} {getattr(tally.ledger, h) / tally.deliveries:,.1f}" for h in HEADINGS)
    checked = f"{tally.lost} lost, {tally.duplicated} repeated, {tally.out_of_order} out of order"
    return (
        f"{tally.deliveries:,} deliveries, {checked}, {tally.failures} failures\n"
        f"delivery latency, ms: {latency}, max {tally.latency_us.get_max_value() / 1000:.2f}\n"
        f"wire bytes per delivery: {tally.ledger.wire / tally.deliveries:,.1f} ({each})"
    )
