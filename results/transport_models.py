"""One model object for each transport, all with the same three questions; the formulas are in `results.model`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from results.event_overhead import event_overhead_with_comments
from results.model import (
    Heads,
    ModelError,
    Values,
    long_polling_cycle,
    long_polling_overhead,
    poll_period,
    polling_overhead,
    polls_per_message,
    responses_per_message,
    turnaround,
    websocket_overhead_with_pings,
)

NO_DELAY = 1e-9
"""Seconds in place of a one-way delay of 0, for which long polling's formulas have no answer."""


@dataclass(frozen=True)
class Setting:
    """What a model is asked about. Times in seconds, rates in messages a second; arrays broadcast.

    Each transport looks at its own parameters only. Overhead by HTTP needs `heads`, by WebSocket `payload_bytes`.
    """

    one_way_s: Values = 0.0
    rate_hz: Values = 1.0
    poll_interval_s: Values = math.nan
    hold_s: Values = math.inf
    connection: str = "kept"
    heads: Heads | None = None
    payload_bytes: int = 0

    def known_heads(self) -> Heads:
        if self.heads is None:
            raise ModelError("the overhead of HTTP needs the bytes of its heads")
        return self.heads


class TransportModel(Protocol):
    """What each transport's model answers."""

    def waiting(self, setting: Setting) -> tuple[Values, Values]:
        """The share of messages that wait at the server, and how long at most, s; waits are uniform up to that."""

    def requests(self, setting: Setting) -> Values:
        """Requests of a client per message."""

    def overhead(self, setting: Setting) -> Values:
        """Overhead per message, bytes."""


class Polling:
    """Each message waits for the next poll."""

    def waiting(self, setting: Setting) -> tuple[Values, Values]:
        return 1.0, poll_period(setting.one_way_s, setting.poll_interval_s, setting.connection)

    def requests(self, setting: Setting) -> Values:
        return polls_per_message(setting.rate_hz, setting.poll_interval_s)

    def overhead(self, setting: Setting) -> Values:
        return polling_overhead(setting.rate_hz, setting.poll_interval_s, setting.known_heads())


class LongPolling:
    """A message waits if it is published while the client's next request is on its way."""

    def waiting(self, setting: Setting) -> tuple[Values, Values]:
        one_way = np.maximum(setting.one_way_s, NO_DELAY)
        longest = turnaround(one_way, setting.connection)
        return longest / long_polling_cycle(one_way, setting.rate_hz, setting.hold_s, setting.connection), longest

    def requests(self, setting: Setting) -> Values:
        return responses_per_message(np.maximum(setting.one_way_s, NO_DELAY), setting.rate_hz, setting.hold_s)

    def overhead(self, setting: Setting) -> Values:
        return long_polling_overhead(setting.one_way_s, setting.rate_hz, setting.hold_s, setting.known_heads())


class WebSocket:
    """No message waits, and none has a request."""

    def waiting(self, setting: Setting) -> tuple[Values, Values]:
        return 0.0, 0.0

    def requests(self, setting: Setting) -> Values:
        return 0.0

    def overhead(self, setting: Setting) -> Values:
        return websocket_overhead_with_pings(setting.rate_hz, setting.payload_bytes)


class ServerSentEvents:
    """No message waits, and none has a request; an event is longer than a frame."""

    def waiting(self, setting: Setting) -> tuple[Values, Values]:
        return 0.0, 0.0

    def requests(self, setting: Setting) -> Values:
        return 0.0

    def overhead(self, setting: Setting) -> Values:
        return event_overhead_with_comments(setting.rate_hz, setting.payload_bytes)


MODELS: dict[str, TransportModel] = {
    "polling": Polling(),
    "long-polling": LongPolling(),
    "websocket": WebSocket(),
    "server-sent-events": ServerSentEvents(),
}


def mean_s(transport: str, setting: Setting) -> Values:
    """The mean latency, s: the transit, and half of the longest wait for the share that waits."""
    share, longest = MODELS[transport].waiting(setting)
    return setting.one_way_s + share * longest / 2


def within_s(transport: str, setting: Setting, part: float) -> Values:
    """The latency, s, that this part of the messages (0 to 1) does not exceed."""
    share, longest = MODELS[transport].waiting(setting)
    waits = np.maximum(0.0, 1 - (1 - part) / share) if np.all(np.asarray(share) > 0) else 0.0
    return setting.one_way_s + longest * waits
