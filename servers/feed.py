"""The feed: an append-only, bounded log of messages. Knows neither Flask nor the network.

A reader is a number, the last `seq` it has seen, and asks for what is newer. Polling asks and is answered at once; long
polling asks and is answered when there is something. A WebSocket asks once, where it wants to begin.
"""

import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

HISTORY, HISTORY_BYTES = 10_000, 256 * 1024 * 1024  # how many messages are kept, and of how many bytes in all


class UnencodableData(ValueError):
    """The publisher's fault: JSON in UTF-8 has no form for this value (NaN, infinity, half a surrogate pair)."""


class OutsideHistory(LookupError):
    """The reader asked for what the feed no longer has, or does not have yet; it carries where the feed stands."""

    def __init__(self, oldest: int, newest: int, epoch: str) -> None:
        super().__init__(f"the feed {epoch} keeps messages {oldest} to {newest}")
        self.oldest, self.newest, self.epoch = oldest, newest, epoch


class FeedUnavailable(Exception):
    """The feed cannot be reached, since another process keeps it. A reader tries again after `retry_after` seconds."""

    retry_after = 1


@dataclass(frozen=True, slots=True)
class Message:
    """One message: `seq` counts from 1, `published_at` is Unix time in seconds, `encoded` is its only wire form."""

    seq: int
    published_at: float
    encoded: bytes

    @classmethod
    def encode(cls, seq: int, published_at: float, data: Any) -> "Message":
        """Return the message with its compact UTF-8 JSON form; UnencodableData where `data` has none."""
        head = f'{{"seq":{seq},"published_at":{published_at:.6f},"data":'.encode()
        return cls(seq, published_at, head + encoded_value(data) + b"}")


def encoded_value(data: Any) -> bytes:
    """Return the compact UTF-8 JSON form of what is published; UnencodableData where it has none."""
    try:
        return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (ValueError, TypeError, RecursionError) as error:
        raise UnencodableData(f"no JSON in UTF-8 for this value: {error}") from None


class Batch(NamedTuple):
    """What a reader gets in one call: messages, oldest first; the feed's newest seq and its epoch at that moment."""

    messages: list[Message]
    newest: int
    epoch: str


class Feed(Protocol):
    """What servers ask of a feed, wherever its messages are kept. Each method may raise FeedUnavailable."""

    @property
    def epoch(self) -> str:
        """A random id, another one for each feed."""

    @property
    def oldest(self) -> int:
        """The lowest seq still kept; one more than `newest` in an empty feed."""

    @property
    def newest(self) -> int:
        """The seq of the last message; 0 in a new feed."""

    def publish(self, data: Any, key: str | None = None) -> Message:
        """Append `data`, any JSON value, and wake all waiting readers; UnencodableData if JSON has no form for it.

        Who tries again after FeedUnavailable gives the same `key` each time: then it is appended once. Thread-safe;
        never blocks on readers.
        """

    def append(self, message: Message) -> None:
        """Append a message of another feed, and wake all waiting readers: so one process mirrors another's feed.

        ValueError unless it follows `newest`. Thread-safe; never blocks on readers.
        """

    def after(
        self, seq: int | None, timeout: float | None = 0, *, limit: int | None = None, epoch: str | None = None
    ) -> Batch:
        """Return the messages newer than `seq`, at most `limit`; None asks for messages from now on.

        Wait up to `timeout` seconds for one, without end if it is None; no message if none came. Thread-safe.
        Raises OutsideHistory if a message after `seq` is no longer kept, if the feed has not come to `seq`, or if
        `epoch` is another feed's.
        """

    def close(self) -> None:
        """Wake all waiting readers; from now on `after` never waits."""


class MemoryFeed:
    """A feed that keeps its last `history` messages in memory, or fewer, of `history_bytes` in all; one at the least.

    Readers take no lock: a message is in the log before `newest` counts it, and before waiting readers are woken. All
    readers wait for one event, replaced with each message, so that a publication wakes all of them at once.
    """

    def __init__(
        self, history: int = HISTORY, history_bytes: int = HISTORY_BYTES, clock: Callable[[], float] = time.time
    ) -> None:
        self.epoch = secrets.token_hex(8)
        self.oldest, self.newest = 1, 0
        self._history, self._history_bytes, self._clock = history, history_bytes, clock
        self._bytes = 0
        self._log: dict[int, Message] = {}
        self._news = threading.Event()
        self._closed, self._releases = False, 0
        self._publishing = threading.Lock()

    def publish(self, data: Any, key: str | None = None) -> Message:
        with self._publishing:
            message = Message.encode(self.newest + 1, self._clock(), data)
            self._append(message)
        return message

    def append(self, message: Message) -> None:
        with self._publishing:
            if message.seq != self.newest + 1:
                raise ValueError(f"message {message.seq} does not follow {self.newest}")
            self._append(message)

    def _append(self, message: Message) -> None:
        self._log[message.seq] = message
        self._bytes += len(message.encoded)
        self.newest = message.seq
        while len(self._log) > self._history or self._bytes > self._history_bytes and len(self._log) > 1:
            self._bytes -= len(self._log.pop(self.oldest).encoded)
            self.oldest += 1
        read, self._news = self._news, threading.Event()
        read.set()

    def after(
        self, seq: int | None, timeout: float | None = 0, *, limit: int | None = None, epoch: str | None = None
    ) -> Batch:
        if seq is None:
            seq = self.newest
        if timeout != 0 and epoch in (None, self.epoch):
            self._wait(seq, timeout)
        newest = self.newest
        if seq > newest or epoch not in (None, self.epoch):
            raise self._outside()
        last = newest if limit is None else min(newest, seq + limit)
        try:
            messages = [self._log[number] for number in range(seq + 1, last + 1)]
        except KeyError:
            raise self._outside() from None
        return Batch(messages, newest, self.epoch)

    def _wait(self, seq: int, timeout: float | None) -> None:
        """Return when there is a message after `seq`, or the time is over, or the feed closed.

        A wait may end because of message `seq` itself: its writer says so a moment after `newest` does.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        news, releases = self._news, self._releases
        while seq == self.newest and not self._closed and releases == self._releases:
            left = None if deadline is None else max(deadline - time.monotonic(), 0)
            if not news.wait(left):
                return
            news = self._news

    def release(self) -> None:
        """Let all waiting readers go, without a message."""
        self._releases += 1
        read, self._news = self._news, threading.Event()
        read.set()

    def close(self) -> None:
        self._closed = True
        self._news.set()

    def _outside(self) -> OutsideHistory:
        return OutsideHistory(self.oldest, self.newest, self.epoch)
