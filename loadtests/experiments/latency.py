"""How long is a message on its way, and what is the poll interval's part?"""

from loadtests.experiments.experiment import Experiment, Settings, with_guests_if_full

BASIC = {"clients": 11, "header_profile": "minimal"}
"""Enough clients: the phases of their polls are random in each run, and the mean must be comparable with the model."""
SELDOM = {"seed": 6, "rate_hz": 2.0, "rtt_ms": 50.0, "poll_interval_s": 0.3, "duration_s": 36.0}
"""One message in ten round trips: a long-polling client is nearly always there when it comes. With this seed the model
has long polling as late as on average over all arrivals, to within a hundredth. Few of its messages wait at all: with
fewer of them, the mean's interval would hold the truth less often than it says."""
SEEDS = (40, 70, 35)
"""Of the first hundred seeds, the three for which the model depends least on the clients' turnaround. A turnaround
1.5 ms longer, more than this machine resolves, hardly changes it. Chosen by the model alone."""


def settings(profile: str) -> Settings:
    """Poll intervals without a delay, then round trips, then a new connection for each request, then rare messages.

    Each window is a whole number of poll intervals. The quick profile publishes its messages in less time.
    """
    rate, window = {"quick": (45.0, 2.4)}.get(profile, (10.0, 6.3))
    intervals = {"quick": [], "standard": [0.3, 0.7, 2.1], "full": [0.3, 0.7, 2.1]}[profile]
    round_trips = {"quick": [20.0], "standard": [20.0, 100.0], "full": [20.0, 50.0, 100.0, 200.0]}[profile]
    closing = [50.0, 100.0] if profile == "full" else []
    for repeat, seed in enumerate(SEEDS if profile == "full" else SEEDS[:1], start=1):
        basic = BASIC | {"rate_hz": rate, "duration_s": window, "repeat": repeat, "seed": seed}
        for interval in intervals if repeat == 1 else intervals[:1]:
            yield basic | {"poll_interval_s": interval}
        for rtt_ms in round_trips if repeat == 1 else [each for each in round_trips if each != 50.0]:
            yield basic | {"poll_interval_s": 0.3, "rtt_ms": rtt_ms}
        for rtt_ms in closing if repeat == 1 else []:
            yield basic | {"poll_interval_s": 0.3, "rtt_ms": rtt_ms, "keep_alive": False}
    if profile == "full":
        yield BASIC | SELDOM


EXPERIMENT = Experiment("latency", "How long is a message on its way, and what is the poll interval's part?", settings,
                        transports=with_guests_if_full)  # fmt: skip
