"""Whose latency suffers from an upload beside the feed, and is it the upload's fault or the queue's?"""

from typing import Any

from loadtests.experiments.experiment import Experiment, RunInProgress, Settings, watch, with_guests_if_full
from loadtests.experiments.run import PACKETS

UPLOAD = "upload"
BASIC: dict[str, Any] = {"path": PACKETS, "rtt_ms": 50.0, "link_mbps": 2.0, "clients": 3, "poll_interval_s": 0.525,
                         "header_profile": "minimal", "duration_s": 4.2}  # fmt: skip
DEEP, SHORT = 200, 20
"""Packets of 1,514 B that wait for 2 Mbit/s: 1.2 s and 0.12 s."""


def settings(profile: str) -> Settings:
    if profile != "full":
        return
    yield BASIC | {"queue_packets": DEEP}
    for queue_packets in (SHORT, DEEP):
        yield BASIC | {"queue_packets": queue_packets, "fault": UPLOAD}


def during(scene: RunInProgress) -> None:
    """Let something else fill the uplink."""
    if scene.run.fault == UPLOAD:
        scene.begin_upload()
    watch(scene)


EXPERIMENT = Experiment("bufferbloat", "Whose latency suffers from an upload beside the feed?", settings, during,
                        transports=with_guests_if_full, finds_floors=False)  # fmt: skip
