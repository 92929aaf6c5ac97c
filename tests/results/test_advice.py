"""The advice: offers agree with the model and with costs that are known; the cheapest meets what is wanted."""

import io
import math
from dataclasses import replace

import pytest
from rich.console import Console
from tools.made_up import PROCESSES

from results import advice, table
from results.advice import FittedCosts, Workload, best_costs, cheapest, estimates, longest_interval
from results.advice.estimates import exchanges, latencies_ms
from results.advice.words import advice_in_words, measured
from results.costs import Price, Prices
from results.model import Heads
from results.processes import processes_for, redis_costs
from results.select import NotMeasured
from results.transports import COMPARED

HEADS = Heads(request=500.0, empty_response=50.0, response=120.0)


def prices(answer_us):
    return Prices(Price(100.0, 5.0), Price(answer_us, 5.0), idle=None)


COSTS = {
    "polling": FittedCosts(prices(500.0), HEADS, 25_000.0, 600.0, 1.0),
    "long-polling": FittedCosts(prices(250.0), HEADS, 25_000.0, 600.0, 1.0),
    "websocket": FittedCosts(prices(10.0), None, 23_000.0, 1100.0, 0.5),
}
PLAIN = Workload(clients=100, rate_hz=2.0, payload_bytes=1000, poll_interval_s=3.0, rtt_ms=60.0)


def offered(workload, name):
    return next(each for each in estimates(workload, COSTS) if each.transport == name)


def test_a_poll_costs_its_heads_and_a_message_its_frame():
    assert exchanges("websocket", PLAIN, COSTS["websocket"]) == (0.0, 4.0)
    requests, around = exchanges("polling", PLAIN, COSTS["polling"])
    assert requests == pytest.approx(1 / 6) and around == pytest.approx((500 + 120) / 6, rel=0.01)
    wrapped = replace(PLAIN, cookie_bytes=300, tls=True)
    assert exchanges("websocket", wrapped, COSTS["websocket"]) == (0.0, 4.0 + 22.0)
    assert exchanges("polling", wrapped, COSTS["polling"])[1] - around == pytest.approx((300 + 2 * 22) / 6)


def test_nine_in_ten_come_within_what_the_model_says():
    """Polls every 3 s: 0.9 of that and a transit. Of long polling's messages 12 % find the client away, up to 60 ms."""
    assert latencies_ms("polling", PLAIN) == pytest.approx((1530.0, 2730.0))
    assert latencies_ms("websocket", PLAIN) == pytest.approx((30.0, 30.0))
    mean, within = latencies_ms("long-polling", PLAIN)
    assert mean == pytest.approx(30 + 60 * 0.1192 / 2, rel=0.01)
    assert within == pytest.approx(30 + 60 * (1 - 0.1 / 0.1192), rel=0.01)
    assert latencies_ms("long-polling", replace(PLAIN, rate_hz=1.0))[1] == 30.0, "nine in ten find it there"


def test_ninety_per_cent_of_simulated_long_polls_come_within_it():
    import numpy as np

    from results.replay import long_polling_waits

    times = np.cumsum(np.random.default_rng(1).exponential(1 / 5, 200_000))
    waited = 30 + 1000 * np.asarray(long_polling_waits(times, 0.06, 25.0))
    assert np.percentile(waited, 90) == pytest.approx(
        latencies_ms("long-polling", replace(PLAIN, rate_hz=5.0))[1], rel=0.02
    )


def test_cpu_is_paid_by_publication_and_answer_and_many_take_several_processes():
    assert offered(PLAIN, "websocket").cores == pytest.approx((100 * 2 + 10 * 200) / 1e6)
    assert offered(PLAIN, "polling").cores == pytest.approx((100 * 2 + 500 * 100 / 3) / 1e6)
    many = offered(replace(PLAIN, clients=100_000), "websocket")
    assert many.processes == pytest.approx((many.cores - 2e-4) / (0.7 - 2e-4)) and many.processes > 2
    assert many.within_ms == pytest.approx(30 + 0.5 + 0.9 * 0.01 * 100_000 / many.processes)
    assert many.memory == 100_000 * 23_000


def test_the_longest_interval_just_meets_what_is_wanted():
    wanted = replace(PLAIN, within_ms=500.0)
    every = longest_interval(wanted, COSTS["polling"])
    assert offered(replace(wanted, poll_interval_s=every), "polling").within_ms == pytest.approx(500.0)
    assert offered(replace(wanted, poll_interval_s=every), "polling").meets
    assert longest_interval(PLAIN, COSTS["polling"]) is None and not offered(wanted, "polling").meets
    assert longest_interval(replace(PLAIN, within_ms=40.0), COSTS["polling"]) is None


