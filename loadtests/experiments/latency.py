"""How long is a message on its way, and what is the poll interval's part?"""

from loadtests.experiments.experiment import Experiment, Settings


def settings(profile: str) -> Settings:
    """Two clients: more would wait for each other at the server, and `scale` measures that."""
    seconds, repeats = {"quick": (1.5, 1), "standard": (6, 1), "full": (15, 2)}[profile]
    intervals = {"quick": [], "standard": [0.2, 0.5, 2.0], "full": [0.1, 0.2, 0.5, 1.0, 2.0, 5.0]}[profile]
    round_trips = {"quick": [20], "standard": [20, 100], "full": [5, 20, 50, 100, 200]}[profile]
    varied = [(interval, 0) for interval in intervals] + [(0.5, round_trip) for round_trip in round_trips]
    basic = {"clients": 2, "duration_s": seconds, "header_profile": "minimal"}
    for repeat in range(1, repeats + 1):
        for interval, round_trip in varied:
            yield basic | {"poll_interval_s": interval, "rtt_ms": float(round_trip), "repeat": repeat, "seed": repeat}


EXPERIMENT = Experiment("latency", "How long is a message on its way, and what is the poll interval's part?", settings)
