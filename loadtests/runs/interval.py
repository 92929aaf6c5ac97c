"""How far a run's mean latency can be trusted: half the width of its 95 % interval.

The deliveries of one message are not independent, since all clients wait for the same server; nor are those of one
client, whose polls always come at the same phase. So it is messages that are drawn anew, and clients where their phases
were drawn. Drawn together, both also draw each single delivery, whose part is taken out once (Cameron, Gelbach and
Miller 2011, Robust Inference with Multiway Clustering). The variances are those to which resampling converges.
"""

import math
from collections.abc import Iterable

import numpy as np
from scipy.special import stdtrit

from loadtests.runs.tally import Sampled
from results.samples import FEWEST_FOR_INTERVAL


def half_interval_ms(messages: Iterable[Sampled], clients_drawn: bool) -> float | None:
    """Half the width in ms; None for fewer than 30 messages, or one client where clients are drawn.

    The quantile is Student's, with as many degrees of freedom as the parts have together (Satterthwaite 1946).
    """
    sampled = list(messages)
    rows = np.concatenate([np.full(len(m.clients), row) for row, m in enumerate(sampled)] or [np.zeros(0, int)])
    columns = np.array([client for m in sampled for client in m.clients], dtype=int)
    latency_ms = np.array([us for m in sampled for us in m.latencies_us], dtype=float) / 1000
    clients = len(set(columns.tolist()))
    if len(sampled) < FEWEST_FOR_INTERVAL or clients_drawn and clients < 2:
        return None
    deviation = latency_ms - latency_ms.mean()
    parts = [(between(deviation, rows), len(sampled) - 1)]
    if clients_drawn:
        single = float(np.sum(deviation**2)) / len(deviation) ** 2
        parts = [(max(parts[0][0] - single, 0.0), parts[0][1]), (between(deviation, columns), clients - 1)]
    variance = sum(part for part, _ in parts)
    freedom = variance**2 / sum(part**2 / free for part, free in parts) if variance else 1.0
    return float(stdtrit(freedom, 0.975)) * math.sqrt(variance)


def between(deviation: np.ndarray, group: np.ndarray) -> float:
    """The variance of the mean when the groups of its values are drawn anew."""
    sums = np.bincount(group, deviation)
    count = np.count_nonzero(np.bincount(group))
    return float(np.sum(sums**2)) / len(deviation) ** 2 * count / (count - 1)
