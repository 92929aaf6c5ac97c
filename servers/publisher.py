"""When messages are published, and how late: a thread of the operating system keeps to a timetable.

Each due time counts from the start, so that a late message never delays the next.
"""

import secrets
import time
from collections.abc import Callable
from typing import Any

from gevent import monkey
from gevent.threadpool import ThreadPool
from hdrh.histogram import HdrHistogram

from servers.feed import Feed, FeedUnavailable, Message
from servers.sources import Timetable

LATE_LIMIT_US = 60_000_000  # lateness is recorded from 1 µs to 60 s


class Publisher:
    """Publishes a timetable on a feed, between `start` and `stop`.

    Its thread is not gevent's: busy greenlets would make it late.
    """

    def __init__(self, feed: Feed, timetable: Timetable) -> None:
        self._feed, self._timetable = feed, timetable
        self._running = monkey.get_original("_thread", "allocate_lock")()  # held until `stop`
        self._publishing: Any = None
        self._late_us = HdrHistogram(1, LATE_LIMIT_US, 3)

    @property
    def late_p99_ms(self) -> float:
        """How late messages were published: 99th percentile in milliseconds, 0 if there was none."""
        return self._late_us.get_value_at_percentile(99) / 1000

    def start(self, on_failure: Callable[[BaseException], object] = lambda error: None) -> None:
        """Begin to publish; `on_failure` is called, in the event loop, with an error that ends it."""
        self._running.acquire()
        self._publishing = ThreadPool(1).spawn(self._publish)
        self._publishing.rawlink(lambda result: result.value is not None and on_failure(result.value))

    def stop(self) -> None:
        """Return once the last message is out."""
        if self._publishing is not None:
            self._running.release()
            self._publishing.wait()
            self._publishing = None

    def _publish(self) -> Exception | None:
        """Publish until the end; return what went wrong, since gevent would print what is raised in a thread."""
        try:
            self._run()
        except Exception as error:
            return error
        return None

    def _run(self) -> None:
        started = time.time()
        for offset, data in self._timetable:
            due = started + offset
            if self._running.acquire(timeout=max(due - time.time(), 0)):
                return self._running.release()
            if (message := self._published(data)) is None:
                return
            late_us = round((message.published_at - due) * 1e6)
            self._late_us.record_value(min(max(late_us, 1), LATE_LIMIT_US))

    def _published(self, data: Any) -> Message | None:
        """Publish, and try again while the feed cannot be reached; None if it is told to stop meanwhile."""
        key = secrets.token_hex(8)
        while True:
            try:
                return self._feed.publish(data, key)
            except FeedUnavailable as error:
                if self._running.acquire(timeout=error.retry_after):
                    self._running.release()
                    return None
