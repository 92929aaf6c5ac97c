"""When do bytes become time? The same messages, with short and with long headers, over slower and slower links."""

from typing import Any

from loadtests.experiments.experiment import EVEN, Experiment, Settings

WINDOW = 10 * EVEN["poll_interval_s"]
BASIC: dict[str, Any] = EVEN | {"clients": 1, "rate_hz": 20.0, "rtt_ms": 20.0, "duration_s": WINDOW}
RATES = [0.25, 1.0, 10.0, 100.0]  # Mbit/s
HEADERS: list[dict[str, Any]] = [{"header_profile": "minimal"}, {"header_profile": "browser", "cookie_bytes": 1024}]


def settings(profile: str) -> Settings:
    """One client to a link, as at home, and even arrivals: what is late is late by its own bytes."""
    for link_mbps in RATES if profile == "full" else []:
        for headers in HEADERS:
            yield BASIC | headers | {"link_mbps": link_mbps}


EXPERIMENT = Experiment("link-rate", "When do bytes become time?", settings)
