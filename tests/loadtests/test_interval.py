"""The mean's 95 % interval covers the truth as often as it says, whoever waits for whom."""

import random
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from loadtests.experiments import EXPERIMENTS
from loadtests.runs.interval import half_interval_ms
from loadtests.runs.tally import Sampled
from results.model import turnaround
from results.replay import long_polling_waits
from results.samples import FEWEST_FOR_INTERVAL
from results.transports import COMPARED, has_random_phase

TRIES = 600
SHORTEST = min(
    (run for profile in ("quick", "standard", "full") for run in EXPERIMENTS["latency"].runs(profile)
     if run.transport == "polling"),
    key=lambda run: run.duration_s * run.rate_hz,
)  # fmt: skip


def published(chance: np.random.Generator, arrivals: str) -> np.ndarray:
    """The publication times of the shortest window in which a latency is measured."""
    count = round(SHORTEST.rate_hz * SHORTEST.duration_s)
    if arrivals == "even":
        return (np.arange(count) + chance.random()) / SHORTEST.rate_hz
    return np.sort(chance.random(chance.poisson(count)) * SHORTEST.duration_s)


def answer_times(chance: np.random.Generator, times: np.ndarray) -> np.ndarray:
    """Milliseconds that the machine takes: each message its own, then one client after another, and a little noise."""
    shape = len(times), SHORTEST.clients
    queue = 0.3 * np.argsort(chance.random(shape), axis=1)
    return chance.lognormal(-0.5, 0.5, (len(times), 1)) + queue + chance.lognormal(-3, 0.5, shape)


def latencies(chance: np.random.Generator, transport: str, times: np.ndarray) -> np.ndarray:
    """Milliseconds, messages by clients, as the model has them."""
    taken = answer_times(chance, times)
    if transport == "polling":
        phases = chance.random(SHORTEST.clients) * SHORTEST.poll_interval_s
        return taken + 1000 * ((phases[None, :] - times[:, None]) % SHORTEST.poll_interval_s)
    if transport == "long-polling":
        waits = long_polling_waits(times, float(turnaround(0.01)), 25.0)
        return taken + 1000 * waits[:, None]
    return taken


def sampled(matrix: np.ndarray) -> list[Sampled]:
    clients = list(range(matrix.shape[1]))
    return [Sampled(0.0, clients, [round(ms * 1000) for ms in line]) for line in matrix]


@pytest.mark.parametrize("arrivals", ["poisson", "even"])
@pytest.mark.parametrize("transport", COMPARED)
def test_nineteen_of_twenty_intervals_hold_the_truth(transport, arrivals):
    chance = np.random.default_rng(11)
    windows = [published(chance, arrivals) for _ in range(TRIES)]
    stated = [times for times in windows if len(times) >= FEWEST_FOR_INTERVAL]
    assert len(stated) >= 0.99 * TRIES, "the others print none"
    drawn = [latencies(chance, transport, times) for times in stated]
    means = np.array([matrix.mean() for matrix in drawn])
    halves = np.array([half_interval_ms(sampled(matrix), has_random_phase(transport)) for matrix in drawn])
    covered = np.mean(np.abs(means - truth(transport, arrivals)) <= halves)
    assert 0.92 <= covered <= 0.98, covered


def truth(transport: str, arrivals: str) -> float:
    """The mean over very many windows; exact where the model has it in closed form."""
    chance = np.random.default_rng(12)
    return float(np.mean([latencies(chance, transport, published(chance, arrivals)).mean() for _ in range(20_000)]))


def test_a_shortest_window_is_long_enough_for_an_interval():
    assert SHORTEST.rate_hz * SHORTEST.duration_s >= 40


def test_ten_times_the_clients_that_see_the_same_are_not_one_message_more():
    chance = random.Random(3)
    once = [Sampled(0.0, [0, 1], [chance.randrange(100, 200)] * 2) for _ in range(40)]
    tenfold = [Sampled(0.0, list(range(20)), message.latencies_us * 10) for message in once]
    assert half_interval_ms(tenfold, False) == pytest.approx(half_interval_ms(once, False))


def test_ten_times_the_messages_at_the_same_phases_are_not_one_client_more():
    """Polls at the same beat as the messages: a client is always equally late."""
    few = [Sampled(0.0, [0, 1, 2], [100, 400, 900]) for _ in range(40)]
    many = few * 10
    assert half_interval_ms(many, True) == pytest.approx(half_interval_ms(few, True), rel=0.02)
    assert half_interval_ms(many, True) > 0.3  # ms


@pytest.mark.parametrize(("messages", "clients", "drawn", "stated"),
                         [(29, 5, False, False), (30, 5, False, True), (30, 1, True, False), (30, 1, False, True),
                          (0, 0, False, False)])  # fmt: skip
def test_too_few_messages_or_clients_state_no_interval(messages, clients, drawn, stated):
    made = [Sampled(0.0, list(range(clients)), [100 + n] * clients) for n in range(messages)]
    assert (half_interval_ms(made, drawn) is not None) is stated


def test_more_messages_make_it_narrower():
    chance = np.random.default_rng(5)
    make: Callable[[int], list[Sampled]] = lambda count: sampled(chance.lognormal(0, 0.5, (count, 3)))  # noqa: E731
    widths = [half_interval_ms(make(count), False) for count in (40, 400, 4000)]
    assert all(wide > 2 * narrow for wide, narrow in pairwise(widths))
