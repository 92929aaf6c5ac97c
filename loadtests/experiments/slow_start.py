"""When do bytes cost a round trip? Echoes of growing size on new, warm and idle connections.

A connection begins with a window of ten segments (RFC 6928), and each round trip doubles it. After an idle time longer
than its retransmission timeout it begins again (RFC 5681 section 4.1; Linux, tcp_slow_start_after_idle).
"""

from typing import Any

from loadtests.experiments.experiment import Experiment, Settings
from loadtests.experiments.run import PACKETS

KIB = 1024
BASIC: dict[str, Any] = {"operation": "echo", "arrivals": "even", "path": PACKETS, "rtt_ms": 50.0,
                         "header_profile": "minimal"}  # fmt: skip
NEW = BASIC | {"keep_alive": False, "clients": 4, "rate_hz": 2.0, "duration_s": 2.1}
WARM = BASIC | {"clients": 2, "rate_hz": 8.0, "duration_s": 2.1}
"""Exchanges follow each other within the retransmission timeout of 250 ms."""
IDLE = BASIC | {"clients": 10, "rate_hz": 0.5, "poll_interval_s": 2.1, "duration_s": 2.1}
"""2 s are eight timeouts, after which even the largest window is ten segments again. The warm-up is as long."""
MESSAGES = [1 * KIB, 12 * KIB, 16 * KIB, 32 * KIB, 64 * KIB, 256 * KIB]
HEADS = [1 * KIB, 12 * KIB, 16 * KIB, 30 * KIB]
"""Bytes of cookies; the servers take heads of up to 32 KiB."""
HTTP, WEBSOCKET = ("polling",), ("websocket",)


def settings(profile: str) -> Settings:
    if profile != "full":
        return
    for size in MESSAGES:
        for state in (NEW, WARM, IDLE):
            yield state | {"payload_bytes": size}
    for size in HEADS:
        yield NEW | {"payload_bytes": 1, "cookie_bytes": size}


def compared(profile: str, setting: dict[str, Any]) -> tuple[str, ...]:
    """A new connection for each exchange is HTTP's, and so are heads; messages travel on a WebSocket."""
    return HTTP if setting.get("cookie_bytes") or not setting.get("keep_alive", True) else WEBSOCKET


EXPERIMENT = Experiment("slow-start", "When do bytes cost a round trip?", settings, transports=compared,
                        finds_floors=False)  # fmt: skip
