"""A kept-alive HTTP/1.1 connection, every byte of it booked; h11 reads and writes the protocol."""

import json
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import h11

from clients.address import address_of
from clients.connection.response import LARGEST, UNAVAILABLE, messages_in, refusal, unix_time
from clients.connection.tls import connect
from clients.cursor import Cursor
from clients.delivery import ClocksDiffer, Delivery
from clients.errors import BrokenFeed, ConnectionLost, Refused
from clients.ledger import Ledger


@dataclass(frozen=True)
class Response:
    """A whole response; `received_at` is the Unix time in seconds at which its last byte arrived."""

    status: int
    fields: dict[str, str]
    body: bytes
    received_at: float


class HttpConnection:
    """Sends one request after another on one connection, with Host and the caller's field lines."""

    def __init__(
        self,
        url: str,
        ledger: Ledger,
        timeout: float,
        fields: Iterable[tuple[str, str]] = (),
        trust: str | None = None,
    ) -> None:
        self._address, self._timeout, self._trust = address_of(url), timeout, trust
        self.ledger = ledger
        self._fields = [("Host", self._address.authority), *fields]
        self._connect()

    def _connect(self) -> None:
        self._h11, self.closed = h11.Connection(h11.CLIENT), False
        self.socket = connect(self._address, self.ledger, self._timeout, self._trust)

    def __enter__(self) -> "HttpConnection":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def get(self, target: str) -> Response:
        """Return the response to a GET; ConnectionLost if it does not come whole.

        A proxy may close a connection after a response, or while it is idle. The next request then opens a new one
        (RFC 9112 section 9.3).
        """
        if self.closed or self._ended_while_idle():
            self.socket.close()
            self._connect()
        request = h11.Request(method="GET", target=self._address.target(target), headers=self._fields)
        try:
            self.socket.sendall(self._send(request) + self._send(h11.EndOfMessage()))
            return self._receive()
        except h11.RemoteProtocolError as error:
            ended = "the server ended the connection before its response was whole"
            raise ConnectionLost(ended if self.socket.ended else "the server answers, but not in HTTP") from error

    def _ended_while_idle(self) -> bool:
        self.socket.settimeout(0)
        try:
            self.socket.recv(65_536)  # its end; or a response to no request, as a 408, after which it ends
        except BlockingIOError:
            return False
        except OSError:
            return True
        finally:
            self.socket.settimeout(self._timeout)
        return True

    def ask(self, cursor: Cursor, **extra: object) -> list[Delivery]:
        """Ask for what comes after the cursor, and step over it."""
        answer = self.get(cursor.target(**extra))
        fields = answer.fields
        messages = messages_in(answer.status, answer.body, fields.get("content-encoding"), fields.get("retry-after"))
        deliveries = list(cursor.deliver(messages, answer.received_at, self.ledger.wire)) if messages else []
        cursor.learn(fields.get("feed-epoch"), fields.get("feed-newest"))
        return deliveries

    def _send(self, event: Any) -> bytes:
        return self._h11.send(event) or b""

    def _receive(self) -> Response:
        body = bytearray()
        while not isinstance(event := self._next_event(), h11.EndOfMessage):
            if isinstance(event, h11.Response):
                response = event
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > LARGEST:
                    raise BrokenFeed(f"the server's answer has more than {LARGEST:,} B")
        answer = Response(response.status_code, fields_of(response), bytes(body), self.socket.arrived_at or time.time())
        if self._h11.our_state is h11.MUST_CLOSE:
            self.closed = True
        else:
            self._h11.start_next_cycle()
        return answer

    def _next_event(self) -> Any:
        while (event := self._h11.next_event()) is h11.NEED_DATA:
            self._h11.receive_data(self.socket.recv(65_536))
        return event


CLOCKS_AGREE = 2.0  # seconds
PROBLEM = "application/problem+json"  # RFC 9457
GZIP = (("Accept-Encoding", "gzip"),)
"""The field lines of a client that takes messages compressed (RFC 9110 section 12.5.3)."""


def fields_of(response: h11.Response) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in response.headers}


def clock_ahead(answer: Response) -> float:
    """Seconds by which the server's clock is ahead of this machine's; 0 if they agree or the server does not say.

    Date has whole seconds (RFC 9110 section 6.6.1), and the response takes a moment: clocks within 2 s count as equal.
    """
    date = unix_time(answer.fields.get("date", ""))
    ahead = 0.0 if date is None else date - answer.received_at
    return ahead if abs(ahead) > CLOCKS_AGREE else 0.0


def read_status(
    url: str,
    ledger: Ledger,
    timeout: float,
    trust: str | None = None,
    on_change: Callable[[ClocksDiffer], Any] | None = None,
) -> dict[str, Any]:
    """Return what a server says of itself and its feed, on a connection of its own; Refused by another server.

    `on_change` is called if the server's clock and this machine's differ.
    """
    with HttpConnection(url, ledger, timeout, trust=trust) as connection:
        answer = connection.get("/status")
    if answer.fields.get("content-type") == PROBLEM or answer.status in UNAVAILABLE:
        raise refusal(answer.status, answer.body, answer.fields.get("retry-after"))
    with suppress(ValueError):
        status = json.loads(answer.body)
        if isinstance(status, dict) and {"epoch", "newest"} <= status.keys():
            if on_change and (seconds := clock_ahead(answer)):
                on_change(ClocksDiffer(seconds))
            return status
    raise Refused(f"this is no server of the lab: /status is answered with {answer.status}")


def check_transport(
    url: str,
    transport: str,
    ledger: Ledger,
    timeout: float,
    trust: str | None = None,
    on_change: Callable[[ClocksDiffer], Any] | None = None,
) -> dict[str, Any]:
    """As `read_status`; Refused unless the server serves this transport, OSError if it cannot be reached."""
    status = read_status(url, ledger, timeout, trust, on_change)
    if (served := status.get("transport", transport)) != transport:
        raise Refused(f"this server serves {served}, not {transport}: follow it as {served}, or take another address")
    return status
