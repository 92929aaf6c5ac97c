"""Where a mean latency comes from: waiting, the transit, bytes on the link, this machine's share, what is left over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, dataclass

import pandas as pd

from results.transports import TRANSPORTS, has_random_phase

PARTS = {
    "waiting": "waiting",
    "transit": "transit",
    "sending": "bytes",
    "machine": "server",
    "asking": "client turnaround",
    "left": "unexplained",
}
"""The parts of a mean, in the order in which they are stacked, with their names."""


@dataclass(frozen=True)
class Breakdown:
    """A mean latency in ms, in parts that add up to it.

    `waiting` is for the next poll, or for a long-polling client to ask again; `transit` one way of the round trip;
    `sending` what the answer's bytes take at the link's rate. The floor, found at zero delay, is `machine` and
    `asking`. `machine` is what server, kernel and delay line take on every way. `asking` is by how much waiting is
    longer, because load generator and server take time from a response until the next request is there. By the
    kernel's clock, the load generator has no other part in it. `left` is what all these do not explain, of either
    sign.
    """

    waiting: float
    transit: float
    sending: float
    machine: float
    asking: float
    left: float

    @property
    def whole(self) -> float:
        return sum(astuple(self))

    def parts(self) -> Iterator[tuple[str, float]]:
        return iter(zip(PARTS, astuple(self), strict=True))


def breakdown(runs: pd.DataFrame) -> Breakdown:
    """The mean over runs of one transport under one condition; what had no floor leaves it in what is left."""
    measured, expected = (float(runs[name].mean()) for name in ("latency_mean_ms", "expected_mean_ms"))
    floor, asking = (float(runs[name].fillna(0.0).mean()) for name in ("floor_ms", "floor_asking_ms"))
    transit, sending = float(runs["rtt_ms"].mean()) / 2, response_ms(runs)
    waiting, left = expected - transit - sending, measured - expected - floor
    return Breakdown(*(round(part, 6) + 0.0 for part in (waiting, transit, sending, floor - asking, asking, left)))


def response_ms(runs: pd.DataFrame) -> float:
    """What an answer's bytes take at the link's rate, ms; answers that are sent at once go one after another."""
    return _transmission_ms(runs, "wire_received")


def request_ms(runs: pd.DataFrame) -> float:
    """The same for a request; 0 without requests."""
    return _transmission_ms(runs, "wire_sent") if TRANSPORTS[runs["transport"].iloc[0]].asks else 0.0


def _transmission_ms(runs: pd.DataFrame, way: str) -> float:
    first = runs.iloc[0]
    if pd.isna(first["link_mbps"]):
        return 0.0
    transport = str(first["transport"])
    each = float(runs[way].sum()) / float(runs["requests" if TRANSPORTS[transport].asks else "deliveries"].sum())
    in_line = 1.0 if has_random_phase(transport) else (float(first["clients"]) + 1) / 2
    return in_line * each * 8 / (float(first["link_mbps"]) * 1000)
