"""Server-sent events: ask once, for a response that does not end."""

from collections.abc import Callable, Generator, Iterator
from typing import Any

from clients.connection.event_stream import LAST_EVENT_ID, EventStreamConnection
from clients.connection.http import GZIP
from clients.cursor import Cursor
from clients.delivery import Delivery, Disconnected, Gap, Reconnected
from clients.ledger import Ledger
from clients.resuming import PATIENCE, ignore, resuming


def follow(
    url: str,
    after: int | None = None,
    *,
    ledger: Ledger | None = None,
    on_gap: Callable[[Gap], Any] = print,
    on_change: Callable[[Disconnected | Reconnected], Any] = ignore,
    patience: float = PATIENCE,
    trust: str | None = None,
    deflate: bool = False,
) -> Generator[Delivery, None, None]:
    """Yield what is published after `after` (None: from now on), as the server sends it.

    Raises ServerMissing, Refused, TlsFailed or BrokenFeed. The bytes are booked in `ledger`. Over TLS, `trust` is a
    PEM file of the authority to trust instead of the system's. With `deflate`, events may come compressed.
    """
    book = Ledger() if ledger is None else ledger

    def session(cursor: Cursor) -> Iterator[Delivery]:
        fields = list(GZIP) if deflate else []
        resumed = cursor.answers > 0
        if resumed:  # as a browser does it
            fields.append((LAST_EVENT_ID, str(cursor.seq)))
        target = cursor.target(after=None) if resumed else cursor.target()
        with EventStreamConnection(url, target, book, fields, trust, cursor.on_answer, cursor.on_gone) as connection:
            cursor.begin(connection.fields.get("feed-epoch"), connection.fields.get("feed-newest"))
            for messages, received_at in connection.messages():
                yield from cursor.deliver(messages, received_at, book.wire)

    return resuming(session, Cursor(after), on_gap, patience, on_change)
