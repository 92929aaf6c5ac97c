"""The feed in Redis: the same contract as in memory, the same bytes everywhere, and no silent gap whatever breaks."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis.exceptions import ConnectionError as ConnectionLost
from tools.lab import eventually
from tools.readers_in_threads import seqs
from tools.redis import Redis, running

from servers.feed import FeedUnavailable, MemoryFeed, Message, OutsideHistory, UnencodableData
from servers.redis_feed import RedisFeed, RedisUnusable, without_password

pytestmark = pytest.mark.starts

JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
                    | st.text(st.characters(exclude_categories=["Cs"])),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab%", max_size=3), inner),
                    max_leaves=5)  # fmt: skip


@pytest.fixture(scope="module")
def redis():
    with running() as server:
        yield server


@pytest.fixture
def empty(redis):
    redis.cli("FLUSHALL")
    return redis


@contextmanager
def feeds(redis, count=1, **options):
    """So many processes' feeds."""
    opened = [RedisFeed(redis.url, **options) for _ in range(count)]
    try:
        yield opened[0] if count == 1 else opened
    finally:
        for feed in opened:
            feed.close()


# ---- The contract of a feed


@pytest.fixture(params=["memory", "redis"])
def make_feed(request, empty):
    opened = []

    def make(published, **options):
        feed = MemoryFeed(**options) if request.param == "memory" else RedisFeed(empty.url, **options)
        opened.append(feed)
        for number in range(published):
            feed.publish(number)
        eventually(lambda: feed.newest == published)
        with feed._publishing:  # and what the last message pushes out is gone
            return feed

    yield make
    for feed in opened:
        feed.close()


def test_seqs_count_from_1_and_a_reader_gets_what_is_newer(make_feed):
    feed = make_feed(5)
    assert seqs(feed.after(0)) == [1, 2, 3, 4, 5] and seqs(feed.after(2, limit=2)) == [3, 4]
    assert seqs(feed.after(None)) == [] and (feed.oldest, feed.newest) == (1, 5)


def test_history_is_bounded_by_number_and_by_bytes(make_feed):
    feed = make_feed(8, history=3)
    assert (feed.oldest, feed.newest, seqs(feed.after(5))) == (6, 8, [6, 7, 8])
    with pytest.raises(OutsideHistory):
        feed.after(4)


def test_at_least_one_message_is_kept_however_long(make_feed):
    feed = make_feed(3, history_bytes=10)
    assert (feed.oldest, feed.newest) == (3, 3)


@pytest.mark.parametrize(("seq", "epoch"), [(9, None), (0, "another")])
def test_outside_of_history_a_reader_is_told_where_the_feed_stands(make_feed, seq, epoch):
    feed = make_feed(2)
    with pytest.raises(OutsideHistory) as told:
        feed.after(seq, 5, epoch=epoch)
    assert (told.value.oldest, told.value.newest, told.value.epoch) == (1, 2, feed.epoch)


def test_a_waiting_reader_is_woken_by_a_message_and_by_the_end(make_feed):
    feed, found = make_feed(0), []
    reading = threading.Thread(target=lambda: found.append(feed.after(0, 20)))
    reading.start()
    feed.publish("here")
    reading.join(20)
    assert seqs(found[0]) == [1]
    waiting = threading.Thread(target=lambda: found.append(feed.after(1, None)))
    waiting.start()
    feed.close()
    waiting.join(20)
    assert found[1].messages == []


def test_what_json_cannot_say_is_refused_and_takes_no_seq(make_feed):
    feed = make_feed(1)
    with pytest.raises(UnencodableData):
        feed.publish(float("nan"))
    assert feed.publish("next").seq == 2


# ---- Several processes


@settings(max_examples=50)
@given(data=JSON)
def test_redis_encodes_a_message_as_this_process_would(redis, data):
    with feeds(redis) as feed:
        message = feed.publish(data)
    assert message.encoded == Message.encode(message.seq, message.published_at, data).encoded


def test_all_processes_have_the_same_bytes_and_no_gap_from_four_publishers(empty):
    with feeds(empty, 4) as (first, *others):
        publishing = [threading.Thread(target=lambda feed=feed: [feed.publish("x") for _ in range(50)])
                      for feed in (first, *others)]  # fmt: skip
        for thread in publishing:
            thread.start()
        for thread in publishing:
            thread.join(30)
        eventually(lambda: all(feed.newest == 200 for feed in (first, *others)))
        read = [feed.after(0) for feed in (first, *others)]
        assert seqs(read[0]) == list(range(1, 201)) and len({feed.epoch for feed in (first, *others)}) == 1
        assert all([message.encoded for message in each.messages] == [message.encoded for message in read[0].messages]
                   for each in read)  # fmt: skip


