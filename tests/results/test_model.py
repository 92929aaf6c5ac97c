"""results/model.py against the formulas as they are written down, and against clients followed transit by transit."""

import math
from collections import deque
from collections.abc import Iterator

import numpy as np
import pytest
from websockets.frames import Frame, Opcode

from results import model
from results.model import Heads, ModelError
from results.replay import expected_latencies, long_polling_waits

TAU = 0.1
HEADS = Heads(request=500, empty_response=90, response=150)
MODES = {"kept": 2, "new": 4, "new-tls": 6}


# --- the simulation --------------------------------------------------------------------------------------------------


def arrivals(rate: float, count: int, seed: int) -> list[float]:
    return np.random.default_rng(seed).exponential(1 / rate, count).cumsum().tolist()


def long_polling(published: list[float], tau: float, transits: int, hold: float) -> list[list[float]]:
    """A long-polling client, step by step: the latencies that each response brings, none after a hold."""
    waiting, responses, asked = deque(published), [], published[0]
    while waiting:
        answered = min(max(asked, waiting[0]), asked + hold)
        batch = []
        while waiting and waiting[0] <= answered:
            batch.append(answered + tau - waiting.popleft())
        responses.append(batch)
        received = answered + tau
        asked = received + (transits - 1) * tau
    return responses


def polling(published: list[float], asked: Iterator[float], tau: float) -> list[list[float]]:
    """The latencies that each poll brings, whose requests arrive at the server at these times."""
    waiting, responses = deque(published), []
    while waiting:
        answered, batch = next(asked), []
        while waiting and waiting[0] <= answered:
            batch.append(answered + tau - waiting.popleft())
        responses.append(batch)
    return responses


def polls(interval: float, tau: float, transits: int, fixed: bool) -> Iterator[float]:
    """When polls arrive: at a fixed cadence as soon as the client has its answer, or `interval` after the answer."""
    sent = due = 0.0
    while True:
        arrived = sent + (transits - 1) * tau
        yield arrived
        received, due = arrived + tau, due + interval
        sent = max(due, received) if fixed else received + interval


def agree(expected: float, sums: list[float], counts: list[float]) -> None:
    """The ratio of two totals over independent cycles lies within four of its standard errors of `expected`."""
    above, below = np.asarray(sums, dtype=float), np.asarray(counts, dtype=float)
    ratio = above.sum() / below.sum()
    error = np.std(above - ratio * below) / below.mean() / math.sqrt(len(below))
    assert abs(ratio - expected) <= 4 * error + 1e-9, f"{ratio} ± {error}, expected {expected}"
    assert error < 0.1 * expected, "the simulation says nothing"


def sizes(responses: list[list[float]]) -> list[int]:
    return [len(batch) for batch in responses]


def weight(responses: list[list[float]]) -> list[float]:
    """Bytes of each exchange beside its messages."""
    return [500 + (150 if batch else 90) + len(batch) for batch in responses]


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


# --- the simulation agrees -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate_away", [0.02, 0.3, 1.0, 4.0])
@pytest.mark.parametrize("hold", [0.3, 2.0, math.inf])
def test_a_simulated_long_polling_client_agrees(rate_away, hold):
    """One message a second on average; away for `rate_away` seconds on a kept connection."""
    tau = rate_away / 2
    responses = long_polling(arrivals(1, 8_000, seed=11), tau, 2, hold)
    agree(model.long_polling_mean(tau, 1, hold), [sum(batch) for batch in responses], sizes(responses))
    agree(model.responses_per_message(tau, 1, hold), [1] * len(responses), sizes(responses))
    agree(model.long_polling_overhead(tau, 1, hold, HEADS), weight(responses), sizes(responses))
    empty, share = [not batch for batch in responses], model.empty_response_share(tau, 1, hold)
    spread = math.sqrt(share * (1 - share) / len(responses))
    assert abs(np.mean(empty) - share) <= 4 * spread
    assert max(latency for batch in responses for latency in batch) <= model.long_polling_worst(tau) + 1e-9


@pytest.mark.parametrize("connection, transits", MODES.items())
def test_a_new_connection_for_each_request_keeps_long_polling_away_longer(connection, transits):
    responses = long_polling(arrivals(3, 8_000, seed=5), TAU, transits, 1.0)
    expected = model.long_polling_mean(TAU, 3, 1.0, connection)
    agree(expected, [sum(batch) for batch in responses], sizes(responses))


@pytest.mark.parametrize("connection, transits", MODES.items())
@pytest.mark.parametrize("interval", [0.15, 1.0])
@pytest.mark.parametrize("fixed", [True, False])
def test_a_simulated_polling_client_agrees(connection, transits, interval, fixed):
    """Also at a cadence faster than answers come, where the period is D."""
    responses = polling(arrivals(2, 6_000, seed=7), polls(interval, TAU, transits, fixed), TAU)
    mean, worst = (
        (model.polling_mean, model.polling_worst)
        if fixed
        else (model.polling_after_response_mean, model.polling_after_response_worst)
    )
    agree(mean(TAU, interval, connection), [sum(batch) for batch in responses], sizes(responses))
    longest = max(latency for batch in responses for latency in batch)
    assert longest == pytest.approx(worst(TAU, interval, connection), rel=0.01)


def test_simulated_polls_are_empty_or_batches():
    responses = polling(arrivals(2, 10_000, seed=9), polls(1.0, TAU, 2, True), TAU)
    empty = [not batch for batch in responses]
    agree(model.empty_poll_share(2, 1), empty, [1] * len(responses))
    agree(model.polls_per_message(2, 1), [1] * len(responses), sizes(responses))
    agree(model.polling_overhead(2, 1, HEADS), weight(responses), sizes(responses))


