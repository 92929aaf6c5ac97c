"""One direction of the path of packets: nothing is reordered or unaccounted for; rate, queue and loss are as said."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as some

from loadtests.packets.direction import Direction, Loss
from loadtests.packets.path import change, parse

sizes = some.integers(60, 1514)
gaps = some.floats(0, 0.05)


def moved(direction, packets):
    """The packets that a direction passes, each with its release; `packets` are times and bytes."""
    for now, packet in packets:
        direction.put(now, packet)
    found = []
    while direction.next_release < math.inf:
        at = direction.next_release
        found.append((at, direction.take(at)))
    return found


def arriving(draws):
    now, packets = 0.0, []
    for number, (gap, size) in enumerate(draws):
        now += gap
        packets.append((now, number.to_bytes(4) + bytes(size - 4)))
    return packets


@given(some.lists(some.tuples(gaps, sizes), max_size=40), some.floats(0, 0.1), some.floats(1e3, 1e7),
       some.integers(1, 20), some.floats(0, 30), some.integers(0, 99))  # fmt: skip
def test_each_packet_is_passed_lost_or_dropped_and_none_overtakes(draws, delay, rate, queue, percent, seed):
    direction = Direction(delay, rate, queue, Loss(percent), seed)
    packets = arriving(draws)
    found = moved(direction, packets)
    assert len(found) == direction.passed == len(packets) - direction.lost - direction.dropped
    numbers = [int.from_bytes(packet[:4]) for _, packet in found]
    assert numbers == sorted(numbers)
    came = {packet[:4]: now for now, packet in packets}
    for at, packet in found:
        assert at >= came[packet[:4]] + len(packet) / rate + delay - 1e-9


@given(some.lists(sizes, min_size=2, max_size=30), some.floats(1e4, 1e6))
def test_at_a_rate_each_packet_leaves_its_time_after_the_one_before(lengths, rate):
    found = moved(Direction(0.01, rate), arriving([(0, size) for size in lengths]))
    for (before, _), (after, packet) in pairwise(found):
        assert after - before == pytest.approx(len(packet) / rate)
    assert found[0][0] == pytest.approx(0.01 + lengths[0] / rate)


@pytest.mark.parametrize(("queue", "passed"), [(1, 1), (5, 5), (100, 50)])
def test_a_full_queue_drops_its_tail(queue, passed):
    direction = Direction(0, 1000, queue)
    found = moved(direction, arriving([(0, 100)] * 50))
    assert [int.from_bytes(packet[:4]) for _, packet in found] == list(range(passed))
    assert direction.dropped == 50 - passed


def test_a_shorter_delay_lets_nothing_overtake():
    direction = Direction(0.1)
    direction.put(0.0, b"first")
    direction.delay = 0.0
    direction.put(0.01, b"second")
    assert direction.take(0.05) is None
    assert [direction.take(0.1), direction.take(0.1)] == [b"first", b"second"]


@pytest.mark.parametrize(("percent", "burst"), [(0, 1), (0.1, 1), (1, 1), (3, 1), (1, 5), (20, 3)])
def test_the_loss_lies_in_its_binomial_interval_and_bursts_are_as_long_as_they_say(percent, burst):
    count, direction = 40_000, Direction(loss=Loss(percent, burst), seed=7)
    lost = []
    for number in range(count):
        before = direction.lost
        direction.put(number, b"")
        lost.append(direction.lost > before)
    share = percent / 100
    half = 3.3 * math.sqrt(share * (1 - share) / count * (2 * burst - 1))  # bursts make neighbours alike
    assert abs(sum(lost) / count - share) <= half
    if percent:
        begun = sum(now and not before for before, now in pairwise([False, *lost]))
        assert sum(lost) / begun == pytest.approx(burst / (1 - share) if burst == 1 else burst, rel=0.15)


@given(some.integers(0, 1000))
def test_the_same_seed_loses_the_same_packets(seed):
    def lost():
        direction = Direction(loss=Loss(10), seed=seed)
        return [number for number, _ in enumerate(range(200)) if direction.put(number, b"") or direction.lost]

    assert lost() == lost()


def test_in_a_cut_nothing_passes_and_what_is_under_way_does():
    direction = Direction(1.0)
    direction.put(0.0, b"before")
    direction.cut_until = 5.0
    direction.put(0.5, b"in the cut")
    direction.put(5.0, b"after")
    assert [direction.take(9), direction.take(9), direction.take(9)] == [b"before", b"after", None]
    assert direction.lost == 1


@pytest.mark.parametrize(("percent", "burst"), [(100, 1), (-1, 1), (50, 0.5), (80, 1.5)])
def test_what_no_path_can_lose_is_one_line(percent, burst):
    with pytest.raises(ValueError, match="cannot"):
        Loss(percent, burst)


@pytest.mark.parametrize(("line", "values"), [
    ("delay 25", {"delay": 25.0}), ("loss 1 burst 5", {"loss": 1.0, "burst": 5.0}), ("counts", {"counts": True}),
    ('{"mbit": 10, "queue": 50}', {"mbit": 10, "queue": 50}), ("cut 0.5", {"cut": 0.5}),
    ('{"stop": true}', {"stop": True}),
])  # fmt: skip
def test_a_command_is_typed_or_in_json(line, values):
    assert parse(line) == values


@pytest.mark.parametrize("line", ["", "dance", "delay", "delay far", "loss 101", "burst 0", "queue 0", '{"loss": true}',
                                  "{", "[]", "cut -1", '{"delay": null}'])  # fmt: skip
def test_what_is_no_command_is_one_line(line):
    with pytest.raises(ValueError, match="^not delay MS, mbit RATE"):
        parse(line)


def test_a_direction_changes_while_it_runs():
    direction = Direction()
    change(direction, {"delay": 25, "mbit": 10, "queue": 5, "loss": 2, "burst": 4})
    assert (direction.delay, direction.rate, direction.queue_packets) == (0.025, 1_250_000, 5)
    assert direction.loss == Loss(2, 4)
    change(direction, {"mbit": 0, "loss": 1})
    assert direction.rate == math.inf and direction.loss == Loss(1, 4)
