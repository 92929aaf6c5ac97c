"""The model to draw over every measurement: what each transport costs in time, requests and bytes.

The letters of the formulas: τ one-way delay, T poll interval, λ rate of Poisson arrivals in messages a second, w hold,
D time in which a long-polling client is not parked, C mean time from one long-polling response to the next. Times are
in seconds, sizes in bytes. The server answers in no time; whatever a real one takes is in the floor that a run adds.

Where a type says Values, floats and arrays do equally, and arrays broadcast. Rates are greater than 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = float | NDArray[np.float64]

TURNAROUND_TRANSITS = {"kept": 2, "new": 4, "new-tls": 6}
"""One-way delays from a response leaving the server to the client's next request arriving there, by connection mode.

A kept connection has two: response and request. A new one for each request also has SYN and SYN-ACK (RFC 9293 §3.5).
With TLS 1.3 there is also one flight each way before the request (RFC 8446 §2)."""

LINE_END = 1
"""Bytes of the LF that ends each message in a polling or long-polling response."""


class ModelError(ValueError):
    """The caller's fault: the model has no answer for these parameters; the message is one line."""


@dataclass(frozen=True)
class Heads:
    """Bytes of one HTTP exchange beside its messages: the request, a response without messages, one with them."""

    request: float
    empty_response: float
    response: float


ONE_REQUEST = Heads(request=1, empty_response=0, response=0)
"""Heads under which bytes are requests: for counting instead of weighing."""


# --- latency ---------------------------------------------------------------------------------------------------------


def connection_mode(keep_alive: bool, tls: bool) -> str:
    """The connection mode, a key of TRANSITS_AWAY, of a run with these cells in `runs.csv`."""
    if keep_alive:
        return "kept"
    return "new-tls" if tls else "new"


def turnaround(one_way_delay: Values, connection: str = "kept") -> Values:
    """D: from a response's departure until the client's next request arrives, if the client asks at once.

    It is 2τ on a kept connection and 4τ on a new one for each request. With TLS 1.3 the latter is 6τ.
    ModelError for another mode.
    """
    if connection not in TURNAROUND_TRANSITS:
        raise ModelError(f"unknown connection mode {connection!r}, known are {', '.join(TURNAROUND_TRANSITS)}")
    return TURNAROUND_TRANSITS[connection] * one_way_delay


def websocket_mean(one_way_delay: Values) -> Values:
    """τ: a message leaves as it is published and takes one transit."""
    return one_way_delay


def websocket_worst(one_way_delay: Values) -> Values:
    """τ, as the mean: nothing in the model makes a message wait."""
    return one_way_delay


def long_polling_mean(
    one_way_delay: Values, rate: Values, hold: Values = math.inf, connection: str = "kept"
) -> Values:
    """τ + (λD²/2) / (λD + e^(−λD)(1 − e^(−λw))), which is τ + D² / 2C.

    In each cycle of mean length C the λD messages that find the client away wait D/2 on average, the others not at all.
    RFC 6202 §2.2: close to one transit while λD is small.
    """
    cycle = long_polling_cycle(one_way_delay, rate, hold, connection)
    return one_way_delay + turnaround(one_way_delay, connection) ** 2 / (2 * cycle)


def long_polling_worst(one_way_delay: Values, connection: str = "kept") -> Values:
    """τ + D: published just after a response has left. On a kept connection RFC 6202 §2.2's three transits."""
    return one_way_delay + turnaround(one_way_delay, connection)


def poll_period(one_way_delay: Values, poll_interval: Values, connection: str = "kept") -> Values:
    """The larger of T and D: a client that waits for a response cannot ask again, whatever its cadence."""
    return np.maximum(poll_interval, turnaround(one_way_delay, connection))


def polling_mean(one_way_delay: Values, poll_interval: Values, connection: str = "kept") -> Values:
    """T/2 + τ at a fixed cadence with random phase: a wait uniform over the interval, then one transit.

    Setting up a connection shifts the cadence and nothing else, so its mode counts only where T < D.
    """
    return poll_period(one_way_delay, poll_interval, connection) / 2 + one_way_delay


