"""results/model.py against the formulas as they are written down, and against clients followed transit by transit."""

import math

import numpy as np
import pytest
from tools.model_settings import HEADS, MODES, TAU
from websockets.frames import Frame, Opcode

from results import model
from results.model import ModelError

# --- connection modes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("connection, transits", MODES.items())
def test_away_is_two_four_or_six_transits(connection, transits):
    assert model.turnaround(TAU, connection) == pytest.approx(transits * TAU)


@pytest.mark.parametrize(
    "keep_alive, tls, connection",
    [(True, False, "kept"), (True, True, "kept"), (False, False, "new"), (False, True, "new-tls")],
)
def test_the_mode_of_a_run(keep_alive, tls, connection):
    assert model.connection_mode(keep_alive, tls) == connection


def test_an_unknown_mode_is_named():
    with pytest.raises(ModelError, match="'pooled', known are kept, new, new-tls"):
        model.turnaround(TAU, "pooled")


# --- the formulas as the argument writes them ------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [0.01, 1.0, 30.0])
@pytest.mark.parametrize("hold", [0.5, 25.0, math.inf])
@pytest.mark.parametrize("connection, transits", MODES.items())
def test_long_polling_is_the_formula(rate, hold, connection, transits):
    d = transits * TAU
    per_cycle = rate * d + math.exp(-rate * d) * (1 - math.exp(-rate * hold))
    mean = TAU + (rate * d**2 / 2) / per_cycle
    assert model.long_polling_mean(TAU, rate, hold, connection) == pytest.approx(mean)
    assert model.responses_per_message(TAU, rate, hold, connection) == pytest.approx(1 / per_cycle)
    assert model.long_polling_worst(TAU, connection) == pytest.approx(TAU + d)


def test_polling_and_websocket_are_the_formulas():
    assert model.websocket_mean(TAU) == model.websocket_worst(TAU) == TAU
    assert model.polling_mean(TAU, 3) == pytest.approx(3 / 2 + TAU)
    assert model.polling_worst(TAU, 3) == pytest.approx(3 + TAU)
    assert model.polling_after_response_mean(TAU, 3) == pytest.approx(3 / 2 + 2 * TAU)
    assert model.polling_after_response_worst(TAU, 3) == pytest.approx(3 + 3 * TAU)
    assert model.empty_poll_share(0.5, 3) == pytest.approx(math.exp(-1.5))
    assert model.polls_per_message(0.5, 3) == pytest.approx(2 / 3)


def test_the_classic_figures():
    """Lubbers and Greco 2010: 150 ms is long polling's worst case, 50 ms one transit; their 1 s poller means 550 ms."""
    assert model.long_polling_worst(0.050) == pytest.approx(0.150)
    assert model.polling_mean(0.050, 1) == pytest.approx(0.550)


def test_long_polling_between_its_limits():
    """Seldom: one transit, or a little more as holds end. Often: the mean wait of a client that is always away."""
    assert model.long_polling_mean(TAU, 1e-9) == pytest.approx(TAU)
    assert model.long_polling_mean(TAU, 1e-9, hold=1.8) == pytest.approx(TAU + 0.2**2 / (2 * 2))
    assert model.long_polling_mean(TAU, 1e6) == pytest.approx(TAU + TAU)
    assert model.long_polling_mean(0, 5, hold=25) == 0


def test_arrays_broadcast_into_curves():
    rates, delays = np.array([0.1, 1.0, 10.0]), np.array([[0.0], [0.1]])
    means = model.long_polling_mean(delays, rates, 25.0)
    assert means.shape == (2, 3) and means[1, 2] == pytest.approx(model.long_polling_mean(0.1, 10.0, 25.0))
    assert model.polling_overhead(rates, 1.0, HEADS).shape == (3,)
    assert model.long_polling_overhead(0.1, rates, 25.0, HEADS).shape == (3,)
    assert model.polling_mean(delays, np.array([0.1, 1.0])).shape == (2, 2)


