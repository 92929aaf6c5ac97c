"""One run: processes up, warm-up, window, drain, processes down; and the row of runs.csv that comes of it."""

import contextlib
import json
import math
import os
import socket
import ssl
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from clients.ledger import HEADINGS, Ledger
from loadtests.experiments import Run
from loadtests.generator import DRAIN_TIMEOUT, MARK
from loadtests.processes import Child, RunFailed, json_in, start, url_in
from loadtests.tally import Tally
from results import model
from results.table import COLUMNS
from results.transports import TABLE

AUTHORITY = "authority.pem"  # in the scratch folder: whom the clients of a run over TLS trust
START_TIMEOUT = 30.0  # seconds for processes to come up and clients to be answered
CONNECT_TIME = 0.02  # seconds more for each client, of which a server on a busy machine takes half
MOST_CLIENTS = 700  # of one process of Locust
STEP = 0.1  # seconds between looks at the clock and at the processes
MEBIBYTE = 1024 * 1024

# What makes a run valid, beside nothing lost and every byte booked
LATEST_PUBLISHER_MS, LARGEST_CPU_SHARE, LARGEST_LAG_MS, FEWEST_MESSAGES = 5.0, 0.85, 10.0, 5

Progress = Callable[[float], Any]  # is told the seconds of a run that have passed


@dataclass(frozen=True)
class Outcome:
    """What a run left behind: the generator's tally, and the server's status when publishing began and at the end."""

    tally: Tally
    published: int
    before: dict[str, Any]
    after: dict[str, Any]


def conduct(run: Run, scratch: Path, progress: Progress, link: bool = False) -> Outcome:
    """Measure one run, over the delay line if it has a round trip or `link` says so.

    RunFailed if a process ends, or answers nothing, before it is done.
    """
    with contextlib.ExitStack() as children:
        server = start(children, f"the {run.transport} server", server_arguments(run, scratch / AUTHORITY))
        load = start(children, "Locust", locust_arguments(run, scratch))
        url = server.expect(url_in, START_TIMEOUT)
        load.say(f"follow {linked(run, url, children) if link or run.rtt_ms else url}")
        load.expect(heard("ready"), START_TIMEOUT + run.clients * CONNECT_TIME)
        pass_time(run.warm_up_s, [server, load], progress)
        load.say("begin")
        load.expect(heard("begun"), START_TIMEOUT)
        before = status(url, scratch / AUTHORITY)
        tell(server, "start")
        pass_time(run.duration_s, [server, load], progress)
        published = tell(server, "stop")["newest"]
        load.say(f"drain {published}")
        load.expect(heard("done"), DRAIN_TIMEOUT + run.poll_interval_s + START_TIMEOUT)
        after = status(url, scratch / AUTHORITY)
        load.end()
        return Outcome(Tally.from_json((scratch / "tally.json").read_text(encoding="utf-8")), published, before, after)


def server_arguments(run: Run, authority: Path) -> list[str]:
    source = ["--source", "earthquakes", "--rate", str(run.rate_hz)]
    if run.payload_bytes is not None:
        source = ["--source", "clock", "--rate", str(run.rate_hz), "--size", str(run.payload_bytes)]
        source += ["--arrivals", run.arrivals, "--seed", str(run.seed)]
    tls = ["--tls", str(authority)] if run.tls else []
    deflate = ["--deflate"] if run.deflate else []
    return ["-m", "servers", run.transport, "--port", "0", "--controlled", *tls, *deflate, *source]


def locust_arguments(run: Run, scratch: Path) -> list[str]:
    arguments = ["-m", "locust", "-f", "loadtests/locustfile.py", TABLE[run.transport].user]
    arguments += ["--headless", "--only-summary", "--loglevel", "ERROR", "--controlled", str(scratch / "tally.json")]
    arguments += ["--users", str(run.clients), "--spawn-rate", str(run.clients)]
    if (processes := processes_for(run.clients)) > 1:
        port = str(free_port())
        arguments += ["--processes", str(processes), "--master-port", port]
        arguments += ["--master-bind-host", "127.0.0.1", "--master-bind-port", port]
    arguments += ["--poll-interval", str(run.poll_interval_s), "--hold", str(run.hold_s)]
    arguments += ["--header-profile", run.header_profile, "--cookie-bytes", str(run.cookie_bytes)]
    arguments += ["--tls", str(scratch / AUTHORITY)] if run.tls else []
    return arguments + (["--deflate"] if run.deflate else [])


