"""What a delivery costs, and an idle WebSocket: this lab's server beside the same feed on other servers, then its load
generator beside another WebSocket user; `make benchmark`.

The contenders take turns, so that a slow minute of the machine meets all of them; what counts is a contender's CPU per
delivery beside the lab's of the same round.
"""

import argparse
import contextlib
import socket
import statistics
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import psutil
from rich.console import Console
from rich.progress import track
from rich.table import Table

from clients.connection.websocket import WebSocketConnection
from clients.ledger import Ledger
from loadtests.runs.conduct import status
from loadtests.runs.machine import warn_of_others
from loadtests.runs.processes import Child, RunFailed, start
from servers.serving.limits import raise_descriptors

ROUNDS = 5
SETTLE, SECONDS, TIMEOUT = 3.0, 5.0, 60.0  # seconds: before measuring, of measuring, at most
LAB = "this lab"


@dataclass(frozen=True)
class Load:
    """Who listens: `clients`, and to what: `rate` messages a second of `size` bytes."""

    clients: int
    rate: float
    size: int = 142


LOADS = {"websocket": Load(1000, 20), "long-polling": Load(100, 5), "polling": Load(100, 20)}
FEW_IDLE, MANY_IDLE = Load(50, 1), Load(1050, 1)
CROWD, CROWD_HISTORY, CROWD_SECONDS, FALL_BEHIND = Load(500, 5, 60_000), 40, 10.0, 25.0
STARLETTE = {"Starlette on uvicorn": "starlette_server"}
HTTP_PEERS = {
    "its HTTP server alone": "wsgi_server",
    "a bare Flask on it": "flask_server",
    "this lab under gunicorn": "gunicorn_server",
} | STARLETTE
PEERS = {
    "websocket": {"websockets, broadcast()": "websockets_server"} | STARLETTE,
    "long-polling": HTTP_PEERS,
    "polling": HTTP_PEERS,
}


LISTENERS, CONNECT_TIMEOUT = Load(300, 20), 30.0
GENERATORS = {
    LAB: ("loadtests/locustfile.py", "WebSocketUser"),
    "websocket-client": ("loadtests/benchmark/peers/websocket_client_user.py", "WebSocketClientUser"),
}


def server(transport: str, name: str, load: Load) -> list[str]:
    """The command line of a contender, after `python`."""
    clock = ["--rate", str(load.rate), "--size", str(load.size)]
    if name != LAB:
        return ["-m", f"loadtests.benchmark.peers.{PEERS[transport][name]}", transport, *clock]
    return ["-m", "servers", transport, "--port", "0", "--controlled", "--arrivals", "even", *clock]


@dataclass
class Bench:
    """A server and its clients, all of which have had a message."""

    url: str
    process: psutil.Process
    clients: Child

    def count(self) -> dict[str, float]:
        """What the clients have had, and the server's CPU seconds and memory."""
        self.clients.tell(do="count")
        cpu = spent(self.process)
        seen = self.clients.hear("counted", TIMEOUT)
        return seen | {"cpu": cpu, "rss_mib": self.process.memory_info().rss / 2**20}

    def pause(self, seconds: float) -> dict[str, float]:
        time.sleep(seconds)
        return self.count()


@contextlib.contextmanager
def bench(transport: str, name: str, load: Load, *options: str) -> Iterator[Bench]:
    """Both processes up, and every client served; RunFailed if one of them breaks down."""
    with contextlib.ExitStack() as children:
        serving = start(children, name, [*server(transport, name, load), *options])
        url = serving.hear("urls", TIMEOUT)[transport]
        sink = [transport, url, str(load.clients), str(load.size)]
        clients = start(children, "the clients", ["-m", "loadtests.benchmark.peers.sink", *sink])
        running = Bench(url, psutil.Process(serving.pid), clients)
        serving.tell(do="start")
        while running.pause(0.1)["served"] < load.clients:
            running.clients.check()
        yield running


def cpu_us_per_delivery(transport: str, name: str) -> float:
    """Microseconds of server CPU for each message that reached a client."""
    with bench(transport, name, LOADS[transport]) as running:
        before, after = running.pause(SETTLE), running.pause(SECONDS)
        return (after["cpu"] - before["cpu"]) / (after["deliveries"] - before["deliveries"]) * 1e6


def idle_kib(name: str) -> float:
    """KiB of a server's memory for each WebSocket that is open, and idle but for a message a second."""
    few, many = (memory_mib(name, load) for load in (FEW_IDLE, MANY_IDLE))
    return (many - few) * 1024 / (MANY_IDLE.clients - FEW_IDLE.clients)


def memory_mib(name: str, load: Load) -> float:
    with bench("websocket", name, load) as running:
        return running.pause(SETTLE)["rss_mib"]


def rounds(names: Iterable[str], cost: Callable[[str], float], what: str, console: Console) -> dict[str, list[float]]:
    """What each of these costs, by turns, with a progress bar."""
    found = defaultdict(list)
    for name in track([name for _ in range(ROUNDS) for name in names], f"{what:<13}", console=console):
        found[name].append(cost(name))
    return found


def lines(found: dict[str, list[float]]) -> Iterator[tuple[str, str, str]]:
    """For each contender its name, its costs, and the lab's beside them in the same rounds."""
    for name, costs in found.items():
        ratios = [lab / cost for lab, cost in zip(found[LAB], costs, strict=True)]
        yield name, spread(costs), "" if name == LAB else spread(ratios)


