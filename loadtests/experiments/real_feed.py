"""How do the three deliver a real feed, with its bursts and pauses?"""

from loadtests.experiments.experiment import Experiment, Settings, with_guests


def settings(profile: str) -> Settings:
    seconds, repeats = {"quick": (2, 1), "standard": (12, 1), "full": (9, 3)}[profile]
    for repeat in range(1, repeats + 1):
        yield {"payload_bytes": None, "rate_hz": 20.0, "duration_s": seconds, "repeat": repeat}


EXPERIMENT = Experiment("real-feed", "How do the three deliver a real feed, with its bursts and pauses?", settings,
                        transports=with_guests)  # fmt: skip
