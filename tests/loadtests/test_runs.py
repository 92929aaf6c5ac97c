"""A run's row: counted, checked, and valid only when all is well."""

import sys
from dataclasses import replace

import pytest

from loadtests.experiments import EXPERIMENTS, PROFILES, workload
from loadtests.experiments.experiment import Experiment, Scene
from loadtests.experiments.run import Run
from loadtests.runs.conduct import conduct
from loadtests.runs.row import Outcome, half_interval_ms, row
from loadtests.runs.tally import Tally
from results.table import COLUMNS, TableError, write_runs
from results.transports import COMPARED as TRANSPORTS

RUN = Run("latency", "polling", clients=2)
MESSAGES = 20


def outcome(**changes: float) -> Outcome:
    """A good outcome of two clients and twenty messages of 100 B, but for `changes` to tally or status."""
    tally = Tally(requests=50, empty_responses=30, connections=2, cpu_share=0.2)
    for seq in range(1, MESSAGES + 1):
        for client in range(RUN.clients):
            tally.count(seq, 1000.0 + seq, 1000.1 + seq + client / 1000, 100)
    tally.ledger.request_head, tally.ledger.payload = 5000, 4000
    tally.ledger.wire_sent, tally.ledger.wire_received = 5000, 4000
    tally.lag_us.record_value(1000)
    for name, value in changes.items():
        if hasattr(tally, name):
            setattr(tally, name, value)
    after = {"cpu_s": 1.5, "rss_bytes": 50 * 2**20, "publisher_late_p99_ms": changes.get("late_ms", 1.0)}
    return Outcome(tally, int(changes.get("published", MESSAGES)), {"cpu_s": 1.0}, after)


def test_a_row_has_the_columns_of_the_contract_and_the_sums_of_the_tally(tmp_path):
    cells = row(RUN, outcome(), 1)
    assert list(cells) == [column.name for column in COLUMNS]
    assert cells["valid"] and cells["invalid_reason"] is None
    assert cells["overhead_per_delivery"] == (9000 - 4000) / 40
    assert cells["latency_mean_ms"] == pytest.approx(100.5, abs=0.01)
    assert cells["server_cpu_us_per_delivery"] == pytest.approx(0.5 / 40 * 1e6)
    assert cells["hold_s"] is None and cells["poll_interval_s"] == 1.0
    write_runs(tmp_path / "runs.csv", [cells])
    with pytest.raises(TableError):
        write_runs(tmp_path / "runs.csv", [cells | {"unheard_of": 1}])


def lagging(result: Outcome) -> Outcome:
    result.tally.lag_us.record_value(50_000)
    return result


def unbooked(result: Outcome) -> Outcome:
    result.tally.ledger.wire_sent += 7
    return result


def counted(result: Outcome, **kernel: int) -> Outcome:
    """The same with the kernel's count: what the ledger has, but for `kernel`."""
    ledger = result.tally.ledger
    told = {"kernel_sent": ledger.wire_sent, "kernel_received": ledger.wire_received, "segments_sent": 9}
    for name, value in (told | kernel).items():
        setattr(ledger, name, value)
    return result


def sparse(result: Outcome) -> Outcome:
    result.tally.messages = dict(list(result.tally.messages.items())[:3])
    return result


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (outcome(lost=1), "1 lost"),
        (outcome(duplicated=2), "2 repeated"),
        (outcome(out_of_order=3), "3 out of order"),
        (outcome(failures=4), "4 failures of clients"),
        (outcome(published=21), "40 deliveries of 42"),
        (unbooked(outcome()), "7 bytes not booked"),
        (outcome(message_bytes=4142), "142 bytes of messages not booked"),
        (counted(outcome(), kernel_sent=5003), "TCP_INFO counts 3 bytes more sent than the ledger"),
        (counted(outcome(), kernel_received=3999), "TCP_INFO counts 1 bytes less received than the ledger"),
        (outcome(late_ms=5.1), "publisher 5.1 ms late at p99"),
        (outcome(cpu_share=0.9), "generator took 0.90 of a core"),
        (lagging(outcome()), "generator 50.0 ms late at p99"),
        (sparse(outcome()), "only 3 messages"),
    ],
)
def test_each_thing_that_can_be_wrong_makes_a_run_invalid(bad, reason):
    cells = row(RUN, bad, 1)
    assert not cells["valid"] and cells["invalid_reason"] == reason


def test_the_interval_comes_from_messages_not_from_samples():
    one, many = outcome(), outcome()
    for message in many.tally.messages.values():  # ten times the clients see what two saw: not one message more
        message.deliveries, message.latency_us = message.deliveries * 10, message.latency_us * 10
    assert half_interval_ms(many.tally) == pytest.approx(half_interval_ms(one.tally))


def test_segments_are_the_kernels_or_unknown():
    told = row(RUN, counted(outcome(), segments_received=7), 1)
    assert told["valid"] and (told["segments_sent"], told["segments_received"]) == (9, 7)
    untold = row(RUN, outcome(), 1)
    assert untold["valid"] and (untold["segments_sent"], untold["segments_received"]) == (None, None)


WAYS = [(transport, tls, False) for tls in (False, True) for transport in TRANSPORTS]


