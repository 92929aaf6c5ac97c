"""The feed: literal messages, cursors, history, and many readers at once."""

import json
import math
import sys
import threading
import time
from collections.abc import Callable
from functools import reduce

import pytest
from tools.lab import WAIT, eventually

from servers.feed import HISTORY, Batch, MemoryFeed, Message, OutsideHistory, UnencodableData

NOON = 1795363200.123456


def feed_of(count: int, history: int = HISTORY) -> MemoryFeed:
    feed = MemoryFeed(history)
    for number in range(1, count + 1):
        feed.publish(f"m{number}")
    return feed


def seqs(batch: Batch) -> list[int]:
    return [message.seq for message in batch.messages]


def start(function: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=function, daemon=True)
    thread.start()
    return thread


def parked(thread: threading.Thread) -> bool:
    """Whether a thread waits for an event at this moment."""
    frame = sys._current_frames()[thread.ident]
    return frame.f_code.co_name == "wait" and frame.f_code.co_filename == threading.__file__


# ---- Messages


@pytest.mark.parametrize(("data", "literal"), [
    (None, b"null"),
    (True, b"true"),
    (17, b"17"),
    (0.1, b"0.1"),
    ("", b'""'),
    ("zürich €\U0001f30d", b'"z\xc3\xbcrich \xe2\x82\xac\xf0\x9f\x8c\x8d"'),
    ('"\\\n\x00\x7f\u2028', b'"\\"\\\\\\n\\u0000\x7f\xe2\x80\xa8"'),
    ([1, [2, {}], []], b"[1,[2,{}],[]]"),
    ({"b": 1, "a": {"ä": None}}, b'{"b":1,"a":{"\xc3\xa4":null}}'),
])
def test_a_message_is_compact_json_in_unescaped_utf8(data, literal):
    message = MemoryFeed(clock=lambda: NOON).publish(data)
    assert message.encoded == b'{"seq":1,"published_at":1795363200.123456,"data":' + literal + b"}"
    assert json.loads(message.encoded) == {"seq": 1, "published_at": NOON, "data": data}


@pytest.mark.parametrize(("moment", "literal"), [
    (1795363200.0, b"1795363200.000000"),
    (1795363200.1, b"1795363200.100000"),
    (1795363200.1234564, b"1795363200.123456"),
    (1795363200.1234566, b"1795363200.123457"),
])
def test_the_moment_has_six_decimals(moment, literal):
    message = Message.encode(1234567, moment, [])
    assert message.encoded == b'{"seq":1234567,"published_at":' + literal + b',"data":[]}'


def test_the_moment_is_that_of_the_publication():
    before = time.time()
    message = MemoryFeed().publish("now")
    assert before <= message.published_at <= time.time()


@pytest.mark.parametrize("data", [
    math.nan, math.inf, -math.inf, [1, math.nan], "half a pair \ud83c", {"\udc00": 1}, {1, 2}, b"bytes", 10**5000,
    reduce(lambda inner, _: [inner], range(100_000), []),
], ids=lambda data: type(data).__name__)
def test_data_without_a_json_form_leaves_the_feed_as_it_was(data):
    feed = feed_of(1)
    with pytest.raises(UnencodableData):
        feed.publish(data)
    assert (feed.newest, seqs(feed.after(0))) == (1, [1])
    assert feed.publish("next").seq == 2


# ---- Cursors


def test_seq_counts_from_1_without_gaps():
    feed = MemoryFeed()
    assert [feed.publish(None).seq for _ in range(100)] == list(range(1, 101))
    assert seqs(feed.after(0)) == list(range(1, 101))


def test_a_reader_gets_what_is_newer_than_its_cursor_at_most_limit():
    feed = feed_of(5)
    assert seqs(feed.after(2)) == [3, 4, 5]
    assert seqs(feed.after(2, limit=2)) == [3, 4]
    assert seqs(feed.after(2, limit=9)) == [3, 4, 5]
    assert feed.after(5) == Batch([], 5, feed.epoch)


def test_all_readers_are_handed_the_same_message_encoded_once():
    feed = feed_of(1)
    assert feed.after(0).messages[0] is feed.after(0).messages[0]


def test_an_empty_feed_begins_at_1_and_has_come_to_0():
    feed = MemoryFeed()
    assert (feed.oldest, feed.newest, feed.after(0)) == (1, 0, ([], 0, feed.epoch))
    with pytest.raises(OutsideHistory) as told:
        feed.after(1)
    assert (told.value.oldest, told.value.newest, told.value.epoch) == (1, 0, feed.epoch)


def test_every_feed_has_an_epoch_of_its_own():
    assert len({MemoryFeed().epoch for _ in range(100)}) == 100


# ---- History


def test_history_is_bounded_to_the_message():
    feed = feed_of(8, history=3)
    assert (feed.oldest, feed.newest) == (6, 8)
    assert seqs(feed.after(5)) == [6, 7, 8]
    with pytest.raises(OutsideHistory):
        feed.after(4)
    assert len(feed._log) == 3, "forgotten messages are still in memory"


def test_the_history_is_full_before_anything_is_forgotten():
    feed = feed_of(3, history=3)
    assert (feed.oldest, seqs(feed.after(0))) == (1, [1, 2, 3])


@pytest.mark.parametrize("timeout", [0, 600])
@pytest.mark.parametrize(("seq", "epoch"), [(4, None), (0, None), (9, None), (8, "another"), (6, "another")])
def test_outside_of_history_a_reader_is_told_at_once_where_the_feed_stands(seq, epoch, timeout):
    feed = feed_of(8, history=3)
    with pytest.raises(OutsideHistory) as told:
        feed.after(seq, timeout, epoch=epoch)
    assert (told.value.oldest, told.value.newest, told.value.epoch) == (6, 8, feed.epoch)


def test_the_feeds_own_epoch_is_no_obstacle():
    feed = feed_of(2)
    assert seqs(feed.after(1, epoch=feed.epoch)) == [2]


def test_a_slow_reader_costs_a_cursor_and_goes_on_from_what_is_kept():
    feed = feed_of(10, history=100)
    cursor = feed.after(0).messages[-1].seq
    for _ in range(500):
        feed.publish("while it sleeps")
    with pytest.raises(OutsideHistory) as told:
        feed.after(cursor)
    assert told.value.oldest == 411
    assert seqs(feed.after(told.value.oldest - 1)) == list(range(411, 511))


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
