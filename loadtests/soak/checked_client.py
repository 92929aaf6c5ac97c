"""A client that writes down what it is told, and whether something was missing without a word."""

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from clients import long_polling, polling, websocket
from clients.connection import websocket as connection
from clients.delivery import Delivery, Gap
from clients.errors import ClientError

FOLLOW: dict[str, Callable[..., Iterator[Delivery]]] = {
    "polling": polling.follow,
    "long-polling": partial(long_polling.follow, hold=2.0),
    "websocket": websocket.follow,
}
PATIENCE = 300.0  # seconds that a client goes on trying
SILENCE = 5.0  # seconds without a message after which a WebSocket is dead to its client: five come each second


class CheckedClient:
    """Follows a feed in a thread of its own, from its beginning to the end of this program."""

    def __init__(self, transport: str, url: str, poll_interval: float = 0.5) -> None:
        self.transport = transport
        self.latencies: list[float] = []  # seconds
        self.seq = self.gaps = 0
        self.faults: list[str] = []  # what must not be: a message left out, repeated, or out of its order
        self._paused_until = 0.0
        connection.SILENCE = SILENCE
        own = {"interval": poll_interval} if transport == "polling" else {}
        threading.Thread(target=self._follow, args=[url, own], daemon=True).start()

    def pause(self, seconds: float) -> None:
        """Take nothing for so long."""
        self._paused_until = time.monotonic() + seconds

    def _follow(self, url: str, own: dict[str, float]) -> None:
        try:
            for delivery in FOLLOW[self.transport](url, 0, on_gap=self._skip, patience=PATIENCE, **own):
                self._take(delivery)
        except ClientError as error:
            self.faults.append(str(error))

    def _take(self, delivery: Delivery) -> None:
        if delivery.seq != self.seq + 1:
            self.faults.append(f"{delivery.seq} after {self.seq}")
        self.seq = delivery.seq
        self.latencies.append(delivery.latency)
        time.sleep(max(self._paused_until - time.monotonic(), 0))

    def _skip(self, gap: Gap) -> Any:
        self.seq, self.gaps = gap.oldest - 1, self.gaps + 1
