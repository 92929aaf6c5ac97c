"""What does it cost to send something and have it back: by POST, or as a message on a WebSocket that is open anyway?"""

from typing import Any

from loadtests.experiments.experiment import Experiment, Settings

BASIC: dict[str, Any] = {"operation": "echo", "arrivals": "even", "clients": 2, "duration_s": 3.0}
SIZES = [1, 1024, 65_536, 1_048_576]  # bytes
ROUND_TRIPS = [0.0, 50.0]


def settings(profile: str) -> Settings:
    """The larger ones seldom enough that an exchange ends before the next one is due."""
    for size in SIZES if profile == "full" else []:
        for rtt_ms in ROUND_TRIPS:
            yield BASIC | {"payload_bytes": size, "rtt_ms": rtt_ms, "rate_hz": 10.0 if size < 100_000 else 4.0}


EXPERIMENT = Experiment(
    "upstream", "What does it cost to send something and have it back?", settings, transports=("polling", "websocket")
)
