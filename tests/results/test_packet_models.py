"""The models of packets, against a simulation, packet by packet, and figures from the RFCs."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.packet_models import (
    FIRST_WINDOW,
    LEAST_TIMEOUT,
    REORDERING,
    SEGMENT,
    exchange_round_trips,
    one_lost,
    pushed_mean_s,
    queue_s,
    recovery_s,
    windows,
)

RTT = 0.05


def simulated(rate, rtt, losses=20_000):
    """One message of a Poisson stream is lost, again and again: how many are late, and by how much in all."""
    chance, late, delay = random.Random(7), 0, 0.0
    for _ in range(losses):
        gap = chance.expovariate(rate)
        there = min(max(gap, REORDERING * rtt) + rtt, rtt + LEAST_TIMEOUT)  # beyond its own time
        late, delay, at = late + 1, delay + there, gap
        while at < there:
            late, delay = late + 1, delay + there - at
            at += chance.expovariate(rate)
    return late / losses, delay / losses


@pytest.mark.parametrize("rate", [1.0, 10.0, 50.0, 200.0])
def test_what_one_lost_packet_does_is_what_a_simulation_gives(rate):
    late, delay_s = simulated(rate, RTT)
    found = one_lost(rate, RTT)
    assert (found.late, found.delay_s) == (pytest.approx(late, rel=0.03), pytest.approx(delay_s, rel=0.03))


def test_the_wait_ends_with_the_next_acknowledgement_or_with_the_timeout():
    gaps = np.array([0.001, 0.1, 10.0])
    assert recovery_s(gaps, RTT) == pytest.approx([0.0625, 0.15, 0.25])


def test_without_loss_a_push_takes_one_transit():
    assert pushed_mean_s(10, RTT, 0.0) == 0.025 < pushed_mean_s(10, RTT, 0.01) < pushed_mean_s(10, RTT, 0.03)


@given(st.integers(1, 5_000_000))
def test_windows_double_from_ten_segments(size):
    """Sent window by window, as RFC 6928 and RFC 5681 have it."""
    left, window, rounds = -(-size // SEGMENT), FIRST_WINDOW, 0
    while left > 0:
        left, window, rounds = left - window, 2 * window, rounds + 1
    assert windows(size) == rounds


def test_an_echo_of_14_kb_takes_one_round_trip_and_one_byte_more_takes_three():
    ten = 10 * SEGMENT
    assert [exchange_round_trips(size, size, False) for size in (1, ten, ten + 1)] == [1, 1, 3]
    assert [exchange_round_trips(size, 1, True) for size in (1, ten, ten + 1)] == [2, 2, 3]


def test_two_hundred_packets_wait_1_2_seconds_at_2_mbit():
    assert queue_s(200, 2.0) == pytest.approx(1.2112)