class SlowReader(threading.Thread):
    """A WebSocket client that reads 1 KB a second, until it is told to hurry."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._connection = WebSocketConnection(url, "/messages", Ledger())
        self._connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
        self._hurry = threading.Event()
        self.last = b""  # of what it read

    def run(self) -> None:
        # Past the counting socket, whose ledger is not needed here.
        while data := socket.socket.recv(self._connection.socket, 1 << 20 if self._hurry.is_set() else 100):
            self.last = (self.last + data)[-125:]
            self._hurry.wait(0.1)

    def close_code(self) -> int:
        """Read all that is left; the code of the close frame that ends it (RFC 6455 section 5.5.1), or 0."""
        self._hurry.set()
        self.join(TIMEOUT)
        reason = self.last.rfind(b'{"title"')
        return int.from_bytes(self.last[reason - 2 : reason]) if reason > 1 else 0


def slow_reader(console: Console) -> None:
    """Show what one client that reads 1 KB/s does to the others and to the server's memory."""
    p99, grown, codes = [], [], []
    with bench("websocket", LAB, CROWD, "--history", str(CROWD_HISTORY)) as running:
        running.pause(SETTLE)
        for _ in track(range(ROUNDS), "slow reader  ", console=console):
            before = running.pause(CROWD_SECONDS)
            slow = SlowReader(running.url)
            slow.start()
            running.pause(FALL_BEHIND)  # the kernel's buffers fill, then the feed drops what was not read
            during = running.pause(CROWD_SECONDS)
            p99.append(during["p99_ms"] / before["p99_ms"])
            grown.append(during["rss_mib"] - before["rss_mib"])
            codes.append(slow.close_code())
            running.pause(SETTLE)
    console.print(
        f"One of {CROWD.clients + 1} WebSockets reads 1 KB/s: the others' p99 is {spread(p99)} times what it was, "
        f"the server's memory grows by {spread(grown)} MiB, and the slow one is closed with {sorted(set(codes))}."
    )


def generator(name: str, url: str, clients: int) -> list[str]:
    """The command line of a plain Locust run, after `python`."""
    file, user = GENERATORS[name]
    users = ["--users", str(clients), "--spawn-rate", str(clients), "--host", url]
    return ["-m", "locust", "-f", file, user, "--headless", "--only-summary", "--loglevel", "ERROR", *users]


def generator_us_per_delivery(name: str, load: Load = LISTENERS) -> float:
    """Microseconds of a load generator's CPU for each message that this lab's server sent it."""
    with contextlib.ExitStack() as children:
        serving = start(children, LAB, server("websocket", LAB, load))
        url = serving.hear("urls", TIMEOUT)["websocket"]
        locust = start(children, name, generator(name, url, load.clients))
        process = psutil.Process(locust.pid)
        children.callback(process.terminate)  # a plain run does not end with its input
        wait_for(load.clients, url, locust)
        serving.tell(do="start")
        time.sleep(SETTLE)
        before = spent(process), status(url)["deliveries"]
        time.sleep(SECONDS)
        after = spent(process), status(url)["deliveries"]
        locust.check()
        return (after[0] - before[0]) / (after[1] - before[1]) * 1e6


def wait_for(clients: int, url: str, locust: Child) -> None:
    """Return once so many are connected; RunFailed if that takes too long, or Locust ends."""
    deadline = time.monotonic() + CONNECT_TIMEOUT
    while status(url)["clients"] < clients:
        locust.check()
        if time.monotonic() > deadline:
            raise RunFailed(f"{locust.name} did not connect {clients} clients within {CONNECT_TIMEOUT:.0f} s")
        time.sleep(0.1)


def spent(process: psutil.Process) -> float:
    """Seconds of CPU that a process and its workers have taken."""
    times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return sum(taken.user + taken.system for taken in times)


def compare_generators(console: Console) -> None:
    """Show what a delivery costs this lab's load generator and a Locust user on websocket-client."""
    table = Table("the load generator", "µs of CPU a delivery", "this lab costs … times that")
    for line in lines(rounds(GENERATORS, generator_us_per_delivery, "the generator", console)):
        table.add_row(*line)
    console.print(table)


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def compare_memory(console: Console) -> None:
    """Show what an open WebSocket that has nothing to do takes of each server's memory."""
    table = Table("server", "KiB an idle WebSocket", "this lab takes … times that")
    for line in lines(rounds((LAB, *PEERS["websocket"]), idle_kib, "memory", console)):
        table.add_row(*line)
    console.print(table)


def compare_servers(console: Console) -> None:
    """Show what a delivery costs each server."""
    table = Table("transport", "server", "µs of CPU a delivery", "this lab costs … times that")
    for transport in LOADS:
        cost = partial(cpu_us_per_delivery, transport)
        for line in lines(rounds((LAB, *PEERS[transport]), cost, transport, console)):
            table.add_row(transport, *line)
    console.print(table)


def main() -> int:
    argparse.ArgumentParser(prog="make benchmark", description=__doc__).parse_args()
    console = Console()
    raise_descriptors()
    warn_of_others("benchmark")
    try:
        compare_servers(console)
        compare_memory(console)
        slow_reader(console)
        compare_generators(console)
    except RunFailed as error:
        print(f"benchmark: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
