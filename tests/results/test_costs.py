"""results/costs.py: prices fitted over loads, against prices that are known."""

import numpy as np
import pandas as pd
import pytest

from results.costs import Price, Prices, prices, words
from results.model import broadcast_mean
from results.select import NotMeasured

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
    assert words(price) == said


def test_the_queue_that_a_broadcast_is():
    """A server that sends to one client after another, followed send by send."""
    first, each, clients = 0.3, 0.01, 100
    latencies = [first + each * before for before in range(clients)]
    assert broadcast_mean(first, each, clients) == pytest.approx(np.mean(latencies))
    assert broadcast_mean(first, each, 1) == first
