"""A server of the feed, this lab's or a peer's, and its clients: what a delivery costs it, and an idle WebSocket."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass

import psutil

from loadtests.runs.processes import Child, RunFailed, start
from results.cpu_breakdown import ALONE, FLASK, LAB, OTHER

SETTLE, SECONDS, TIMEOUT = 3.0, 5.0, 60.0  # seconds: before measuring, of measuring, at most

POLL_INTERVAL = 0.05  # seconds: as often as messages come, so that each poll brings one


@dataclass(frozen=True)
class Load:
    """Who listens: `clients`, and to what: `rate` messages a second of `size` bytes; polls come every `interval` s."""

    clients: int
    rate: float
    size: int = 142
    interval: float = POLL_INTERVAL


LOADS = {"websocket": Load(1000, 20), "long-polling": Load(100, 5), "polling": Load(100, 1 / POLL_INTERVAL)}
FEW_IDLE, MANY_IDLE = Load(50, 1), Load(1050, 1)
EVENTS = "this lab, server-sent events"
FLOOR = "a bare loop of send"
STARLETTE = {OTHER: "starlette_server", "Starlette on granian": "granian_server"}
HTTP_PEERS = {
    ALONE: "wsgi_server",
    FLASK: "flask_server",
    "this lab under gunicorn": "gunicorn_server",
} | STARLETTE
PEERS = {
    "websocket": {FLOOR: "floor_server", "picows": "picows_server", "websockets, broadcast()": "websockets_server",
                  EVENTS: ""} | STARLETTE,
    "long-polling": HTTP_PEERS,
    "polling": HTTP_PEERS,
}


def server(transport: str, name: str, load: Load) -> list[str]:
    """The command line of a contender, after `python`."""
    clock = ["--rate", str(load.rate), "--size", str(load.size)]
    if name not in (LAB, EVENTS):
        return ["-m", f"loadtests.benchmark.peers.{PEERS[transport][name]}", transport, *clock]
    return ["-m", "servers", served_by(name, transport), "--port", "0", "--controlled", "--arrivals", "even", *clock]


def served_by(name: str, transport: str) -> str:
    """The transport by which a contender serves. The guest pushes, so it is compared with the WebSocket."""
    return "server-sent-events" if name == EVENTS else transport


@dataclass
class Bench:
    """A server and its clients, all of which have had a message."""

    url: str
    process: psutil.Process
    clients: Child

    def count(self) -> dict[str, float]:
        """What the clients have had, and the server's CPU seconds and memory."""
        self.clients.send(do="count")
        cpu = spent(self.process)
        seen = self.clients.expect("counted", TIMEOUT)
        return seen | {"cpu": cpu, "rss_mib": self.process.memory_info().rss / 2**20}

    def pause(self, seconds: float) -> dict[str, float]:
        time.sleep(seconds)
        return self.count()


@contextlib.contextmanager
def bench(transport: str, name: str, load: Load, *options: str) -> Iterator[Bench]:
    """Both processes up, and every client served; RunFailed if one of them breaks down."""
    with contextlib.ExitStack() as children:
        serving = start(children, name, [*server(transport, name, load), *options])
        url = serving.expect("urls", TIMEOUT)[served_by(name, transport)]
        sink = [served_by(name, transport), url, str(load.clients), str(load.size), str(load.interval)]
        clients = start(children, "the clients", ["-m", "loadtests.benchmark.peers.sink", *sink])
        running = Bench(url, psutil.Process(serving.pid), clients)
        serving.send(do="start")
        deadline = time.monotonic() + TIMEOUT
        while running.pause(0.1)["served"] < load.clients:
            serving.check()
            if time.monotonic() > deadline:
                raise RunFailed(f"{name} has not served every client within {TIMEOUT:.0f} s")
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


def spent(process: psutil.Process) -> float:
    """Seconds of CPU that a process and its workers have taken."""
    times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return sum(taken.user + taken.system for taken in times)
