"""Several server processes with one feed in Redis: what was measured of them, and what the prices say of more."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from results.select import NotMeasured
from results.table import Results
from results.transports import COMPARED

FULL = 0.7
"""The share of a core up to which one server process is loaded; from there on, clients are shared out among several."""


@dataclass(frozen=True)
class Measured:
    """One transport on a number of processes.

    `us` is CPU per delivery. `busiest_share` is the clients of the fullest process over an even share.
    `deliveries_per_s` is what they deliver at FULL, if each process is alone on a core.
    """

    transport: str
    processes: int
    clients: int
    us: float
    busiest_share: float

    @property
    def deliveries_per_s(self) -> float:
        return deliveries_per_s(self.processes, self.us)


@dataclass(frozen=True)
class RedisCosts:
    """What a feed's Redis pays: µs of CPU a second while nothing happens; µs and bytes for a message, once and for each
    process that follows.
    """

    idle_us: float
    us: float
    us_each: float
    bytes: float
    bytes_each: float

    def cpu_share(self, rate_hz: float, processes: float) -> float:
        """Cores at this rate of messages."""
        return (self.idle_us + rate_hz * (self.us + self.us_each * processes)) / 1e6

    def bytes_per_s(self, rate_hz: float, processes: float) -> float:
        return rate_hz * (self.bytes + self.bytes_each * processes)


def measured(machine: Mapping[str, Any]) -> list[Measured]:
    """What the benchmark measured, by transport and number of processes; NotMeasured if it was not run."""
    found = machine.get("benchmark", {}).get("processes") or {}
    if not all(found.get(name) for name in COMPARED):
        raise NotMeasured("several processes were not measured: `make benchmark ARGS=\"--processes --into FOLDER\"`")
    return [
        Measured(name, int(count), int(one["clients"]), one["cpu_us_per_delivery"], one["busiest_share"])
        for name in COMPARED
        for count, one in sorted(found[name].items(), key=lambda pair: int(pair[0]))
    ]


def redis_costs(machine: Mapping[str, Any]) -> RedisCosts:
    """Least squares over all loads, whatever their transport, none below 0; NotMeasured without."""
    measured(machine)

    from scipy.optimize import nnls  # here, because its import takes longer than a command line's start may

    loads = [(int(count), one) for by_count in machine["benchmark"]["processes"].values()
             for count, one in by_count.items()]  # fmt: skip
    rates = np.array([one["rate_hz"] for _, one in loads], dtype=float)
    counts = np.array([count for count, _ in loads], dtype=float)
    if len(set(counts)) < 2 or len(set(rates)) < 2:
        raise NotMeasured("one number of processes, or one rate, was measured only")
    factors = np.column_stack([np.ones_like(rates), rates, rates * counts])
    cpu, _ = nnls(factors, np.array([one["redis_us_per_s"] for _, one in loads]))
    sent, _ = nnls(factors[:, 1:], np.array([one["redis_bytes_per_s"] for _, one in loads]))
    return RedisCosts(*map(float, cpu), *map(float, sent))


def known_redis_costs(folders: Iterable[Results | None]) -> RedisCosts | None:
    """From the first of these folders that knows them; None if none does."""
    for results in folders:
        with suppress(NotMeasured):
            if results is not None:
                return redis_costs(results.machine)
    return None


def deliveries_per_s(processes: float, us: float) -> float:
    """Deliveries a second of these processes, each loaded to FULL, if a delivery takes `us` µs of CPU."""
    return processes * FULL * 1e6 / us


def processes_for(cores: float, publishing: float) -> float:
    """How many processes keep each at FULL of a core, at least 1; each of them pays for `publishing` (cores) itself.

    `cores` are what one process would take. Infinite if publishing alone is more than FULL.
    """
    if publishing >= FULL:
        return math.inf
    return max(1.0, (cores - publishing) / (FULL - publishing))
