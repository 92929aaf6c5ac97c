"""A client's place in the feed, from which it resumes. No I/O."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from clients.delivery import Delivery, Gap
from clients.errors import BrokenFeed, Gone

MOST_DIGITS = 18  # of a seq: what the servers take


@dataclass
class Cursor:
    """A client's place in the feed: the last seq it has, and the feed's epoch; None until it knows them."""

    seq: int | None = None
    epoch: str | None = None
    booked: int = 0  # wire bytes that earlier deliveries account for
    answers: int = 0  # how many responses have come
    on_answer: Callable[[], Any] = lambda: None  # called when one shows that the feed goes on
    on_gone: Callable[[Gone], Any] = lambda gone: None  # called for a gap that is reported within a response

    def target(self, **extra: object) -> str:
        """The request target that asks for what comes next."""
        known = {"after": self.seq, "epoch": self.epoch} | extra
        query = urlencode({name: value for name, value in known.items() if value is not None})
        return f"/messages?{query}" if query else "/messages"

    def learn(self, epoch: str | None, newest: str | int | None) -> None:
        """Count a response that shows that the feed goes on, and take over what it says of the feed."""
        self.on_answer()
        self.begin(epoch, newest)

    def begin(self, epoch: str | None, newest: str | int | None) -> None:
        """Count a response; take over what it says of the feed where the cursor does not know it yet."""
        self.answers += 1
        self.epoch = self.epoch or epoch
        if self.seq is None and newest is not None:
            self.seq = parse_seq(newest)

    def deliver(self, messages: list[bytes], received_at: float, wire: int) -> Iterator[Delivery]:
        """Step over messages that came together; `wire` is what the ledger's total was then.

        BrokenFeed if a seq is not the next one.
        """
        for message, spent in zip(messages, self.split_wire_bytes(messages, wire), strict=True):
            seq, published_at, data = parse_message(message)
            if self.seq is not None and seq != self.seq + 1:
                raise BrokenFeed(f"message {seq} came after {self.seq}")
            self.seq = seq
            yield Delivery(seq, published_at, received_at, data, len(message), spent)

    def split_wire_bytes(self, messages: list[bytes], wire: int) -> list[int]:
        """Divide the bytes since the last messages among these.

        Each has its own bytes and its line end, and an equal share of the rest: the response's headers. If compressed,
        all share what there is by their sizes. What a division leaves goes to the first.
        """
        whole, self.booked = wire - self.booked, wire
        sizes = [len(message) + 1 for message in messages]
        headers = whole - (total := sum(sizes))
        shares = [size + headers // len(sizes) if headers >= 0 else size * whole // total for size in sizes]
        return [whole - sum(shares[1:]), *shares[1:]]

    def skip(self, gone: Gone) -> Gap:
        """Move to the oldest message that the feed has; return the gap."""
        restarted = self.epoch is not None and gone.epoch != self.epoch
        gap = Gap(self.seq or 0, gone.oldest, gone.newest, restarted)
        self.seq, self.epoch = gone.oldest - 1, gone.epoch
        return gap


def parse_message(message: bytes) -> tuple[int, float, Any]:
    """A message's seq, its time of publication and its data; BrokenFeed if it is none."""
    try:
        record = json.loads(message.decode())
        return parse_seq(record["seq"]), float(record["published_at"]), record["data"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BrokenFeed(f"this is no message: {message[:80]!r}") from None


def parse_seq(number: str | int) -> int:
    """A seq; BrokenFeed if it is none."""
    if not str(number).isdecimal() or len(str(number)) > MOST_DIGITS:
        raise BrokenFeed(f"this is no seq: {str(number)[:80]}")
    return int(number)
