"""results/crossings.py: rates that are known are found, in runs that obey the model."""

import math

import pandas as pd
import pytest

from results.crossings import by_rate, heads_of, measured, predicted_over_polling, predicted_under_websocket
from results.model import Heads, long_polling_overhead, polling_overhead

HEADS = Heads(request=75.0, empty_response=50.0, response=110.0)
RATES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
INTERVAL, HOLD, SECONDS, SIZE = 2.0, 25.0, 1000.0, 142


def run(transport, rate):
    """A run of one client as the model has it, for long enough that shares are whole."""
    overhead = {
        "polling": polling_overhead(rate, INTERVAL, HEADS),
        "long-polling": long_polling_overhead(0.0, rate, HOLD, HEADS),
        "websocket": 4.0,
    }[transport]
    messages = rate * SECONDS
    requests = {"polling": SECONDS / INTERVAL, "long-polling": messages, "websocket": 0}[transport]
    empty = requests * math.exp(-rate * INTERVAL) if transport == "polling" else 0.0
    heads = requests * HEADS.request, empty * HEADS.empty_response + (requests - empty) * HEADS.response
    return {"transport": transport, "rate_hz": rate, "published": messages, "duration_s": SECONDS, "rtt_ms": 0.0,
            "poll_interval_s": INTERVAL, "hold_s": HOLD,
            "overhead_per_delivery": overhead, "payload": messages * SIZE, "deliveries": messages,
            "requests": requests, "empty_responses": empty, "request_head": heads[0], "cookies": 0,
            "response_head": heads[1]}  # fmt: skip


RUNS = pd.DataFrame([run(transport, rate) for rate in RATES for transport in ("polling", "long-polling", "websocket")])


def test_heads_are_told_apart():
    found = heads_of(RUNS[RUNS["transport"] == "polling"])
    assert (found.request, found.empty_response, found.response) == pytest.approx((75.0, 50.0, 110.0))


def test_long_polling_crosses_polling_where_the_model_says():
    predicted = predicted_over_polling(RUNS)
    assert 0.3 < predicted < 0.6
    assert measured(RUNS, "long-polling", "polling") == pytest.approx(predicted, rel=0.1)


def test_it_is_the_rate_at_which_messages_came_that_counts():
    """Not the one that was meant: here a fifth fewer came."""
    fewer = RUNS.assign(rate_hz=RUNS["rate_hz"] * 1.25)
    assert measured(fewer, "long-polling", "polling") == measured(RUNS, "long-polling", "polling")


def test_a_websocket_crosses_polling_where_the_model_says():
    """185 B every 2 s and a line end a message, against 4 B: from some 31 messages a second on."""
    predicted = predicted_under_websocket(RUNS)
    assert predicted == pytest.approx(185 / 2 / 3, rel=0.01)
    assert measured(RUNS, "websocket", "polling") == pytest.approx(predicted, rel=0.05)


def test_what_does_not_cross_is_not_said_to():
    slow = RUNS[RUNS["rate_hz"] < 10]
    assert measured(slow, "websocket", "polling") is None
    assert measured(slow[slow["transport"] != "polling"], "long-polling", "polling") is None
    assert measured(RUNS, "polling", "long-polling") is None, "polling is the dearer one below, not above"


def test_any_cost_of_a_message_can_cross():
    """A poll costs 400 µs every 2 s, a message by WebSocket 12.5 µs: polling is cheaper from 16 a second on."""
    polls = 400 / INTERVAL / RUNS["rate_hz"]
    costs = RUNS.assign(cpu=polls.where(RUNS["transport"] == "polling", 12.5))
    assert measured(costs, "websocket", "polling", "cpu") == pytest.approx(16.0)
    assert by_rate(costs, "requests")["polling"].tolist() == pytest.approx([1 / INTERVAL / rate for rate in RATES])
