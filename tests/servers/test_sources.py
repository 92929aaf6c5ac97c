"""What is published and when: the recorded week, the clock, and the publisher that keeps to a timetable."""

import itertools
import math
import statistics
import threading
import time
from typing import Any

import gevent
import pytest
from tools.lab import ROOT, WAIT, eventually

from servers.feed import MemoryFeed, Message
from servers.publisher import Publisher
from servers.sources import SMALLEST, SPEED, clock, earthquakes, mean_rate_hz, padding, read_earthquakes

COUNT = 1707


def first(timetable, count: int) -> list[tuple[float, Any]]:
    return list(itertools.islice(timetable, count))


def offsets(timetable, count: int) -> list[float]:
    return [offset for offset, _ in first(timetable, count)]


# ---- Earthquakes


def test_the_file_is_the_recorded_week_in_time_order():
    quakes = read_earthquakes()
    times = [quake["time_ms"] for quake in quakes]
    assert len(quakes) == COUNT
    assert times == sorted(times)
    assert len({quake["id"] for quake in quakes}) == COUNT
    assert times[0] == 1517363399650
    assert 6.9 < (times[-1] - times[0]) / 86_400_000 < 7.1


def test_a_quake_is_published_with_numbers_as_numbers():
    assert first(earthquakes(), 1)[0][1] == {
        "time_ms": 1517363399650, "id": "uw61345682", "magnitude": 0.31, "depth_km": 3.28,
        "latitude": 46.2035, "longitude": -122.197, "place": "37km NNE of Amboy, Washington",
    }
    kinds = {key: {type(quake[key]) for quake in read_earthquakes()} for key in read_earthquakes()[0]}
    assert kinds.pop("id") == kinds.pop("place") == {str}
    assert all(kind <= {int, float} for kind in kinds.values())


def test_its_source_and_its_bursts_stand_beside_it():
    text = (ROOT / "servers/data/README.md").read_text(encoding="utf-8")
    times = [quake["time_ms"] for quake in read_earthquakes()]
    gaps = [(later - earlier) / 1000 for earlier, later in itertools.pairwise(times)]
    assert "United States Geological Survey" in text
    assert f"{COUNT:,} earthquakes" in text
    assert f"shorter than {math.ceil(statistics.median(gaps))} seconds" in text
    assert f"the longest lasts {max(gaps) / 60:.0f} minutes" in text


@pytest.mark.parametrize("speed", [1.0, SPEED, 10_000.0])
def test_real_gaps_are_kept_whatever_the_speed(speed):
    times = [quake["time_ms"] for quake in read_earthquakes()]
    assert offsets(earthquakes(speed), COUNT) == pytest.approx([(at - times[0]) / 1000 / speed for at in times])


def test_the_usual_speed_gives_two_quakes_a_second():
    assert 1.8 < (COUNT - 1) / offsets(earthquakes(), COUNT)[-1] < 2.2
    assert mean_rate_hz() * SPEED == pytest.approx((COUNT - 1) / offsets(earthquakes(), COUNT)[-1])


def test_the_week_begins_again_after_a_mean_gap_without_a_jump_back():
    timetable = first(earthquakes(), 2 * COUNT + 1)
    at, data = [offset for offset, _ in timetable], [quake for _, quake in timetable]
    mean_gap = at[COUNT - 1] / (COUNT - 1)
    assert at == sorted(at)
    assert at[COUNT] - at[COUNT - 1] == pytest.approx(mean_gap)
    assert at[2 * COUNT] - at[2 * COUNT - 1] == pytest.approx(mean_gap)
    assert data[COUNT : 2 * COUNT] == data[:COUNT] and data[2 * COUNT] == data[0]


# ---- The clock


@pytest.mark.parametrize("size", [SMALLEST, 142, 1000, 65_536])
def test_clock_messages_have_exactly_their_size(size):
    feed = MemoryFeed()
    for _, data in first(clock(10, size), 1100):
        feed.publish(data)
    assert {len(message.encoded) for message in feed.after(0).messages} == {size}


@pytest.mark.parametrize("seq", [9, 10, 99, 100, 9999, 10_000, 999_999, 1_000_000, 999_999_999, 1_000_000_000])
def test_a_further_digit_of_seq_takes_from_the_padding(seq):
    for size in (SMALLEST, 142):
        assert len(Message.encode(seq, time.time(), padding(size, seq)).encoded) == size


def test_smaller_than_its_frame_a_clock_message_cannot_be():
    with pytest.raises(ValueError, match=str(SMALLEST)):
        first(clock(10, SMALLEST - 1), 1)


