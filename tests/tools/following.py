"""The clients as a test follows with them."""

import threading
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import pytest

from clients import long_polling, polling, server_sent_events, websocket
from clients.delivery import Delivery, Gap
from clients.ledger import Ledger
from tools.lab import WAIT, WITH_GUESTS, Lab

FOLLOW: dict[str, Callable[..., Iterator[Delivery]]] = {
    "polling": lambda url, after=None, **more: polling.follow(url, after, interval=0.05, **more),
    "long-polling": lambda url, after=None, **more: long_polling.follow(url, after, hold=5, **more),
    "websocket": websocket.follow,
    "server-sent-events": server_sent_events.follow,
}

each = pytest.mark.parametrize("transport", WITH_GUESTS)


class Follower:
    """Follows a feed on a thread of its own until it has `count` deliveries."""

    def __init__(self, transport: str, url: str, count: int, after: int | None = None) -> None:
        self.deliveries: list[Delivery] = []
        self.gaps: list[Gap] = []
        self.ledger = Ledger()
        self._following = FOLLOW[transport](url, after, ledger=self.ledger, on_gap=self.gaps.append)
        self._thread = threading.Thread(target=self._run, args=(count,), daemon=True)
        self._thread.start()

    def _run(self, count: int) -> None:
        for delivery in islice(self._following, count):
            self.deliveries.append(delivery)
        self._following.close()

    def finish(self) -> list[Any]:
        """The data of all deliveries, once they are there."""
        self._thread.join(2 * WAIT)
        assert not self._thread.is_alive(), f"only {self.deliveries}"
        return [delivery.data for delivery in self.deliveries]


def asked(lab: Lab, transport: str, before: int = 0) -> bool:
    """Whether a client's question has reached the server."""
    return lab.status(transport)["requests"] > before
