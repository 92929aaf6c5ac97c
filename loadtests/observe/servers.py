"""The lab's servers as they are observed: nothing is published but what an observer posts."""

import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from loadtests.runs.measure import START_TIMEOUT
from loadtests.runs.processes import Child


@dataclass(frozen=True)
class Servers:
    """The process of the servers, and their addresses."""

    process: Child
    urls: dict[str, str]

    @property
    def polling(self) -> str:
        return self.urls["polling"]

    @property
    def websocket(self) -> str:
        return self.urls["websocket"]

    @property
    def page(self) -> str:
        """A page of the WebSocket server's own, which no other site's may open."""
        return self.websocket.replace("ws", "http", 1) + "/status"

    def publish(self, text: str) -> None:
        """Post a message; it is on the feed when this returns."""
        plain = {"Content-Type": "text/plain"}
        posted = urllib.request.Request(f"{self.polling}/messages", text.encode(), plain, method="POST")
        urllib.request.urlopen(posted, timeout=START_TIMEOUT).close()


@contextmanager
def serving() -> Iterator[Servers]:
    """The servers, guests included, on free ports, with a feed of their own."""
    arguments = ["-m", "servers", "--guests", "--ports", "0,0,0,0", "--controlled", "--source", "none"]
    with Child("the servers' process", arguments) as process:
        yield Servers(process, process.expect("urls", START_TIMEOUT))
