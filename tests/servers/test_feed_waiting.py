"""Readers that wait for the feed, one or many, in threads."""

import sys
import threading
import time
from collections.abc import Callable

import pytest
from tools.lab import WAIT, eventually
from tools.readers_in_threads import feed_of, seqs

from servers.feed import Batch, MemoryFeed, OutsideHistory


def start(function: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=function, daemon=True)
    thread.start()
    return thread


def parked(thread: threading.Thread) -> bool:
    """Whether a thread waits for an event at this moment."""
    frame = sys._current_frames()[thread.ident]
    return frame.f_code.co_name == "wait" and frame.f_code.co_filename == threading.__file__


# ---- Waiting


def test_nothing_is_waited_for_where_there_is_something():
    assert seqs(feed_of(3).after(1, timeout=600)) == [2, 3]


def test_a_reader_waits_its_timeout_and_comes_back_empty():
    began = time.monotonic()
    assert seqs(MemoryFeed().after(0, timeout=0.2)) == []
    assert 0.19 < time.monotonic() - began < WAIT


def test_one_publication_wakes_all_who_wait():
    feed, got = feed_of(1), []
    readers = [start(lambda: got.append(seqs(feed.after(1, timeout=600)))) for _ in range(10)]
    eventually(lambda: all(parked(reader) for reader in readers))
    feed.publish("news")
    for reader in readers:
        reader.join(WAIT)
    assert got == [[2]] * 10


def test_a_reader_waits_again_after_it_was_woken():
    feed, got = MemoryFeed(), []

    def follow() -> None:
        while len(got) < 3:
            got.extend(seqs(feed.after(len(got), timeout=600)))

    reader = start(follow)
    for _ in range(3):
        eventually(lambda: parked(reader))
        known = len(got)
        feed.publish("news")
        eventually(lambda known=known: len(got) > known)
    assert got == [1, 2, 3]


# ---- Many at once


def test_a_reader_that_is_woken_by_what_it_has_waits_on():
    """The writer preempted between saying what is newest and waking: the reader has read it, and asks again."""
    feed = feed_of(1)

    class Late(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            feed._news = threading.Event()
            return True

    feed._news = Late()
    started = time.monotonic()
    assert seqs(feed.after(1, 0.2)) == [] and time.monotonic() - started >= 0.2
    feed._news = Late()
    start(lambda: (time.sleep(0.1), feed.publish("m2")))
    assert seqs(feed.after(1, None)) == [2]


def test_a_closed_feed_lets_nobody_wait():
    feed = feed_of(1)
    start(lambda: (time.sleep(0.1), feed.close()))
    assert seqs(feed.after(1, None)) == seqs(feed.after(1, WAIT)) == []


def test_readers_in_threads_see_each_of_5000_messages_once_and_in_order():
    feed, count = MemoryFeed(), 5000
    got: list[list[int]] = [[] for _ in range(8)]

    def follow(mine: list[int], limit: int | None) -> None:
        while len(mine) < count:
            batch = feed.after(mine[-1] if mine else 0, timeout=WAIT, limit=limit)
            if not batch.messages:
                return
            mine.extend(seqs(batch))

    readers = [start(lambda mine=mine, limit=limit: follow(mine, limit))
               for mine, limit in zip(got, [None, 1, 2, 64] * 2, strict=True)]
    for _ in range(count):
        feed.publish("tick")
    for reader in readers:
        reader.join(60)
    assert all(mine == list(range(1, count + 1)) for mine in got)


def test_writers_in_threads_share_one_numbering():
    feed = MemoryFeed()
    published: list[int] = []
    writers = [start(lambda: published.extend(feed.publish("tick").seq for _ in range(500))) for _ in range(8)]
    for writer in writers:
        writer.join(WAIT)
    assert sorted(published) == list(range(1, 4001)) == seqs(feed.after(0))


def test_readers_too_slow_for_a_short_history_are_told_of_every_gap():
    feed, count = MemoryFeed(history=5), 5000
    got: list[int] = []
    jumps: set[int] = set()

    def follow() -> None:
        cursor = 0
        while cursor < count:
            try:
                batch = feed.after(cursor, timeout=WAIT)
            except OutsideHistory as told:
                cursor = told.oldest - 1
                jumps.add(told.oldest)
            else:
                got.extend(seqs(batch))
                cursor = got[-1]

    reader = start(follow)
    for _ in range(count):
        feed.publish("tick")
    reader.join(60)
    missed = {seq for before, seq in zip([0, *got], got, strict=False) if seq != before + 1}
    assert got[-1] == count and got == sorted(set(got))
    assert missed <= jumps


# ---- Lateness


# ---- Several processes


def test_a_mirror_has_the_same_messages_byte_for_byte():
    source, mirror = feed_of(3), MemoryFeed()
    for message in source.after(0).messages:
        mirror.append(message)
    assert mirror.after(0).messages == source.after(0).messages and mirror.newest == 3
    with pytest.raises(ValueError, match="message 3 does not follow 3"):
        mirror.append(message)


def test_from_now_on_begins_at_the_newest():
    feed = feed_of(3)
    assert feed.after(None) == Batch([], 3, feed.epoch)
    got: list[Batch] = []
    reader = start(lambda: got.append(feed.after(None, timeout=600)))
    eventually(lambda: parked(reader))
    feed.publish("next")
    reader.join(WAIT)
    assert [seqs(batch) for batch in got] == [[4]] and got[0].newest == 4
