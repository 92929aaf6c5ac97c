"""What is published: real earthquakes, a clock under control, or only what is posted.

A source is a timetable, a stream of (seconds since the start, data). The publisher keeps to it: each moment counts from
the start, so that a late message never delays the next.
"""

import csv
import random
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, Protocol

from servers.feed import Feed, Message

EARTHQUAKES = Path(__file__).with_name("data") / "earthquakes.csv"
SPEED = 720.0  # a day of earthquakes in two minutes: about two a second
SMALLEST = len(Message.encode(10**9, 10**9, "").encoded)  # bytes of a clock message without padding

Timetable = Iterator[tuple[float, Any]]


class Clockwork(Protocol):
    """A thread to publish from, and a sleep from which it can be woken."""

    def start(self, function: Callable[[], None]) -> None: ...

    def sleep(self, seconds: float) -> bool:
        """Sleep; return early, and true, once stopped."""

    def stop(self) -> None:
        """Wake the sleeper for good, and return once the function has."""


class PlainThread:
    """A clockwork of Python's own threads."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self.sleep = self._stopping.wait
        self._thread = threading.Thread(name="publisher", daemon=True)

    def start(self, function: Callable[[], None]) -> None:
        self._thread = threading.Thread(target=function, name="publisher", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()


def read_earthquakes() -> list[dict[str, Any]]:
    """The quakes of the file in time order, numbers as numbers."""
    with EARTHQUAKES.open(encoding="utf-8", newline="") as file:
        return [{key: number_or_text(key, value) for key, value in row.items()} for row in csv.DictReader(file)]


def number_or_text(column: str, value: str) -> int | float | str:
    if column in ("id", "place"):
        return value
    return float(value) if "." in value else int(value)


def mean_rate_hz() -> float:
    """Earthquakes per second of the recorded week, as they happened."""
    quakes = read_earthquakes()
    return (len(quakes) - 1) / (quakes[-1]["time_ms"] - quakes[0]["time_ms"]) * 1000


def earthquakes(speed: float = SPEED) -> Timetable:
    """The recorded week, `speed` times faster than it happened, over again at its end after a mean gap."""
    quakes = read_earthquakes()
    first = quakes[0]["time_ms"]
    span = quakes[-1]["time_ms"] - first + 1000 / mean_rate_hz()
    return (((quake["time_ms"] - first + week * span) / 1000 / speed, quake) for week in count() for quake in quakes)


def clock(rate: float, size: int, arrivals: str = "poisson", seed: int = 1) -> Timetable:
    """`rate` messages a second of exactly `size` bytes each; Poisson arrivals by `seed`, or even ones."""
    if size < SMALLEST:
        raise ValueError(f"a clock message has at least {SMALLEST} bytes")
    chance = random.Random(seed)
    due = 0.0
    while True:
        due += chance.expovariate(rate) if arrivals == "poisson" else 1 / rate
        yield due, padding(size)


def padding(size: int) -> Callable[[int], str]:
    """Return the data, as a function of its seq, that makes a message `size` bytes long."""

    def data(seq: int) -> str:
        room = size - len(Message.encode(seq, 10**9, "").encoded)
        return ("tick tock " * (room // 10 + 1))[:room]

    return data


class Publisher:
    """Publishes a timetable on a feed, between `start` and `stop`."""

    def __init__(self, feed: Feed, timetable: Timetable, clockwork: Clockwork | None = None) -> None:
        self._feed, self._timetable, self._clockwork = feed, timetable, clockwork or PlainThread()

    def start(self) -> None:
        self._clockwork.start(self._run)

    def stop(self) -> None:
        """Return once the last message is out."""
        self._clockwork.stop()

    def _run(self) -> None:
        started = time.time()
        for offset, data in self._timetable:
            due = started + offset
            if self._clockwork.sleep(max(due - time.time(), 0)):
                return
            self._feed.publish(data, due)
