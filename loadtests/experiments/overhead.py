"""How many bytes does a delivered message cost, and which are they?"""

from loadtests.experiments.experiment import EVEN, Experiment, Settings, with_guests

OF_ALL = ("minimal", "python", "2005", "browser")
PRINTED = {"header_profile": "2010", "payload_bytes": 125}
"""The heads of the article that counted 871 bytes against 2; and the longest messages whose frames have heads of 2."""


def settings(profile: str) -> Settings:
    """Few messages are enough: bytes are counted, and the cost of a delivery does not depend on the window's length.

    No repeat would give other bytes. Compression is measured on the real feed, since the clock's text repeats itself.
    """
    cookies = {"quick": [], "standard": [1024], "full": [256, 1024, 4096]}[profile]
    profiles = {"quick": ["browser"], "standard": ["minimal", "python", "browser"]}.get(profile, list(OF_ALL))
    basic = EVEN | {"duration_s": {"quick": 2}.get(profile, 3) * EVEN["poll_interval_s"]}
    yield from (basic | {"header_profile": header_profile} for header_profile in profiles)
    yield from (basic | {"cookie_bytes": cookie_bytes} for cookie_bytes in cookies)
    if profile == "full":
        yield basic | PRINTED
        yield basic | {"tls": True}
        yield from (basic | {"payload_bytes": None, "deflate": deflate} for deflate in (False, True))


EXPERIMENT = Experiment("overhead", "How many bytes does a delivered message cost, and which are they?", settings,
                        transports=with_guests)  # fmt: skip
