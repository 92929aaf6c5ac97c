"""What a run should have measured, by the model alone; and what this machine adds to that, at no delay."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from loadtests.experiments.run import Run, with_whole_intervals
from loadtests.runs.interval import half_interval_ms
from loadtests.runs.tally import Sampled, Tally
from results.model import connection_mode, turnaround
from results.replay import expected_latencies

MESSAGES = 104  # of a floor, at least; a floor needs a hundred
PAUSE_S = 0.02  # before a long-polling client asks again: as over a round trip, the broadcast is then over
MOST_DELIVERIES, MOST_POLLS, FASTEST, SLOW, SLOWEST = 600.0, 300.0, 50.0, 10.0, 5.0  # a second


@dataclass(frozen=True)
class Floor:
    """What a machine adds to the model's latency.

    `ms` is added to a transit, with half its 95 % interval, found from `messages` messages. `away_ms` is added to a
    long-polling client's turnaround: the time from a response to its next request.
    """

    ms: float
    half_ms: float | None
    messages: int
    away_ms: float = 0.0


def floor_run(run: Run) -> Run:
    """The run that finds the floor of another: same transport, clients, connections, over the same link without delay.

    Where the server pushes, same rate within bounds: what a machine does seldom, it does slowly. One for each repeat:
    machines change. Poisson arrivals, so that some messages find a long-polling client away, who pauses for `PAUSE_S`;
    of exchanges, as many.
    """
    if not run.followed:
        seconds = math.ceil(MESSAGES / run.clients / run.rate_hz)
        undelayed = replace(run, rtt_ms=0.0, link_mbps=None, loss_percent=0.0, queue_packets=None)
        return replace(undelayed, experiment="floor", duration_s=float(seconds), seed=1)
    seldom = FASTEST if run.transport == "polling" else max(run.rate_hz, SLOW)
    rate = max(min(seldom, FASTEST, MOST_DELIVERIES / run.clients), SLOWEST)
    return with_whole_intervals(
        Run(
            "floor",
            run.transport,
            clients=run.clients,
            rate_hz=rate,
            poll_interval_s=0.037 * math.ceil(run.clients / 0.037 / MOST_POLLS),
            header_profile="minimal",
            keep_alive=run.keep_alive,
            tls=run.tls,
            path=run.path,
            duration_s=MESSAGES / rate,
            repeat=run.repeat,
        )
    )


def floors_of(runs: Iterable[Run]) -> list[Run]:
    """The runs that find the floors of these, each once; without a delay, or with a fault, there is none to find."""
    return list(dict.fromkeys(floor_run(run) for run in runs if run.linked and not run.fault))


def floor(run: Run, tally: Tally) -> Floor | None:
    """How much later messages come than the model says, and clients ask; None if none came."""
    away_s = tally.absent_us / tally.absences / 1e6 if tally.absences else 0.0
    modelled = expected_each_s(run, tally, PAUSE_S + away_s)
    if modelled is None:
        return None
    beyond = [
        replace(message, latencies_us=[us - round(seconds * 1e6) for us in message.latencies_us])
        for message, seconds in zip(in_order(tally), modelled, strict=True)
    ]
    mean_ms = float(np.mean([us for message in beyond for us in message.latencies_us])) / 1000
    return Floor(mean_ms, half_interval_ms(beyond, run.has_random_phase), len(beyond), away_s * 1000)


def added_ms(run: Run, tally: Tally, found: Floor) -> float | None:
    """What the floor makes of this run: on every way, and by messages that wait for a client longer away."""
    alone, longer_away = expected_s(run, tally), expected_s(run, tally, found.away_ms / 1000)
    if alone is None or longer_away is None:
        return None
    return found.ms + (longer_away - alone) * 1000


def expected_s(run: Run, tally: Tally, away_s: float = 0.0) -> float | None:
    """The model's mean latency in seconds for this run's own publication times; None if there are none, or the model
    does not know what happened meanwhile.

    `away_s` is what is added to a long-polling client's time away.
    """
    each = expected_each_s(run, tally, away_s)
    return None if each is None else float(each.mean())


def expected_each_s(run: Run, tally: Tally, away_s: float) -> NDArray[np.float64] | None:
    """The same for each message, `in_order`."""
    published = [message.published_at for message in in_order(tally)]
    if not published or run.fault or run.loss_percent:
        return None
    question = link_s(run, tally.ledger.wire_sent, tally.requests or tally.deliveries)
    answer = link_s(run, tally.ledger.wire_received, tally.answers or tally.deliveries)
    connection = connection_mode(run.keep_alive, run.tls)
    if run.operation == "post":
        return np.full(len(published), run.rtt_ms / 2000 + answer)
    if run.operation == "echo":
        return np.full(len(published), float(turnaround(run.rtt_ms / 2000, connection)) + question + answer)
    return expected_latencies(
        run.transport,
        published,
        earlier=sorted(tally.earlier.values()),
        one_way_delay=run.rtt_ms / 2000,
        poll_interval=run.poll_interval_s,
        hold=run.hold_s,
        connection=connection,
        question=question,
        answer=answer,
        added=away_s,
    )


def in_order(tally: Tally) -> list[Sampled]:
    """The messages as they were published."""
    return sorted(tally.messages.values(), key=lambda message: message.published_at)


def link_s(run: Run, size: int, count: int) -> float:
    """Return the seconds that each of `count` transfers of `size` bytes in all takes at the link's rate.

    Transfers of clients that act at once go one after another.
    """
    if run.link_mbps is None or not count:
        return 0.0
    before = 1 if run.has_random_phase else (run.clients + 1) / 2
    return before * size / count * 8 / (run.link_mbps * 1e6)
