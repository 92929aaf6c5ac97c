"""The plans of experiments: their runs, their names, and moments at which the model depends on no accident."""

import bisect
import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from loadtests.experiments import EXPERIMENTS, PROFILES, latency, workload
from loadtests.experiments.run import Run
from loadtests.headers.profiles import PROFILES as PROFILES_OF_HEADERS
from loadtests.runs.floor import floors_of
from results.model import connection_mode, long_polling_mean
from results.replay import expected_latencies
from results.transports import COMPARED as TRANSPORTS
from servers.sources import clock

pytestmark = pytest.mark.starts


def test_names_of_runs_say_tls_and_deflate_in_a_word():
    run = Run("overhead", "websocket", tls=True, deflate=True)
    assert run.run_id == "overhead-websocket-tls-deflate" != replace(run, deflate=False).run_id


def test_what_means_nothing_to_a_transport_is_reset():
    runs = workload(tls=True, deflate=True, keep_alive=False)
    assert [(run.tls, run.deflate) for run in runs] == [(True, True)] * 3
    assert [run.keep_alive for run in runs] == [False, False, True]


def test_messages_that_come_seldom_are_as_late_as_on_average():
    run = next(run for run in latency.EXPERIMENT.runs("full") if run.rate_hz == 2 and run.transport == "long-polling")
    end, timetable = run.warm_up_s + run.duration_s, (due for due, _ in clock(run.rate_hz, 142, seed=run.seed))
    due = list(itertools.takewhile(lambda at: at < end, timetable))
    earlier, published = ([at for at in due if (at < run.warm_up_s) is early] for early in (True, False))
    waits = expected_latencies("long-polling", published, one_way_delay=0.025, earlier=earlier, hold=run.hold_s)
    assert len(published) >= 30, "as many as an interval needs"
    assert waits.mean() == pytest.approx(long_polling_mean(0.025, run.rate_hz, run.hold_s), rel=0.01)


@pytest.mark.parametrize("seed", latency.SEEDS)
def test_where_the_model_is_put_to_the_test_it_hangs_on_no_hair(seed):
    """A long-polling client away for 1.5 ms more than 1 to 5 changes its mean by less than is left to the machine."""
    delayed = [run for run in EXPERIMENTS["latency"].runs("full") if run.rtt_ms and run.transport == "long-polling"]
    for run in (run for run in delayed if run.seed == seed):
        end = run.warm_up_s + run.duration_s
        due = [due for due, _ in itertools.islice(clock(run.rate_hz, 142, seed=seed), 200)]
        times = due[: bisect.bisect(due, end)]
        window = bisect.bisect(times, run.warm_up_s)
        given = {"one_way_delay": run.rtt_ms / 2000, "hold": 25.0, "connection": connection_mode(run.keep_alive, False)}
        given |= {"published": times[window:], "earlier": times[:window]}
        means = [expected_latencies("long-polling", **given, added=ms / 1000).mean() for ms in (1.0, 2.5, 4.0, 5.5)]
        for mean, later in itertools.pairwise(means):
            assert abs(later - mean) < max(0.001, 0.05 * mean)


def test_where_bytes_become_time_the_model_hangs_on_no_hair():
    """Away for 1 to 4.5 ms more than by the bytes alone, the mean stays within 3 % of a straight line."""
    run = next(run for run in EXPERIMENTS["link-rate"].runs("full")
               if (run.transport, run.header_profile, run.link_mbps) == ("long-polling", "browser", 0.25))  # fmt: skip
    fields = PROFILES_OF_HEADERS["browser"].fields("long-polling", "127.0.0.1:40000", run.cookie_bytes)
    question = ["GET /messages?after=100&wait=25.0 HTTP/1.1", *(f"{name}: {value}" for name, value in fields), "", ""]
    seconds_a_byte = 8 / (run.link_mbps * 1e6)
    times = [number / run.rate_hz for number in range(round((run.warm_up_s + run.duration_s) * run.rate_hz))]
    window = bisect.bisect(times, run.warm_up_s)
    given = {"one_way_delay": run.rtt_ms / 2000, "hold": 25.0, "published": times[window:], "earlier": times[:window]}
    given |= {"question": len("\r\n".join(question)) * seconds_a_byte, "answer": (113 + 1.8 * 143) * seconds_a_byte}
    added = np.arange(1.0, 4.6, 0.25)
    means = np.array([expected_latencies("long-polling", **given, added=ms / 1000).mean() for ms in added])
    straight = np.polyval(np.polyfit(added, means, 1), added)
    assert np.abs(means - straight).max() < 0.03 * means.mean()


@pytest.mark.parametrize("profile", PROFILES)
def test_plans_name_each_run_once_and_interleave_the_transports(profile):
    runs = [run for experiment in EXPERIMENTS.values() for run in experiment.runs(profile)]
    assert len({run.run_id for run in runs}) == len(runs)
    for experiment in EXPERIMENTS.values():
        first = [run.transport for run in experiment.runs(profile)][:4]
        own = experiment.name in ("upstream", "slow-start", "protocol")  # not all transports, or none
        assert set(first) >= set(TRANSPORTS) or own or not first and profile != "full"
    scale = EXPERIMENTS["scale"]
    order, together = [run.transport for run in scale.runs(profile)], scale.transports(profile, {})
    assert order[:: len(together)][:3] == list(TRANSPORTS), "they take turns at going first"
    for run in (run for run in runs if run.transport == "polling"):
        assert run.warm_up_s >= run.poll_interval_s
        assert run.duration_s / run.poll_interval_s == pytest.approx(round(run.duration_s / run.poll_interval_s))
    floored = [run for each in EXPERIMENTS.values() if each.finds_floors for run in each.runs(profile)]
    whole = sum(run.expected_s for run in [*runs, *floors_of(floored)])
    whole += sum(experiment.observed_s for experiment in EXPERIMENTS.values())
    assert whole < {"quick": 90, "standard": 360, "full": 3000}[profile]


@pytest.mark.parametrize("profile", PROFILES)
def test_polls_keep_no_step_with_messages(profile):
    """Where messages come like a clock, a client finds them at twenty phases of its interval or more."""
    for run in (run for experiment in EXPERIMENTS.values() for run in experiment.runs(profile)):
        if run.has_random_phase and run.arrivals == "even":
            gap, interval = (round(seconds * 1e6) for seconds in (1 / run.rate_hz, run.poll_interval_s))
            assert math.gcd(gap, interval) * 20 <= interval, run.run_id


def test_only_polling_has_a_poll_interval():
    latency = EXPERIMENTS["latency"].runs("full")
    first = [run for run in latency if run.transport == "long-polling" and run.repeat == 1]
    held = [(run.rate_hz, run.rtt_ms, run.keep_alive) for run in first]
    asked = {run.poll_interval_s for run in latency if run.transport == "polling"}
    assert len(held) == len(set(held)) and len(asked) >= 3


def test_a_workload_is_one_run_for_each_transport():
    runs = workload(clients=3, rate_hz=7.0)
    assert [run.transport for run in runs] == list(TRANSPORTS) and {run.clients for run in runs} == {3}
    assert {replace(run, transport="", poll_interval_s=0) for run in runs} == {
        replace(runs[0], transport="", poll_interval_s=0)
    }
