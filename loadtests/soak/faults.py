"""Clients whose connections break: does each hold every message once and in order, or know of a gap?"""

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import psutil

from loadtests.runs.processes import Child, start
from loadtests.soak.checked_client import CheckedClient
from loadtests.soak.outcome import Outcome
from results.transports import COMPARED

LINKS, OF_EACH = 10, 5  # links for each transport, and clients on each link
RATE_HZ = 5.0
START_TIMEOUT, DRAIN_TIMEOUT = 30.0, 90.0  # seconds
SPACING_S, AWAY_S = 0.1, 0.5  # between two faults; that a killed server is away


@dataclass
class Group:
    """Clients of one transport behind one link."""

    link: Child
    clients: list[CheckedClient]


class Testbed:
    """Servers, links and clients; `faults` counts what was done to them."""

    def __init__(self, children: ExitStack, chance: random.Random, options: Sequence[str]) -> None:
        self._children, self._chance, self._options = children, chance, options
        self._ports = ["0", "0", "0"]
        self._serve()
        self.groups = [self._group(transport) for transport in COMPARED for _ in range(LINKS)]
        self.faults: Counter[str] = Counter()
        self._wait(START_TIMEOUT, lambda client: client.seq > 0)  # a client that has never been answered gives up

    def _serve(self) -> None:
        arguments = ["--source", "clock", "--rate", str(RATE_HZ), "--ports", ",".join(self._ports), "--controlled"]
        self.server = start(self._children, "the server", ["-m", "servers", *arguments, *self._options])
        self._urls = self.server.expect("urls", START_TIMEOUT)
        self._ports = [url.rpartition(":")[2] for url in self._urls.values()]
        self.server.send(do="start")

    def _group(self, transport: str) -> Group:
        link = start(self._children, "a link", ["-m", "loadtests.link", "--to", self._urls[transport], "--controlled"])
        url = link.expect("url", START_TIMEOUT)
        return Group(link, [CheckedClient(transport, url) for _ in range(OF_EACH)])

    def break_something(self) -> None:
        """One fault: to all clients of a link, or, seldom, to everybody."""
        group, seconds = self._chance.choice(self.groups), round(self._chance.uniform(0.1, 5.0), 3)
        kind = self._chance.choices(["reset", "cut", "half-open", "paused", "killed"], [30, 30, 10, 28, 2])[0]
        self.faults[kind] += 1
        match kind:
            case "reset":
                group.link.send(reset=0)
            case "cut":
                group.link.send(cut=seconds)
            case "half-open":
                group.link.send(halve=True)
            case "paused":
                for client in group.clients:
                    client.pause(seconds)
            case "killed" if workers := psutil.Process(self.server.pid).children():
                self._chance.choice(workers).kill()  # it is replaced
            case "killed":
                self.server.kill()
                time.sleep(AWAY_S)
                self._serve()

    def drain(self) -> None:
        """Stop publishing, and wait until each client has the last message."""
        self.server.send(do="stop")
        last = self.server.expect("stopped_at", START_TIMEOUT)
        self._wait(DRAIN_TIMEOUT, lambda client: client.seq == last)
        for client in self.clients:
            if client.seq != last:
                client.faults.append(f"at {client.seq} when the feed ended at {last}")

    @property
    def clients(self) -> list[CheckedClient]:
        """All of them."""
        return [client for group in self.groups for client in group.clients]

    def _wait(self, seconds: float, wanted: Callable[[CheckedClient], bool]) -> None:
        """Return when `wanted` holds for all clients, or the time is over."""
        deadline = time.monotonic() + seconds
        while not all(map(wanted, self.clients)) and time.monotonic() < deadline:
            time.sleep(0.05)

    def outcomes(self) -> list[Outcome]:
        """How each transport came through, in the order of the table of transports."""
        found = {transport: Outcome(transport) for transport in COMPARED}
        for client in self.clients:
            of = found[client.transport]
            of.clients, of.deliveries = of.clients + 1, of.deliveries + len(client.latencies)
            of.gaps, of.wrong = of.gaps + client.gaps, of.wrong + client.faults
        return list(found.values())


def inject_faults(
    faults: int, seed: int, advance: Callable[[], object], options: Sequence[str] = ()
) -> tuple[list[Outcome], Counter[str]]:
    """Inject `faults` faults; return the outcome for the clients, and the faults by kind. `options` are the servers'.

    The same `seed` does the same, at other moments of what the clients are doing. RunFailed if a process ends.
    """
    with ExitStack() as children:
        stage = Testbed(children, random.Random(seed), options)
        began = time.monotonic()
        for number in range(faults):
            time.sleep(max(began + number * SPACING_S - time.monotonic(), 0))
            stage.break_something()
            advance()
        stage.drain()
        return stage.outcomes(), stage.faults
