"""The row of runs.csv that comes of a run, and the files of its latencies."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from hdrh.histogram import HdrHistogram

from clients.ledger import HEADINGS
from loadtests.experiments.run import Run
from loadtests.runs.floor import expected_s
from loadtests.runs.tally import Tally
from loadtests.runs.validity import FEWEST_MESSAGES, reasons_against
from results.table import COLUMNS

MEBIBYTE = 1024 * 1024
COUNTED = ("deliveries", "lost", "duplicated", "out_of_order", "requests", "empty_responses", "connections")
PERCENTILES = {"p50": 50, "p90": 90, "p99": 99, "p999": 99.9}


@dataclass(frozen=True)
class Outcome:
    """The outcome of a run: the generator's tally, and the server's status when publishing began and at the end."""

    tally: Tally
    published: int
    before: dict[str, Any]
    after: dict[str, Any]

    @cached_property
    def histogram(self) -> HdrHistogram:
        """The latencies in microseconds."""
        return self.tally.histogram()


def row(run: Run, outcome: Outcome, attempt: int, floor_s: float | None = None) -> dict[str, Any]:
    """The row of runs.csv; what does not apply, or is not measured yet, is None. `floor_s` is the calibrated one."""
    tally = outcome.tally
    cells: dict[str, Any] = dict.fromkeys(column.name for column in COLUMNS)
    cells |= run.cells() | {"attempt": attempt, "published": outcome.published}
    cells |= counted(tally) | latency(outcome) | costs(outcome)
    expected = None if floor_s is None else expected_s(run, tally, floor_s)
    cells["expected_mean_ms"] = None if expected is None else expected * 1000
    reasons = reasons_against(run, tally, cells)
    return cells | {"valid": not reasons, "invalid_reason": "; ".join(reasons) or None}


def counted(tally: Tally) -> dict[str, Any]:
    ledger = tally.ledger
    beside = (ledger.wire - tally.message_bytes) / tally.deliveries if tally.deliveries else None
    return (
        {name: getattr(tally, name) for name in COUNTED}
        | {name: getattr(ledger, name) for name in (*HEADINGS, "wire_sent", "wire_received")}
        | {name: getattr(ledger, name) or None for name in ("segments_sent", "segments_received")}
        | {"overhead_per_delivery": beside}
    )


def latency(outcome: Outcome) -> dict[str, Any]:
    """Mean and percentiles in milliseconds; the mean from exact sums, with half its 95 % interval."""
    tally, histogram = outcome.tally, outcome.histogram
    if not tally.deliveries:
        return {}
    at = {name: histogram.get_value_at_percentile(percent) for name, percent in PERCENTILES.items()}
    return {f"latency_{name}_ms": microseconds / 1000 for name, microseconds in at.items()} | {
        "latency_mean_ms": tally.mean_s * 1000,
        "latency_max_ms": histogram.get_max_value() / 1000,
        "latency_mean_ci_ms": half_interval_ms(tally),
    }


def half_interval_ms(tally: Tally, resamples: int = 1000) -> float | None:
    """Half the width of the mean's 95 % interval, by resampling messages: their deliveries are not independent."""
    sums = np.array([message.latency_us for message in tally.messages.values()], dtype=float)
    counts = np.array([message.deliveries for message in tally.messages.values()], dtype=float)
    if len(sums) < FEWEST_MESSAGES:
        return None
    chosen = np.random.default_rng(1).integers(len(sums), size=(resamples, len(sums)))
    low, high = np.percentile(sums[chosen].sum(1) / counts[chosen].sum(1), [2.5, 97.5])
    return float(high - low) / 2 / 1000


def costs(outcome: Outcome) -> dict[str, Any]:
    """Server CPU and memory, and how near the generator came to its limits."""
    tally, after = outcome.tally, outcome.after
    spent = after["cpu_s"] - outcome.before["cpu_s"]
    return {
        "server_cpu_us_per_delivery": spent / tally.deliveries * 1e6 if tally.deliveries else None,
        "server_rss_mib": after["rss_bytes"] / MEBIBYTE,
        "generator_cpu_share": tally.cpu_share,
        "generator_lag_p99_ms": tally.lag_us.get_value_at_percentile(99) / 1000,
        "publisher_late_p99_ms": after["publisher_late_p99_ms"],
    }


def keep_latencies(histogram: HdrHistogram, folder: Path, run_id: str) -> None:
    """Write the samples to `latency/`: .hgrm for reading, in milliseconds, .hdr for merging, in microseconds."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{run_id}.hgrm").open("wb") as file:
        histogram.output_percentile_distribution(file, 1000)
    (folder / f"{run_id}.hdr").write_text(histogram.encode().decode(), encoding="ascii")
