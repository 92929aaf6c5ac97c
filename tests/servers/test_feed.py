"""The feed: literal messages, cursors, history, and many readers at once."""

import json
import math
import time
from functools import reduce

import pytest
from tools.readers_in_threads import feed_of, seqs

from servers.feed import Batch, MemoryFeed, Message, OutsideHistory, UnencodableData

NOON = 1795363200.123456


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
