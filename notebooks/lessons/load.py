"""Lesson 5: Locust from a cell, and what many clients cost, from the recorded loads."""

from __future__ import annotations

import json
import socket
import subprocess
import sys

import numpy as np
import pandas as pd

from clients.address import address_of
from lessons.choosing import reference_costs
from lessons.live.recordings import NothingStarted, check_startable, recorded_or
from lessons.live.servers import ServersStopped
from lessons.shown.recorded import reference, runs_of
from results import costs, table
from results.advice import Workload, estimates
from results.advice.words import SEVERAL, on_several_processes
from results.folders import ROOT
from results.processes import known_redis_costs
from results.select import overhead_bytes
from results.transports import COMPARED, TRANSPORTS

WITHIN_S = 60.0  # beyond the run itself, for Locust to begin and to end
MIB = 2**20


class LocustFailed(RuntimeError):
    """Locust ended without a table; a notebook shows its last line."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def locust(url: str, user: str, users: int = 5, seconds: int = 3, *options: str) -> pd.DataFrame:
    """A plain Locust run against a server, as from a terminal: what its table says of the deliveries.

    Response time is delivery latency, size the bytes on the wire. Raises LocustFailed.
    """
    key = " ".join(["locust", user, str(users), str(seconds), *options])
    return pd.DataFrame({user: recorded_or(key, lambda: loaded(url, user, users, seconds, *options))})


def loaded(url: str, user: str, users: int, seconds: int, *options: str) -> dict[str, float]:
    """The same, here and now."""
    if not (users >= 1 and seconds >= 1):
        raise LocustFailed("Users and seconds are whole numbers from 1 on.")
    check_startable()
    if not url:
        raise NothingStarted("there is no server")
    if not is_listening(url):
        raise ServersStopped()
    command = [sys.executable, "-m", "locust", "-f", "loadtests/locustfile.py", user, "--host", url, "--headless"]
    command += ["--users", str(users), "--spawn-rate", str(users), "--run-time", f"{seconds}s", "--json", *options]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=seconds + WITHIN_S)
        rows = {row["name"]: row for row in json.loads(done.stdout[done.stdout.index("[") :])}
    except subprocess.TimeoutExpired:
        raise LocustFailed(f"Locust did not end within {seconds + WITHIN_S:.0f} s, and was ended.") from None
    except ValueError:
        raise LocustFailed((done.stderr or done.stdout or "Locust said nothing.").strip().splitlines()[-1]) from None
    if not (first := rows.get("delivery")) or not (count := first["num_requests"]):
        lost = sum(row["num_failures"] for row in rows.values())
        raise LocustFailed(f"No message came in {seconds} s; {lost} requests or connections failed.")
    return {
        "deliveries": count,
        "mean latency, ms": round(first["total_response_time"] / count, 2),
        "longest, ms": round(first["max_response_time"], 2),
        "bytes each": round(first["total_content_length"] / count, 1),
    }


def is_listening(url: str) -> bool:
    """Whether a server listens at the address."""
    try:
        socket.create_connection(address_of(url)[:2], timeout=2).close()
        return True
    except OSError:
        return False


def prices() -> pd.DataFrame:
    """What the server's CPU is paid for, fitted over the loads of `scale`: microseconds, with 95 % intervals."""
    rows = {}
    for name in COMPARED:
        found = costs.prices(costs.cost_runs(reference().runs), name)
        idle = costs.price_words(found.idle) if found.idle else "not told from nothing"
        rows[TRANSPORTS[name].title] = [costs.price_words(found.publication), costs.price_words(found.answer),
                                        TRANSPORTS[name].unit, idle]  # fmt: skip
    columns = ["a publication", "an answer", "which is", "a client, each second"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def incoming() -> pd.DataFrame:
    """Server CPU for a message that a client sends, in microseconds, by its size: a POST, and a frame."""
    runs = runs_of("upstream")
    mine = runs[runs["operation"] == "post"]
    found = mine.pivot_table("server_cpu_us_per_delivery", "payload_bytes", "transport")
    found = found[["polling", "websocket"]].set_axis(["POST, µs", "WebSocket, µs"], axis="columns")
    return found.round(0).astype(int).rename_axis("bytes of a message")


def memory() -> pd.DataFrame:
    """KiB of the server's memory for each further client: the slope over the loads of `scale`."""
    rows = {}
    for name in COMPARED:
        mine = runs_of("scale")
        mine = mine[(mine["transport"] == name) & (mine["rate_hz"] == 4.0)].dropna(subset=["server_rss_mib"])
        clients, memory_mib = (mine[column].to_numpy(dtype=float) for column in ("clients", "server_rss_mib"))
        slope, base = np.polyfit(clients, memory_mib, 1)
        rows[TRANSPORTS[name].title] = [round(slope * 1024, 1), round(base, 1), int(clients.max())]
    return pd.DataFrame.from_dict(rows, orient="index", columns=["KiB a client", "MiB without any", "up to clients"])


def generator_delay() -> pd.DataFrame:
    """By clients: when 99 % of the messages had been read after they had arrived, in ms; no latency here has it."""
    runs = table.valid(reference().runs)
    mine = runs[(runs["experiment"] == "scale") & (runs["clock"] == "kernel")]
    found = mine.groupby(["clients", "transport"])["generator_delay_p99_ms"].median().unstack()
    found = found.reindex(columns=list(COMPARED)).rename_axis(None, axis="columns")
    return found.map("{:,.2f}".format).replace("nan", "–")


def during_a_break(fault: str) -> pd.DataFrame:
    """What a break of five seconds costs by each transport: `fault` is "cut", "reset" or "restart"."""
    runs = runs_of("outage")
    mine = runs[runs["fault"] == fault]
    rows = {}
    for name in COMPARED:
        own = mine[mine["transport"] == name]
        latest, back = own["latency_max_ms"].max() / 1000, own["recovery_s"].max()
        rows[TRANSPORTS[name].title] = [int(own["lost"].sum()), f"{latest:.1f}", f"{back:.1f}"]
    heads = ["lost in silence", "latest message, s late", "everyone up to date, s after the break"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=heads)


def for_many(**workload: float) -> pd.DataFrame:
    """Processes, hosts, memory, network and Redis for a workload: `clients`, `rate_hz`, `poll_interval_s`; computed."""
    known = reference_costs()
    found = estimates(Workload(**workload), known)  # type: ignore[arg-type]
    rows = on_several_processes(found, known, known_redis_costs([reference()]))
    return pd.DataFrame.from_dict(rows, orient="index", columns=pd.Index(SEVERAL))


def by_connection() -> pd.DataFrame:
    """Polling 50 ms away on a kept connection and on a new one for each request, in the clear and over TLS."""
    runs = runs_of("connection")
    mine = runs[runs["transport"] == "polling"].sort_values(["keep_alive", "tls"], ascending=[False, True])
    words = ["kept" if keep else "new each time" for keep in mine["keep_alive"].fillna(True)]
    names = [f"{word}{', TLS' if tls else ''}" for word, tls in zip(words, mine["tls"], strict=True)]
    beside = overhead_bytes(mine) / mine["requests"]
    segments = (mine["segments_sent"] + mine["segments_received"]) / mine["requests"]
    return pd.DataFrame({"bytes a poll": beside.to_numpy(dtype=float).round(), "segments a poll":
                         segments.to_numpy(dtype=float).round(1), "mean latency, ms":
                         mine["latency_mean_ms"].to_numpy(dtype=float).round(1)}, names)  # fmt: skip


def price(transport: str, answers_per_s: float) -> float:
    """Microseconds of the server's CPU for a poll, a long poll or a WebSocket's message, at a rate."""
    return costs.prices(costs.cost_runs(reference().runs), transport).answer.at(answers_per_s)
