"""The model against simulated clients, and its replay over publication times."""

import math
from collections import deque
from collections.abc import Iterator

import numpy as np
import pytest
from tools.model_settings import HEADS, MODES, TAU

from results import model
from results.model import ModelError
from results.replay import expected_latencies, long_polling_waits

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


def test_simulated_clients_send_equally_often_at_the_crossover():
    rate = model.crossover_rate(TAU, 1.0, 2.0)
    published = arrivals(rate, 20_000, seed=3)
    responses = long_polling(published, TAU, 2, 2.0)
    agree(model.polls_per_message(rate, 1.0), [1] * len(responses), sizes(responses))


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
        ("pigeon", [1.0], {}),
        ("websocket", [], {}),
        ("websocket", [2.0, 1.0], {}),
    ],
)
def test_what_cannot_be_replayed_is_refused(transport, published, given):
    with pytest.raises(ModelError):
        expected_latencies(transport, published, one_way_delay=TAU, **given)