def polling_worst(one_way_delay: Values, poll_interval: Values, connection: str = "kept") -> Values:
    """T + τ at a fixed cadence: published just after a poll."""
    return poll_period(one_way_delay, poll_interval, connection) + one_way_delay


def polling_after_response_mean(one_way_delay: Values, poll_interval: Values, connection: str = "kept") -> Values:
    """(T + D)/2 + τ if T runs from a response to the next request: T/2 + 2τ on a kept connection."""
    return (poll_interval + turnaround(one_way_delay, connection)) / 2 + one_way_delay


def polling_after_response_worst(one_way_delay: Values, poll_interval: Values, connection: str = "kept") -> Values:
    """T + D + τ if T runs from a response to the next request: T + 3τ on a kept connection."""
    return poll_interval + turnaround(one_way_delay, connection) + one_way_delay


# --- many clients ----------------------------------------------------------------------------------------------------


def broadcast_mean(first: Values, each: Values, clients: Values) -> Values:
    """`first` + `each` (n − 1)/2: one server sends a message to n clients, one after another.

    Client k waits for k − 1 sends of `each`; `first` is the latency of the client that is sent it first.
    """
    return first + each * (clients - 1) / 2


# --- requests --------------------------------------------------------------------------------------------------------


def long_polling_cycle(
    one_way_delay: Values, rate: Values, hold: Values = math.inf, connection: str = "kept"
) -> Values:
    """C: mean time from one response to the next, empty ones included, with Poisson arrivals.

    D + e^(−λD)(1 − e^(−λw))/λ: away for D; then, if nothing came meanwhile, parked until a message or the end of the
    hold. D and w must not both be 0: such a client would ask without end.
    """
    gone = turnaround(one_way_delay, connection)
    return gone - np.exp(-rate * gone) * np.expm1(-rate * hold) / rate


def responses_per_message(
    one_way_delay: Values, rate: Values, hold: Values = math.inf, connection: str = "kept"
) -> Values:
    """1 / (λD + e^(−λD)(1 − e^(−λw))): long polling's responses, and so requests, per message of Poisson arrivals.

    Counts every response; those without a message, after a hold, are the share `empty_response_share` of them.
    """
    return 1 / (rate * long_polling_cycle(one_way_delay, rate, hold, connection))


def empty_response_share(
    one_way_delay: Values, rate: Values, hold: Values = math.inf, connection: str = "kept"
) -> Values:
    """e^(−λ(D + w)): the share of long-polling responses that carry nothing: none came while away, nor in the hold."""
    return np.exp(-rate * (turnaround(one_way_delay, connection) + hold))


def even_responses_per_message(
    period: float, one_way_delay: float, hold: float = math.inf, connection: str = "kept"
) -> float:
    """Long polling's responses per message, one message every `period` seconds: 1, or period/D if that is less.

    ModelError if a hold can end between two messages (period > D + w): that depends on their phase; replay it.
    """
    gone = float(turnaround(one_way_delay, connection))
    if period > gone + hold:
        raise ModelError(f"messages {period:g} s apart outlast a hold of {hold:g} s: replay their times instead")
    return 1.0 if period >= gone else period / gone


def polls_per_message(rate: Values, poll_interval: Values) -> Values:
    """1 / λT: below 1, a poll brings a batch. T is `poll_period`, where that is longer."""
    return 1 / (rate * poll_interval)


def empty_poll_share(rate: Values, poll_interval: Values) -> Values:
    """e^(−λT): the share of polls which find nothing, Poisson's probability of no arrival in an interval."""
    return np.exp(-rate * poll_interval)


# --- bytes -----------------------------------------------------------------------------------------------------------


def frame_header_bytes(payload_bytes: int, masked: bool) -> int:
    """Bytes of header before the payload of a WebSocket frame: 2, 4 or 10 by length, 4 more for a client's masking key.

    RFC 6455 §5.2: seven bits hold a length up to 125. 16 more hold up to 65,535, and 64 more up to 2^63 − 1.
    """
    if not 0 <= payload_bytes < 1 << 63:
        raise ModelError(f"no frame has a payload of {payload_bytes} B")
    extended = 0 if payload_bytes <= 125 else 2 if payload_bytes <= 65_535 else 8
    return 2 + extended + (4 if masked else 0)


