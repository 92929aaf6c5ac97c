"""Breaks: whatever happens to the path or the server, each client has each message once, or has been told of a gap."""

import pytest
from tools.validity import but_for_the_machine

from loadtests.experiments import outage
from loadtests.experiments.run import Run
from loadtests.runs.measure import measure_run
from loadtests.runs.row import Outcome, row
from loadtests.runs.tally import FEED, Sampled, Tally
from results.transports import WITH_GUESTS

pytestmark = pytest.mark.starts


@pytest.mark.parametrize("fault", outage.FAULTS)
@pytest.mark.parametrize("transport", WITH_GUESTS)
def test_every_client_comes_back_with_every_message_or_knows_of_the_gap(transport, fault, tmp_path, monkeypatch):
    monkeypatch.setattr(outage, "OUTAGE_S", 1.0)
    monkeypatch.setattr(outage, "BEFORE_S", 0.5)
    lasting = 9.0 if fault == "restart" else 5.1  # a new server takes seconds where other tests run
    run = Run("outage", transport, fault=fault, clients=4, rate_hz=20.0, duration_s=lasting, poll_interval_s=0.3)
    result = measure_run(run, tmp_path, lambda seconds: None, outage.during)
    cells = row(run, result, 1)
    assert but_for_the_machine(cells["invalid_reason"]) == []
    assert (cells["lost"], cells["duplicated"], cells["out_of_order"]) == (0, 0, 0)
    assert cells["generator_lag_p99_ms"] < 600, "ms: that a client could not ask is not its generator's lateness"
    assert result.tally.gaps == (4 if fault == "restart" else 0)
    assert 0 < cells["recovery_s"] < 3
    assert cells["expected_mean_ms"] is None and (cells["server_cpu_share"] is None) == (fault == "restart")
    if fault != "restart":
        assert cells["deliveries"] == pytest.approx(4 * cells["published"], rel=0.2)
        assert cells["latency_max_ms"] > 600  # of what was published while nothing could pass


def outcome(*messages, fault_ended_at=10.0, clients=2):
    tally = Tally(clients=clients, messages={seq: Sampled(*rest) for seq, *rest in messages})
    return Outcome(tally, None, 0, 0.0, fault_ended_at)


def test_recovery_lasts_until_the_last_client_has_news():
    before, after = (1, 9.9, [0, 1], [50_000, 900_000]), (2, 10.2, [0, 1], [100_000, 700_000])
    assert outcome(before, after, (3, 10.5, [0, 1], [1000, 2000])).recovery_s == pytest.approx(0.502)
    assert outcome(before, (2, 10.2, [0], [1000])).recovery_s is None  # the other never came back
    assert outcome(before, after, fault_ended_at=None).recovery_s is None


def test_messages_of_two_feeds_are_counted_apart():
    old, new = [(seq, 1.0, [0], [1]) for seq in (7, 8, 9)], [(FEED + seq, 2.0, [0], [1]) for seq in (1, 2, 4)]
    assert outcome(*old, *new).published == 3 + 4