# --- bytes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "payload_bytes, server, client",
    [(0, 2, 6), (1, 2, 6), (125, 2, 6), (126, 4, 8), (65_535, 4, 8), (65_536, 10, 14)],
)
def test_frame_heads_are_those_of_real_frames(payload_bytes, server, client):
    frame = Frame(Opcode.BINARY, bytes(payload_bytes))
    assert model.frame_header_bytes(payload_bytes, masked=False) == server
    assert model.frame_header_bytes(payload_bytes, masked=True) == client
    assert len(frame.serialize(mask=False)) == server + payload_bytes
    assert len(frame.serialize(mask=True)) == client + payload_bytes


def test_frame_heads_of_the_rfc_examples():
    """RFC 6455 section 5.7: "Hello" from a server and from a client, and 64 KiB of binary."""
    hello, masked = bytes.fromhex("810548656c6c6f"), bytes.fromhex("818537fa213d7f9f4d5158")
    assert len(hello) == model.frame_header_bytes(5, masked=False) + 5
    assert len(masked) == model.frame_header_bytes(5, masked=True) + 5
    assert len(bytes.fromhex("827f0000000000010000")) == model.websocket_overhead(65_536)


@pytest.mark.parametrize("payload_bytes", [-1, 1 << 63])
def test_no_frame_is_that_long(payload_bytes):
    with pytest.raises(ModelError):
        model.frame_header_bytes(payload_bytes, masked=False)


# --- crossover -------------------------------------------------------------------------------------------------------


def test_without_delay_and_end_of_hold_they_cross_at_one_message_a_poll():
    assert model.crossover_rate(0, 2.0) == pytest.approx(0.5, rel=1e-12)


@pytest.mark.parametrize("connection, transits", MODES.items())
def test_the_crossover_solves_its_equation(connection, transits):
    rate, d = model.crossover_rate(0.05, 1.0, 25.0, connection), transits * 0.05
    cycle = d + math.exp(-rate * d) * (1 - math.exp(-rate * 25)) / rate
    assert cycle == pytest.approx(1.0, rel=1e-9)


@pytest.mark.parametrize("poll_interval, expected", [(0.2, math.inf), (0.1, math.inf), (1.2, 0.0), (9.0, 0.0)])
def test_at_the_ends_there_is_no_crossover(poll_interval, expected):
    """Away 0.2 s, held 1 s: long polling asks every 0.2 to 1.2 s."""
    assert model.crossover_rate(TAU, poll_interval, 1.0) == expected


@pytest.mark.parametrize("tau, poll_interval, hold", [(0, 1, 25), (0.05, 1, 25), (0.1, 0.25, 1), (0.1, 5, 9)])
def test_long_polling_weighs_less_below_and_more_above_the_crossover_in_bytes(tau, poll_interval, hold):
    crossover = model.crossover_rate(tau, poll_interval, hold, heads=HEADS)
    rates = crossover * np.geomspace(1e-3, 1e3, 601)
    more = model.long_polling_overhead(tau, rates, hold, HEADS) > model.polling_overhead(rates, poll_interval, HEADS)
    assert not more[:300].any() and more[301:].all()
    assert crossover <= model.crossover_rate(tau, poll_interval, hold)


def test_a_crossing_that_is_not_there_is_refused():
    with pytest.raises(ModelError, match="no crossing from below"):
        model.crossing(lambda rate: rate, lambda rate: 2 * rate, 1, 10)


def test_polling_undercuts_websocket_once_its_batches_are_large():
    """A batch's head, spread over many messages, against two or four bytes each."""
    rate = model.crossing(
        lambda rate: model.websocket_overhead(142), lambda rate: model.polling_overhead(rate, 1.0, HEADS), 0.01, 1e5
    )
    assert rate == pytest.approx(650 / 3)
