"""What do more clients cost: latency, server CPU, memory?"""

from loadtests.experiments.experiment import EVEN, Experiment, Settings, with_guests_if_full

LOADS = {
    "quick": [(10, 8), (30, 8), (30, 16)],
    "standard": [(1, 20), (10, 4), (50, 4), (100, 4), (10, 10)],
    "full": [(1, 20), (10, 4), (50, 4), (100, 4), (200, 4), (500, 4), (10, 10)],
}
"""Clients, and messages a second. Where both vary, a publication's cost tells itself from a delivery's."""
BEYOND = [(1000, 4), (2000, 4)]
"""What some transport can no longer carry on two cores: there its runs are not valid, and are drawn as such."""


def settings(profile: str) -> Settings:
    """Even arrivals, so far apart that each message has gone out to all before the next one comes."""
    intervals, repeats = {"quick": (2, 1), "standard": (10, 1), "full": (6, 2)}[profile]
    basic = EVEN | {"header_profile": "minimal", "duration_s": intervals * EVEN["poll_interval_s"]}
    for repeat in range(1, repeats + 1):
        for clients, rate in LOADS[profile]:
            yield basic | {"clients": clients, "rate_hz": float(rate), "repeat": repeat}
    for clients, rate in BEYOND if profile == "full" else []:
        yield basic | {"clients": clients, "rate_hz": float(rate)}


EXPERIMENT = Experiment(
    "scale",
    "What do more clients cost: latency, server CPU, memory?",
    settings,
    transports=with_guests_if_full,
    tries=lambda run: 1 if run.clients in dict(BEYOND) else 3,
)
