"""The class as the load: who takes part, by which lane, and what their pages have measured. No I/O."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hdrh.histogram import HdrHistogram

AWAY_S = 6.0  # seconds without a report after which a page counts as gone
MOST_MEMBERS = 2_000
MOST_LATENCIES = 2_000  # in one report
LONGEST_US = 3_600_000_000
SHARES = (1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99)  # percent of messages, of the curves shown


class ReportError(ValueError):
    """The page's fault: its report cannot be read; one line."""


def new_histogram() -> HdrHistogram:
    """Latencies in microseconds, with three digits."""
    return HdrHistogram(1, LONGEST_US, 3)


@dataclass
class Member:
    """A page that takes part."""

    number: int
    transport: str
    seen_at: float
    figures: dict[str, int] = field(default_factory=dict)
    mean_ms: float | None = None
    bound_ms: float | None = None  # within which its clock is known
    state: str = ""
    latencies: HdrHistogram = field(default_factory=new_histogram)


COUNTS = ("messages", "lost", "repeated", "requests")


@dataclass
class Classroom:
    """All who take part. For greenlets of one thread; `clock` is in seconds."""

    transports: tuple[str, ...]
    clock: Callable[[], float] = time.monotonic
    members: dict[int, Member] = field(default_factory=dict)
    round: int = 0  # how often the figures were cleared
    began: float = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.clock()

    def join(self, transport: str | None = None) -> Member:
        """Return a new member, in the lane that it asks for, or in the one with the fewest. ReportError for none."""
        if transport is not None and transport not in self.transports:
            raise ReportError(f"there is no lane {transport!r}: they are {', '.join(self.transports)}")
        if len(self.members) >= MOST_MEMBERS:
            raise ReportError(f"{MOST_MEMBERS:,} take part already")
        counts = {name: sum(each.transport == name for each in self.present()) for name in self.transports}
        chosen = transport or min(self.transports, key=counts.__getitem__)
        member = Member(len(self.members) + 1, chosen, self.clock())
        self.members[member.number] = member
        return member

    def report(self, number: int, figures: Mapping[str, Any]) -> None:
        """Take what a page has measured since its last report; ReportError if it cannot be read."""
        if (member := self.members.get(number)) is None:
            raise ReportError(f"nobody here has the number {number!r}")
        member.seen_at = self.clock()
        if figures.get("round") != self.round:
            return  # of before the figures were cleared
        latencies = figures.get("latencies", [])
        if not isinstance(latencies, list) or len(latencies) > MOST_LATENCIES or not all(map(is_number, latencies)):
            raise ReportError("latencies are a list of numbers, in milliseconds")
        counts = {name: figures.get(name, 0) for name in COUNTS}
        if not all(isinstance(value, int) and value >= 0 for value in counts.values()):
            raise ReportError(f"{', '.join(COUNTS)} are whole numbers")
        for latency in latencies:
            member.latencies.record_value(min(max(round(1000 * latency), 1), LONGEST_US))
        member.figures = counts
        member.mean_ms = figures["mean"] if is_number(figures.get("mean")) else None
        member.bound_ms = figures["bound"] if is_number(figures.get("bound")) else None
        member.state = str(figures.get("state", ""))[:80]

    def clear(self) -> None:
        """Forget what was measured; everybody stays."""
        self.round, self.began = self.round + 1, self.clock()
        for member in self.members.values():
            member.figures, member.mean_ms, member.latencies = {}, None, new_histogram()

    def present(self) -> list[Member]:
        """Whose pages have been heard of lately."""
        return [each for each in self.members.values() if self.clock() - each.seen_at < AWAY_S]

    def latencies(self, transport: str) -> HdrHistogram:
        """All latencies by a transport, in microseconds, also of members that have left."""
        total = new_histogram()
        for member in self.members.values():
            if member.transport == transport:
                total.add(member.latencies)
        return total

    def measured(self) -> dict[str, Any]:
        """All figures since they were cleared, histograms encoded; ValueError if there are none."""
        lanes = {}
        for name, lane in self.summary()["lanes"].items():
            clients = sum(each.transport == name and bool(each.figures) for each in self.members.values())
            lanes[name] = lane | {"clients": clients, "histogram": self.latencies(name).encode().decode()}
        if not any(lane["clients"] for lane in lanes.values()):
            raise ValueError("nobody has measured anything yet")
        return {"lanes": lanes, "seconds": self.clock() - self.began}

    def summary(self) -> dict[str, Any]:
        """By transport: members connected, counts, and the distribution of latencies."""
        present = self.present()
        return {"round": self.round, "joined": len(self.members), "present": len(present),
                "lanes": {name: self._lane(name, present) for name in self.transports}}  # fmt: skip

    def _lane(self, transport: str, present: list[Member]) -> dict[str, Any]:
        mine = [each for each in self.members.values() if each.transport == transport]
        total = self.latencies(transport)
        count = total.get_total_count()
        bounds = [each.bound_ms for each in mine if each.bound_ms is not None]
        curve = [(total.get_value_at_percentile(share) / 1000, share) for share in SHARES] if count else []
        return {
            "present": sum(each.transport == transport for each in present),
            **{name: sum(each.figures.get(name, 0) for each in mine) for name in COUNTS},
            "mean_ms": total.get_mean_value() / 1000 if count else None,
            "curve": curve,
            "worst_bound_ms": max(bounds, default=None),
        }


def is_number(value: Any) -> bool:
    """Whether it is a number that JSON and arithmetic agree on."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