def processes_for(clients: int) -> int:
    """How many processes of Locust these clients need; one where a process cannot fork (Windows)."""
    return math.ceil(clients / MOST_CLIENTS) if hasattr(os, "fork") else 1


def free_port() -> int:
    """A port on which Locust's processes may meet, so that two runs at a time do not."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def linked(run: Run, url: str, children: contextlib.ExitStack) -> str:
    """The address of a delay line before the server."""
    scheme, _, to = url.partition("://")
    link = start(children, "the delay line", ["-m", "loadtests.link", "--to", to, "--delay-ms", str(run.rtt_ms / 2)])
    return f"{scheme}://{link.expect(url_in, START_TIMEOUT).partition('://')[2]}"


def heard(word: str) -> Callable[[str], Any]:
    """A reader of the generator's lines that waits for one word."""
    return lambda line: line.startswith(MARK) and word in json.loads(line.removeprefix(MARK))


def tell(server: Child, command: str) -> dict[str, Any]:
    server.say(command)
    return server.expect(json_in, START_TIMEOUT)


def pass_time(seconds: float, children: list[Child], progress: Progress) -> None:
    """Let a stretch of the run pass, watching the processes."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        for child in children:
            child.check()
        time.sleep(min(left, STEP))
        progress(min(left, STEP))


def status(url: str, authority: Path) -> dict[str, Any]:
    """The server's own account of itself; over TLS it is the server that `authority` vouches for."""
    secure = url.startswith(("https:", "wss:"))
    try:
        trust = ssl.create_default_context(cafile=authority) if secure else None
        target = f"{'https' if secure else 'http'}://{url.partition('://')[2]}/status"
        with urllib.request.urlopen(target, timeout=START_TIMEOUT, context=trust) as answer:
            return json.load(answer)
    except OSError as error:
        raise RunFailed(f"the server does not say how it is: {error}") from None


def calibration(run: Run) -> Run:
    """The run that finds what is left of a latency at zero delay, on the same transport with the same security.

    Two clients and even arrivals, so that hardly a message waits for another; polls come at no fraction of theirs.
    """
    plain = Run("calibration", run.transport, clients=2, tls=run.tls, header_profile="minimal")
    return replace(plain, rate_hz=20.0, arrivals="even", poll_interval_s=0.037, duration_s=2.0)


def floor(run: Run, outcome: Outcome) -> float | None:
    """Seconds by which messages come later than the model says, which knows no processors; None if none came."""
    modelled = expected_s(run, outcome, 0.0)
    return None if modelled is None else outcome.tally.mean_s - modelled


def expected_s(run: Run, outcome: Outcome, floor_s: float) -> float | None:
    """The model's mean latency in seconds for this run's own publication times; None if there are none.

    The floor counts as a part of the way: a long-polling client is away longer for it, too.
    """
    published = sorted(message.published_at for message in outcome.tally.messages.values())
    if not published:
        return None
    return model.expected_mean(
        run.transport,
        published,
        one_way_delay=run.rtt_ms / 2000 + floor_s,
        poll_interval=run.poll_interval_s,
        hold=run.hold_s,
        connection=model.connection_mode(keep_alive=True, tls=run.tls),
    )


def row(run: Run, outcome: Outcome, attempt: int, floor_s: float | None = None) -> dict[str, Any]:
    """The row of runs.csv; what does not apply, or is not measured yet, is None. `floor_s` is the calibrated one."""
    cells: dict[str, Any] = dict.fromkeys(column.name for column in COLUMNS)
    cells |= run.parameters() | {"run_id": run.run_id, "attempt": attempt, "operation": "feed"}
    cells["keep_alive"] = True
    cells |= {name: None for other in TABLE.values() if other.name != run.transport for name in other.own}
    cells |= counted(outcome) | latency(outcome.tally) | costs(outcome)
    expected = None if floor_s is None else expected_s(run, outcome, floor_s)
    cells["expected_mean_ms"] = None if expected is None else expected * 1000
    reasons = faults(run, outcome, cells)
    return cells | {"valid": not reasons, "invalid_reason": "; ".join(reasons) or None}