def test_who_comes_from_a_process_that_is_ahead_is_not_told_of_a_gap(empty, monkeypatch):
    with feeds(empty, 2) as (ahead, behind):
        append = behind.append
        monkeypatch.setattr(behind, "append", lambda message: (time.sleep(0.3), append(message)))
        seq = ahead.publish("new").seq
        assert behind.newest == 0
        assert seqs(behind.after(seq, 0, epoch=ahead.epoch)) == [] and behind.newest == seq


def test_many_who_are_ahead_at_once_are_not_told_of_a_gap(empty, monkeypatch):
    """They share a question to Redis. Before, all but the first of 50 ms were told of a gap that there was not."""
    with feeds(empty, 2) as (ahead, behind), ThreadPoolExecutor(8) as readers:
        append = behind.append
        monkeypatch.setattr(behind, "append", lambda message: (time.sleep(0.2), append(message)))
        for _ in range(2):
            seq = ahead.publish("new").seq
            found = list(readers.map(lambda _, seq=seq: seqs(behind.after(seq, 0, epoch=ahead.epoch)), range(8)))
            assert found == [[]] * 8 and behind.newest == seq
        with pytest.raises(OutsideHistory):
            behind.after(seq + 1, 0, epoch=ahead.epoch)


def test_who_waits_for_a_question_that_fails_is_not_told_of_a_gap(empty, monkeypatch):
    """Redis does not answer the first who asks; the others ask for themselves."""
    with feeds(empty) as feed, ThreadPoolExecutor(4) as readers:
        def fails(*_):
            time.sleep(0.1)
            raise ConnectionLost("no answer")

        monkeypatch.setattr(feed, "_publisher", lambda: type("Publisher", (), {"hget": fails}))

        def reads(_):
            with pytest.raises(FeedUnavailable):
                feed.after(7, 0, epoch=feed.epoch)

        assert list(readers.map(reads, range(4))) == [None] * 4


def test_a_process_that_starts_later_has_the_whole_history(empty):
    with feeds(empty) as first:
        for number in range(2500):  # more than one read
            first.publish(number)
        with feeds(empty) as later:
            assert (later.oldest, later.newest, later.epoch) == (1, 2500, first.epoch)


# ---- What breaks


def test_an_emptied_redis_begins_another_feed_and_readers_are_told(empty):
    with feeds(empty) as feed:
        for _ in range(3):
            feed.publish("old")
        eventually(lambda: feed.newest == 3)
        before, told = feed.epoch, []

        def wait():
            try:
                told.append(feed.after(3, 20, epoch=before))
            except OutsideHistory as error:
                told.append(error)

        reading = threading.Thread(target=wait)
        reading.start()
        empty.cli("FLUSHALL")
        reading.join(20)
        (error,) = told
        assert isinstance(error, OutsideHistory) and error.epoch != before
        assert feed.publish("new").seq == 1


def test_another_feed_that_has_come_further_at_once_is_not_taken_for_the_old_one(empty):
    """After FLUSHALL, and as many messages as there were, the next seq follows; the epoch tells them apart."""
    with feeds(empty, 2) as (reader, publisher):
        publisher.publish("old")
        eventually(lambda: reader.newest == 1)
        before = reader.epoch
        empty.cli("FLUSHALL")
        for _ in range(3):
            publisher.publish("new")
        eventually(lambda: reader.epoch != before and reader.newest == 3)
        assert [b"new" in message.encoded for message in reader.after(0).messages] == [True] * 3


@pytest.mark.parametrize(("options", "kept"), [
    (["--appendonly", "yes", "--appendfsync", "always"], True),
    (["--appendonly", "yes", "--appendfsync", "everysec"], False), ([], False),
])  # fmt: skip
def test_after_kill_9_the_feed_goes_on_or_has_another_epoch(options, kept):
    with running(*options) as redis, feeds(redis) as feed:
        for number in range(5):
            feed.publish(number)
        eventually(lambda: feed.newest == 5)
        before = feed.epoch
        redis.kill()
        with pytest.raises(FeedUnavailable):
            feed.publish("into the dark")
        eventually(lambda: unavailable(feed))
        assert seqs(feed.after(3)) == [4, 5], "what is there is still given"
        redis.start()
        eventually(lambda: not unavailable(feed))
        message = feed.publish("back")
        assert (feed.epoch == before, message.seq) == (kept, 6 if kept else 1)
        eventually(lambda: feed.newest == message.seq)


