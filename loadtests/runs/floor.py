"""What a run should have measured, by the model alone; and what this machine adds to that, at no delay."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from loadtests.experiments.run import Run, settled
from loadtests.runs.interval import half_interval_ms
from loadtests.runs.tally import Tally
from results.model import away, connection_mode
from results.replay import expected_mean

MESSAGES = 110  # of a floor, at least; a floor needs a hundred
MOST_DELIVERIES, MOST_POLLS, FASTEST, SLOWEST = 600.0, 300.0, 50.0, 5.0  # a second


@dataclass(frozen=True)
class Floor:
    """What a machine adds to the model: to a transit, in ms with half its 95 % interval, from so many messages; and to
    the time in which a long-polling client is away after an answer, in ms.
    """

    ms: float
    half_ms: float | None
    messages: int
    away_ms: float = 0.0


def floor_run(run: Run) -> Run:
    """The run that finds the floor of another: same transport, clients and TLS, over the same link but without delay.

    Poisson arrivals, so that some messages find a long-polling client away; of exchanges, as many.
    """
    if not run.followed:
        seconds = math.ceil(MESSAGES / run.clients / run.rate_hz)
        return replace(run, experiment="floor", rtt_ms=0.0, link_mbps=None, duration_s=float(seconds), repeat=1, seed=1)
    rate = max(min(FASTEST, MOST_DELIVERIES / run.clients), SLOWEST)
    return settled(
        Run(
            "floor",
            run.transport,
            clients=run.clients,
            rate_hz=rate,
            poll_interval_s=0.037 * math.ceil(run.clients / 0.037 / MOST_POLLS),
            header_profile="minimal",
            tls=run.tls,
            duration_s=math.ceil(MESSAGES / rate),
        )
    )


def floors_of(runs: Iterable[Run]) -> list[Run]:
    """The runs that find the floors of these, each once; without a delay, or with a fault, there is none to find."""
    return list(dict.fromkeys(floor_run(run) for run in runs if run.linked and not run.fault))


def floor(run: Run, tally: Tally) -> Floor | None:
    """How much later messages come than the model says, and clients ask; None if none came."""
    away_s = tally.absent_us / tally.absences / 1e6 if tally.absences else 0.0
    if (modelled := expected_s(run, tally, away_s)) is None:
        return None
    half_ms = half_interval_ms(tally.messages.values(), run.phases_drawn)
    return Floor((tally.mean_s - modelled) * 1000, half_ms, len(tally.messages), away_s * 1000)


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
    published = sorted(message.published_at for message in tally.messages.values())
    if not published or run.fault:
        return None
    question = link_s(run, tally.ledger.wire_sent, tally.requests or tally.deliveries)
    answer = link_s(run, tally.ledger.wire_received, tally.answers or tally.deliveries)
    connection = connection_mode(run.keep_alive, run.tls)
    if run.operation == "post":
        return run.rtt_ms / 2000 + answer
    if run.operation == "echo":
        return float(away(run.rtt_ms / 2000, connection)) + question + answer
    return expected_mean(
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


def link_s(run: Run, size: int, count: int) -> float:
    """Seconds that each of `count` takes at the link's rate, `size` bytes in all; those of clients that act at once go
    one after another.
    """
    if run.link_mbps is None or not count:
        return 0.0
    before = 1 if run.phases_drawn else (run.clients + 1) / 2
    return before * size / count * 8 / (run.link_mbps * 1e6)
