"""What does a connection cost, kept or made anew for each request, in the clear and over TLS, 50 ms away?"""

from typing import Any

from loadtests.experiments.experiment import EVEN, Experiment, Settings


def settings(profile: str) -> Settings:
    if profile != "full":
        return
    basic = EVEN | {"rtt_ms": 50.0, "duration_s": 6 * EVEN["poll_interval_s"]}
    closing = {"keep_alive": False}
    changes: list[dict[str, Any]] = [{}, {"tls": True}, closing, closing | {"tls": True}]
    yield from (basic | change for change in changes)


EXPERIMENT = Experiment("connection", "What does a connection cost, kept or made anew for each request?", settings)
