"""What does it cost to send something: by POST, or as a message on a WebSocket that is open anyway?"""

from typing import Any

from loadtests.experiments.experiment import Experiment, Settings
from results.transports import COMPARED

SIZES = [1, 1024, 65_536, 1_048_576]  # bytes
LARGEST_POST = 65_536  # bytes that can be published
ROUND_TRIPS = [0.0, 50.0]
ECHO: dict[str, Any] = {"operation": "echo", "arrivals": "even", "clients": 2, "duration_s": 2.1}
POST = ECHO | {"operation": "post", "clients": 1}  # alone: a WebSocket would also deliver the messages of others
GAME = ECHO | {"operation": "duplex", "clients": 4, "rate_hz": 30.0, "poll_interval_s": 0.105}


def settings(profile: str) -> Settings:
    """The larger ones seldom enough that an exchange ends before the next one is due."""
    for rtt_ms in ROUND_TRIPS if profile == "full" else []:
        for size in SIZES:
            sized = {"payload_bytes": size, "rtt_ms": rtt_ms, "rate_hz": 15.0 if size < 100_000 else 4.0}
            yield ECHO | sized
            if size <= LARGEST_POST:
                yield POST | sized
        yield GAME | {"rtt_ms": rtt_ms}


def compared(profile: str, setting: dict[str, Any]) -> tuple[str, ...]:
    """Both HTTP servers take a POST alike; only who follows the feed as well does so by long polling or by polling."""
    return COMPARED if setting["operation"] == "duplex" else ("polling", "websocket")


EXPERIMENT = Experiment(
    "upstream", "What does it cost to send something, and to send while being told?", settings, transports=compared,
    finds_floors=False,
)  # fmt: skip