@pytest.mark.parametrize("period", [0.05, 0.07, 0.21, 0.9])
def test_even_arrivals_meet_a_parked_client_or_fill_every_answer(period):
    """Away 0.2 s, held 1 s: with a period above 0.2 s every message finds the client parked."""
    responses = long_polling([period * n for n in range(4_000)], TAU, 2, 1.0)
    expected = model.even_responses_per_message(period, TAU, 1.0)
    assert len(responses) / 4_000 == pytest.approx(expected, rel=0.001)
    if period > 0.2:
        assert {round(latency, 9) for batch in responses for latency in batch} == {TAU}


def test_even_arrivals_slower_than_the_hold_have_no_closed_form():
    with pytest.raises(ModelError, match="outlast a hold of 1 s"):
        model.even_responses_per_message(1.3, TAU, 1.0)


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


def test_simulated_clients_send_equally_often_at_the_crossover():
    rate = model.crossover_rate(TAU, 1.0, 2.0)
    published = arrivals(rate, 20_000, seed=3)
    responses = long_polling(published, TAU, 2, 2.0)
    agree(model.polls_per_message(rate, 1.0), [1] * len(responses), sizes(responses))


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


# --- replay ----------------------------------------------------------------------------------------------------------


def test_a_replay_by_hand():
    """Away 2, held 10: asks at 2 and 4, then from 7 on every 12 until 91, where 90 is waiting; from 93 on, held."""
    published = [0, 1, 1.5, 2, 5, 90, 92, 95, 104, 107]
    waits = long_polling_waits(published, 2, 10)
    assert waits.tolist() == [0, 1, 0.5, 0, 0, 1, 1, 0, 0, 0]
    later = expected_latencies("long-polling", published[3:], earlier=published[:3], one_way_delay=1, hold=10)
    assert later.tolist() == [1, 1, 2, 2, 1, 1, 1]


@pytest.mark.parametrize("connection, transits", MODES.items())
def test_the_worst_message_comes_just_after_a_response_left(connection, transits):
    waits = long_polling_waits([0, 1e-9], float(model.turnaround(TAU, connection)), 25)
    assert TAU + waits[1] == pytest.approx(model.long_polling_worst(TAU, connection))


@pytest.mark.parametrize("hold", [0.0, 0.3, 25.0, math.inf])
@pytest.mark.parametrize("rate", [0.5, 5.0, 50.0])
def test_the_replay_is_the_client_followed_step_by_step(rate, hold):
    published = arrivals(rate, 500, seed=21)
    followed = [latency - TAU for batch in long_polling(published, TAU, 2, hold) for latency in batch]
    assert long_polling_waits(published, 2 * TAU, hold) == pytest.approx(followed, abs=1e-9)


@pytest.mark.parametrize(
    "rate, hold, connection", [(1, 25, "kept"), (5, 0.5, "kept"), (5, 25, "new-tls"), (40, 25, "new")]
)
def test_replays_of_poisson_arrivals_average_to_the_closed_form(rate, hold, connection):
    def replay(seed):
        published = arrivals(rate, 2_000, seed)
        given = {"one_way_delay": TAU, "hold": hold, "connection": connection}
        return expected_latencies("long-polling", published, **given).mean()

    means = [replay(seed) for seed in range(20)]
    agree(model.long_polling_mean(TAU, rate, hold, connection), means, [1] * len(means))


@pytest.mark.parametrize("published", [[3.0], [0, 0.5, 1, 1.5, 2], [0, 0.001, 0.002, 7]])
def test_over_every_phase_polling_means_the_same_whenever_messages_come(published):
    phases = (np.arange(10_000) + 0.5) / 10_000
    latencies = (phases[:, None] - np.array(published)) % 1.0 + TAU
    expected = expected_latencies("polling", published, one_way_delay=TAU, poll_interval=1.0)
    assert expected == pytest.approx([0.5 + TAU] * len(published)) and latencies.mean() == pytest.approx(0.5 + TAU)


def test_replays_take_lists_and_arrays_of_unix_time_and_leave_them_alone():
    published = 1_795_363_200 + np.array([0, 0.05, 0.3, 0.31, 0.31, 60.0])
    before = published.copy()
    waits = long_polling_waits(published, 0.1, 25)
    assert waits == pytest.approx([0, 0.05, 0, 0.09, 0.09, 0], abs=1e-6) and (published == before).all()
    assert (long_polling_waits(published.tolist(), 0.1, 25) == waits).all()


def test_without_delay_nothing_waits():
    published = arrivals(100, 200, seed=1)
    for hold in (0.0, 25.0):
        assert not expected_latencies("long-polling", published, one_way_delay=0.0, hold=hold).any()


def test_a_websocket_replay_is_one_transit():
    assert expected_latencies("websocket", [1, 2], one_way_delay=TAU) == pytest.approx([0.1, 0.1])


@pytest.mark.parametrize(
    "transport, published, given",
    [
        ("polling", [1.0], {"hold": 25.0}),
        ("long-polling", [1.0], {"poll_interval": 1.0}),
        ("server-sent-events", [1.0], {}),
        ("websocket", [], {}),
        ("websocket", [2.0, 1.0], {}),
    ],
)
def test_what_cannot_be_replayed_is_refused(transport, published, given):
    with pytest.raises(ModelError):
        expected_latencies(transport, published, one_way_delay=TAU, **given)
