"""How many bytes does a delivered message cost, and which are they?"""

from loadtests.experiments.experiment import EVEN, Experiment, Settings


def settings(profile: str) -> Settings:
    """Few messages say it all: what a delivery costs in the window does not depend on how long that is."""
    intervals, repeats = {"quick": (2, 1), "standard": (3, 1), "full": (3, 3)}[profile]
    cookies = {"quick": [], "standard": [1024], "full": [256, 1024, 4096]}[profile]
    profiles = {"quick": ["browser"]}.get(profile, ["minimal", "python", "browser"])
    basic = EVEN | {"duration_s": intervals * EVEN["poll_interval_s"]}
    for repeat in range(1, repeats + 1):
        for header_profile in profiles:
            yield basic | {"header_profile": header_profile, "repeat": repeat}
        for cookie_bytes in cookies:
            yield basic | {"cookie_bytes": cookie_bytes, "repeat": repeat}


EXPERIMENT = Experiment("overhead", "How many bytes does a delivered message cost, and which are they?", settings)
