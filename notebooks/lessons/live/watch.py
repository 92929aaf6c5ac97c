"""The same messages by each transport at once: what each client sent and received, byte by byte, and when."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any

from clients import long_polling, polling, websocket
from clients.delivery import Delivery
from clients.ledger import Transcript
from clients.ledger.book import Direction
from lessons.live.progress import progress_of
from lessons.live.recordings import recorded_or
from lessons.live.servers import LiveServers
from results.transports import COMPARED

FOLLOW: dict[str, Callable[..., Generator[Delivery, None, None]]] = {
    "polling": polling.follow,
    "long-polling": long_polling.follow,
    "websocket": websocket.follow,
}
JOINED_WITHIN = 10.0  # seconds for three clients to be at their servers


@dataclass
class TimedTranscript(Transcript):
    """A transcript with the time of each of its entries, Unix time in seconds."""

    times: list[float] = field(default_factory=list)

    def book(self, direction: Direction, heading: str, data: bytes) -> None:
        super().book(direction, heading, data)
        if data:
            self.times.append(time.time())


@dataclass(frozen=True)
class Watched:
    """What one client received, and all that it took; `one_way` is the transit in seconds that was inserted."""

    transport: str
    deliveries: list[Delivery]
    diary: TimedTranscript
    one_way: float


def watch(servers: LiveServers, messages: int = 8, interval: float = 1.0) -> dict[str, Watched]:
    """Follow the first `messages` of servers that are `waiting`, with one client of each transport at the same time.

    Polls come every `interval` seconds. By the transports' names. The recording, where there are no servers.
    """
    key = f"watch {messages} every {interval:g} s, round trip {servers.rtt_ms:g} ms"
    found = recorded_or(
        key, lambda: {name: as_json(each) for name, each in followed(servers, messages, interval).items()}
    )
    return {name: from_json(name, each) for name, each in found.items()}


def followed(servers: LiveServers, messages: int, interval: float) -> dict[str, Watched]:
    """The same of servers that are there."""
    servers.check_running()
    diaries = {name: TimedTranscript() for name in COMPARED}
    found: dict[str, list[Delivery]] = {name: [] for name in COMPARED}

    def follow(name: str) -> None:
        own: dict[str, Any] = {"interval": interval} if name == "polling" else {}
        with closing(FOLLOW[name](servers.urls[name], 0, ledger=diaries[name], **own)) as deliveries:
            for delivery in islice(deliveries, messages):
                found[name].append(delivery)

    threads = [threading.Thread(target=follow, args=[name], daemon=True) for name in COMPARED]
    for thread in threads:
        thread.start()
    wait_for_clients(servers)
    servers.publish()
    with progress_of(messages * len(COMPARED), "messages have come") as advance_to:
        while any(thread.is_alive() for thread in threads):
            advance_to(sum(len(list(each)) for each in found.values()))
            for thread in threads:
                thread.join(0.05)
    return {name: Watched(name, found[name], diaries[name], servers.rtt_ms / 2000) for name in COMPARED}


def wait_for_clients(servers: LiveServers) -> None:
    """Return once each server has been asked for messages; TimeoutError if that takes too long."""
    deadline = time.monotonic() + JOINED_WITHIN
    while not all(asked(url) for url in servers.urls.values()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"the clients were not at their servers within {JOINED_WITHIN:g} s")
        time.sleep(0.02)


def asked(url: str) -> bool:
    """Whether a server has had a request for messages."""
    with urllib.request.urlopen(url.replace("ws:", "http:", 1) + "/status", timeout=JOINED_WITHIN) as answer:
        return json.load(answer)["requests"] > 0


def as_json(watched: Watched) -> dict[str, Any]:
    """All that was watched, for a file."""
    diary = watched.diary
    entries = [[way, heading, data.decode("latin-1"), when]
               for (way, heading, data), when in zip(diary.entries, diary.times, strict=True)]  # fmt: skip
    wire = [diary.wire_sent, diary.wire_received]
    return {"deliveries": list(map(asdict, watched.deliveries)), "entries": entries, "wire": wire,
            "one_way": watched.one_way}  # fmt: skip


def from_json(transport: str, told: dict[str, Any]) -> Watched:
    diary = TimedTranscript(wire_sent=told["wire"][0], wire_received=told["wire"][1])
    for way, heading, data, _ in told["entries"]:
        diary.book(way, heading, data.encode("latin-1"))
    diary.times = [entry[3] for entry in told["entries"]]
    return Watched(transport, [Delivery(**each) for each in told["deliveries"]], diary, told["one_way"])