def unavailable(feed):
    try:
        feed.after(feed.newest, 0)
    except FeedUnavailable:
        return True
    except OutsideHistory:
        pass
    return False


def test_without_redis_a_wait_without_end_is_patient_and_then_ends(monkeypatch):
    monkeypatch.setattr("servers.redis_feed.PATIENCE", 0.5)
    with running() as redis, feeds(redis) as feed:
        found = []

        def wait():
            try:
                found.append(feed.after(0, None))
            except FeedUnavailable as error:
                found.append(error)

        reading = threading.Thread(target=wait)
        reading.start()
        began = time.monotonic()
        redis.kill()
        reading.join(20)
        assert isinstance(found[0], FeedUnavailable) and time.monotonic() - began >= 0.5


def test_a_message_whose_receipt_is_lost_is_there_once(empty):
    """The answer to EVALSHA is thrown away; the second try under the same key finds the message."""
    with losing_answers(empty) as (url, lose), closing(RedisFeed(url)) as feed:
        feed.publish("first")
        lose.set()
        with pytest.raises(FeedUnavailable):
            feed.publish("once", "its key")
        lose.clear()
        assert feed.publish("once", "its key").seq == 2
        eventually(lambda: feed.newest >= 2)
        assert [message.encoded.endswith(b'"once"}') for message in feed.after(0).messages] == [False, True]


@contextmanager
def losing_answers(redis: Redis):
    """A relay to Redis; while `lose` is set, it cuts a connection at the answer to EVALSHA."""
    lose = threading.Event()

    def relay(near, far):
        asked = b""
        while data := near.recv(65_536):
            asked = data
            far.sendall(data)
            answer = far.recv(65_536)
            if lose.is_set() and b"EVALSHA" in asked:
                break
            near.sendall(answer)
        near.close()
        far.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept():
            while True:
                try:
                    near, _ = listener.accept()
                except OSError:
                    return
                far = socket.create_connection(("127.0.0.1", redis.port))
                threading.Thread(target=quietly, args=(relay, near, far), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0", lose


def quietly(act, *arguments):
    try:
        act(*arguments)
    except OSError:
        pass


# ---- What cannot keep a feed


@pytest.mark.parametrize(("options", "url", "complaint"), [
    (["--requirepass", "secret"], "redis://127.0.0.1:{port}/0", "Authentication required"),
    (["--requirepass", "secret"], "redis://:wrong@127.0.0.1:{port}/0", "invalid username-password pair"),
    (["--replicaof", "127.0.0.1 1"], "redis://127.0.0.1:{port}/0", "this Redis is a replica, and takes no messages"),
    ([], "redis://127.0.0.1:1/0", "Connection refused"), ([], "http://127.0.0.1:{port}/0", "must specify one of"),
    ([], "redis://127.0.0.1:{port}/99", "DB index is out of range"),
])  # fmt: skip
def test_what_cannot_keep_a_feed_is_refused_in_one_line_without_the_password(options, url, complaint):
    with running(*options) as redis, pytest.raises(RedisUnusable, match=complaint) as told:
        RedisFeed(url.format(port=redis.port))
    assert "\n" not in str(told.value) and "wrong" not in str(told.value).partition(": ")[0]


def test_an_old_redis_is_refused(empty, monkeypatch):
    monkeypatch.setattr("servers.redis_feed.OLDEST_REDIS", 99)
    with pytest.raises(RedisUnusable, match="is too old: a feed needs 99 or later"):
        RedisFeed(empty.url)


def test_when_memory_is_used_up_publishing_is_unavailable_and_reading_goes_on(empty):
    with feeds(empty) as feed:
        feed.publish("fits")
        eventually(lambda: feed.newest == 1)
        empty.cli("CONFIG", "SET", "maxmemory", "1")
        try:
            with pytest.raises(FeedUnavailable, match="when used memory > .maxmemory.$"):
                feed.publish("does not")
            assert seqs(feed.after(0)) == [1]
        finally:
            empty.cli("CONFIG", "SET", "maxmemory", "0")
        assert feed.publish("again").seq == 2


def test_a_password_is_not_shown():
    assert without_password("redis://user:secret@host:6379/0") == "redis://host:6379/0"
