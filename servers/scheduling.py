"""Cooperative scheduling: a greenlet with much work yields to the event loop in between."""

import gevent
from gevent.lock import Semaphore

_one = Semaphore()


def yield_to_loop() -> None:
    """Let all other greenlets run, those included whose bytes have arrived in the meantime.

    `gevent.sleep(0)` does not: the event loop polls its sockets only after 50 or more callbacks, and each callback may
    be another greenlet's work (CALLBACK_CHECK_COUNT). A timer, however short, waits for the poll.
    """
    gevent.sleep(1e-9)


def one_per_loop() -> None:
    """Yield to the loop, and return to one caller per iteration of it; that caller may work until it waits."""
    with _one:
        yield_to_loop()
