"""The tally: every seq checked, samples that merge exactly."""

import json
import random

import numpy as np
import pytest

from clients.ledger import Ledger
from loadtests.runs.tally import PAGES, Sequence, Tally


@pytest.mark.parametrize(
    ("seqs", "lost", "duplicated", "out_of_order"),
    [
        ([6, 7, 8], set(), 0, 0),
        ([6, 8], {7}, 0, 0),
        ([6, 8, 7], set(), 0, 1),
        ([6, 6, 7], set(), 1, 0),
        ([8, 9, 7, 7, 5], {6}, 2, 1),
        ([], set(), 0, 0),
    ],
)
def test_a_sequence_tells_what_is_lost_repeated_and_late(seqs, lost, duplicated, out_of_order):
    sequence = Sequence(5)
    for seq in seqs:
        sequence.check(seq)
    assert (sequence.lost, sequence.duplicated, sequence.out_of_order) == (lost, duplicated, out_of_order)


def test_what_a_client_should_have_come_to_is_lost_if_it_has_not():
    tally, sequence = Tally(), Sequence(5)
    sequence.check(7)
    tally.close(sequence, newest=10)
    assert tally.lost == 4  # 6, 8, 9, 10


def tally_of(latencies: list[float], seed: int) -> Tally:
    chance, tally = random.Random(seed), Tally(clients=1, cpu_share=seed / 10, connections=1, span=(1000.0, 2000.0))
    for seq, latency in enumerate(latencies, start=1):
        tally.sample(0, seq, 1000.0 + seq, 1000.0 + seq + latency + 0.5, 1000.0 + seq + latency)
    for name in PAGES:
        setattr(tally, name, Ledger(*(chance.randrange(1000) for _ in range(8))))
    tally.lag_us.record_value(seed)
    tally.count_late_request(seed / 1000)
    return tally


def test_tallies_of_many_processes_merge_to_what_one_would_have_counted():
    chance = random.Random(7)
    parts = [[chance.expovariate(10) for _ in range(500)] for _ in range(4)]
    tallies = [tally_of(part, seed) for seed, part in enumerate(parts, start=1)]
    merged = Tally.merged(Tally.from_values(json.loads(json.dumps(tally.as_values()))) for tally in tallies)
    every = np.concatenate(parts)
    assert (merged.samples, merged.stamped, merged.connections, merged.cpu_share) == (2000, 2000, 4, 0.4)
    for name in PAGES:
        assert getattr(merged, name).wire == sum(getattr(tally, name).wire for tally in tallies)
    assert merged.late_requests == {1000: 1, 2000: 1, 3000: 1, 4000: 1}
    assert merged.messages[3].clients == [0, 1, 2, 3], "each process counts its clients from 0"
    assert merged.mean_s == pytest.approx(every.mean(), abs=1e-6)
    assert merged.delay_histogram().get_value_at_percentile(99) == pytest.approx(500_000, rel=2e-3)
    for percent in (50, 90, 99):
        exact = np.percentile(every, percent, method="inverted_cdf") * 1e6
        assert merged.histogram().get_value_at_percentile(percent) == pytest.approx(exact, rel=2e-3)


def test_merging_leaves_the_parts_as_they_were():
    part = tally_of([0.1, 0.2], 1)
    Tally.merged([part, part])
    assert part.samples == 2 and part.messages[1].clients == [0]


def test_latencies_are_of_the_messages_published_in_the_window():
    tally = Tally(span=(1001.0, 1003.0))
    for seq in range(5):
        tally.sample(0, seq, 1000.0 + seq, 1010.0)
    assert list(tally.messages) == [1, 2] and tally.samples == 2 and tally.stamped == 0


def test_who_follows_for_hours_keeps_a_histogram_and_nothing_for_each_message():
    tally = Tally()
    for seq in range(5):
        tally.sample(0, seq, 1000.0 + seq, 1000.1 + seq)
    assert tally.samples == 5 and not tally.messages
