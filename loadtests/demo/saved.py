"""What a class has measured, as a results folder: `python -m loadtests.demo.saved FOLDER` reads it as JSON.

A process of its own, because tables and charts take seconds in which the stage would stand still.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hdrh.histogram import HdrHistogram

from clients.ledger import HEADINGS
from loadtests.runs.machine import machine
from loadtests.runs.partial import PartialFolder
from loadtests.runs.row import write_latencies
from results import figures, report, table
from results.folders import REFERENCE
from results.samples import PERCENTILES, enough_for
from results.transports import TRANSPORTS, inapplicable

HOLD_S = 25.0


def rows(measured: dict[str, Any]) -> Iterator[tuple[dict[str, Any], HdrHistogram]]:
    """A row of runs.csv for each lane that somebody took, and its latencies in microseconds."""
    for transport, lane in measured["lanes"].items():
        histogram = HdrHistogram.decode(lane["histogram"])
        if histogram.get_total_count():
            yield row(transport, lane, measured, histogram), histogram


def row(transport: str, lane: dict[str, Any], measured: dict[str, Any], histogram: HdrHistogram) -> dict[str, Any]:
    """The row of a lane. Bytes are the tap's: of all pages that used the lane."""
    settings, tap, messages = measured["settings"], lane["tap"], lane["messages"] // max(lane["clients"], 1)
    connecting = 0 if TRANSPORTS[transport].asks else sum(tap["bytes"][name] for name in PAID_ONCE)
    counted = tap["bytes"] | (dict.fromkeys(PAID_ONCE, 0) if connecting else {})
    wire = sum(counted.values())
    cells: dict[str, Any] = dict.fromkeys(column.name for column in table.COLUMNS)
    cells |= {
        "run_id": f"class-{transport}", "experiment": "workload", "transport": transport, "operation": "feed",
        "repeat": 1, "attempt": 1, "clients": lane["clients"], "rate_hz": settings["rate_hz"], "arrivals": "poisson",
        "poll_interval_s": settings["poll_interval_s"], "hold_s": HOLD_S, "rtt_ms": settings["rtt_ms"],
        "link_mbps": settings["link_mbps"] or None, "header_profile": "browser",
        "cookie_bytes": settings["cookie_bytes"], "keep_alive": True, "tls": False, "deflate": False,
        "duration_s": measured["seconds"],
        "connections": tap["connections"], "published": messages, "deliveries": tap["messages"], "lost": lane["lost"],
        "duplicated": lane["repeated"], "out_of_order": 0, "requests": tap["requests"] if not connecting else 0,
        **{name: counted[name] for name in HEADINGS}, "wire_received": wire, "wire_sent": 0,
        "overhead_per_delivery": (wire - counted["payload"]) / tap["messages"] if tap["messages"] else None,
        "latency_mean_ms": histogram.get_mean_value() / 1000, "latency_max_ms": histogram.get_max_value() / 1000,
        **{name: histogram.get_value_at_percentile(percent) / 1000 for name, percent in PERCENTILES.items()
           if enough_for(percent, messages)},
        "clock": "browser", "clock_bound_ms": lane["worst_bound_ms"],
    }  # fmt: skip
    cells |= dict.fromkeys(inapplicable(transport))
    wrong = [f"{lane[name]} {name}" for name in ("lost", "repeated") if lane[name]]
    return cells | {"valid": not wrong, "invalid_reason": "; ".join(wrong) or None}


PAID_ONCE = ("handshake", "cookies", "request_head", "response_head")


def write(measured: dict[str, Any], folder: Path) -> None:
    """Write the folder: tables, latencies, charts, report; it appears when it is whole."""
    partial = PartialFolder(folder)
    with partial.held():
        partial.begin()
        found = list(rows(measured))
        table.write_runs(partial.path / "runs.csv", [cells for cells, _ in found])
        table.write_observations(partial.path / "observations.csv", [])
        table.write_text(partial.path / "machine.json", json.dumps(machine("class", "loadtests demo"), indent=1))
        for cells, histogram in found:
            write_latencies(histogram, partial.path / "latency", cells["run_id"])
        results = table.read(partial.path)
        drawn = figures.draw_all(results)
        figures.save(drawn[0], partial.path)
        page, gallery = report.render(results, drawn, table.read_if_there(REFERENCE))
        table.write_text(partial.path / "report.html", page)
        table.write_text(partial.path / "README.md", gallery)
        partial.publish()


if __name__ == "__main__":
    write(json.load(sys.stdin), Path(sys.argv[1]))
