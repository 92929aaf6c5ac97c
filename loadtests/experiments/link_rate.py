"""When do bytes become time? The same messages, with short and with long headers, over slower and slower links."""

from typing import Any

from loadtests.experiments.experiment import Experiment, Settings

INTERVAL = 0.505  # s: of a message every 50 ms, ten polls meet ten phases that are 5 ms apart
BASIC: dict[str, Any] = {"arrivals": "even", "clients": 1, "rate_hz": 20.0, "rtt_ms": 20.0}
BASIC |= {"poll_interval_s": INTERVAL, "duration_s": 10 * INTERVAL}
RATES = [0.25, 1.0, 10.0, 100.0]  # Mbit/s
COOKIE_BYTES = 1392
"""At 0.25 Mbit/s a long-polling client is then away for about 95 ms. Near 83.3 ms (5/3 of the time between two
messages) or 87.5 ms (7/4) it would always return at the same few moments. Its mean would then depend on a
single millisecond."""
HEADERS: list[dict[str, Any]] = [
    {"header_profile": "minimal"},
    {"header_profile": "browser", "cookie_bytes": COOKIE_BYTES},
]


def settings(profile: str) -> Settings:
    """One client to a link, as at home, and even arrivals: what is late is late by its own bytes."""
    for link_mbps in RATES if profile == "full" else []:
        for headers in HEADERS:
            yield BASIC | headers | {"link_mbps": link_mbps}


EXPERIMENT = Experiment("link-rate", "When do bytes become time?", settings)
