"""The tap of the delay line: it books every byte that passes under its heading, as the ledger does. No I/O.

A browser cannot count its own bytes. The link that stands between it and a server can: it sees what the client sends
and is sent. Bytes of the feed (messages, echoes, and all of a WebSocket) are counted apart from the page's own files.
"""

import re
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from clients.ledger import HEADINGS, Account, Direction, Head, Ledger

OF_THE_FEED = ("/messages", "/echo")
MESSAGE = re.compile(rb'\{"seq":\d{1,18},"published_at":')
LONGEST_START = 48  # bytes of a message in which that stands
MOST_ENTRIES = 40  # that are kept between two reports
LONGEST_TEXT = 300  # characters of an entry that are reported


@dataclass
class FeedLedger(Ledger):
    """The feed's part of one connection: its messages and requests, and its booked bytes in order."""

    number: int = 0
    path: str = ""
    entries: deque[dict[str, Any]] = field(default_factory=deque)
    messages: int = 0
    requests: int = 0
    _begun: bytes = b""  # what may be the start of a message

    def book(self, direction: Direction, heading: str, data: bytes) -> None:
        super().book(direction, heading, data)
        if heading == "payload" and direction == "received":
            self._count(data)
        if data:
            text = data[:LONGEST_TEXT].decode("latin-1")
            self.entries.append({"connection": self.number, "path": self.path, "direction": direction,
                                 "heading": heading, "text": text, "size": len(data)})  # fmt: skip

    def _count(self, data: bytes) -> None:
        """Count the messages that begin here, wherever their bytes were divided."""
        self._begun += data
        end = 0
        for found in MESSAGE.finditer(self._begun):
            self.messages += 1
            end = found.end()
        self._begun = self._begun[end:][-LONGEST_START:]


class TappedConnection(Account):
    """The account of one connection: each exchange is booked in the feed's ledger or in the page's."""

    def __init__(self, feed: FeedLedger) -> None:
        self.feed, self.page = feed, Ledger()
        super().__init__(self.page)

    def sent(self, data: bytes) -> None:
        self._feed("sent", data)

    def received(self, data: bytes) -> None:
        self._feed("received", data)

    def begin_exchange(self, request: Head) -> None:
        """Choose the ledger: a browser asks for one thing at a time on a connection."""
        target = request.lines[0].split(b" ")[1:2]
        path = target[0].partition(b"?")[0].decode("latin-1") if target else ""
        of_the_feed = request.upgrades or path.endswith(OF_THE_FEED)
        self.ledger, self.feed.path = (self.feed if of_the_feed else self.page), path
        self.feed.requests += of_the_feed


class Tap:
    """All connections through one link. For one thread."""

    def __init__(self) -> None:
        self._open: dict[int, TappedConnection] = {}
        self._entries: deque[dict[str, Any]] = deque(maxlen=MOST_ENTRIES)
        self._closed = dict.fromkeys(TOTALS, 0)
        self._base = dict.fromkeys(TOTALS, 0)
        self._wire = 0

    def passed(self, connection: int, direction: Direction, data: bytes) -> None:
        """Book bytes of a connection: sent by the client, or received by it."""
        if connection not in self._open:
            self._open[connection] = TappedConnection(FeedLedger(number=connection, entries=self._entries))
        self._wire += len(data)
        getattr(self._open[connection], direction)(data)

    def closed(self, connection: int) -> None:
        """Book what a connection that has ended left unfinished."""
        if account := self._open.pop(connection, None):
            account.close()
            self._closed = added(self._closed, totals(account))

    def clear(self) -> None:
        """Count from now on."""
        self._base = self._total()
        self._entries.clear()

    def report(self) -> dict[str, Any]:
        """What was counted since `clear`, bytes by heading; and what was booked since the last report."""
        counted = {name: value - self._base[name] for name, value in self._total().items()}
        entries = list(self._entries)
        self._entries.clear()
        return {
            "bytes": {name: counted[name] for name in HEADINGS}, "page_bytes": counted["page"],
            "messages": counted["messages"], "requests": counted["requests"], "connections": len(self._open),
            "wire": self._wire, "entries": entries,
        }  # fmt: skip

    def _total(self) -> dict[str, int]:
        total = self._closed
        for account in self._open.values():
            total = added(total, totals(account))
        return total


TOTALS = (*HEADINGS, "page", "messages", "requests")


def totals(account: TappedConnection) -> dict[str, int]:
    """The counts of one connection."""
    page = sum(getattr(account.page, name) for name in HEADINGS)
    return {name: page if name == "page" else getattr(account.feed, name) for name in TOTALS}


def added(some: dict[str, int], more: dict[str, int]) -> dict[str, int]:
    return {name: some[name] + more[name] for name in TOTALS}
