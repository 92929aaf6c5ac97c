"""What the model expects of a run, and what is left at zero delay."""

from dataclasses import replace

import pytest

from loadtests.experiments.run import Run
from loadtests.runs.conduct import conduct
from loadtests.runs.floor import expected_s, floor, floor_run
from loadtests.runs.row import Outcome, row
from loadtests.runs.tally import Tally
from results.transports import COMPARED as TRANSPORTS

MOMENTS = [1000.0, 1000.3, 1001.0, 1001.7, 1002.9]
MODELLED = {"polling": 0.25 + 0.02, "long-polling": 0.02, "websocket": 0.02}  # seconds: T = 0.5, round trip 40 ms


def outcome(latency: float) -> Outcome:
    """Five messages further apart than any round trip, each `latency` seconds on its way."""
    tally = Tally()
    for seq, moment in enumerate(MOMENTS, start=1):
        tally.count(seq, moment, moment + latency, 100)
    status = {"cpu_s": 1.0, "rss_bytes": 2**20, "publisher_late_p99_ms": 1.0}
    return Outcome(tally, len(MOMENTS), status, status)


def run(transport: str, **changes: object) -> Run:
    return replace(Run("x", transport, clients=1, poll_interval_s=0.5, rtt_ms=40.0), **changes)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_what_is_expected_is_the_model_over_the_runs_own_moments_and_the_floor(transport):
    cells = row(run(transport), outcome(0.1), 1, floor_s=0.003)
    assert cells["expected_mean_ms"] == pytest.approx((MODELLED[transport] + 0.003) * 1000)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_nothing_is_expected_without_a_floor_or_without_messages(transport):
    assert row(run(transport), outcome(0.1), 1)["expected_mean_ms"] is None
    assert expected_s(run(transport), Tally(), 0.001) is None
    assert floor(run(transport), Tally()) is None


def test_two_messages_within_the_way_there_and_back_cost_a_long_polling_client_the_rest_of_it():
    tight = outcome(0.1)
    tight.tally.messages[2].published_at = MOMENTS[0] + 0.01
    assert expected_s(run("long-polling"), tight.tally, 0.0) == pytest.approx(0.02 + 0.03 / len(MOMENTS))
    slower = expected_s(run("long-polling"), tight.tally, 0.005)  # longer away by the floor, twice
    assert slower == pytest.approx(0.025 + 0.04 / len(MOMENTS))


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_the_floor_is_what_the_model_does_not_explain_at_zero_delay(transport):
    calibrating = floor_run(run(transport, tls=True, clients=50, cookie_bytes=500))
    assert (calibrating.transport, calibrating.tls, calibrating.rtt_ms) == (transport, True, 0.0)
    wait = calibrating.poll_interval_s / 2 if transport == "polling" else 0.0
    assert floor(calibrating, outcome(wait + 0.002).tally) == pytest.approx(0.002, abs=1e-5)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_every_run_of_a_transport_shares_one_calibration(transport):
    runs = [run(transport), run(transport, clients=7, rtt_ms=100.0, repeat=2, header_profile="python")]
    assert len({floor_run(each) for each in runs}) == 1
    assert floor_run(run(transport, tls=True)) != floor_run(run(transport))


@pytest.mark.parametrize("transport", ["long-polling", "websocket"])
def test_an_inserted_delay_is_what_a_run_measures(transport, tmp_path):
    """Within a third, on whatever machine: the delay is 60 ms one way."""
    delayed = Run("x", transport, clients=1, rate_hz=5.0, rtt_ms=120.0, duration_s=2.0, header_profile="minimal")
    measured = conduct(delayed, tmp_path, lambda seconds: None)
    modelled = expected_s(delayed, measured.tally, 0.0)
    assert modelled * 0.99 < measured.tally.mean_s < modelled * 1.33
