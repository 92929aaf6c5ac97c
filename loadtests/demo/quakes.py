"""What is published in the demonstration: earthquakes at random moments, as often as the settings say."""

from __future__ import annotations

import json
import random
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from itertools import cycle
from typing import Any
from urllib.parse import urlsplit

from gevent.event import Event

from loadtests.demo.settings import Settings
from servers.sources import read_earthquakes

POST_TIMEOUT = 5.0  # seconds


class Quakes:
    """Publishes the recorded earthquakes, one after another, with Poisson arrivals of `settings().rate_hz`."""

    def __init__(self, post_to: Callable[[], str], settings: Callable[[], Settings], seed: int | None = None) -> None:
        self._post_to, self._settings, self._chance = post_to, settings, random.Random(seed)
        self._changed = Event()

    def change(self) -> None:
        """Look at the settings again."""
        self._changed.set()

    def run(self) -> None:
        """Publish without end."""
        for quake in cycle(read_earthquakes()):
            self._wait()
            self.publish(quake)

    def _wait(self) -> None:
        """Return at the moment of the next message; a changed rate begins a new wait (it has no memory)."""
        while True:
            self._changed.clear()
            settings = self._settings()
            pause = None if settings.paused else self._chance.expovariate(settings.rate_hz)
            if not self._changed.wait(pause):
                return

    def publish(self, data: Any) -> None:
        """Post it to the servers; while they are away it is not published."""
        parts = urlsplit(self._post_to())
        url = parts._replace(path="/messages").geturl()
        request = urllib.request.Request(url, json.dumps(data).encode(), {"Content-Type": "application/json"})
        with suppress(OSError):
            urllib.request.urlopen(request, timeout=POST_TIMEOUT).close()
