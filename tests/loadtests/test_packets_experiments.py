"""What packets do to messages: windows, and a queue that an upload fills."""

from dataclasses import replace

import pytest

from loadtests.experiments import EXPERIMENTS, experiment_of
from loadtests.runs.measure import measure_run
from loadtests.runs.row import row
from results.packet_models import exchange_round_trips

pytestmark = [pytest.mark.starts, pytest.mark.usefixtures("packets")]


def echoes(size, **wanted):
    """The run of `slow-start` with messages of that size, and these parameters."""
    runs = EXPERIMENTS["slow-start"].runs("full")
    return next(run for run in runs if run.payload_bytes == size and not run.cookie_bytes
                and all(getattr(run, name) == value for name, value in wanted.items()))  # fmt: skip


@pytest.mark.parametrize(("size", "wanted", "round_trips"), [
    (65_536, {"keep_alive": False}, exchange_round_trips(65_536, 65_536, True)),
    (65_536, {"rate_hz": 0.5}, exchange_round_trips(65_536, 65_536, False)), (65_536, {"rate_hz": 8.0}, 1),
])  # fmt: skip
def test_an_echo_takes_the_round_trips_that_its_windows_take(tmp_path, size, wanted, round_trips):
    """With a round trip of 100 ms, beside which a busy machine is small."""
    run = replace(echoes(size, **wanted), rtt_ms=100.0, clients=4)
    outcome = measure_run(run, tmp_path, lambda seconds: None)
    assert outcome.tally.deliveries > 0
    half_within_ms = outcome.histogram.get_value_at_percentile(50) / 1000
    assert round(half_within_ms / run.rtt_ms) == round_trips


def test_an_upload_delays_who_asks_and_not_who_is_told(tmp_path):
    found = {}
    for run in EXPERIMENTS["bufferbloat"].runs("full"):
        if run.transport in ("long-polling", "websocket") and (run.queue_packets, run.fault) == (200, "upload"):
            outcome = measure_run(run, tmp_path, lambda seconds: None, experiment_of(run).during)
            found[run.transport] = row(run, outcome, 1)["latency_mean_ms"]
    assert found["long-polling"] > 2 * found["websocket"]
