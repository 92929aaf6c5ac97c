"""What each transport would cost for a workload, and the cheapest that is fast enough."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from results.advice.fitted_costs import TLS_RECORD, FittedCosts
from results.model import (
    PING_BYTES,
    Heads,
    pings_per_second,
    websocket_overhead,
)
from results.processes import processes_for
from results.transport_models import MODELS, Setting, mean_s, within_s
from results.transports import TRANSPORTS, has_random_phase

WITHIN = 0.9
"""The share of messages that must come within the latency wanted."""
SHORTEST_INTERVAL = 0.01  # s
ROUNDED = 1 + 1e-9  # a float's own error is no lateness


@dataclass(frozen=True)
class Workload:
    """A workload: a number of clients that all receive the same messages. Poisson arrivals, kept connections."""

    clients: int = 5
    rate_hz: float = 10.0
    payload_bytes: int = 142
    poll_interval_s: float = 1.0
    rtt_ms: float = 0.0
    cookie_bytes: int = 0
    tls: bool = False
    hold_s: float = 25.0
    within_ms: float | None = None


@dataclass(frozen=True)
class Estimate:
    """What a transport does with a workload: latency in ms (mean, and that of 90 %), and costs a second in all.

    `processes` are as many as keep each below 0.7 of a core: the whole of them is what a machine needs. Memory and
    joining are of all clients, in bytes.
    """

    transport: str
    workload: Workload
    mean_ms: float
    within_ms: float
    requests: float
    wire_bytes: float
    cores: float
    processes: float
    memory: float
    joining: float

    @property
    def meets(self) -> bool:
        """Whether nine messages in ten come within the latency wanted."""
        return self.workload.within_ms is None or self.within_ms <= self.workload.within_ms * ROUNDED


def estimates(workload: Workload, costs: Mapping[str, FittedCosts]) -> list[Estimate]:
    """One for each transport of which the costs are known."""
    return [estimate(name, workload, known) for name, known in costs.items()]


def cheapest(found: Iterable[Estimate]) -> Estimate | None:
    """The one that meets the latency wanted with the least of the server's CPU; None if none does."""
    return min((each for each in found if each.meets), key=lambda each: each.cores, default=None)


def longest_interval(workload: Workload, known: FittedCosts) -> float | None:
    """The longest poll interval, s, at which polling meets the latency wanted; None if none does, or none is wanted."""
    if workload.within_ms is None:
        return None
    spare = (workload.within_ms - workload.rtt_ms / 2 - known.base_ms) / 1000 / WITHIN
    return spare if spare >= max(SHORTEST_INTERVAL, workload.rtt_ms / 1000) else None


def polling_at_longest_interval(workload: Workload, known: FittedCosts) -> list[Estimate]:
    """Polling at the longest interval that meets the latency wanted; none if there is none."""
    every = longest_interval(workload, known)
    return [estimate("polling", replace(workload, poll_interval_s=every), known)] if every else []


def choices(workload: Workload, costs: Mapping[str, FittedCosts]) -> list[Estimate]:
    """What there is to choose from: each transport as asked for, and polling at its longest interval too."""
    return [*estimates(workload, costs), *polling_at_longest_interval(workload, costs["polling"])]


def estimate(transport: str, workload: Workload, known: FittedCosts) -> Estimate:
    """What this transport does with the workload."""
    rate, clients = workload.rate_hz, workload.clients
    requests_each, overhead = exchanges(transport, workload, known)
    answers = clients * rate * (requests_each if requests_each else 1.0)
    cores = known.prices.cpu_share(rate, answers, clients)
    processes = processes_for(cores, known.prices.publication.us * rate / 1e6)
    mean_ms, within_ms = latencies_ms(transport, workload)
    line_ms = 0.0 if has_random_phase(transport) else known.prices.answer.at(answers) / 1000 * clients / processes
    return Estimate(
        transport,
        workload,
        mean_ms + known.base_ms + line_ms / 2,
        within_ms + known.base_ms + WITHIN * line_ms,
        clients * rate * requests_each,
        clients * (rate * (workload.payload_bytes + overhead) + idle_bytes(transport, workload)),
        cores,
        processes,
        clients * known.memory,
        clients * known.joining,
    )


def exchanges(transport: str, workload: Workload, known: FittedCosts) -> tuple[float, float]:
    """Requests of a client for each message, and the bytes around it; cookies and TLS records are added as they are."""
    if known.heads is None:
        return 0.0, websocket_overhead(workload.payload_bytes) + TLS_RECORD * workload.tls
    wrapped = workload.cookie_bytes + TLS_RECORD * workload.tls
    heads = Heads(
        known.heads.request + wrapped,
        known.heads.empty_response + TLS_RECORD * workload.tls,
        known.heads.response + TLS_RECORD * workload.tls,
    )
    setting = replace(setting_of(workload), heads=heads)
    return float(MODELS[transport].requests(setting)), float(MODELS[transport].overhead(setting))


def setting_of(workload: Workload) -> Setting:
    """The workload as the models are asked about it."""
    return Setting(workload.rtt_ms / 2000, workload.rate_hz, workload.poll_interval_s, workload.hold_s)


def idle_bytes(transport: str, workload: Workload) -> float:
    """Bytes a second of one client that have nothing to do with messages: a WebSocket's pings and pongs.

    Polls that bring nothing, and held requests that are renewed, are requests, and in `exchanges`.
    """
    return (PING_BYTES + 2 * TLS_RECORD * workload.tls) * pings_per_second(1) * (not TRANSPORTS[transport].asks)


def latencies_ms(transport: str, workload: Workload) -> tuple[float, float]:
    """The model's mean in ms, and what 90 % of the messages do not exceed.

    A poll's wait is uniform over the interval. Of long polling's messages the share λD/λC finds the client away, and
    waits uniformly up to D; the others do not wait.
    """
    setting = setting_of(workload)
    return 1000 * float(mean_s(transport, setting)), 1000 * float(within_s(transport, setting, WITHIN))
