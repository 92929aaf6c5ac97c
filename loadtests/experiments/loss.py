"""What does a lost packet cost: the message in it, the messages behind it, and what does polling hide of that?"""

from typing import Any

from loadtests.experiments.experiment import Experiment, Settings, with_guests_if_full
from loadtests.experiments.run import PACKETS

LOSS_PERCENT = (0.0, 0.1, 1.0, 3.0)
BASIC: dict[str, Any] = {"path": PACKETS, "rtt_ms": 50.0, "header_profile": "minimal", "poll_interval_s": 0.525}
LOADS: dict[float, dict[str, Any]] = {
    1.0: {"clients": 60, "duration_s": 5.25, "seed": 13},
    10.0: {"clients": 30, "duration_s": 3.675},
    50.0: {"clients": 20, "duration_s": 2.1},
}
"""By messages a second: enough clients for some ten packets to be lost at 3 %. Each client has its own connection, so
losses meet them one by one."""
SELDOM: dict[str, Any] = {"rate_hz": 2.0, "clients": 5, "duration_s": 16.8, "seed": 2}
"""One message in ten round trips, none lost, and messages enough for an interval: long polling is then as fast."""


def settings(profile: str) -> Settings:
    for rate_hz, load in LOADS.items() if profile == "full" else ():
        for loss_percent in LOSS_PERCENT:
            yield BASIC | load | {"rate_hz": rate_hz, "loss_percent": loss_percent}
    if profile == "full":
        yield BASIC | SELDOM


def compared(profile: str, setting: dict[str, Any]) -> tuple[str, ...]:
    """At two messages a second it is only asked from where on a WebSocket is faster than long polling."""
    seldom = setting["rate_hz"] == SELDOM["rate_hz"]
    return ("long-polling", "websocket") if seldom else with_guests_if_full(profile, setting)


EXPERIMENT = Experiment("loss", "What does a lost packet cost, and how many messages wait behind it?", settings,
                        transports=compared, finds_floors=False)  # fmt: skip
