"""How do bytes, requests, CPU and latency depend on how often messages come, and where do the transports cross?"""

from typing import Any

from loadtests.experiments.experiment import Experiment, Settings, with_guests_if_full

BASIC: dict[str, Any] = {"header_profile": "minimal", "poll_interval_s": 2.0}
WINDOWS = {0.2: 30, 0.5: 14, 2.0: 8, 20.0: 6, 50.0: 6}
"""Messages a second, and seconds of a window with at least five of them. Polls are 2 s apart, so
that long polling needs more requests than polling above one message in 2 s. Polling needs fewer bytes than a WebSocket
above some 30 a second."""


def settings(profile: str) -> Settings:
    for rate, seconds in WINDOWS.items() if profile == "full" else []:
        yield BASIC | {"rate_hz": rate, "duration_s": seconds}


EXPERIMENT = Experiment(
    "update-rate", "What does it change how often messages come, and where do the transports cross?", settings,
    transports=with_guests_if_full,
)
