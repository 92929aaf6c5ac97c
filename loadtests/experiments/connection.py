"""What does a connection cost, kept or made anew for each request, in the clear, over TLS, compressed?"""

from typing import Any

from loadtests.experiments.experiment import EVEN, Experiment, Settings


def settings(profile: str) -> Settings:
    intervals = {"quick": 0, "standard": 0, "full": 6}[profile]
    basic = EVEN | {"header_profile": "browser", "duration_s": intervals * EVEN["poll_interval_s"]}
    closing = {"keep_alive": False}
    changes: list[dict[str, Any]] = [{}, {"tls": True}, {"deflate": True}, closing, closing | {"tls": True}]
    yield from (basic | change for change in changes if intervals)


EXPERIMENT = Experiment("connection", "What does a connection cost, kept or made anew for each request?", settings)
