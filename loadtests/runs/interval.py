"""How far a run's mean latency can be trusted: half the width of its 95 % interval.

Deliveries of one message are not independent, since all clients wait for the same server. Deliveries to one client are
not independent either, since its polls keep their phase. So variances are taken between messages and, where phases are
random, between clients. Both contain each single delivery, so its part is subtracted once (Cameron, Gelbach and Miller
2011, Robust Inference with Multiway Clustering). They are the variances to which resampling converges.
"""

import math
from collections.abc import Iterable

import numpy as np
from scipy.special import stdtrit

from loadtests.runs.tally import Sampled
from results.samples import FEWEST_FOR_INTERVAL


def half_interval_ms(messages: Iterable[Sampled], clients_drawn: bool) -> float | None:
    """Half the width in ms; None for fewer than 30 messages, or one client where clients are drawn.

    The quantile is Student's, with the degrees of freedom of both parts together (Satterthwaite 1946). There are fewer
    of them than messages where a few messages are very late, since the variance is then less certain.
    """
    sampled = list(messages)
    rows = np.concatenate([np.full(len(m.clients), row) for row, m in enumerate(sampled)] or [np.zeros(0, int)])
    columns = np.array([client for m in sampled for client in m.clients], dtype=int)
    latency_ms = np.array([us for m in sampled for us in m.latencies_us], dtype=float) / 1000
    clients = len(set(columns.tolist()))
    if len(sampled) < FEWEST_FOR_INTERVAL or clients_drawn and clients < 2:
        return None
    deviation = latency_ms - latency_ms.mean()
    variance, freedom = between(deviation, rows)
    parts = [(variance, freedom)]
    if clients_drawn:
        single = float(np.sum(deviation**2)) / len(deviation) ** 2
        parts = [(max(variance - single, 0.0), freedom), between(deviation, columns)]
    variance = sum(part for part, _ in parts)
    freedom = variance**2 / sum(part**2 / free for part, free in parts) if variance else 1.0
    return float(stdtrit(freedom, 0.975)) * math.sqrt(variance)


def between(deviation: np.ndarray, group: np.ndarray) -> tuple[float, float]:
    """Return the variance of the mean between groups of values, and its degrees of freedom.

    A sample variance has 2 (n − 1) / (2 + κ) of them, κ the excess kurtosis: n − 1 if that is 0.
    """
    sums = np.bincount(group, deviation)[np.bincount(group) > 0]
    count, squares = len(sums), float(np.sum(sums**2))
    excess = count * float(np.sum(sums**4)) / squares**2 - 3 if squares else 0.0
    return squares / len(deviation) ** 2 * count / (count - 1), 2 * (count - 1) / (2 + max(excess, 0.0))
