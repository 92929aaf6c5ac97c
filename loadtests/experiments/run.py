"""One run's parameters, as data: a row of runs.csv begins with them."""

import math
from dataclasses import dataclass, fields, replace
from typing import Any

from results.transports import FOLLOWED, TRANSPORTS, has_random_phase, inapplicable, others_parameters

LINK_FAULTS = ("cut", "reset")
RELAY, PACKETS = "relay", "packets"
START_AND_END = 0.9  # seconds a run takes beside its warm-up and its window, on two cores
PATH_START = 0.6  # seconds more for a path of packets
LOSS_START = 1.6  # and where it loses some: one of a handshake is sent again after a second

CLIENT_START = 0.001  # seconds more for each client


@dataclass(frozen=True)
class Run:
    """The parameters of one run; the names are the columns of runs.csv, where their units are said."""

    experiment: str
    transport: str
    operation: str = "feed"
    clients: int = 5
    rate_hz: float = 10.0
    arrivals: str = "poisson"
    seed: int = 1
    payload_bytes: int | None = 142  # None: the earthquakes, as long as they are
    poll_interval_s: float = 1.0
    hold_s: float = 25.0
    rtt_ms: float = 0.0
    link_mbps: float | None = None  # None: no limit
    path: str = RELAY  # what is between client and server, if anything is: the delay line, or real packets
    loss_percent: float = 0.0  # of packets; only they can be lost
    queue_packets: int | None = None  # packets that wait at the link's rate; None: as many as Linux has
    header_profile: str = "browser"
    cookie_bytes: int = 0
    keep_alive: bool = True
    tls: bool = False
    deflate: bool = False
    fault: str = ""
    duration_s: float = 4.0
    repeat: int = 1
    warm_up_s: float = 0.5

    @property
    def run_id(self) -> str:
        """A name that says all in which runs differ, fit for a file."""
        plain = Run(self.experiment, self.transport)
        differing = (f for f in fields(Run)[2:-1] if getattr(self, f.name) != getattr(plain, f.name))
        parts = (f"{f.name.partition('_')[0]}{getattr(self, f.name)}".removesuffix("True") for f in differing)
        return "-".join([self.experiment, self.transport, *parts]).replace("payloadNone", "real")

    @property
    def expected_s(self) -> float:
        """Seconds from start to end, about."""
        start = START_AND_END + PATH_START * (self.path == PACKETS) + LOSS_START * (self.loss_percent > 0)
        return start + self.warm_up_s + self.duration_s + self.clients * CLIENT_START

    @property
    def linked(self) -> bool:
        """Whether the bytes go over the delay line, or over the path of packets."""
        return bool(self.rtt_ms or self.link_mbps or self.fault in LINK_FAULTS or self.path == PACKETS)

    @property
    def followed(self) -> bool:
        """Whether every client follows the feed."""
        return self.operation in FOLLOWED

    @property
    def has_random_phase(self) -> bool:
        """Whether each client asks at a phase of its own, drawn at random: then phases are part of the sample."""
        return self.followed and has_random_phase(self.transport)

    def parameters(self) -> dict[str, Any]:
        """All of them by name; `Run(**parameters)` is the run again."""
        return {f.name: getattr(self, f.name) for f in fields(Run)}

    def cells(self) -> dict[str, Any]:
        """The row's first cells, run_id among them; None for what means nothing to the transport."""
        unused = others_parameters(self.transport) + list(TRANSPORTS[self.transport].own) * (not self.followed)
        unused += ["loss_percent", "queue_packets"] * (self.path != PACKETS)
        cells = {"run_id": self.run_id} | self.parameters() | dict.fromkeys(unused) | {"fault": self.fault or None}
        return {name: value for name, value in cells.items() if name != "warm_up_s"}


def with_whole_intervals(run: Run) -> Run:
    """Return the run with a window of whole poll intervals, after a warm-up of at least one interval.

    Then each client polls equally often. All transports get the same window and warm-up. Parameters that do not apply
    to the run's transport are reset, so that no run repeats under another name.
    """
    intervals = math.ceil(round(run.duration_s / run.poll_interval_s, 6))
    window, warm_up = round(intervals * run.poll_interval_s, 6), max(run.poll_interval_s, Run.warm_up_s)
    reset = {name: getattr(Run, name) for name in inapplicable(run.transport)}
    return replace(run, duration_s=window, warm_up_s=warm_up, **reset)
