"""What a delivery costs a load generator: this lab's Locust user beside one on websocket-client."""

import contextlib
import time

import psutil

from loadtests.benchmark.bench import SECONDS, SETTLE, TIMEOUT, Load, server, spent
from loadtests.runs.measure import status
from loadtests.runs.processes import Child, RunFailed, start
from results.cpu_breakdown import LAB

LISTENERS, CONNECT_TIMEOUT = Load(300, 20), 30.0
GENERATORS = {
    LAB: ("loadtests/locustfile.py", "WebSocketUser"),
    "websocket-client": ("loadtests/benchmark/peers/websocket_client_user.py", "WebSocketClientUser"),
}


def generator(name: str, url: str, clients: int) -> list[str]:
    """The command line of a plain Locust run, after `python`."""
    file, user = GENERATORS[name]
    users = ["--users", str(clients), "--spawn-rate", str(clients), "--host", url]
    return ["-m", "locust", "-f", file, user, "--headless", "--only-summary", "--loglevel", "ERROR", *users]


def generator_us_per_delivery(name: str, load: Load = LISTENERS) -> float:
    """Microseconds of a load generator's CPU for each message that this lab's server sent it."""
    with contextlib.ExitStack() as children:
        serving = start(children, LAB, server("websocket", LAB, load))
        url = serving.expect("urls", TIMEOUT)["websocket"]
        locust = start(children, name, generator(name, url, load.clients))
        process = psutil.Process(locust.pid)
        children.callback(process.terminate)  # a plain run does not end with its input
        wait_for(load.clients, url, locust)
        serving.send(do="start")
        time.sleep(SETTLE)
        before = spent(process), status(url)["deliveries"]
        time.sleep(SECONDS)
        after = spent(process), status(url)["deliveries"]
        locust.check()
        return (after[0] - before[0]) / (after[1] - before[1]) * 1e6


def wait_for(clients: int, url: str, locust: Child) -> None:
    """Return once all are connected; RunFailed if that takes too long, or Locust ends."""
    deadline = time.monotonic() + CONNECT_TIMEOUT
    while status(url)["clients"] < clients:
        locust.check()
        if time.monotonic() > deadline:
            raise RunFailed(f"{locust.name} did not connect {clients} clients within {CONNECT_TIMEOUT:.0f} s")
        time.sleep(0.1)
