"""What do more clients cost: latency, server CPU, memory?"""

from loadtests.experiments.experiment import Experiment, Settings


def settings(profile: str) -> Settings:
    """Even arrivals, so far apart that each message has gone out to all before the next one comes.

    The poll interval is no multiple of the gap between messages: else each client would always be equally late.
    """
    rate, seconds = {"quick": (4, 1.5), "standard": (2, 6), "full": (2, 15)}[profile]
    clients = {"quick": [10, 30], "standard": [10, 50, 100], "full": [10, 30, 50, 100, 200, 500]}[profile]
    basic = {
        "rate_hz": rate,
        "arrivals": "even",
        "poll_interval_s": 0.7,
        "duration_s": seconds,
        "header_profile": "minimal",
    }
    for count in clients:
        yield basic | {"clients": count}


EXPERIMENT = Experiment("scale", "What do more clients cost: latency, server CPU, memory?", settings)
