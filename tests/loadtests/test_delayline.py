"""The delay line's arithmetic, on literal values: no socket, no clock."""

import math

import pytest

from loadtests.link.delayline import MAX_QUEUED_BYTES, MAX_QUEUED_PIECES, READ_BYTES, SEGMENT_BYTES, DelayLine, Wire


def taken(line: DelayLine, now: float) -> list[bytes]:
    return [piece.data for piece in iter(lambda: line.take(now), None)]


def test_bytes_are_released_one_delay_after_their_arrival():
    line = DelayLine(Wire(delay=0.025))
    line.put(10.0, b"question")
    assert line.next_release == 10.025
    assert line.take(10.024) is None
    assert line.take(10.025) == (10.025, 10.0, b"question")
    assert line.take(11.0) is None and line.next_release is None


def test_many_pieces_are_under_way_at_once_and_keep_their_order():
    line = DelayLine(Wire(delay=1.0))
    for arrival, data in ((0.0, b"a"), (0.5, b"b"), (0.75, b"c"), (0.75, b"d")):
        line.put(arrival, data)
    assert taken(line, 0.99) == []
    assert taken(line, 1.5) == [b"a", b"b"]
    assert taken(line, 1.75) == [b"c", b"d"]


def test_the_end_of_the_stream_waits_its_turn():
    line = DelayLine(Wire(delay=1.0))
    line.put(0.0, b"last words")
    line.put(0.0, b"")
    assert taken(line, 1.0) == [b"last words", b""]


def test_a_rate_lets_one_byte_leave_after_the_other():
    line = DelayLine(Wire(delay=0.5, rate=1000.0))
    line.put(0.0, b"x" * 100)
    line.put(0.0, b"y" * 200)
    line.put(2.0, b"z" * 100)
    releases = [piece.release for piece in line.queue]
    assert releases == pytest.approx([0.6, 0.8, 2.6])


def test_at_a_rate_bytes_travel_in_segments():
    line = DelayLine(Wire(delay=0.0, rate=1448.0))
    line.put(0.0, b"x" * (SEGMENT_BYTES + 724))
    assert [(piece.release, len(piece.data)) for piece in line.queue] == [(1.0, SEGMENT_BYTES), (1.5, 724)]


def test_connections_share_the_rate_but_not_the_queue():
    wire = Wire(delay=0.0, rate=100.0)
    one, other = DelayLine(wire), DelayLine(wire)
    one.put(0.0, b"x" * 100)
    other.put(0.0, b"y" * 100)
    assert (one.next_release, other.next_release) == (1.0, 2.0)
    assert (one.size, other.size) == (100, 100)


def test_bytes_before_the_handshake_is_over_leave_at_its_end():
    line = DelayLine(Wire(delay=0.025), ready=10.05)
    line.put(10.0, b"early")
    line.put(10.06, b"late")
    assert [piece.release for piece in line.queue] == pytest.approx([10.075, 10.085])


def test_nothing_passes_during_a_cut_and_what_is_sent_meanwhile_leaves_after_it():
    wire = Wire(delay=0.1)
    line = DelayLine(wire)
    line.put(0.0, b"under way")
    wire.cut_until = 5.0
    line.put(1.0, b"sent into the cut")
    assert line.next_release == 5.0 and line.take(4.99) is None
    assert taken(line, 5.0) == [b"under way"]
    assert line.next_release == 5.1
    line.put(6.0, b"after")
    assert [piece.release for piece in line.queue] == pytest.approx([5.1, 6.1])


def test_a_full_line_says_so_until_it_is_emptied():
    line = DelayLine(Wire(delay=1.0))
    line.put(0.0, bytes(MAX_QUEUED_BYTES - 1))
    assert not line.full
    line.put(0.5, b"x")
    assert line.full and line.size == MAX_QUEUED_BYTES
    taken(line, 1.0)
    assert not line.full and line.size == 1


def test_single_bytes_fill_a_line_too():
    line = DelayLine(Wire(delay=1.0))
    for _ in range(MAX_QUEUED_PIECES):
        assert not line.full
        line.put(0.0, b"x")
    assert line.full


@pytest.mark.parametrize(("delay", "rate", "limit"), [
    (0.05, math.inf, MAX_QUEUED_BYTES), (0.05, 125_000.0, 6250 + READ_BYTES), (1.0, 125e6, MAX_QUEUED_BYTES),
])
def test_a_line_holds_what_fills_the_wire_and_a_buffer(delay, rate, limit):
    assert DelayLine(Wire(delay, rate)).limit == limit
