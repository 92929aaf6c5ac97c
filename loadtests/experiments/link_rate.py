"""When do bytes become time? The same messages, with short and with long headers, over slower and slower links."""

from typing import Any

from loadtests.experiments.experiment import Experiment, Settings

BASIC: dict[str, Any] = {"clients": 2, "rate_hz": 3.0, "rtt_ms": 20.0, "poll_interval_s": 0.7, "duration_s": 7.0}
RATES = [0.25, 1.0, 10.0]  # Mbit/s
HEADERS: list[dict[str, Any]] = [{"header_profile": "minimal"}, {"header_profile": "browser", "cookie_bytes": 1024}]


def settings(profile: str) -> Settings:
    """So few clients that the slowest link is idle most of the time: what is late is late by its own bytes."""
    for link_mbps in RATES if profile == "full" else []:
        for headers in HEADERS:
            yield BASIC | headers | {"link_mbps": link_mbps}


EXPERIMENT = Experiment("link-rate", "When do bytes become time?", settings)
