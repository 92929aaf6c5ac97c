"""The row of runs.csv that comes of a run, and the files of its latencies."""

import math
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from hdrh.histogram import HdrHistogram

from clients.ledger import HEADINGS
from loadtests.experiments.run import Run
from loadtests.runs.floor import Floor, added_ms, expected_s
from loadtests.runs.interval import half_interval_ms
from loadtests.runs.tally import FEED, Tally
from loadtests.runs.validity import reasons_against
from results.samples import PERCENTILES, enough_for
from results.table import COLUMNS
from results.transports import TRANSPORTS

MEBIBYTE = 1024 * 1024
COUNTED = ("connections", "deliveries", "lost", "duplicated", "out_of_order", "requests", "empty_responses")


@dataclass(frozen=True)
class Outcome:
    """The outcome of a run: the generator's tally, and what was seen of the server.

    `server_cpu_share` is of one core, over the window, None if the server was restarted in it; `rss_bytes` at its
    end. `fault_ended_at` is the Unix time at which a fault was over.
    """

    tally: Tally
    server_cpu_share: float | None
    rss_bytes: int
    publisher_late_p99_ms: float
    fault_ended_at: float | None = None
    path_cpu_share: float | None = None  # of one core, by a path of packets
    retransmissions: int | None = None

    @property
    def published(self) -> int:
        """How many messages were published in the window; of one feed none is left out between first and last."""
        feeds: defaultdict[int, list[int]] = defaultdict(list)
        for seq in self.tally.messages:
            feeds[seq // FEED].append(seq)
        return sum(max(seqs) - min(seqs) + 1 for seqs in feeds.values())

    @property
    def recovery_s(self) -> float | None:
        """Seconds from the end of a fault until each client had a message that was published after it."""
        if self.fault_ended_at is None:
            return None
        first: dict[int, float] = {}
        for message in self.tally.messages.values():
            for client, latency_us in zip(message.clients, message.latencies_us, strict=True):
                if message.published_at >= self.fault_ended_at:
                    arrived = message.published_at + latency_us / 1e6 - self.fault_ended_at
                    first[client] = min(arrived, first.get(client, math.inf))
        return max(first.values()) if len(first) == self.tally.clients else None

    @cached_property
    def histogram(self) -> HdrHistogram:
        """The latencies in microseconds."""
        return self.tally.histogram()


def row(run: Run, outcome: Outcome, attempt: int, floor: Floor | None = None) -> dict[str, Any]:
    """The row of runs.csv; what does not apply, or what too few messages would have to carry, is None."""
    tally = outcome.tally
    cells: dict[str, Any] = dict.fromkeys(column.name for column in COLUMNS)
    published = outcome.published if run.followed else tally.samples
    cells |= run.cells() | {"attempt": attempt, "published": published}
    cells |= byte_counts(run, tally) | latency(run, outcome) | upstream(tally) | costs(run, outcome)
    expected = expected_s(run, tally)
    cells["expected_mean_ms"] = None if expected is None else expected * 1000
    cells |= {"recovery_s": outcome.recovery_s, "retransmissions": outcome.retransmissions}
    cells["clock_bound_ms"] = 1000 * tally.clock_bound_s or None
    if floor and (added := added_ms(run, tally, floor)) is not None:
        cells |= {"floor_ms": added, "floor_asking_ms": added - floor.ms}
    reasons = reasons_against(run, tally, cells, outcome.path_cpu_share)
    return cells | {"valid": not reasons, "invalid_reason": "; ".join(reasons) or None}


def byte_counts(run: Run, tally: Tally) -> dict[str, Any]:
    """What was counted on joining, and in the window."""
    joining, ledger = tally.joining, tally.ledger
    messages = tally.message_bytes if run.deflate else ledger.payload  # uncompressed
    held = tally.held_us / tally.answers / 1e6 if tally.answers and "hold_s" in TRANSPORTS[run.transport].own else None
    return (
        {"joining_sent": joining.wire_sent, "joining_received": joining.wire_received}
        | {"joining_mean_ms": tally.joining_us / tally.clients / 1000 if tally.clients else None}
        | {"joining_segments": joining.segments_sent + joining.segments_received or None}
        | {name: getattr(tally, name) for name in COUNTED}
        | {name: getattr(ledger, name) for name in (*HEADINGS, "wire_sent", "wire_received")}
        | {name: getattr(ledger, name) if counted_by_kernel(tally) else None for name in SEGMENTS}
        | {"overhead_per_delivery": (ledger.wire - messages) / tally.deliveries if tally.deliveries else None}
        | {"held_mean_s": held}
    )


SEGMENTS = ("segments_sent", "segments_received")


def counted_by_kernel(tally: Tally) -> bool:
    """Whether the kernel counts segments here; it does on Linux."""
    return tally.all_bytes.segments_sent > 0


def latency(run: Run, outcome: Outcome) -> dict[str, Any]:
    """Mean and percentiles in milliseconds; the mean from exact sums, with half its 95 % interval."""
    tally, histogram = outcome.tally, outcome.histogram
    if not tally.samples:
        return {}
    standing = {name: percent for name, percent in PERCENTILES.items() if enough_for(percent, len(tally.messages))}
    stamped = tally.stamped == tally.samples
    delays = tally.delay_histogram()
    return {name: histogram.get_value_at_percentile(percent) / 1000 for name, percent in standing.items()} | {
        "latency_mean_ms": tally.mean_s * 1000,
        "latency_max_ms": histogram.get_max_value() / 1000,
        "latency_mean_ci_ms": half_interval_ms(tally.messages.values(), run.has_random_phase),
        "clock": "kernel" if stamped else "client",
        "generator_delay_p99_ms": delays.get_value_at_percentile(99) / 1000 if stamped else None,
    }


def upstream(tally: Tally) -> dict[str, Any]:
    """Mean and percentiles of the way up in milliseconds, where clients publish; the mean from an exact sum."""
    samples, histogram = tally.ups.total(), tally.upstream_histogram()
    standing = {f"upstream_p{percent}_ms": percent for percent in (90, 99) if enough_for(percent, samples)}
    cells = {name: histogram.get_value_at_percentile(percent) / 1000 for name, percent in standing.items()}
    return cells | {"upstream_mean_ms": tally.up_us / samples / 1000 if samples else None}


def costs(run: Run, outcome: Outcome) -> dict[str, Any]:
    """Server CPU and memory, and how near the generator came to its limits."""
    tally, share = outcome.tally, outcome.server_cpu_share
    return {
        "server_cpu_share": share,
        "server_cpu_us_per_delivery": share and tally.deliveries and share * run.duration_s / tally.deliveries * 1e6,
        "server_rss_mib": outcome.rss_bytes / MEBIBYTE,
        "generator_cpu_share": tally.cpu_share,
        "generator_lag_p99_ms": generator_lag_p99_ms(run, tally),
        "publisher_late_p99_ms": outcome.publisher_late_p99_ms,
    }


def generator_lag_p99_ms(run: Run, tally: Tally) -> float:
    """By how much the generator's own lateness can have changed a latency, at p99.

    Where the kernel stamps arrivals, only a late request delays a message: this is what late requests added, and 0 for
    a transport that sends none. Elsewhere it is how late the process came to a timer.
    """
    if run.operation == "feed" and tally.stamped == tally.samples:
        return tally.late_request_histogram().get_value_at_percentile(99) / 1000 if tally.late_requests else 0.0
    return tally.lag_us.get_value_at_percentile(99) / 1000


def write_latencies(histogram: HdrHistogram, folder: Path, run_id: str) -> None:
    """Write the samples to `latency/`: .hgrm for reading, in milliseconds, .hdr for merging, in microseconds."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{run_id}.hgrm").open("wb") as file:
        histogram.output_percentile_distribution(file, 1000)
    (folder / f"{run_id}.hdr").write_text(histogram.encode().decode(), encoding="ascii")
