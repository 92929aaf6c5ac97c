"""The advice in plain words, for a terminal."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pandas as pd
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from results import table
from results.advice.estimates import (
    WITHIN,
    Estimate,
    Workload,
    cheapest,
    choices,
    estimates,
    polling_at_longest_interval,
)
from results.advice.fitted_costs import FittedCosts
from results.costs import price_words as priced
from results.cpu_breakdown import per_cent
from results.model import PING_BYTES, PING_INTERVAL
from results.processes import FULL, RedisCosts
from results.transports import TRANSPORTS
from results.words import WORDS, listed, milliseconds, number

MANY = (1_000, 10_000, 100_000)
"""Clients for which costs are computed as well."""
HOUR = 3600
CORES_OF_HOST = 8
SEVERAL = ("processes", f"hosts of {CORES_OF_HOST} cores", "GiB", "Mbit/s", "Redis CPU", "Redis Mbit/s")
"""What a load on several processes needs (docs/processes.md)."""


def advice_in_words(
    workload: Workload, costs: Mapping[str, FittedCosts], source: str, own: pd.DataFrame | None = None,
    redis: RedisCosts | None = None,
) -> RenderableType:
    """The answer for a workload: which transports are fast enough and what they cost; then the same for more clients.

    `source` says where the costs come from, `own` are the runs of just this workload, if there were any. `redis` is
    what a shared feed costs, where it is known.
    """
    found = estimates(workload, costs)
    answers = [Text(line) for line in sentences(workload, found, costs)]
    parts: list[RenderableType] = [Text(f"For {wanted(workload)}:", style="bold"), *answers, now_table(found)]
    if any(each.processes > 1 for each in found):
        parts += [Text(f"On several processes, each at most {per_cent(FULL)} of a core:", style="bold"),
                  several_table(found, costs, redis)]  # fmt: skip
    parts += [Text("An hour, computed, at the same rate:", style="bold"), hour_table(workload, costs)]
    return Group(*parts, Text(measured(own)), Text(computed(source)), Text(idle_words(costs)))


def wanted(workload: Workload) -> str:
    """The workload in words."""
    names = ["clients", "rate_hz", "payload_bytes", "rtt_ms"]
    words = [WORDS[name](getattr(workload, name)) for name in names]
    words += [WORDS["cookie_bytes"](workload.cookie_bytes)] * bool(workload.cookie_bytes) + ["TLS"] * workload.tls
    soon = "" if workload.within_ms is None else f", {100 * WITHIN:.0f} % within {workload.within_ms:g} ms"
    return ", ".join(words) + soon


def sentences(workload: Workload, found: list[Estimate], costs: Mapping[str, FittedCosts]) -> Iterator[str]:
    """Which transports meet the latency, what poll interval would, and which is the cheapest."""
    for each in found:
        look = TRANSPORTS[each.transport]
        meets = "" if workload.within_ms is None else " meets that" if each.meets else " does not meet that"
        yield f"{look.title}{_every(each)}{meets}: {100 * WITHIN:.0f} % within {milliseconds(each.within_ms)} ms."
    yield from interval_sentence(workload, costs["polling"])
    best = cheapest(choices(workload, costs))
    if best is None:
        yield f"None of them meets it: half a round trip alone takes {workload.rtt_ms / 2:g} ms."
    else:
        meeting = "" if workload.within_ms is None else " that does"
        yield f"The cheapest{meeting}, by the server's CPU, is {TRANSPORTS[best.transport].words}{_every(best)}."


def _every(each: Estimate) -> str:
    return f" every {number(each.workload.poll_interval_s)} s" if each.transport == "polling" else ""


def interval_sentence(workload: Workload, polling: FittedCosts) -> Iterator[str]:
    """The poll interval that would be short enough, and what it costs."""
    if workload.within_ms is not None:
        enough = polling_at_longest_interval(workload, polling)
        yield from (f"Polling would meet it{_every(at)}: {costs_words(at)}." for at in enough)
        yield from [] if enough else ["No poll interval meets it."]


def costs_words(each: Estimate) -> str:
    return f"{number(each.requests)} requests/s, {number(each.wire_bytes / 1000)} kB/s, {share_words(each.cores)}"


def share_words(cores: float) -> str:
    return f"{number(100 * cores)} % of a core" if cores < 1 else f"{number(cores)} cores"


def now_table(found: list[Estimate]) -> Table:
    """What each transport costs a second, in all; joining apart."""
    shown = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    for heading in ("", "mean\nms", "90 %\nms", "requests\n/s", "kB/s", "server\nCPU", "memory\nMiB", "to join\nkB"):
        shown.add_column(heading, justify="right" if heading else "left", vertical="bottom")
    for each in found:
        figures = (milliseconds(each.mean_ms), milliseconds(each.within_ms), number(each.requests))
        rest = (number(each.wire_bytes / 1000), share_words(each.cores), number(each.memory / 2**20))
        shown.add_row(TRANSPORTS[each.transport].title, *figures, *rest, number(each.joining / 1000))
    return shown


def several_table(found: list[Estimate], costs: Mapping[str, FittedCosts], redis: RedisCosts | None) -> Table:
    """The rows of `on_several_processes` for a terminal."""
    shown = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    for heading in ("", *SEVERAL):
        shown.add_column(heading.replace(" ", "\n", 1), justify="right" if heading else "left", vertical="bottom")
    for name, cells in on_several_processes(found, costs, redis).items():
        shown.add_row(name, *cells)
    return shown


def on_several_processes(
    found: list[Estimate], costs: Mapping[str, FittedCosts], redis: RedisCosts | None
) -> dict[str, list[str]]:
    """By transport, cells for SEVERAL: what the whole load needs, and what it asks of the feed's Redis."""
    rows = {}
    for each in found:
        if math.isinf(each.processes):
            rows[TRANSPORTS[each.transport].title] = ["publishing alone takes a core"] + [""] * (len(SEVERAL) - 1)
            continue
        rate, count = each.workload.rate_hz, math.ceil(each.processes)
        memory = each.memory + count * costs[each.transport].memory_of_process
        cells = [f"{count:,}", f"{math.ceil(count / CORES_OF_HOST):,}", number(memory / 2**30)]
        cells.append(number(each.wire_bytes * 8 / 1e6))
        known = redis is not None and count > 1
        cells.append(share_words(redis.cpu_share(rate, count)) if redis and known else "–")
        cells.append(number(redis.bytes_per_s(rate, count) * 8 / 1e6) if redis and known else "–")
        rows[TRANSPORTS[each.transport].title] = cells
    return rows


