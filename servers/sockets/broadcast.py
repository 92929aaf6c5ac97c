"""The broadcast: one greenlet writes each message to every connection that has all the messages before it.

Waking a thousand handlers for a message costs more than a thousand writes. So a message is encoded into one frame, and
one greenlet offers it to all. A connection that does not take it at once goes back to its own handler. It joins again
when it has caught up. So a slow reader costs a cursor, not a queue. Over TLS, or compressed, frames differ between
connections: there each handler is woken for each message.

This relies on gevent: it switches greenlets only where one of them waits, so nothing happens between two lines that do
not wait.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import monotonic
from typing import Protocol

import gevent
from gevent.event import Event
from wsproto.frame_protocol import CloseReason, FrameProtocol

from servers.app.query import Query
from servers.context import Counts
from servers.feed import Feed, FeedUnavailable, Message, OutsideHistory
from servers.scheduling import yield_to_loop
from servers.sockets.lasting import LastingConnection

BATCH = 64  # messages sent to one connection before it yields
CHUNK, TIME_SLICE = 64, 0.005  # check the clock every 64 sends; yield after 5 ms


class Offered(Protocol):
    """A connection that takes as much of a frame as it can, at once, and says how many bytes that was."""

    def offer(self, frame: bytes) -> int: ...

    def fail(self, code: int) -> None: ...


@dataclass(eq=False, slots=True)
class Subscriber:
    """A connection in the broadcast: `seq` is the last message that it was sent."""

    connection: Offered
    seq: int
    left: Event = field(default_factory=Event)

    def leave(self, _: object = None) -> None:
        self.left.set()


Subscribers = list[Subscriber]


def offer_to_all(subscribers: Subscribers, seq: int, frame: bytes) -> tuple[Subscribers, Subscribers]:
    """Offer the frame of message `seq` to all that have the one before; return who took it, and who is behind.

    A part of a frame counts as sent, since the rest goes first; but a connection that took only a part is behind.
    """
    sent, behind = [], []
    for subscriber in subscribers:
        if subscriber.seq >= seq:
            continue
        size = subscriber.connection.offer(frame) if subscriber.seq == seq - 1 else 0
        if size:
            subscriber.seq = seq
            sent.append(subscriber)
        if size < len(frame):
            behind.append(subscriber)
    return sent, behind


def text_frame(message: Message) -> bytes:
    """The unmasked frame of a text message (RFC 6455 section 5.2): the same bytes for all who are sent it."""
    return bytes(FrameProtocol(client=False, extensions=[]).send_data(message.encoded.decode(), fin=True))


class Broadcast:
    """Sends each message, as it is published, to the connections that keep up; `encode` makes the bytes for all."""

    def __init__(self, feed: Feed, counts: Counts, encode: Callable[[Message], bytes] = text_frame) -> None:
        self._feed, self._counts, self._encode = feed, counts, encode
        self._seq, self._epoch = 0, ""  # the last message that was sent, and of which feed
        self._subscribers: set[Subscriber] = set()
        self._sender: gevent.Greenlet | None = None

    def follow(self, connection: LastingConnection, query: Query) -> Iterator[Message]:
        """Yield the messages that the handler has to send; while the connection keeps up, the broadcast sends them.

        Raises OutsideHistory, and ConnectionClosed at the connection's end.
        """
        seq, epoch = query.seq, query.epoch
        while connection.connected:
            batch = self._feed.after(seq, limit=BATCH, epoch=epoch)
            seq, epoch = batch.newest if seq is None else seq, batch.epoch
            for message in batch.messages:
                yield message
                self._counts.deliveries += 1
                seq = message.seq
            seq = self._join(connection, seq)

    def _join(self, connection: LastingConnection, seq: int) -> int:
        """Leave it to the broadcast until it falls behind or ends; return the last message that it was sent."""
        if seq < self._started():
            yield_to_loop()  # a send into a free buffer does not wait
            return seq
        subscriber = Subscriber(connection, seq)
        self._subscribers.add(subscriber)
        connection.ended.rawlink(subscriber.leave)
        subscriber.left.wait()
        connection.ended.unlink(subscriber.leave)
        self._subscribers.discard(subscriber)
        connection.flush()
        return subscriber.seq

    def _started(self) -> int:
        """Start the greenlet with the first connection; return the last message that it has sent."""
        if self._sender is None:
            self._seq, self._epoch = self._feed.newest, self._feed.epoch
            self._sender = gevent.spawn(self._run)
        return self._seq

    def _run(self) -> None:
        """Send messages until the feed is closed.

        After a fault of its own all connections are closed with 1011, or with 1013 if the feed cannot be reached. The
        next connection starts it again.
        """
        try:
            self._send_all()
        except FeedUnavailable:
            self._end_all(CloseReason.TRY_AGAIN_LATER)
        except Exception as error:
            print(f"servers: the broadcast fails, its connections are closed with 1011: {error!r}", file=sys.stderr,
                  flush=True)  # fmt: skip
            self._end_all(CloseReason.INTERNAL_ERROR)

    def _end_all(self, code: int) -> None:
        self._sender, subscribers = None, list(self._subscribers)
        for subscriber in subscribers:
            subscriber.connection.fail(code)

    def _send_all(self) -> None:
        while True:
            try:
                if not (messages := self._feed.after(self._seq, timeout=None, epoch=self._epoch).messages):
                    return  # the feed is closed
                self._slice_ends = monotonic() + TIME_SLICE
                for message in messages:
                    self._seq = message.seq
                    self._send(message)
                yield_to_loop()  # even if the next message is there already
            except OutsideHistory as error:
                self._seq, self._epoch = error.newest, error.epoch
                for subscriber in self._subscribers:  # each handler says what its connection misses
                    subscriber.leave()

    def _send(self, message: Message) -> None:
        frame, subscribers = self._encode(message), list(self._subscribers)
        for start in range(0, len(subscribers), CHUNK):
            if monotonic() > self._slice_ends:
                yield_to_loop()  # not after each message: while others work for long, it would fall far behind
                self._slice_ends = monotonic() + TIME_SLICE
            sent, behind = offer_to_all(subscribers[start : start + CHUNK], message.seq, frame)
            self._counts.deliveries += len(sent)
            for subscriber in behind:
                subscriber.leave()
