"""What is published: real earthquakes, a clock under control, or only what is posted.

A source is a timetable: pairs of the seconds since the start and the data that is due then.
"""

import csv
import random
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from servers.feed import Message

EARTHQUAKES = Path(__file__).with_name("data") / "earthquakes.csv"
SPEED = 720.0  # a day of earthquakes in two minutes: about two a second
SMALLEST = len(Message.encode(10**9, 10**9, "").encoded)  # bytes of a clock message without padding

Timetable = Iterator[tuple[float, Any]]


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
    """`rate` messages a second of exactly `size` bytes each; Poisson arrivals by `seed`, or even ones.

    The size is exact in a feed that has no other publisher: the digits of `seq` are part of a message.
    """
    if size < SMALLEST:
        raise ValueError(f"a clock message has at least {SMALLEST} bytes")
    chance = random.Random(seed)
    due = 0.0
    for seq in count(1):
        due += chance.expovariate(rate) if arrivals == "poisson" else 1 / rate
        yield due, padding(size, seq)


def padding(size: int, seq: int) -> str:
    """Return the data that makes the message with this `seq` `size` bytes long."""
    room = size - len(Message.encode(seq, 10**9, "").encoded)
    return ("tick tock " * (room // 10 + 1))[:room]
