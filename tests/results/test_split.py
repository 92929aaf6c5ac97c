"""results/latency_breakdown.py: a mean latency in parts that add up to it."""

import pandas as pd
import pytest

from results.latency_breakdown import PARTS, breakdown


def runs(**cells):
    """Two long-polling runs over a link of 1 Mbit/s: 200 answers of 1,000 B take 8 ms each, in turn of two clients."""
    run = {"transport": "long-polling", "rtt_ms": 40.0, "link_mbps": 1.0, "clients": 2, "requests": 200,
           "deliveries": 200, "wire_sent": 40_000, "wire_received": 200_000, "latency_mean_ms": 50.0,
           "expected_mean_ms": 44.0, "floor_ms": 4.0, "floor_asking_ms": 1.5} | cells  # fmt: skip
    return pd.DataFrame([run, run | {"latency_mean_ms": run["latency_mean_ms"] + 2.0}])


def test_every_part_is_what_it_is_called():
    parts = dict(breakdown(runs()).parts())
    assert list(parts) == list(PARTS)
    assert parts == pytest.approx(
        {"waiting": 12.0, "transit": 20.0, "sending": 12.0, "machine": 2.5, "asking": 1.5, "left": 3.0}
    )
    assert breakdown(runs()).whole == pytest.approx(51.0)


def test_without_a_floor_the_machine_is_in_what_is_left():
    parts = dict(breakdown(runs(floor_ms=None, floor_asking_ms=None).astype({"floor_ms": float})).parts())
    assert (parts["machine"], parts["asking"], parts["left"]) == (0.0, 0.0, pytest.approx(7.0))


def test_an_older_table_does_not_tell_asking_from_the_rest():
    parts = dict(breakdown(runs(floor_asking_ms=float("nan"))).parts())
    assert (parts["machine"], parts["asking"]) == (4.0, 0.0)
