"""A message, and a client's hour, on each transport and on server-sent events: computed."""

from __future__ import annotations

from dataclasses import dataclass

from results import model
from results.event_overhead import event_overhead_with_comments
from results.model import Heads
from results.transport_models import MODELS, Setting
from results.transports import TRANSPORTS

SERVER_SENT_EVENTS = "server-sent-events"


HOUR = 3600


@dataclass(frozen=True)
class Following:
    """What a client follows and how; the arrivals are Poisson's. `seq` is that of a typical message."""

    rate_hz: float = 1.0
    message_bytes: int = 142
    poll_interval_s: float = 1.0
    hold_s: float = 25.0
    one_way_delay_s: float = 0.0
    seq: int = 1_000


@dataclass(frozen=True)
class Costs:
    """Bytes of headers: of each poll or long poll; and once a connection, of the opening handshake and of an event
    stream's request and response."""

    heads: Heads
    handshake: float
    stream: float


@dataclass(frozen=True)
class PerMessage:
    """Overhead per message, and the bytes that come once per connection."""

    transport: str
    message_bytes: int
    overhead_bytes: float
    once_bytes: float


@dataclass(frozen=True)
class ClientHour:
    """What a client sends and receives in an hour on one connection: requests, and bytes."""

    transport: str
    requests: float
    overhead_bytes: float
    message_bytes: float

    @property
    def total_bytes(self) -> float:
        return self.overhead_bytes + self.message_bytes


def per_message(following: Following, costs: Costs) -> list[PerMessage]:
    """The four transports, server-sent events the last; from `results.model` where it knows them."""
    heads, rate, size = costs.heads, following.rate_hz, following.message_bytes
    held = model.long_polling_overhead(following.one_way_delay_s, rate, following.hold_s, heads)
    events = float(event_overhead_with_comments(rate, size, following.seq))
    return [
        PerMessage("polling", size, float(model.polling_overhead(rate, following.poll_interval_s, heads)), 0),
        PerMessage("long-polling", size, float(held), 0),
        PerMessage("websocket", size, float(model.websocket_overhead_with_pings(rate, size)), costs.handshake),
        PerMessage(SERVER_SENT_EVENTS, size, events, costs.stream),
    ]


def client_hour(following: Following, costs: Costs) -> list[ClientHour]:
    """The four transports over an hour on one connection, what comes once included."""
    messages = HOUR * following.rate_hz
    return [
        ClientHour(
            line.transport,
            requests_per_hour(line.transport, following),
            messages * line.overhead_bytes + line.once_bytes,
            messages * line.message_bytes,
        )
        for line in per_message(following, costs)
    ]


def requests_per_hour(transport: str, following: Following) -> float:
    """Requests of one client: one for each poll or hold, or one in all."""
    if transport not in MODELS or not TRANSPORTS[transport].asks:
        return 1.0
    setting = Setting(following.one_way_delay_s, following.rate_hz, following.poll_interval_s, following.hold_s)
    return HOUR * following.rate_hz * float(MODELS[transport].requests(setting))
