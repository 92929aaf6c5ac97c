"""A run's row: counted, checked, and valid only when all is well."""

import subprocess
import sys
from collections import Counter
from dataclasses import replace

import psutil
import pytest
from tools.lab import HTTP, eventually
from tools.validity import but_for_the_machine

from clients.ledger import Ledger
from loadtests.experiments.experiment import Experiment, RunInProgress
from loadtests.experiments.run import Run
from loadtests.runs.comparison import done
from loadtests.runs.cpu import cpu_seconds
from loadtests.runs.measure import measure_run
from loadtests.runs.processes import RunFailed
from loadtests.runs.row import Outcome, row
from loadtests.runs.tally import Tally
from results.table import COLUMNS, TableError, write_runs
from results.transports import WITH_GUESTS

pytestmark = pytest.mark.starts

RUN = Run("latency", "polling", clients=2)
PUSHED = replace(RUN, transport="websocket")
MESSAGES = 20


def outcome(**changes: float) -> Outcome:
    """A good outcome of two clients and twenty messages of 100 B, but for `changes`; 80 B stand beside the window."""
    tally = Tally(requests=50, empty_responses=30, connections=2, cpu_share=0.2, span=(1000.5, 1020.5))
    for seq in range(1, MESSAGES + 1):
        for client in range(RUN.clients):
            tally.sample(client, seq, 1000.0 + seq, 1000.1 + seq + client / 1000)
    tally.deliveries, tally.message_bytes_in_all = 40, 4000
    tally.joining = Ledger(request_head=25, response_head=15, wire_sent=25, wire_received=15)
    tally.ledger = Ledger(request_head=5000, payload=4000, wire_sent=5000, wire_received=4000)
    tally.rest = Ledger(request_head=40, wire_sent=40)
    tally.lag_us.record_value(1000)
    for name, value in changes.items():
        if hasattr(tally, name):
            setattr(tally, name, value)
    return Outcome(tally, 0.125, 50 * 2**20, changes.get("late_ms", 1.0))


def test_a_row_has_the_columns_of_the_contract_and_the_sums_of_the_tally(tmp_path):
    cells = row(RUN, outcome(), 1)
    assert list(cells) == [column.name for column in COLUMNS]
    assert cells["valid"] and cells["invalid_reason"] is None
    assert cells["overhead_per_delivery"] == (9000 - 4000) / 40
    assert cells["latency_mean_ms"] == pytest.approx(100.5, abs=0.01)
    assert cells["server_cpu_share"] == 0.125 and RUN.duration_s == 4.0
    assert cells["server_cpu_us_per_delivery"] == pytest.approx(0.5 / 40 * 1e6)
    assert (cells["joining_sent"], cells["joining_received"], cells["wire_sent"]) == (25, 15, 5000)
    assert (cells["published"], cells["clock"], cells["generator_delay_p99_ms"]) == (20, "client", None)
    assert cells["hold_s"] is None and cells["poll_interval_s"] == 1.0
    write_runs(tmp_path / "runs.csv", [cells])
    with pytest.raises(TableError):
        write_runs(tmp_path / "runs.csv", [cells | {"unheard_of": 1}])


def lagging(result: Outcome, microseconds: int = 50_000) -> Outcome:
    result.tally.lag_us.record_value(microseconds)
    return result


def unbooked(result: Outcome) -> Outcome:
    result.tally.ledger.wire_sent += 7
    return result


def counted(result: Outcome, **kernel: int) -> Outcome:
    """The same with the kernel's count: what the ledger has, but for `kernel`."""
    ledger, whole = result.tally.ledger, result.tally.all_bytes
    told = {"kernel_sent": whole.wire_sent, "kernel_received": whole.wire_received, "segments_sent": 9}
    for name, value in (told | kernel).items():
        setattr(ledger, name, value)  # whichever page has it: their sum counts
    return result


def sparse(result: Outcome) -> Outcome:
    messages = dict(list(result.tally.messages.items())[:3])
    result.tally.messages, result.tally.latencies = messages, Counter({100_000: 6})
    return result