def counted(outcome: Outcome) -> dict[str, Any]:
    tally, ledger = outcome.tally, outcome.tally.ledger
    names = ("deliveries", "lost", "duplicated", "out_of_order", "requests", "empty_responses", "connections")
    beside = (ledger.wire - tally.message_bytes) / tally.deliveries if tally.deliveries else None
    return (
        {name: getattr(tally, name) for name in names}
        | {name: getattr(ledger, name) for name in (*HEADINGS, "wire_sent", "wire_received")}
        | {name: getattr(ledger, name) or None for name in ("segments_sent", "segments_received")}
        | {"published": outcome.published, "overhead_per_delivery": beside}
    )


def latency(tally: Tally) -> dict[str, Any]:
    """Mean and percentiles in milliseconds; the mean from exact sums, with half its 95 % interval."""
    if not tally.deliveries:
        return {}
    at = tally.latency_us.get_value_at_percentile
    percentiles = {"p50": 50, "p90": 90, "p99": 99, "p999": 99.9}
    return {f"latency_{name}_ms": at(percent) / 1000 for name, percent in percentiles.items()} | {
        "latency_mean_ms": tally.mean_s * 1000,
        "latency_max_ms": tally.latency_us.get_max_value() / 1000,
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
    """What it took: server CPU and memory, and how near the generator was to its own limits."""
    tally, after = outcome.tally, outcome.after
    spent = after["cpu_s"] - outcome.before["cpu_s"]
    return {
        "server_cpu_us_per_delivery": spent / tally.deliveries * 1e6 if tally.deliveries else None,
        "server_rss_mib": after["rss_bytes"] / MEBIBYTE,
        "generator_cpu_share": tally.cpu_share,
        "generator_lag_p99_ms": tally.lag_us.get_value_at_percentile(99) / 1000,
        "publisher_late_p99_ms": after["publisher_late_p99_ms"],
    }


def faults(run: Run, outcome: Outcome, cells: dict[str, Any]) -> list[str]:
    """Why the run does not count; empty if it does."""
    tally, lag, late = outcome.tally, cells["generator_lag_p99_ms"], cells["publisher_late_p99_ms"]
    wanted = outcome.published * run.clients
    reasons = {
        f"{tally.lost} lost": tally.lost,
        f"{tally.duplicated} repeated": tally.duplicated,
        f"{tally.out_of_order} out of order": tally.out_of_order,
        f"{tally.failures} failures of clients": tally.failures,
        f"{tally.deliveries} deliveries of {wanted}": tally.deliveries != wanted,
        f"{tally.ledger.difference} bytes not booked": tally.ledger.difference,
        **disagreements(tally.ledger),
        f"publisher {late:.1f} ms late at p99": late > LATEST_PUBLISHER_MS,
        f"generator took {tally.cpu_share:.2f} of a core": tally.cpu_share > LARGEST_CPU_SHARE,
        f"generator {lag:.1f} ms late at p99": lag > LARGEST_LAG_MS,
        f"only {len(tally.messages)} messages": len(tally.messages) < FEWEST_MESSAGES,
    }
    return [reason for reason, holds in reasons.items() if holds]


def disagreements(ledger: Ledger) -> dict[str, bool]:
    """Where the kernel's own count is another than the ledger's; nowhere where it does not tell (not Linux)."""
    beyond = {way: getattr(ledger, f"kernel_{way}") - getattr(ledger, f"wire_{way}") for way in ("sent", "received")}
    return {
        f"TCP_INFO counts {abs(size)} bytes {'more' if size > 0 else 'less'} {way} than the ledger": bool(size)
        for way, size in beyond.items()
        if ledger.segments_sent
    }


def keep_latencies(tally: Tally, folder: Path, run_id: str) -> None:
    """Leave the samples in `latency/`: .hgrm for reading, in milliseconds, .hdr for merging, in microseconds."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{run_id}.hgrm").open("wb") as file:
        tally.latency_us.output_percentile_distribution(file, 1000)
    (folder / f"{run_id}.hdr").write_text(tally.latency_us.encode().decode(), encoding="ascii")
