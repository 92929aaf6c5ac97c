"""What does a client cost to whom next to nothing is sent: polls that bring nothing, renewed holds, pings?"""

from loadtests.experiments.experiment import EVEN, Experiment, Settings

CLIENTS = (100, 500)
WINDOW_S, RATE_HZ, POLL_INTERVAL_S = 50.0, 0.2, 5.25
"""Two holds, and two pings a client; ten messages, so that a run can be checked."""


def settings(profile: str) -> Settings:
    basic = EVEN | {"header_profile": "minimal", "rate_hz": RATE_HZ, "poll_interval_s": POLL_INTERVAL_S}
    for clients in CLIENTS if profile == "full" else []:
        yield basic | {"clients": clients, "duration_s": WINDOW_S}


EXPERIMENT = Experiment("idle", "What does a client cost to whom next to nothing is sent?", settings)
