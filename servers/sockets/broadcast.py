"""Telling many at once: one greenlet writes each message to every WebSocket that has all the messages before.

To wake a thousand handlers for a message costs more than a thousand writes. So a message is encoded into one frame, and
one greenlet offers it to all. A connection that does not take it at once goes back to its own handler, and comes here
again when it has caught up: it is a cursor, never a queue. Over TLS, or compressed, frames differ from connection to
connection: there each handler is woken for each message.

This relies on gevent: its greenlets take turns only where one of them waits, so that nothing happens between two lines
that do not wait.
"""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from time import monotonic
from typing import Protocol

import gevent
from gevent.event import Event
from wsproto.frame_protocol import FrameProtocol

from servers.app import Counts
from servers.feed import Feed, Message, OutsideHistory
from servers.question import Question
from servers.sockets.websocket import WebSocket
from servers.turns import give_way

BATCH = 64  # messages that a connection is sent before others have their turn
AT_ONCE, TURN = 64, 0.005  # connections that are told between two looks at the clock; seconds of telling at a time


class Offered(Protocol):
    """A connection that takes as much of a frame as it can, at once, and says how many bytes that was."""

    def offer(self, frame: bytes) -> int: ...

    def fail(self) -> None: ...


@dataclass(eq=False)
class Place:
    """Where a connection stands in the broadcast: `seq` is the last message that it was sent."""

    ws: Offered
    seq: int
    left: Event = field(default_factory=Event)

    def leave(self, _: object = None) -> None:
        self.left.set()


def tell(places: Iterable[Place], seq: int, frame: bytes) -> tuple[list[Place], list[Place]]:
    """Offer the frame of message `seq` to all who have the one before; return those who got it, and those behind.

    A part of a frame counts as sent, since the rest goes first; but a connection that took only a part is behind.
    """
    sent, behind = [], []
    for place in places:
        if place.seq >= seq:
            continue
        size = place.ws.offer(frame) if place.seq == seq - 1 else 0
        if size:
            place.seq = seq
            sent.append(place)
        if size < len(frame):
            behind.append(place)
    return sent, behind


def text_frame(text: bytes) -> bytes:
    """The unmasked frame of a text message (RFC 6455 section 5.2): the same bytes for all who are sent it."""
    return bytes(FrameProtocol(client=False, extensions=[]).send_data(text.decode(), fin=True))


class Broadcast:
    """The connections that are told of each message as it is published."""

    def __init__(self, feed: Feed, counts: Counts) -> None:
        self._feed, self._counts = feed, counts
        self._seq = 0  # the last message that was told
        self._places: set[Place] = set()
        self._teller: gevent.Greenlet | None = None

    def follow(self, ws: WebSocket, asked: Question) -> Iterator[Message]:
        """Yield the messages that the handler has to send; while `ws` keeps up, the broadcast sends them instead.

        Raises OutsideHistory, and ConnectionClosed at the connection's end.
        """
        seq = asked.seq
        while ws.connected:
            for message in self._feed.after(seq, limit=BATCH, epoch=asked.epoch):
                yield message
                self._counts.deliveries += 1
                seq = message.seq
            seq = self._keep_up(ws, seq)

    def _keep_up(self, ws: WebSocket, seq: int) -> int:
        """Leave `ws` to the broadcast until it falls behind or ends; return the last message that it was sent."""
        if seq < self._started():
            give_way()  # a send that finds room does not wait
            return seq
        place = Place(ws, seq)
        self._places.add(place)
        ws.ended.rawlink(place.leave)
        place.left.wait()
        ws.ended.unlink(place.leave)
        self._places.discard(place)
        ws.flush()
        return place.seq

    def _started(self) -> int:
        """Start the greenlet with the first connection; return the last message that it has sent."""
        if self._teller is None:
            self._seq = self._feed.newest
            self._teller = gevent.spawn(self._run)
        return self._seq

    def _run(self) -> None:
        """Tell all of each message until the feed is closed. After a fault of its own all are closed with 1011, and the
        next connection starts it again.
        """
        try:
            self._tell_all()
        except Exception as error:
            print(f"servers: the broadcast fails, its WebSockets are closed with 1011: {error!r}", file=sys.stderr,
                  flush=True)  # fmt: skip
            self._teller, places = None, list(self._places)
            for place in places:
                place.ws.fail()

    def _tell_all(self) -> None:
        while True:
            try:
                if not (messages := self._feed.after(self._seq, timeout=None)):
                    return  # the feed is closed
                self._turn_ends = monotonic() + TURN
                for message in messages:
                    self._seq = message.seq
                    self._tell(message)
                give_way()  # even if there is news already
            except OutsideHistory as error:
                self._seq = error.newest - 1  # so that the newest is sent, and connections that miss others leave

    def _tell(self, message: Message) -> None:
        frame, places = text_frame(message.encoded), list(self._places)
        for start in range(0, len(places), AT_ONCE):
            if monotonic() > self._turn_ends:
                give_way()  # not after each message: where others take long, it would fall ever further behind
                self._turn_ends = monotonic() + TURN
            sent, behind = tell(places[start : start + AT_ONCE], message.seq, frame)
            self._counts.deliveries += len(sent)
            for place in behind:
                place.leave()