@pytest.mark.parametrize(("transport", "tls", "deflate"), [*WAYS, ("websocket", True, True)])
def test_a_run_counts_what_the_kernel_counts(transport, tls, deflate, tmp_path):
    run = Run("overhead", transport, tls=tls, deflate=deflate, poll_interval_s=0.2, duration_s=2.0, rate_hz=20)
    result = conduct(run, tmp_path, lambda seconds: None)
    ledger, cells = result.tally.ledger, row(run, result, 1)
    assert (result.tally.lost, result.tally.failures) == (0, 0) and result.tally.deliveries == result.published * 5 > 0
    assert (cells["tls"], cells["deflate"]) == (tls, deflate)
    assert result.tally.connections == 5  # what TLS holds back does not make a kept connection look dead
    assert ledger.difference == 0 and (ledger.payload < result.tally.message_bytes) is deflate
    assert (ledger.handshake > 0) is (transport == "websocket")  # the others have kept their connections
    if sys.platform == "linux":
        assert (ledger.kernel_sent, ledger.kernel_received) == (ledger.wire_sent, ledger.wire_received)
        assert ledger.segments_sent >= result.tally.requests and ledger.segments_received > 0


def test_over_a_slow_line_tls_verifies_and_the_closing_handshake_is_counted(tmp_path):
    run = Run("overhead", "websocket", tls=True, rtt_ms=60, duration_s=1.0)
    ledger = conduct(run, tmp_path, lambda seconds: None).tally.ledger
    assert ledger.difference == 0
    if sys.platform == "linux":
        assert (ledger.kernel_sent, ledger.kernel_received) == (ledger.wire_sent, ledger.wire_received) != (0, 0)


def test_polls_that_take_longer_than_their_interval_end_in_order_and_are_booked(tmp_path):
    run = Run("x", "polling", clients=2, rtt_ms=300, poll_interval_s=0.05, duration_s=2.0)
    tally = conduct(run, tmp_path, lambda seconds: None).tally
    assert (tally.lost, tally.failures) == (0, 0) and tally.deliveries > 0
    assert tally.ledger.request_head > 50 * tally.requests > 0 and tally.ledger.difference == 0


def test_names_of_runs_say_tls_and_deflate_in_a_word():
    run = Run("overhead", "websocket", tls=True, deflate=True)
    assert run.run_id == "overhead-websocket-tls-deflate" != replace(run, deflate=False).run_id


def test_deflate_is_for_websocket_alone():
    runs = workload(tls=True, deflate=True)
    assert [(run.tls, run.deflate) for run in runs] == [(True, False), (True, False), (True, True)]


@pytest.mark.parametrize("profile", PROFILES)
def test_plans_name_each_run_once_and_interleave_the_transports(profile):
    runs = [run for experiment in EXPERIMENTS.values() for run in experiment.runs(profile)]
    assert len({run.run_id for run in runs}) == len(runs)
    for experiment in EXPERIMENTS.values():
        first = [run.transport for run in experiment.runs(profile)][:3]
        assert first == list(TRANSPORTS)
    assert sum(run.expected_s for run in runs) < {"quick": 75, "standard": 300, "full": 2100}[profile]


def test_only_polling_has_a_poll_interval():
    latency = EXPERIMENTS["latency"].runs("full")
    held = [run.rtt_ms for run in latency if run.transport == "long-polling" and run.repeat == 1]
    asked = {run.poll_interval_s for run in latency if run.transport == "polling"}
    assert len(held) == len(set(held)) and len(asked) > 3


def test_a_workload_is_one_run_for_each_transport():
    runs = workload(clients=3, rate_hz=7.0)
    assert [run.transport for run in runs] == list(TRANSPORTS) and {run.clients for run in runs} == {3}
    assert {replace(run, transport="", poll_interval_s=0) for run in runs} == {
        replace(runs[0], transport="", poll_interval_s=0)
    }


def test_a_row_is_made_from_the_run_alone():
    run = Run("outage", "websocket", operation="duplex", link_mbps=2.0, keep_alive=False, fault="cut", repeat=3)
    cells = row(run, outcome(), 1)
    parameters = ("operation", "link_mbps", "keep_alive", "fault", "repeat", "poll_interval_s", "hold_s", "rtt_ms")
    assert [cells[name] for name in parameters] == ["duplex", 2.0, False, "cut", 3, None, None, 0.0]
    assert run.run_id == "outage-websocket-operationduplex-link2.0-keepFalse-faultcut-repeat3"
    assert Run(**run.parameters()) == run


def test_what_an_injected_fault_costs_does_not_make_a_run_invalid():
    broken = outcome(lost=1, failures=2, published=21)
    assert not row(RUN, broken, 1)["valid"]
    assert row(replace(RUN, fault="cut"), broken, 1)["valid"]


def test_an_experiment_acts_on_its_run_while_it_lasts(tmp_path):
    """The link is cut for a second in the middle of the window: what is published then comes a second late."""

    def cut(scene: Scene) -> None:
        scene.pass_time(0.5)
        scene.tell_link(cut=1.0)
        scene.pass_time(scene.run.duration_s - 0.5)

    setting = {"fault": "cut", "duration_s": 2.5, "rate_hz": 20.0}
    experiment = Experiment("outage", "?", lambda profile: iter([setting]), cut)
    run = next(run for run in experiment.runs("quick") if run.transport == "websocket")
    cells = row(run, conduct(run, tmp_path, lambda seconds: None, experiment.during), 1)
    assert (cells["lost"], cells["fault"]) == (0, "cut") and cells["deliveries"] == cells["published"] * run.clients
    assert 500 < cells["latency_max_ms"] < 5000
