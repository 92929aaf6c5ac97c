"""Following a feed over one connection after another: nothing is lost, nothing repeated."""

import time
from collections.abc import Callable, Generator, Iterator
from typing import Any

from clients.cursor import Cursor
from clients.delivery import Delivery, Gap
from clients.errors import ConnectionLost, Gone, ServerMissing

FIRST_RETRY, LONGEST_RETRY, PATIENCE = 0.1, 2.0, 60.0  # seconds

Session = Callable[[Cursor], Iterator[Delivery]]


def resuming(
    session: Session, cursor: Cursor, on_gap: Callable[[Gap], Any], patience: float
) -> Generator[Delivery, None, None]:
    """Run session after session, each from where the last one ended: nothing is lost, nothing repeated.

    A server that was never reached is ServerMissing at once; one that went away, after `patience` seconds.
    """
    retry, lost_at = FIRST_RETRY, time.monotonic()
    while True:
        answers = cursor.answers
        try:
            yield from session(cursor)
        except Gone as gone:
            on_gap(cursor.skip(gone))
        except OSError as error:
            if cursor.answers > answers:
                retry, lost_at = FIRST_RETRY, time.monotonic()
            if not cursor.answers or time.monotonic() - lost_at > patience:
                raise ServerMissing(f"nobody answers ({error.strerror or error}){hint(error)}") from None
            time.sleep(retry)
            retry = min(2 * retry, LONGEST_RETRY)


def hint(error: OSError) -> str:
    """What may be wrong where somebody is there and says nothing."""
    there = isinstance(error, ConnectionResetError | ConnectionLost)
    return "; a server that speaks TLS has an address with https or wss" if there else ""
