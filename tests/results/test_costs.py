"""results/costs.py: prices fitted over loads, against prices that are known."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from results import table
from results.costs import Price, Prices, cost_runs, lack_of_fit, price_words, prices
from results.cpu_breakdown import ALONE, FLASK, LAB, OTHER, cpu_by_layer
from results.folders import REFERENCE
from results.model import PING_BYTES, PING_INTERVAL, broadcast_mean, websocket_overhead_with_pings
from results.select import NotMeasured
from servers.sockets import websocket

LOADS = [(10, 2), (50, 2), (100, 2), (10, 10), (50, 4)]
KNOWN = Prices(Price(200.0, None), Price(9.0, None), Price(3.0, None))
NOTHING_IDLE = Prices(KNOWN.publication, KNOWN.answer, None)


def made_up(loads, noise=0.0, seed=1, known=KNOWN):
    """Runs of a WebSocket server with known prices, each wrong by a share of what it takes."""
    chance, rows = np.random.default_rng(seed), []
    for clients, rate in loads:
        published, seconds = rate * 7, 7.0
        spent = known.cpu_share(rate, rate * clients, clients) * (1 + noise * chance.standard_normal())
        rows.append({"transport": "websocket", "clients": clients, "rate_hz": float(rate), "duration_s": seconds,
                     "published": published, "deliveries": published * clients, "requests": 0,
                     "server_cpu_share": spent})  # fmt: skip
    return pd.DataFrame(rows)


def test_prices_that_are_known_are_found():
    found = prices(made_up(LOADS), "websocket")
    assert (found.publication.us, found.answer.us, found.idle.us) == pytest.approx((200.0, 9.0, 3.0))
    assert max(found.publication.half_us, found.answer.half_us, found.idle.half_us) < 1e-6


def test_intervals_hold_the_known_price_nineteen_times_of_twenty():
    found = [prices(made_up(LOADS * 2, 0.05, seed, NOTHING_IDLE), "websocket") for seed in range(400)]
    held = [abs(each.answer.us - 9.0) <= each.answer.half_us for each in found]
    assert 0.92 <= np.mean(held) <= 0.98
    assert np.mean([each.idle is None for each in found]) > 0.9, "what idle clients do not cost is not stated"


def test_where_clients_cannot_be_told_from_answers_they_cost_nothing():
    same_rate = made_up([(10, 2), (50, 2), (100, 2), (200, 2)])
    assert prices(same_rate, "websocket").idle is None
    with pytest.raises(NotMeasured, match="fewer than 3 loads"):
        prices(made_up(LOADS[:2]), "websocket")


@pytest.mark.parametrize(("price", "said"), [(Price(8.34, 0.41), "8.34 ± 0.41 µs"), (Price(1523.0, None), "1,520 µs")])
def test_a_price_in_words(price, said):
    assert price_words(price) == said


def test_the_queue_that_a_broadcast_is():
    """A server that sends to one client after another, followed send by send."""
    first, each, clients = 0.3, 0.01, 100
    latencies = [first + each * before for before in range(clients)]
    assert broadcast_mean(first, each, clients) == pytest.approx(np.mean(latencies))
    assert broadcast_mean(first, each, 1) == first


def of_polling(price_at, repeats=2, noise=0.01, seed=3):
    """Runs of polling in which a poll costs what `price_at` says of the clients; a publication costs 300 µs."""
    chance, rows = np.random.default_rng(seed), []
    for clients, rate in [(10, 4.0), (50, 4.0), (200, 4.0), (1000, 4.0), (10, 10.0)] * repeats:
        polls = clients * 2.0
        spent = (rate * 300 + polls * price_at(clients)) / 1e6 * (1 + noise * chance.standard_normal())
        rows.append({"transport": "polling", "clients": clients, "rate_hz": rate, "duration_s": 10.0,
                     "published": round(rate * 10), "deliveries": 1, "requests": round(polls * 10),
                     "server_cpu_share": spent})  # fmt: skip
    return pd.DataFrame(rows)


def test_one_price_that_fits_stays_one_price():
    found = [prices(of_polling(lambda clients: 400, seed=seed), "polling").answer for seed in range(200)]
    assert np.mean([price.fits for price in found]) > 0.9, "chance alone looks so in one of twenty"
    assert [price.us for price in found] == pytest.approx([400.0] * 200, rel=0.05)


def test_a_price_that_is_none_is_a_range_with_its_loads():
    """As on a machine that sleeps: a poll is dear where few come."""
    answer = prices(of_polling(lambda clients: 900 * (clients / 10) ** -0.3), "polling").answer
    assert not answer.fits and [load.clients for load in answer.loads] == [10, 50, 200, 1000]
    assert price_words(answer) == "220 µs (1,000 clients) to 900 µs (10)"
    for clients in (10, 50, 200, 1000):
        assert answer.at(2.0 * clients) == pytest.approx(900 * (clients / 10) ** -0.3, rel=0.05)
    assert answer.at(1.0) == answer.at(20.0) and answer.at(9e9) == answer.at(2_000.0), "beyond the loads: unknown"
    between = answer.at(2.0 * 100)
    assert answer.at(400.0) < between < answer.at(100.0)


def test_without_repeats_nothing_is_tested():
    assert prices(of_polling(lambda clients: 900 * (clients / 10) ** -0.3, repeats=1), "polling").answer.fits


def test_the_f_test_is_that_of_the_textbook():
    """Two groups of two around 0: between = 2·(0.1² + 0.1²) / 1, within = 4·0.01² / 2; F(1, 2) = 200."""
    chance = lack_of_fit(np.array([0.09, 0.11, -0.09, -0.11]), pd.Series([0, 0, 1, 1]), 1)
    assert chance == pytest.approx(stats.f.sf(0.04 / (4 * 0.01**2 / 2), 1, 2))


def test_cores_follow_the_price_at_the_load():
    found = prices(of_polling(lambda clients: 900 * (clients / 10) ** -0.3), "polling")
    few, many = (found.cpu_share(0.0, polls, 0.0) / polls for polls in (20.0, 2000.0))
    assert few / many == pytest.approx(100**0.3, rel=0.1)


def test_the_reference_has_no_one_price_of_a_poll():
    runs = cost_runs(table.read_runs(REFERENCE))
    polling, pushed = (prices(runs, name).answer for name in ("polling", "websocket"))
    assert not polling.fits and pushed.fits
    assert polling.at(20) > 2 * polling.at(4000)


def test_a_ping_is_counted_as_the_server_sends_it():
    assert (PING_INTERVAL, PING_BYTES) == (websocket.PING_INTERVAL, 2 + 6)
    assert websocket_overhead_with_pings(1 / 60, 142) == pytest.approx(4 + 8 * 60 / 25)


def test_what_each_layer_takes_alone_is_said_and_never_a_share():
    """A bare Flask may take more than the lab, whose router is its own: shares of layers would not add up to one."""
    polling, held = {LAB: 130.0, ALONE: 75.0, FLASK: 150.0}, {LAB: 190.0, OTHER: 150.0}
    cpu = {"polling": polling, "long-polling": held, "websocket": {LAB: 6.0, OTHER: 30.0}}
    benchmark = {"cpu_us_per_delivery": cpu, "idle_websocket_kib": {LAB: 22.0, OTHER: 26.0}}
    assert cpu_by_layer({"benchmark": benchmark}) == [
        "At 2,000 polls a second each takes 130 µs of CPU. The HTTP server alone takes 75 µs, and a bare Flask on it "
        "150 µs.",
        "A long poll costs as much as 32 messages by WebSocket here, as 5 on Starlette on uvicorn.",
        "An idle WebSocket takes 22 KiB of the server's memory; 26 KiB on Starlette on uvicorn.",
    ]
    assert cpu_by_layer({}) == cpu_by_layer({"benchmark": {"processes": {}}}) == []
