"""What each attack does to a healthy client of each transport: its latency, its losses; and the server's memory."""

import http.client
import statistics
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import psutil

from loadtests.runs.processes import Child, RunFailed, start
from loadtests.soak.attacks import ATTACKS
from loadtests.soak.checked_client import CheckedClient
from results.transports import COMPARED
from servers.sources import padding

RATE_HZ, SIZE, POLL_INTERVAL_S = 50.0, 142, 0.02
HISTORY, FILLED = 1000, 900
"""Messages that the server keeps, and those that are there at first: the rest leaves clients two seconds to join. So
the history is full before an attack; a feed that still grows would look like memory that the attack leaves."""
QUIET_S, AFTER_S = 5.0, 60.0  # before an attack; after it, at most, until the memory is back
START_TIMEOUT = 30.0
LATE_S, TIMES = 0.050, 3.0  # a healthy client's p99 stays below 50 ms, or below three times its value before
TRIES, STOLEN = 3, 0.5  # attempts at most; per cent of CPU time taken by the host, above which an attack is repeated
MOST_BYTES, BACK = 256 * 2**20, 1.10  # what an attack may make the server take; what it may leave of it


@dataclass
class Impact:
    """One attack, and how often it was tried.

    `before` and `during` are p99 latencies in seconds by transport. `stolen` is the per cent of CPU time that the host
    took away. `rss` is bytes of memory: before, at most, after.
    """

    attack: str
    tried: int = 0
    before: dict[str, float] = field(default_factory=dict)
    during: dict[str, float] = field(default_factory=dict)
    stolen: float = 0.0
    rss: list[int] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    @property
    def wrong(self) -> list[str]:
        """What must not be."""
        late = [
            f"{name} {1000 * self.during[name]:.0f} ms late, {1000 * self.before[name]:.0f} before"
            for name in COMPARED
            if self.during[name] > max(LATE_S, TIMES * self.before[name])
        ]
        before, most, after = self.rss
        grown = [f"{(most - before) / 2**20:.0f} MiB taken"] * (most - before > MOST_BYTES)
        kept = [f"{(after - before) / 2**20:.0f} MiB kept"] * (after > BACK * before)
        return [f"{self.attack}: {what}" for what in (*late, *self.lost, *grown, *kept)]


def measure_impact(attack: str, seconds: float) -> Impact:
    """Run an attack for `seconds`; RunFailed if the server ends."""
    with ExitStack() as children:
        options = ["--source", "clock", "--rate", str(RATE_HZ), "--size", str(SIZE), "--history", str(HISTORY),
                   "--ports", "0,0,0", "--deflate", "--controlled"]  # fmt: skip
        server = start(children, "the server", ["-m", "servers", *options])
        urls = server.expect("urls", START_TIMEOUT)
        fill_history(urls["polling"])
        server.send(do="start")
        clients = [CheckedClient(name, urls[name], POLL_INTERVAL_S) for name in COMPARED]
        watch_memory(server, 1.0)  # until everybody is there
        found, rss = Impact(attack), watch_memory(server, QUIET_S, clients)
        found.before, before = latency_p99_s(clients), max(rss)
        ports = [url.rpartition(":")[2] for url in urls.values()]
        attacker = start(children, "the attack", ["-m", "loadtests.soak.attacks", attack, *ports])
        psutil.cpu_times_percent()
        most = max(watch_memory(server, seconds, clients))
        found.during, found.stolen = latency_p99_s(clients), getattr(psutil.cpu_times_percent(), "steal", 0.0)
        attacker.send(do="count")
        found.tried = attacker.expect("tried", START_TIMEOUT)
        attacker.end()
        after = memory_after(server, BACK * before)
        found.rss = [before, most, after]
        found.lost = [f"{each.transport}: {what}" for each in clients for what in each.faults]
        found.lost += [f"{each.transport} was told of a gap" for each in clients if each.gaps]
        return found


def fill_history(url: str) -> None:
    """Publish FILLED messages of the size of the clock's."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=START_TIMEOUT)
    for seq in range(1, FILLED + 1):
        connection.request("POST", "/messages", padding(SIZE, seq), {"Content-Type": "text/plain"})
        connection.getresponse().read()
    connection.close()


def watch_memory(server: Child, seconds: float, clients: list[CheckedClient] | None = None) -> list[int]:
    """Let time pass; the server's memory meanwhile. What clients have noted before is forgotten."""
    for client in clients or []:
        client.latencies.clear()
    seen, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        server.check()
        seen.append(rss_of(server))
        time.sleep(0.05)
    return seen


def memory_after(server: Child, wanted: float) -> int:
    """Return the server's memory once it is down to `wanted` bytes, or after AFTER_S; RunFailed if the server ends."""
    deadline = time.monotonic() + AFTER_S
    while (after := watch_memory(server, 0.2)[-1]) > wanted and time.monotonic() < deadline:
        pass
    return after


def rss_of(server: Child) -> int:
    """Bytes; RunFailed where there are none, since the process has ended: a dead one is no sign that memory is back."""
    try:
        rss = int(psutil.Process(server.pid).memory_info().rss)
    except psutil.NoSuchProcess:
        rss = 0
    if not rss:
        server.check()
        raise RunFailed("the server has ended")
    return rss


def latency_p99_s(clients: list[CheckedClient]) -> dict[str, float]:
    """The 99th percentile of what each client has noted; RunFailed if one has had next to nothing."""
    for each in clients:
        if len(each.latencies) < 2:
            raise RunFailed(f"the healthy client of {each.transport} has had no messages")
    return {each.transport: statistics.quantiles(list(each.latencies), n=100)[98] for each in clients}


def run_attacks(seconds: float, advance: Callable[[], object]) -> list[Impact]:
    """Run each attack for `seconds`; repeat it if the host took CPU time from this machine."""
    found = []
    for attack in ATTACKS:
        for _ in range(TRIES):
            tried = measure_impact(attack, seconds)
            if tried.stolen <= STOLEN:
                break
        found.append(tried)
        advance()
    return found
