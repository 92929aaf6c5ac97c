"""One greenlet that writes each new message to every WebSocket which has all the ones before.

Woken for each message by itself, a thousand handlers cost more than their thousand writes. A connection that does not
take a frame at once is left to its own handler, and comes back when it has caught up: it is a cursor, never a queue.
Over TLS, or compressed, a frame is not the same for all: there each handler is woken for each message after all.

Threads and events are gevent's here, greenlets of one thread: nothing happens between two lines that do not wait.
"""

import threading
import time
from dataclasses import dataclass, field

from servers.feed import Feed, Message, OutsideHistory
from servers.sock import WebSocket, text_frame
from servers.wire import Counts


@dataclass(eq=False)
class Place:
    """Where a connection stands in the broadcast: `seq` is the last message that it was sent."""

    ws: WebSocket
    seq: int
    left: threading.Event = field(default_factory=threading.Event)


class Broadcast:
    """The connections that are told of each message as it is published."""

    def __init__(self, feed: Feed, counts: Counts) -> None:
        self._feed, self._counts, self._seq = feed, counts, feed.newest
        self._places: set[Place] = set()
        threading.Thread(target=self._run, name="broadcast", daemon=True).start()

    def follow(self, ws: WebSocket, seq: int) -> int:
        """Send what comes after `seq` until the connection falls behind; return the last seq that it was sent.

        ConnectionClosed, from the flush, at the connection's end.
        """
        if seq < self._seq:
            time.sleep(0)  # a turn for the others: catching up may take long, and a send that finds room gives none
            return seq
        place = Place(ws, seq)
        self._places.add(place)
        ws.when_over(place.left.set)
        place.left.wait()
        self._places.discard(place)
        ws.flush()
        return place.seq

    def _run(self) -> None:
        while True:
            try:
                for message in self._feed.after(self._seq, timeout=None):
                    self._seq = message.seq
                    self._write(message)
            except OutsideHistory as error:
                self._seq = error.newest - 1  # so that the newest is written, and who misses others leaves

    def _write(self, message: Message) -> None:
        frame = text_frame(message.encoded)
        for place in [place for place in self._places if place.seq < message.seq]:
            sent = place.ws.offer(frame) if place.seq == message.seq - 1 else 0
            if sent:
                place.seq = message.seq
                self._counts.deliveries += 1
            if sent < len(frame):
                place.left.set()
