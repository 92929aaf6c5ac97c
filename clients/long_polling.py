"""Long polling: ask, be held until there is an answer, ask again at once."""

from collections.abc import Callable, Generator, Iterator
from typing import Any

from clients.counting import PATIENCE, resuming
from clients.delivery import Cursor, Delivery, Gap
from clients.http import HttpConnection
from clients.ledger import Ledger

GRACE = 10.0  # seconds that an answer may take beyond the hold


def follow(
    url: str,
    after: int | None = None,
    *,
    hold: float = 25.0,
    ledger: Ledger | None = None,
    on_gap: Callable[[Gap], Any] = print,
    patience: float = PATIENCE,
) -> Generator[Delivery, None, None]:
    """Yield what is published after `after` (None: from now on), letting the server hold each question `hold` seconds.

    Raises ServerMissing, Refused or BrokenFeed. The bytes are booked in `ledger`.
    """
    book = Ledger() if ledger is None else ledger

    def session(cursor: Cursor) -> Iterator[Delivery]:
        with HttpConnection(url, book, hold + GRACE) as connection:
            while True:
                yield from connection.ask(cursor, wait=hold)

    return resuming(session, Cursor(after), on_gap, patience)
