"""What a delivery costs several processes with one feed in Redis, what Redis pays, and how clients are shared."""

import statistics
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import numpy as np
import psutil
import redis as redis_client
from rich.console import Console
from rich.progress import track
from rich.table import Table

from loadtests import redis_server
from loadtests.benchmark.bench import Bench, Load, bench
from results.cpu_breakdown import LAB

COUNTS = (1, 2, 4)
ROUNDS, SETTLE, SECONDS = 3, 3.0, 5.0
LOADS = {"websocket": Load(1000, 10), "long-polling": Load(1000, 1), "polling": Load(1000, 2, interval=1.0)}

Sample = dict[str, float]


def measure_processes(console: Console) -> dict[str, dict[str, Sample]]:
    """Show and return, by transport and number of processes, medians of `measure`. RunFailed without a Redis."""
    each = [(transport, count) for _ in range(ROUNDS) for transport in LOADS for count in COUNTS]
    samples: dict[tuple[str, int], list[Sample]] = {}
    for transport, count in track(each, "processes    "):
        samples.setdefault((transport, count), []).append(measure(transport, count))
    found: dict[str, dict[str, Sample]] = {transport: {} for transport in LOADS}
    for (transport, count), several in samples.items():
        found[transport][str(count)] = {name: statistics.median(one[name] for one in several) for name in several[0]}
    console.print(table_of(found))
    return found


def measure(transport: str, count: int) -> Sample:
    """Serve the load with `count` processes.

    `cpu_us_per_delivery` is of all of them; `busiest_share` the clients of the fullest process over an even share;
    `redis_us_per_s` and `redis_bytes_per_s` are Redis's CPU and what it sends, at `rate_hz` messages a second.
    """
    load = LOADS[transport]
    with redis_server.running() as redis, redis_client.Redis(port=redis.port) as asked:
        options = "--processes", str(count), "--feed", redis.url, "--connections-per-address", str(2 * load.clients)
        with bench(transport, LAB, load, *options) as running:
            time.sleep(SETTLE)
            before, first, second = running.count(), redis_costs(asked), redis_costs(asked)
            time.sleep(SECONDS)
            after, last = running.count(), redis_costs(asked)
            shares = list(clients_of_each(running))
    deliveries = after["deliveries"] - before["deliveries"]
    cpu_s, sent = last - second - (second - first)  # what asking costs is counted when asked again
    return {
        "clients": load.clients,
        "rate_hz": load.rate,
        "cpu_us_per_delivery": (after["cpu"] - before["cpu"]) / deliveries * 1e6,
        "busiest_share": max(shares) / (sum(shares) / count),
        "redis_us_per_s": max(cpu_s, 0.0) / SECONDS * 1e6,
        "redis_bytes_per_s": max(sent, 0.0) / SECONDS,
    }


def redis_costs(asked: redis_client.Redis) -> np.ndarray:
    """Seconds of CPU that Redis has taken, and bytes that it has sent."""
    cpu, stats = asked.info("cpu"), asked.info("stats")
    return np.array([cpu["used_cpu_user"] + cpu["used_cpu_sys"], stats["total_net_output_bytes"]], dtype=float)


def clients_of_each(running: Bench) -> Iterator[int]:
    """How many connections each serving process has."""
    port = urlsplit(running.url).port
    for worker in running.process.children() or [running.process]:  # a single one serves itself
        connections = worker.net_connections("tcp")
        yield sum(each.status == psutil.CONN_ESTABLISHED and each.laddr.port == port for each in connections)


def table_of(found: dict[str, dict[str, Sample]]) -> Table:
    shown = Table("transport", "processes", "µs of CPU a delivery", "fullest process, times an even share",
                  "Redis: µs of CPU a second", "bytes a second")  # fmt: skip
    for transport, by_count in found.items():
        for count, one in by_count.items():
            shown.add_row(transport, count, f"{one['cpu_us_per_delivery']:.1f}", f"{one['busiest_share']:.2f}",
                          f"{one['redis_us_per_s']:,.0f}", f"{one['redis_bytes_per_s']:,.0f}")  # fmt: skip
    return shown