def test_the_cheapest_meets_it_or_there_is_none():
    soon, never = replace(PLAIN, within_ms=100.0), replace(PLAIN, within_ms=10.0)
    assert cheapest(estimates(soon, COSTS)).transport == "websocket"
    assert cheapest(estimates(never, COSTS)) is None
    lax = replace(PLAIN, rate_hz=50.0, poll_interval_s=10.0, within_ms=10_000.0)
    assert cheapest(estimates(lax, COSTS)).transport == "polling", "500 messages a poll"


def test_costs_come_from_the_runs_and_what_is_missing_from_the_next_folder(folder, tmp_path):
    mine = table.read(folder)
    costs, source = best_costs([None, mine], "browser")
    assert set(costs) == set(COMPARED) and "2026-10-28, 2 cores" in source
    assert costs["polling"].heads.request == pytest.approx(518.0) and costs["websocket"].heads is None
    assert costs["websocket"].memory == pytest.approx(0.02 * 2**20, rel=0.01)
    with pytest.raises(NotMeasured, match="with these headers"):
        best_costs([mine], "unheard-of")
    without = mine.runs[mine.runs["experiment"] != "update-rate"]
    with pytest.raises(NotMeasured, match="`update-rate` was not run"):
        advice.fitted_costs(without, "browser")


def told(workload, own=None, redis=None):
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(advice_in_words(workload, COSTS, "the costs fitted to a test", own, redis))
    return console.export_text()


def test_the_words_say_who_is_soon_enough_and_what_is_computed():
    text = told(replace(PLAIN, clients=300, within_ms=200.0))
    assert "For 300 clients, 2 messages/s, 1,000 B messages, 60 ms round trip, 90 % within 200 ms:" in text
    assert "Polling every 3 s does not meet that: 90 % within 2,700 ms." in text
    assert "Polling would meet it every 0.188 s: " in text
    assert "The cheapest that does, by the server's CPU, is a WebSocket." in text
    assert "100,000" in text and "Measured: nothing of this workload." in text and "costs fitted to a test" in text
    assert "None of them meets it: half a round trip alone takes 30 ms." in told(replace(PLAIN, within_ms=5.0))
    assert "is a WebSocket." in told(PLAIN), "nothing is wanted, and all are soon enough"


def test_redis_pays_once_for_a_message_and_once_for_each_process():
    costs = redis_costs({"benchmark": {"processes": PROCESSES}})
    assert (costs.idle_us, costs.us, costs.us_each, costs.bytes_each) == pytest.approx((1000, 100, 20, 300))
    assert costs.bytes < 1e-6 and costs.cpu_share(10.0, 8) == pytest.approx((1000 + 10 * 260) / 1e6)
    assert costs.bytes_per_s(10.0, 8) == pytest.approx(24_000)
    for without in ({}, {"benchmark": {}}, {"benchmark": {"processes": {"polling": {}}}}):
        with pytest.raises(NotMeasured, match="several processes were not measured"):
            redis_costs(without)


@pytest.mark.parametrize(("cores", "publishing", "wanted"), [(0.5, 0.1, 1.0), (7.0, 0.0, 10.0), (6.1, 0.1, 10.0),
                                                            (9.0, 0.7, math.inf)])  # fmt: skip
def test_each_process_publishes_to_its_own_clients(cores, publishing, wanted):
    """Ten processes at 0.6 and 0.1 of a core each are seven cores, of which the one that publishes to all had 6.1."""
    assert processes_for(cores, publishing) == pytest.approx(wanted)


def test_more_than_one_process_needs_has_its_hosts_and_its_redis():
    costs = redis_costs({"benchmark": {"processes": PROCESSES}})
    large = replace(PLAIN, clients=20_000, rate_hz=1.0, poll_interval_s=1.0)
    text = told(large, redis=costs)
    line = next(line for line in text.partition("On several processes")[2].splitlines() if line.startswith("Polling"))
    polled = offered(large, "polling")
    assert polled.processes == pytest.approx(20_000 * 500e-6 / 0.7, rel=0.01)
    assert line.split()[1:3] == [f"{math.ceil(polled.processes)}", f"{math.ceil(math.ceil(polled.processes) / 8)}"]
    assert "% of a core" in line and "On several processes" not in told(PLAIN)


def test_what_this_machine_could_not_carry_is_said(runs):
    own = runs[runs["experiment"] == "real-feed"].assign(experiment="workload")
    bad = own.assign(valid=own["transport"] != "long-polling")
    assert "No valid run of long-polling: this machine cannot carry that load" in measured(bad)
    assert "No valid run" not in measured(own)
