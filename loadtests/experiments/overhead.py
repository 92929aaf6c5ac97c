"""How many bytes does a delivered message cost, and which are they?"""

from loadtests.experiments.experiment import EVEN, Experiment, Settings


def settings(profile: str) -> Settings:
    """Few messages say it all: what a delivery costs in the window does not depend on how long that is."""
    intervals = {"quick": 2, "standard": 4, "full": 8}[profile]
    cookies = {"quick": [], "standard": [256, 1024], "full": [64, 256, 1024, 4096]}[profile]
    profiles = {"quick": ["browser"]}.get(profile, ["minimal", "python", "browser"])
    basic = EVEN | {"duration_s": intervals * EVEN["poll_interval_s"]}
    for header_profile in profiles:
        yield basic | {"header_profile": header_profile}
    for cookie_bytes in cookies:
        yield basic | {"cookie_bytes": cookie_bytes}


EXPERIMENT = Experiment("overhead", "How many bytes does a delivered message cost, and which are they?", settings)