def test_even_arrivals_are_even():
    assert offsets(clock(4, 142, "even"), 1000) == pytest.approx([number / 4 for number in range(1, 1001)])


def test_poisson_arrivals_are_those_of_their_seed():
    assert offsets(clock(50, 142, "poisson", 7), 100) == offsets(clock(50, 142, "poisson", 7), 100)
    assert offsets(clock(50, 142, "poisson", 7), 100) != offsets(clock(50, 142, "poisson", 8), 100)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("rate", [0.5, 50.0])
def test_poisson_gaps_are_exponential_with_the_rate_asked_for(rate, seed):
    count = 10_000
    moments = [0.0, *offsets(clock(rate, 142, seed=seed), count)]
    gaps = [later - earlier for earlier, later in itertools.pairwise(moments)]
    five_sigma = 5 / math.sqrt(count)
    assert statistics.fmean(gaps) * rate == pytest.approx(1, abs=five_sigma)
    assert statistics.median(gaps) * rate == pytest.approx(math.log(2), abs=five_sigma)
    assert sum(gap * rate > 3 for gap in gaps) / count == pytest.approx(math.exp(-3), abs=5 * math.sqrt(0.05 / count))


# ---- The publisher


class BlockingFeed:
    """Stands for a feed whose first publication takes `block` seconds."""

    def __init__(self, block: float) -> None:
        self.block = block
        self.began: list[float] = []

    def publish(self, data: Any, key: str | None = None) -> Message:
        self.began.append(time.time())
        if len(self.began) == 1:
            threading.Event().wait(self.block)
        return Message.encode(len(self.began), self.began[-1], data)


def late(feed: BlockingFeed, timetable: list[float], started: float) -> list[float]:
    """Seconds by which each publication began after its due time, counted from just before the start."""
    return [began - started - offset for began, offset in zip(feed.began, timetable, strict=True)]


def test_a_late_message_does_not_delay_the_next():
    feed, timetable = BlockingFeed(block=0.6), [0.0, 0.1, 0.2, 1.2]
    publisher = Publisher(feed, iter([(offset, None) for offset in timetable]))
    started = time.time()
    publisher.start()
    eventually(lambda: len(feed.began) == len(timetable))
    publisher.stop()
    seconds = late(feed, timetable, started)
    assert seconds[1] > 0.45 and seconds[2] > 0.35, "the second and third have to wait for the first"
    assert 0 <= seconds[3] < 0.35, "the fourth is due after the block, and on time"


def test_no_message_comes_before_it_is_due():
    feed, offsets_s = BlockingFeed(block=0), [number / 5 for number in range(1, 7)]  # far apart beside the margin
    publisher = Publisher(feed, iter([(offset, None) for offset in offsets_s]))
    started = time.time()
    publisher.start()
    eventually(lambda: len(feed.began) == len(offsets_s))
    publisher.stop()
    assert all(seconds >= -0.05 for seconds in late(feed, offsets_s, started))


def test_the_99th_percentile_of_lateness_is_kept_in_milliseconds():
    feed = MemoryFeed()
    publisher = Publisher(feed, iter([(-4.0, "four seconds ago")] * 3 + [(-100.0, "long ago")] + [(-2.0, "two")] * 196))
    assert publisher.late_p99_ms == 0
    publisher.start()
    eventually(lambda: feed.newest == 200)
    publisher.stop()
    assert 4000 * 0.999 <= publisher.late_p99_ms < 4000 + WAIT * 1000


def test_what_is_posted_is_not_late():
    feed = MemoryFeed()
    publisher = Publisher(feed, iter([(0.0, "tick")]))
    feed.publish("posted")
    assert publisher.late_p99_ms == 0


def test_stop_is_prompt_and_nothing_comes_after_it():
    feed = MemoryFeed()
    publisher = Publisher(feed, iter([(0.0, "now"), (3600.0, "in an hour")]))
    publisher.start()
    eventually(lambda: feed.newest == 1)
    stopping = gevent.spawn(publisher.stop)
    stopping.join(WAIT)
    assert stopping.successful()
    assert feed.newest == 1


def test_stop_returns_once_the_last_message_is_out():
    feed = MemoryFeed()
    publisher = Publisher(feed, clock(1000, 142))
    publisher.start()
    eventually(lambda: feed.newest > 10)
    publisher.stop()
    newest = feed.newest
    assert feed.after(newest, timeout=0.2).messages == []


def test_a_publisher_that_never_began_can_be_stopped():
    feed = MemoryFeed()
    Publisher(feed, clock(1000, 142)).stop()
    assert feed.newest == 0
