"""How many bytes does a delivered message cost, and which are they?"""

from loadtests.experiments.experiment import Experiment, Settings


def settings(profile: str) -> Settings:
    seconds = {"quick": 1, "standard": 3, "full": 10}[profile]
    cookies = {"quick": [1024], "standard": [256, 1024], "full": [64, 256, 1024, 4096]}[profile]
    profiles = {"quick": ["browser"]}.get(profile, ["minimal", "python", "browser"])
    basic = {"arrivals": "even", "poll_interval_s": 0.5, "duration_s": seconds}
    for header_profile in profiles:
        yield basic | {"header_profile": header_profile}
    for cookie_bytes in cookies:
        yield basic | {"cookie_bytes": cookie_bytes}


EXPERIMENT = Experiment("overhead", "How many bytes does a delivered message cost, and which are they?", settings)