def missing(result: Outcome) -> Outcome:
    result.tally.messages[MESSAGES + 1] = replace(result.tally.messages[MESSAGES], clients=[], latencies_us=[])
    return result


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (outcome(lost=1), "1 lost"),
        (outcome(duplicated=2), "2 repeated"),
        (outcome(out_of_order=3), "3 out of order"),
        (outcome(failures=4), "4 failures of clients"),
        (missing(outcome()), "40 deliveries of 42"),
        (unbooked(outcome()), "7 bytes not booked in the window"),
        (outcome(rest=Ledger(wire_sent=1)), "1 bytes not booked outside it"),
        (outcome(joining=Ledger(wire_sent=1)), "1 bytes not booked on joining"),
        (outcome(message_bytes_in_all=4142), "142 bytes of messages not booked"),
        (counted(outcome(), kernel_sent=5068), "TCP_INFO counts 3 bytes more sent than the ledger"),
        (counted(outcome(), kernel_received=4014), "TCP_INFO counts 1 bytes less received than the ledger"),
        (outcome(late_ms=5.1), "publisher 5.1 ms late at p99"),
        (outcome(turned_late_s=0.2), "pages turned 200 ms late"),
        (outcome(cpu_share=0.9), "generator took 0.90 of a core"),
        (lagging(outcome()), "generator 50.0 ms late at p99"),
        (sparse(outcome()), "only 3 messages"),
    ],
)
def test_each_thing_that_can_be_wrong_makes_a_run_invalid(bad, reason):
    cells = row(RUN, bad, 1)
    assert not cells["valid"] and cells["invalid_reason"] == reason


def test_a_client_that_asks_may_be_as_late_as_a_tenth_of_what_is_measured():
    """100.5 ms are: 10.05 ms more or less do not matter to polls. To a WebSocket of half a millisecond they do."""
    for run, microseconds, valid in ((RUN, 10_030, True), (RUN, 10_100, False), (PUSHED, 9_990, True),
                                     (PUSHED, 10_030, False)):  # fmt: skip
        assert row(run, lagging(outcome(), microseconds), 1)["valid"] is valid


def stamped(*late_s: float) -> Outcome:
    """An outcome whose arrivals the kernel has stamped, with a generator that is 50 ms late to its timers."""
    result = lagging(outcome())
    result.tally.stamped = result.tally.samples
    for seconds in late_s:
        result.tally.count_late_request(seconds)
    return result


@pytest.mark.parametrize(("run", "late_s", "lag_ms", "valid"), [
    (PUSHED, [], 0.0, True),  # it sends no request
    (RUN, [0.0005, 0.001], 1.0, True),
    (RUN, [0.02] * 50, 20.0, False),
    (replace(RUN, transport="long-polling"), [-0.1] * 99 + [0.08] * 1, 0.001, True),
    (replace(RUN, operation="duplex"), [], 50.0, False),  # it sends by a timer
])  # fmt: skip
def test_a_generator_is_late_where_lateness_changes_a_latency(run, late_s, lag_ms, valid):
    """Where the kernel says when messages arrive: reading late changes nothing, asking late does."""
    cells = row(run, stamped(*late_s), 1)
    assert cells["generator_lag_p99_ms"] == pytest.approx(lag_ms, rel=0.01)
    assert ("generator" in (cells["invalid_reason"] or "")) is not valid


def test_a_run_is_tried_again_unless_that_is_in_vain():
    good, bad = {"valid": True}, {"valid": False, "invalid_reason": "1 lost"}
    few = {"valid": False, "invalid_reason": "only 3 messages"}
    assert [done(rows, 3) for rows in ([], [bad], [bad, bad])] == [False, False, False]
    assert done([bad], 1) and all(done(rows, 3) for rows in ([good], [bad, good], [bad, bad, bad], [few]))


def test_what_too_few_messages_would_have_to_carry_stays_empty():
    cells = row(RUN, outcome(), 1)
    assert cells["latency_p50_ms"] and cells["latency_mean_ms"]
    assert [cells[name] for name in ("latency_p90_ms", "latency_p99_ms", "latency_p999_ms")] == [None] * 3
    assert cells["latency_mean_ci_ms"] is None, "of 20 messages"


def test_the_cpu_clock_of_a_process_is_read_from_outside():
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as busy:
        try:
            begun = cpu_seconds(busy.pid)
            eventually(lambda: cpu_seconds(busy.pid) > begun + 0.2)
        finally:
            busy.kill()


