"""What the server's CPU is spent on: the HTTP server alone, a bare Flask on it, the lab; and another stack.

The numbers are the benchmark's, which machine.json keeps: medians in µs of CPU for each delivery, and in KiB.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from results.words import times

POLLS = 2000  # a second, in the benchmark
LAB, ALONE, FLASK, OTHER = "this lab", "its HTTP server alone", "a bare Flask on it", "Starlette on uvicorn"


def cpu_by_layer(machine: Mapping[str, Any]) -> list[str]:
    """A poll's CPU on each layer alone, a long poll's on two stacks, and an idle WebSocket's memory: a sentence each.

    No sentence where the benchmark was not run, or not all of it is known.
    """
    try:
        return _sentences(machine["benchmark"]["cpu_us_per_delivery"], machine["benchmark"]["idle_websocket_kib"])
    except (KeyError, TypeError, ZeroDivisionError):
        return []


def _sentences(cpu: Mapping[str, Mapping[str, float]], kib: Mapping[str, float]) -> list[str]:
    poll = cpu["polling"]
    here, there = (cpu["long-polling"][name] / cpu["websocket"][name] for name in (LAB, OTHER))
    return [
        f"At {POLLS:,} polls a second each takes {poll[LAB]:.0f} µs of CPU. The HTTP server alone takes "
        f"{poll[ALONE]:.0f} µs, and a bare Flask on it {poll[FLASK]:.0f} µs.",
        f"A long poll costs as much as {times(here)} messages by WebSocket here, as {times(there)} on {OTHER}.",
        f"An idle WebSocket takes {kib[LAB]:.0f} KiB of the server's memory; {kib[OTHER]:.0f} KiB on {OTHER}.",
    ]


def per_cent(share: float) -> str:
    return f"{100 * share:.0f} %"
