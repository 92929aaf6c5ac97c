"""What does a break cost: how long until each client has news again, and what is lost or told as a gap?"""

from collections.abc import Callable
from typing import Any

from loadtests.experiments.experiment import Experiment, RunInProgress, Settings, with_guests_if_full

OUTAGE_S, BEFORE_S = 5.0, 0.6
BASIC: dict[str, Any] = {"rate_hz": 20.0, "poll_interval_s": 0.525, "duration_s": 15 * 0.525}


def cut(scene: RunInProgress) -> None:
    """No byte passes; connections stay."""
    scene.send_to_link(cut=OUTAGE_S)
    scene.pass_time(OUTAGE_S)


def reset(scene: RunInProgress) -> None:
    """Connections are reset, and none is accepted."""
    scene.send_to_link(reset=OUTAGE_S)
    scene.pass_time(OUTAGE_S)


def restart(scene: RunInProgress) -> None:
    """The server is killed, and with it its feed; another begins."""
    scene.restart_server(OUTAGE_S)


FAULTS: dict[str, Callable[[RunInProgress], None]] = {"cut": cut, "reset": reset, "restart": restart}


def settings(profile: str) -> Settings:
    for repeat in (1, 2) if profile == "full" else ():
        for fault in FAULTS:
            yield BASIC | {"fault": fault, "repeat": repeat, "seed": repeat}


def during(scene: RunInProgress) -> None:
    """The break comes early in the window, so that its end and what follows lie within."""
    scene.pass_time(BEFORE_S)
    FAULTS[scene.run.fault](scene)
    scene.recovered()
    scene.pass_time(scene.run.duration_s - BEFORE_S - OUTAGE_S)


EXPERIMENT = Experiment("outage", "How long does a break last for a client, and what is lost?", settings, during,
                        transports=with_guests_if_full)  # fmt: skip
