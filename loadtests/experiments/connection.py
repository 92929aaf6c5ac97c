"""What does a connection cost, kept or opened for each request, with and without TLS, at a 50 ms round trip?"""

from typing import Any

from loadtests.experiments.experiment import EVEN, Experiment, Settings, with_guests_if_full


def settings(profile: str) -> Settings:
    if profile != "full":
        return
    basic = EVEN | {"rtt_ms": 50.0, "duration_s": 6 * EVEN["poll_interval_s"]}
    closing = {"keep_alive": False}
    changes: list[dict[str, Any]] = [{}, {"tls": True}, closing, closing | {"tls": True}]
    yield from (basic | change for change in changes)


EXPERIMENT = Experiment("connection", "What does a connection cost, kept or opened for each request?", settings,
                        transports=with_guests_if_full, finds_floors=False)  # fmt: skip
