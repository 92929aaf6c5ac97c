"""Long polling: ask, wait for the response, ask again at once."""

from collections.abc import Callable, Generator, Iterator
from typing import Any

from clients.connection.http import GZIP, HttpConnection
from clients.cursor import Cursor
from clients.delivery import Delivery, Disconnected, Gap, Reconnected
from clients.ledger import Ledger
from clients.resuming import PATIENCE, ignore, resuming

GRACE = 10.0  # seconds that a response may take beyond the hold


def follow(
    url: str,
    after: int | None = None,
    *,
    hold: float = 25.0,
    ledger: Ledger | None = None,
    on_gap: Callable[[Gap], Any] = print,
    on_change: Callable[[Disconnected | Reconnected], Any] = ignore,
    patience: float = PATIENCE,
    trust: str | None = None,
    deflate: bool = False,
) -> Generator[Delivery, None, None]:
    """Yield what is published after `after` (None: from now on), letting the server hold each request `hold` seconds.

    Raises ServerMissing, Refused, TlsFailed or BrokenFeed. The bytes are booked in `ledger`. Over TLS, `trust` is a
    PEM file of the authority to trust instead of the system's. With `deflate`, answers may come compressed.
    """
    book = Ledger() if ledger is None else ledger

    def session(cursor: Cursor) -> Iterator[Delivery]:
        with HttpConnection(url, book, hold + GRACE, GZIP if deflate else (), trust) as connection:
            if cursor.answers:  # a connection was lost: is the server back?
                yield from connection.ask(cursor, wait=0)
            while True:
                yield from connection.ask(cursor, wait=hold)

    return resuming(session, Cursor(after), on_gap, patience, on_change)
