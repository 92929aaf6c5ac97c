"""The feed: an append-only, bounded log of messages. Knows neither Flask nor the network.

A reader is a number, the last `seq` it has seen. It asks `feed.after(seq)`; how long it is willing to wait for the
answer is all that tells polling, long polling and WebSocket apart.
"""

import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hdrh.histogram import HdrHistogram

HISTORY = 10_000  # messages kept
LATE_LIMIT_US = 60_000_000  # lateness is recorded from 1 µs to 60 s


class UnencodableData(ValueError):
    """The publisher's fault: JSON in UTF-8 has no form for this value (NaN, infinity, half a surrogate pair)."""


class OutsideHistory(LookupError):
    """The reader asked for what the feed no longer has, or does not have yet; it carries where the feed stands."""

    def __init__(self, oldest: int, newest: int, epoch: str) -> None:
        super().__init__(f"the feed {epoch} keeps messages {oldest} to {newest}")
        self.oldest, self.newest, self.epoch = oldest, newest, epoch


@dataclass(frozen=True, slots=True)
class Message:
    """One message: `seq` counts from 1, `published_at` is Unix time in seconds, `encoded` is its only wire form."""

    seq: int
    published_at: float
    encoded: bytes

    @classmethod
    def encode(cls, seq: int, published_at: float, data: Any) -> "Message":
        """Return the message with its compact UTF-8 JSON form; UnencodableData where `data` has none."""
        try:
            value = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
            encoded = f'{{"seq":{seq},"published_at":{published_at:.6f},"data":{value}}}'.encode()
        except (ValueError, TypeError, RecursionError) as error:
            raise UnencodableData(f"no JSON in UTF-8 for this value: {error}") from None
        return cls(seq, published_at, encoded)


class Feed:
    """A log of the last `history` messages that any number of readers follow, each by its own cursor.

    Readers take no lock: a message is in the log before `newest` says so, and before those who wait are woken. They
    wait for one event, made anew with each message, so that a publication wakes all of them at once.
    """

    def __init__(self, history: int = HISTORY, clock: Callable[[], float] = time.time) -> None:
        self.epoch = secrets.token_hex(8)
        self.newest = 0
        self._history, self._clock = history, clock
        self._log: dict[int, Message] = {}
        self._news = threading.Event()
        self._publishing = threading.Lock()
        self._late_us = HdrHistogram(1, LATE_LIMIT_US, 3)

    @property
    def oldest(self) -> int:
        """The lowest seq still kept; one more than `newest` in an empty feed."""
        return max(self.newest - self._history, 0) + 1

    @property
    def late_p99_ms(self) -> float:
        """How late messages with a due time were published: 99th percentile in milliseconds."""
        return self._late_us.get_value_at_percentile(99) / 1000

    def publish(self, data: Any, due: float | None = None) -> Message:
        """Append `data` (any JSON value, or a function from seq to one) and wake whoever waits.

        `due` is the Unix time it should have been published at; the difference is recorded as lateness.
        """
        with self._publishing:
            seq = self.newest + 1
            value = data(seq) if callable(data) else data
            message = Message.encode(seq, self._clock(), value)
            self._log[seq] = message
            self.newest = seq
            self._log.pop(seq - self._history, None)
            read, self._news = self._news, threading.Event()
            if due is not None:
                late_us = round((message.published_at - due) * 1e6)
                self._late_us.record_value(min(max(late_us, 1), LATE_LIMIT_US))
        read.set()
        return message

    def after(
        self, seq: int, timeout: float | None = 0, *, limit: int | None = None, epoch: str | None = None
    ) -> list[Message]:
        """Return the messages newer than `seq`, oldest first, at most `limit`.

        Wait up to `timeout` seconds for one, without end if it is None; empty if none came.
        Raises OutsideHistory if a message after `seq` is no longer kept, if the feed has not come to `seq`, or if
        `epoch` is another feed's.
        """
        news = self._news
        if timeout != 0 and seq == self.newest and epoch in (None, self.epoch):
            news.wait(timeout)
        newest = self.newest
        if seq > newest or epoch not in (None, self.epoch):
            raise self._outside()
        last = newest if limit is None else min(newest, seq + limit)
        try:
            return [self._log[number] for number in range(seq + 1, last + 1)]
        except KeyError:
            raise self._outside() from None

    def _outside(self) -> OutsideHistory:
        return OutsideHistory(self.oldest, self.newest, self.epoch)