def test_segments_are_the_kernels_or_unknown():
    told = row(RUN, counted(outcome(), segments_received=7), 1)
    assert told["valid"] and (told["segments_sent"], told["segments_received"]) == (9, 7)
    untold = row(RUN, outcome(), 1)
    assert untold["valid"] and (untold["segments_sent"], untold["segments_received"]) == (None, None)


WAYS = [(transport, tls, False) for tls in (False, True) for transport in WITH_GUESTS]


@pytest.mark.parametrize(("transport", "tls", "deflate"), [*WAYS, *((name, True, True) for name in WITH_GUESTS)])
def test_a_run_counts_what_the_kernel_counts(transport, tls, deflate, tmp_path):
    run = Run("overhead", transport, tls=tls, deflate=deflate, poll_interval_s=0.2, duration_s=2.0, rate_hz=20)
    tally = (result := measure_run(run, tmp_path, lambda seconds: None)).tally
    ledger, whole, cells = tally.ledger, tally.all_bytes, row(run, result, 1)
    assert (tally.lost, tally.failures) == (0, 0) and tally.samples == result.published * 5 > 0
    assert (cells["tls"], cells["deflate"]) == (tls, deflate)
    looks = 5 * (transport == "websocket")  # at /status, on a connection of their own
    assert tally.connections == 5 + looks  # what TLS holds back does not make a kept connection look dead
    assert (tally.joining.difference, ledger.difference, tally.rest.difference) == (0, 0, 0)
    assert (ledger.payload < tally.message_bytes) is deflate
    assert ledger.handshake == 0 and tally.joining.wire_sent > 5 * 60  # bytes: the first question, whoever asks it
    assert (tally.joining.handshake > 0) is (tls or transport == "websocket")
    if sys.platform == "linux":
        assert (whole.kernel_sent, whole.kernel_received) == (whole.wire_sent, whole.wire_received)
        assert ledger.segments_sent >= tally.requests and ledger.segments_received > 0
    assert cells["clock"] == ("kernel" if sys.platform == "linux" and not tls else "client")


@pytest.mark.parametrize(("transport", "tls"), [(transport, tls) for transport, tls, _ in WAYS])
def test_what_is_paid_each_time_does_not_depend_on_how_long_is_measured(transport, tls, tmp_path):
    """Within 2 %, from 1 s and from 2: what a connection costs once is not in the price of a request or a frame."""
    found = []
    for seconds in (1.0, 2.0):
        run = Run("x", transport, tls=tls, clients=3, arrivals="even", poll_interval_s=0.2, duration_s=seconds)
        found.append(measure_run(run, tmp_path, lambda seconds: None).tally)
    short, long = map(overhead_each, found)
    assert short == pytest.approx(long, rel=0.02)
    assert found[0].joining.wire == pytest.approx(found[1].joining.wire, rel=0.02) and found[0].joining.wire > 0


def overhead_each(tally):
    """Bytes around the payload of one question and one answer: the window may begin or end between the two."""
    ledger, questions, answers = tally.ledger, tally.requests or tally.deliveries, tally.answers or tally.deliveries
    return ledger.wire_sent / questions + (ledger.wire_received - ledger.payload) / answers


@pytest.mark.parametrize(("transport", "tls"), [(name, tls) for name, tls, _ in WAYS if name in HTTP])
def test_a_connection_for_each_request_is_counted_like_a_kept_one(transport, tls, tmp_path):
    run = Run("x", transport, tls=tls, clients=2, keep_alive=False, poll_interval_s=0.2, duration_s=1.0, rate_hz=10)
    tally = (result := measure_run(run, tmp_path, lambda seconds: None)).tally
    whole, cells = tally.all_bytes, row(run, result, 1)
    assert but_for_the_machine(cells["invalid_reason"]) == []
    assert tally.connections > tally.requests > 5 and cells["keep_alive"] is False
    assert (tally.joining.difference, tally.ledger.difference, tally.rest.difference) == (0, 0, 0)
    assert (tally.ledger.handshake > 1000 * tally.requests) is tls
    if sys.platform == "linux":
        assert (whole.kernel_sent, whole.kernel_received) == (whole.wire_sent, whole.wire_received)
        assert tally.ledger.segments_sent >= 4 * tally.requests, "SYN, question, acknowledgement, FIN"


