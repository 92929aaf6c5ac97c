"""What the model expects of a run, and what is left of a latency at zero delay: each by itself."""

from dataclasses import replace

import pytest

from loadtests.experiments.run import Run, with_whole_intervals
from loadtests.runs.floor import Floor, expected_s, floor, floor_run
from loadtests.runs.measure import measure_run
from loadtests.runs.row import Outcome, row
from loadtests.runs.tally import Tally
from results.transports import COMPARED as TRANSPORTS

pytestmark = pytest.mark.alone

MOMENTS = [1000.0, 1000.3, 1001.0, 1001.7, 1002.9]
MODELLED = {"polling": 0.25 + 0.02, "long-polling": 0.02, "websocket": 0.02}  # seconds: T = 0.5, round trip 40 ms


def outcome(latency: float, moments: list[float] = MOMENTS) -> Outcome:
    """Messages further apart than any round trip, each `latency` seconds on its way."""
    tally = Tally(span=(0.0, 2000.0), deliveries=len(moments))
    for seq, moment in enumerate(moments, start=1):
        tally.sample(0, seq, moment, moment + latency)
    return Outcome(tally, 0.1, 2**20, 1.0)


def run(transport: str, **changes: object) -> Run:
    return replace(Run("x", transport, clients=1, poll_interval_s=0.5, rtt_ms=40.0), **changes)


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("found", [None, Floor(3.0, 0.1, 110)])
def test_what_is_expected_is_the_model_alone_and_the_floor_stands_beside_it(transport, found):
    cells = row(run(transport), outcome(0.1), 1, found)
    assert cells["expected_mean_ms"] == pytest.approx(MODELLED[transport] * 1000)
    assert cells["floor_ms"] == (found and 3.0)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_without_messages_nothing_is_expected(transport):
    assert expected_s(run(transport), Tally()) is None
    assert floor(run(transport), Tally()) is None


def test_two_messages_within_the_way_there_and_back_cost_a_long_polling_client_the_rest_of_it():
    tight = outcome(0.1, [MOMENTS[0], MOMENTS[0] + 0.01, *MOMENTS[2:]])
    assert expected_s(run("long-polling"), tight.tally) == pytest.approx(0.02 + 0.03 / len(MOMENTS))


def test_a_client_is_away_for_longer_than_the_model_says_by_what_the_machine_takes():
    """Two messages 10 ms apart, 40 ms there and back: the second waits for 30 ms, and for what the machine adds."""
    tight = outcome(0.1, [MOMENTS[0], MOMENTS[0] + 0.01, *MOMENTS[2:]])
    cells = row(run("long-polling"), tight, 1, Floor(1.0, 0.1, 110, away_ms=5.0))
    assert cells["expected_mean_ms"] == pytest.approx(20.0 + 30.0 / len(MOMENTS))
    assert cells["floor_ms"] == pytest.approx(1.0 + 5.0 / len(MOMENTS))
    assert cells["floor_asking_ms"] == pytest.approx(5.0 / len(MOMENTS))


def test_a_message_before_the_window_keeps_a_client_away_in_it():
    measured = outcome(0.1)
    measured.tally.sample(0, 0, -0.01, 0.1)  # the window begins at 0
    assert measured.tally.earlier == {0: -0.01} and len(measured.tally.messages) == len(MOMENTS)
    close = Tally(span=(1000.0, 2000.0), earlier={1: 999.99})
    close.sample(0, 2, 1000.0, 1000.05)
    assert expected_s(run("long-polling"), close) == pytest.approx(0.02 + 0.03)


def test_a_floor_tells_a_transit_from_an_absence():
    """At zero delay, clients pause for 20 ms and are away for 4 more: of two messages 1 ms apart the second waits 23,
    and all take 2. Where each takes what it should, nothing is uncertain.
    """
    tally = Tally(span=(0.0, 2000.0), absences=10, absent_us=40_000)
    for pair in range(60):
        tally.sample(0, 2 * pair, 1000.0 + pair, 1000.002 + pair)
        tally.sample(0, 2 * pair + 1, 1000.001 + pair, 1000.026 + pair)
    found = floor(floor_run(run("long-polling")), tally)
    assert found is not None
    assert (found.ms, found.away_ms) == (pytest.approx(2.0, abs=0.01), 4.0)
    assert found.half_ms == pytest.approx(0.0, abs=0.01)


@pytest.mark.parametrize(("transport", "copies"), [("websocket", 1.5), ("polling", 1)])
def test_bytes_take_their_time_at_the_links_rate(transport, copies):
    """1,000 B at 1 Mbit/s take 8 ms; of two clients that are sent a message at once, one waits for the other's."""
    slow = run(transport, clients=2, link_mbps=1.0)
    tally = outcome(0.1).tally
    tally.ledger.wire_received, tally.deliveries, tally.answers = 5000, 5, 5 * (transport == "polling")
    assert expected_s(slow, tally) == pytest.approx(MODELLED[transport] + 0.008 * copies)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_floor_is_what_the_model_does_not_explain_at_zero_delay(transport):
    calibrating = floor_run(run(transport, tls=True, clients=50, cookie_bytes=500))
    assert (calibrating.transport, calibrating.tls, calibrating.clients) == (transport, True, 50)
    assert calibrating.rtt_ms == 0.0 and calibrating.rate_hz * calibrating.duration_s >= 100
    wait = calibrating.poll_interval_s / 2 if transport == "polling" else 0.0
    found = floor(calibrating, outcome(wait + 0.002, [1000 + n for n in range(110)]).tally)
    assert found is not None and found.ms == pytest.approx(2.0, abs=0.01) and found.messages == 110


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_runs_share_a_floor_if_they_share_clients_rate_and_connections(transport):
    runs = [run(transport), run(transport, rtt_ms=100.0, header_profile="python")]
    assert len({floor_run(each) for each in runs}) == 1
    others = [{"tls": True}, {"clients": 7}, {"repeat": 2}]
    others += [] if transport == "websocket" else [{"keep_alive": False}]
    others += [] if transport == "polling" else [{"rate_hz": 20.0}]
    found = {
        floor_run(with_whole_intervals(each)) for each in [*runs, *(run(transport, **changes) for changes in others)]
    }
    assert len(found) == 1 + len(others)


@pytest.mark.parametrize("transport", ["long-polling", "websocket"])
def test_an_inserted_delay_is_what_a_run_measures(transport, tmp_path):
    """Within a third, on whatever machine: the delay is 60 ms one way, and each message finds the client there."""
    even = {"rate_hz": 5.0, "arrivals": "even", "header_profile": "minimal"}
    delayed = Run("x", transport, clients=1, rtt_ms=120.0, duration_s=2.0, **even)
    measured = measure_run(delayed, tmp_path, lambda seconds: None)
    modelled = expected_s(delayed, measured.tally)
    assert modelled * 0.99 < measured.tally.mean_s < modelled * 1.33


@pytest.mark.parametrize("pauses", [False, True])
def test_a_long_polling_client_is_away_for_a_round_trip_and_a_pause_is_not_counted(pauses, tmp_path):
    """Within a third, on whatever machine: the round trip is 60 ms, and a pause 20."""
    busy = Run("x", "long-polling", clients=1, rate_hz=20.0, rtt_ms=60.0, duration_s=2.0, header_profile="minimal")
    tally = measure_run(busy, tmp_path, lambda seconds: None, floor=pauses).tally
    assert tally.absences > 3
    assert 0.059 < tally.absent_us / tally.absences / 1e6 < 0.08
