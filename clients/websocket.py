"""WebSocket: ask for the connection once, then be told."""

from collections.abc import Callable, Generator, Iterator
from typing import Any

from clients.connection.http import check_transport
from clients.connection.websocket import SILENCE, WebSocketConnection
from clients.cursor import Cursor
from clients.delivery import ClocksDiffer, Delivery, Disconnected, Gap, Reconnected
from clients.ledger import Ledger
from clients.resuming import PATIENCE, ignore, resuming


def follow(
    url: str,
    after: int | None = None,
    *,
    ledger: Ledger | None = None,
    on_gap: Callable[[Gap], Any] = print,
    on_change: Callable[[Disconnected | Reconnected | ClocksDiffer], Any] = ignore,
    patience: float = PATIENCE,
    trust: str | None = None,
    deflate: bool = False,
) -> Generator[Delivery, None, None]:
    """Yield what is published after `after` (None: from now on), as the server sends it.

    Raises ServerMissing, Refused, TlsFailed or BrokenFeed. The bytes are booked in `ledger`. Over TLS, `trust` is a
    PEM file of the authority to trust instead of the system's. `deflate` offers to take messages compressed.
    """
    book = Ledger() if ledger is None else ledger

    def session(cursor: Cursor) -> Iterator[Delivery]:
        resumed = cursor.epoch is not None
        if not resumed:
            # a 101 does not say where the feed stands
            status = check_transport(url, "websocket", book, SILENCE, trust, on_change)
            cursor.learn(status["epoch"], status["newest"])
        with WebSocketConnection(url, cursor.target(), book, trust=trust, deflate=deflate) as connection:
            cursor.answers += 1  # but not yet a sign that the feed goes on: a close for a gap may follow
            if resumed:
                connection.ping(on_pong=cursor.on_answer)
            for messages, received_at in connection.messages():
                cursor.on_answer()
                yield from cursor.deliver(messages, received_at, book.wire)

    return resuming(session, Cursor(after), on_gap, patience, on_change)