@pytest.mark.parametrize("transport", ["polling", "long-polling"])
def test_over_a_slow_line_each_new_connection_takes_its_round_trip(transport, tmp_path):
    """A question on a new connection leaves after a round trip, and a long-polling client is away for two."""
    run = Run("x", transport, clients=1, keep_alive=False, rtt_ms=60, poll_interval_s=0.3, duration_s=2.4, rate_hz=20)
    tally = measure_run(run, tmp_path, lambda seconds: None).tally
    held_s = tally.held_us / tally.answers / 1e6
    assert held_s >= 0.119
    if transport == "long-polling":
        assert tally.absences > 3 and 0.119 < tally.absent_us / tally.absences / 1e6 < 0.16


def test_over_a_slow_line_tls_verifies_and_the_closing_handshake_is_counted(tmp_path):
    run = Run("overhead", "websocket", tls=True, rtt_ms=60, duration_s=1.0)
    ledger = measure_run(run, tmp_path, lambda seconds: None).tally.all_bytes
    assert ledger.difference == 0
    if sys.platform == "linux":
        assert (ledger.kernel_sent, ledger.kernel_received) == (ledger.wire_sent, ledger.wire_received) != (0, 0)


def test_polls_that_take_longer_than_their_interval_end_in_order_and_are_booked(tmp_path):
    run = Run("x", "polling", clients=2, rtt_ms=300, poll_interval_s=0.05, duration_s=2.0)
    tally = measure_run(run, tmp_path, lambda seconds: None).tally
    assert (tally.lost, tally.failures) == (0, 0) and tally.deliveries > 0
    assert tally.ledger.request_head > 50 * tally.requests > 0 and tally.all_bytes.difference == 0
    assert tally.message_bytes_in_all == tally.all_bytes.payload


def test_a_row_is_made_from_the_run_alone():
    run = Run("outage", "websocket", operation="duplex", link_mbps=2.0, keep_alive=False, fault="cut", repeat=3)
    cells = row(run, outcome(), 1)
    parameters = ("operation", "link_mbps", "keep_alive", "fault", "repeat", "poll_interval_s", "hold_s", "rtt_ms")
    assert [cells[name] for name in parameters] == ["duplex", 2.0, False, "cut", 3, None, None, 0.0]
    assert run.run_id == "outage-websocket-operationduplex-link2.0-keepFalse-faultcut-repeat3"
    assert Run(**run.parameters()) == run


def test_what_an_injected_fault_costs_does_not_make_a_run_invalid():
    broken = missing(outcome(lost=1, failures=2))
    assert not row(RUN, broken, 1)["valid"]
    assert row(replace(RUN, fault="cut"), broken, 1)["valid"]


def test_an_experiment_acts_on_its_run_while_it_lasts(tmp_path):
    """The link is cut for a second in the middle of the window: what is published then comes a second late."""

    def cut(scene: RunInProgress) -> None:
        scene.pass_time(0.5)
        scene.send_to_link(cut=1.0)
        scene.pass_time(scene.run.duration_s - 0.5)

    setting = {"fault": "cut", "duration_s": 2.5, "rate_hz": 20.0}
    experiment = Experiment("outage", "?", lambda profile: iter([setting]), cut)
    run = next(run for run in experiment.runs("quick") if run.transport == "websocket")
    cells = row(run, measure_run(run, tmp_path, lambda seconds: None, experiment.during), 1)
    assert (cells["lost"], cells["fault"]) == (0, "cut") and but_for_the_machine(cells["invalid_reason"]) == []
    assert 500 < cells["latency_max_ms"] < 5000


@pytest.mark.parametrize(("part", "name"), [("servers", "the polling server"), ("loadtests.link", "the delay line")])
def test_what_ends_while_the_clients_leave_is_named(part, name, tmp_path):
    others = psutil.Process().children()  # of other tests

    def kill(scene: RunInProgress) -> None:
        scene.pass_time(scene.run.duration_s)
        own = [child for child in psutil.Process().children() if child not in others]
        next(child for child in own if part in child.cmdline()).kill()

    with pytest.raises(RunFailed, match=f"{name} ended in mid-run"):
        measure_run(Run("x", "polling", rtt_ms=20.0, duration_s=1.0), tmp_path, lambda seconds: None, kill)
