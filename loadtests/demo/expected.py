"""What the model says of each lane under the settings: mean latency and overhead per message. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loadtests.demo.settings import Settings
from results.model import LINE_END
from results.transport_models import MODELS, Setting, mean_s
from results.transports import TRANSPORTS

HOLD_S = 25.0  # seconds that a page's long poll waits (servers/pages/follow/long_polling.js)
HEADS = ("request_head", "response_head", "cookies")


def expected(transport: str, settings: Settings, tapped: Mapping[str, Any] | None) -> dict[str, float | None]:
    """The mean latency, ms, and the overhead per message, B.

    The overhead of HTTP follows from how many requests the model expects and how long the heads were, as the tap
    counted them; None before it has. The rest of the model has nothing fitted.
    """
    setting = Setting(settings.rtt_ms / 2000, settings.rate_hz, settings.poll_interval_s, HOLD_S,
                      payload_bytes=mean_payload(tapped))  # fmt: skip
    return {"latency_ms": 1000 * float(mean_s(transport, setting)), "overhead": overhead(transport, setting, tapped)}


def overhead(transport: str, setting: Setting, tapped: Mapping[str, Any] | None) -> float | None:
    """Bytes around each message."""
    if not TRANSPORTS[transport].asks:
        return float(MODELS[transport].overhead(setting))
    if not tapped or not tapped["requests"]:
        return None
    heads = sum(tapped["bytes"][name] for name in HEADS) / tapped["requests"]
    return heads * float(MODELS[transport].requests(setting)) + LINE_END


def mean_payload(tapped: Mapping[str, Any] | None) -> int:
    """Bytes of a message, on average; of a typical one before any was counted."""
    return round(tapped["bytes"]["payload"] / tapped["messages"]) if tapped and tapped["messages"] else 200