def hour_table(workload: Workload, costs: Mapping[str, FittedCosts]) -> Table:
    """GB, requests and CPU hours in an hour, for more and more clients."""
    shown = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    for heading in ("clients", "", "GB", "million\nrequests", "CPU\nhours", "server\nprocesses", "90 %\nms"):
        shown.add_column(heading, justify="right" if heading else "left", vertical="bottom")
    for clients in MANY:
        for place, each in enumerate(estimates(replace(workload, clients=clients), costs)):
            shown.add_row(
                f"{clients:,}" if not place else "", TRANSPORTS[each.transport].title,
                number(each.wire_bytes * HOUR / 1e9), number(each.requests * HOUR / 1e6), number(each.cores),
                f"{math.ceil(each.processes):,}", milliseconds(each.within_ms),
            )  # fmt: skip
    return shown


def measured(own: pd.DataFrame | None) -> str:
    """What was measured of just this workload."""
    if own is None or own.empty:
        return "Measured: nothing of this workload."
    good = table.valid(own)
    parts = [f"{TRANSPORTS[str(name)].title} {number(float(mine['latency_mean_ms'].mean()))} ms and "
             f"{number(float(mine['server_cpu_share'].mean() * 100))} % of a core"
             for name, mine in good.groupby("transport")]  # fmt: skip
    missing = sorted(set(own["transport"]) - set(good["transport"]))
    gone = f" No valid run of {listed(missing)}: this machine cannot carry that load, and it is answered from costs." \
        if missing else ""  # fmt: skip
    return (f"Measured here, mean latency and server: {listed(parts)}." if parts else "Measured: no valid run.") + gone


def idle_words(costs: Mapping[str, FittedCosts]) -> str:
    """What a client costs while nothing is published, as far as it is known."""
    idle = {name: known.prices.idle for name, known in costs.items()}
    told = listed([f"{priced(price)} a second by {TRANSPORTS[name].words}" for name, price in idle.items() if price])
    cpu = f"CPU of an idle client: {told if any(idle.values()) else 'too little to be measured in these runs'}."
    return (
        f"An idle WebSocket has a ping every {PING_INTERVAL:g} s ({PING_BYTES} B with its pong). Polls that bring "
        f"nothing, and held requests that are renewed, count as requests. {cpu}"
    )


def computed(source: str) -> str:
    return (
        f"Computed: everything in the tables, by the model and from {source}. 90 % and the line in which clients are "
        f"served count; loss, congestion and what lies between do not."
    )