def websocket_overhead(payload_bytes: int) -> int:
    """Overhead per message in bytes: one unmasked frame a message, the handshake not counted."""
    return frame_header_bytes(payload_bytes, masked=False)


PING_INTERVAL = 25.0
"""Seconds after which the server pings a client of which it has heard nothing (servers.sockets.websocket)."""
PING_BYTES = frame_header_bytes(0, masked=False) + frame_header_bytes(0, masked=True)
"""Bytes of a ping and its pong, both empty (RFC 6455 §5.5.2 and §5.5.3)."""


def pings_per_second(silent_clients: float) -> float:
    """Pings a second to `clients` clients that send nothing themselves."""
    return silent_clients / PING_INTERVAL


def websocket_overhead_with_pings(rate: Values, payload_bytes: int) -> Values:
    """Overhead per message in bytes, pings included: they outweigh the frame where messages are rare."""
    return websocket_overhead(payload_bytes) + PING_BYTES * pings_per_second(1) / rate


def polling_overhead(rate: Values, poll_interval: Values, heads: Heads) -> Values:
    """Overhead per message in bytes: the headers of 1/λT polls, the share e^(−λT) of them empty, and an LF."""
    share = empty_poll_share(rate, poll_interval)
    return polls_per_message(rate, poll_interval) * _exchange(heads, share) + LINE_END


def long_polling_overhead(
    one_way_delay: Values, rate: Values, hold: Values, heads: Heads, connection: str = "kept"
) -> Values:
    """Overhead per message in bytes: the headers of `responses_per_message` exchanges, and an LF."""
    share = empty_response_share(one_way_delay, rate, hold, connection)
    return responses_per_message(one_way_delay, rate, hold, connection) * _exchange(heads, share) + LINE_END


def _exchange(heads: Heads, empty_share: Values) -> Values:
    """Mean bytes of the headers of one request and its response."""
    return heads.request + empty_share * heads.empty_response + (1 - empty_share) * heads.response


# --- crossover -------------------------------------------------------------------------------------------------------


def crossover_rate(
    one_way_delay: float,
    poll_interval: float,
    hold: float = math.inf,
    connection: str = "kept",
    heads: Heads = ONE_REQUEST,
) -> float:
    """The rate λ, messages a second, from which on long polling sends more than polling: requests, or bytes of `heads`.

    0 if it always does (T ≥ D + w), infinite if it never does (T ≤ D). Counting requests it solves C = T. C > T for
    small λ, and C ≤ T from λ = 1/(T − D) on. The solution is within six decades above that and twelve below.
    """
    gone = float(turnaround(one_way_delay, connection))
    if poll_interval <= gone:
        return math.inf
    if poll_interval >= gone + hold:
        return 0.0
    scale = 1 / (poll_interval - gone)
    return crossing(
        lambda rate: long_polling_overhead(one_way_delay, rate, hold, heads, connection),
        lambda rate: polling_overhead(rate, poll_interval, heads),
        scale * 1e-12,
        scale * 1e6,
    )


def crossing(
    rising: Callable[[float], Values], other: Callable[[float], Values], low: float, high: float
) -> float:
    """Return where between `low` and `high`, both above 0, the first function comes to exceed the second.

    Brent's method on a logarithmic scale (scipy.optimize.brentq). ModelError unless the first is not above the second
    at `low` and is above it at `high`; if they cross several times, one of the places.
    """
    if rising(low) > other(low) or not rising(high) > other(high):
        raise ModelError(f"no crossing from below between {low:g} and {high:g}")

    from scipy.optimize import brentq  # here, because its import takes longer than a command line's start may

    def difference(exponent: float) -> float:
        return float(rising(math.exp(exponent)) - other(math.exp(exponent)))

    return math.exp(brentq(difference, math.log(low), math.log(high), xtol=1e-12))
