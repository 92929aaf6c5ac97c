"""Whoever works for long lets others run in between."""

import gevent
from gevent.lock import Semaphore

_one = Semaphore()


def give_way() -> None:
    """Let all others run, and those as well whose bytes have come in the meantime.

    `gevent.sleep(0)` does not: the event loop looks at its sockets only after 50 callbacks or more (its
    CALLBACK_CHECK_COUNT), each of which may be somebody's work. A timer, however short, waits until it has looked.
    """
    gevent.sleep(1e-9)


def take_turn() -> None:
    """The same, and return to one caller in a round of the event loop, however many ask; it may work until it waits."""
    with _one:
        give_way()
