"""Following a feed over one connection after another: nothing is lost, nothing repeated."""

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from typing import Any

from clients.cursor import Cursor
from clients.delivery import Delivery, Disconnected, Gap, Reconnected
from clients.errors import ConnectionLost, Gone, ServerMissing, ServerUnavailable

FIRST_RETRY, LONGEST_RETRY, PATIENCE = 0.1, 2.0, 60.0  # seconds

Session = Callable[[Cursor], Iterator[Delivery]]


def ignore(change: object) -> None:
    """Say nothing of it."""


@dataclass
class Outage:
    """What a client knows of a server that may be away."""

    on_change: Callable[[Disconnected | Reconnected], Any]
    away: bool = False
    gap: bool = False
    seq: int = 0
    lost_at: float = field(default_factory=time.monotonic)

    def begin(self, reason: str, seq: int) -> None:
        """The connection is lost, after it had worked; `seq` is the last message that came."""
        self.away, self.gap, self.seq, self.lost_at = True, False, seq, time.monotonic()
        self.on_change(Disconnected(reason))

    def end(self) -> None:
        """The server answers."""
        if self.away:
            self.away = False
            self.on_change(Reconnected(time.monotonic() - self.lost_at, self.seq, self.gap))


def resuming(
    session: Session,
    cursor: Cursor,
    on_gap: Callable[[Gap], Any],
    patience: float,
    on_change: Callable[[Disconnected | Reconnected], Any] = ignore,
) -> Generator[Delivery, None, None]:
    """Run session after session, each from where the last one ended: nothing is lost, nothing repeated.

    ServerMissing at once if the server was never reached. ServerMissing after `patience` seconds if it went away, or if
    a proxy answers 502, 503 or 504 for it. A Retry-After lengthens the wait before the next attempt.
    """
    retry, outage = FIRST_RETRY, Outage(on_change)

    def report_gap(gone: Gone) -> None:
        on_gap(cursor.skip(gone))
        outage.gap, outage.seq = True, cursor.seq or 0

    cursor.on_answer, cursor.on_gone = outage.end, report_gap
    while True:
        answers = cursor.answers
        try:
            yield from session(cursor)
        except Gone as gone:
            report_gap(gone)
        except OSError as error:
            busy = error.retry_after if isinstance(error, ServerUnavailable) else None
            if cursor.answers > answers or busy is not None and not outage.away:
                retry = FIRST_RETRY
                outage.begin(error.strerror or str(error), cursor.seq or 0)
            reached = cursor.answers or busy is not None
            if not reached or time.monotonic() - outage.lost_at > patience:
                raise ServerMissing(f"nobody answers ({error.strerror or error}){silence_hint(error)}") from None
            time.sleep(min(max(retry, busy or 0.0), patience))
            retry = min(2 * retry, LONGEST_RETRY)


def silence_hint(error: OSError) -> str:
    """What may be wrong where somebody is there and says nothing."""
    there = isinstance(error, ConnectionResetError | ConnectionLost) and not isinstance(error, ServerUnavailable)
    return "; a server that speaks TLS has an address with https or wss" if there else ""
