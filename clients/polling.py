"""Plain polling: ask, get a response at once, wait, ask again."""

import time
from collections.abc import Callable, Generator, Iterator
from typing import Any

from clients.connection.http import GZIP, HttpConnection
from clients.cursor import Cursor
from clients.delivery import Delivery, Disconnected, Gap, Reconnected
from clients.ledger import Ledger
from clients.resuming import PATIENCE, ignore, resuming

ANSWER_TIMEOUT = 10.0  # seconds


def follow(
    url: str,
    after: int | None = None,
    *,
    interval: float = 1.0,
    ledger: Ledger | None = None,
    on_gap: Callable[[Gap], Any] = print,
    on_change: Callable[[Disconnected | Reconnected], Any] = ignore,
    patience: float = PATIENCE,
    trust: str | None = None,
    deflate: bool = False,
) -> Generator[Delivery, None, None]:
    """Yield what is published after `after` (None: from now on), asking every `interval` seconds.

    Raises ServerMissing, Refused, TlsFailed or BrokenFeed. The bytes are booked in `ledger`. Over TLS, `trust` is a
    PEM file of the authority to trust instead of the system's. With `deflate`, answers may come compressed.
    """
    book = Ledger() if ledger is None else ledger

    def session(cursor: Cursor) -> Iterator[Delivery]:
        with HttpConnection(url, book, ANSWER_TIMEOUT, GZIP if deflate else (), trust) as connection:
            for _ in cadence(interval):
                yield from connection.ask(cursor)

    return resuming(session, Cursor(after), on_gap, patience, on_change)


def cadence(interval: float) -> Iterator[None]:
    """Tick every `interval` seconds from now on; a late tick does not move the next one.

    One that is late by more than an interval begins the rhythm again: after a sleep nothing is made up for.
    """
    due = time.monotonic()
    while True:
        time.sleep(max(due - time.monotonic(), 0))
        now = time.monotonic()
        due = now if now - due > interval else due
        yield
        due += interval
