"""The generator's part in a run: all clients ready, begin, drain, done. Knows Locust only as a runner with messages.

In a plain Locust run the clients go on until they are stopped. In a controlled one (`--controlled FILE`) the lab's
runner leads, a line at a time on standard input: `follow URL` lets the clients connect; `begin` starts a new page in
every ledger, so that warm-up is left out; `drain SEQ` lets each client leave, in order, once it has everything up to
SEQ. Every process hands its tally to the master, and the master writes the sum to FILE.
"""

import json
import math
import os
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import gevent
import psutil
from gevent.event import Event
from gevent.fileobject import FileObject

from loadtests.tally import Tally

HEARTBEAT = 0.01  # seconds
LOOK = 0.5  # seconds between looks at the other processes
DRAIN_TIMEOUT = 20.0  # seconds beyond a poll interval
MARK = "@lab "


class Client(Protocol):
    """What the generator asks of a user."""

    def complete(self, newest: int) -> bool:
        """Whether it has everything up to `newest`, and nothing of its own is under way."""

    def leave(self) -> None:
        """Close its connection in order, and end."""


class Generator:
    """One process of the load generator; the master's also collects the others' tallies."""

    def __init__(self, environment: Any, controlled: str | None) -> None:
        self.tally = Tally()
        self.clients: list[Client] = []
        self.begun = controlled is None
        self.newest: int | None = None
        self.url: str | None = None
        self._led = Event()
        self._environment, self._controlled = environment, controlled
        self._ready = self._begun = 0
        self._phases: list[float] = []
        self._tallies: dict[str, Tally] = {}
        self._finished = Event()
        self._born_at = time.monotonic()
        self._start_clock()
        self._heart = gevent.spawn(self._beat)

    # What users call

    def server(self, otherwise: str) -> str:
        """The address to follow: in a controlled run the lab's runner says it."""
        if self._controlled:
            self._led.wait()
        return self.url or otherwise

    def ready(self, client: Client) -> None:
        """A client had its first answer."""
        self.clients.append(client)
        self._send("lab-ready", {})

    def left(self, client: Client) -> None:
        """A client closed its connection."""
        if client in self.clients:
            self.clients.remove(client)

    def cadence(self, interval: float) -> Iterator[float]:
        """Moments every `interval` seconds, on the monotonic clock, from a random phase on that no other client has."""
        if not self._phases:
            options = self._environment.parsed_options
            self._phases = phases(math.ceil((options.num_users or 1) / self._processes()))
        due = self._born_at + self._phases.pop() * interval
        due += max(math.ceil((time.monotonic() - due) / interval), 0) * interval
        while True:
            yield due
            due += interval

    # Messages between the processes; in a single process they come straight back

    def listen(self) -> None:
        """Register for them."""
        for name in ("follow", "ready", "begin", "begun", "drain", "tally"):
            self._environment.runner.register_message(f"lab-{name}", getattr(self, f"on_{name}"), concurrent=True)

    def on_follow(self, msg: Any, **_: Any) -> None:
        self.url = msg.data["url"]
        self._led.set()

    def on_ready(self, **_: Any) -> None:
        self._ready += 1
        if self._controlled and self._ready == self._environment.parsed_options.num_users:
            say(ready=self._ready)

    def on_begin(self, **_: Any) -> None:
        self.begun = True
        self.tally.lag_us.reset()
        self._start_clock()
        self._send("lab-begun", {})

    def on_begun(self, **_: Any) -> None:
        self._begun += 1
        if self._begun == self._processes():
            say(begun=True)

    def on_drain(self, msg: Any, **_: Any) -> None:
        """Let the clients leave as they become complete, then hand in the tally."""
        self.newest = msg.data["newest"]
        self._measure_cpu()
        with gevent.Timeout(DRAIN_TIMEOUT + msg.data["poll_interval"], False):
            while self.clients:
                for client in [c for c in self.clients if c.complete(self.newest)]:
                    client.leave()
                gevent.sleep(HEARTBEAT)
        for client in list(self.clients):
            client.leave()
        self._send("lab-tally", {"tally": self.tally.to_json()})

    def on_tally(self, msg: Any, **_: Any) -> None:
        self._tallies[msg.node_id] = Tally.from_json(msg.data["tally"])
        if len(self._tallies) == self._processes():
            self._finished.set()

    # The master's side

    def watch_workers(self) -> None:
        """From now on, end the run at once if a worker ends before it is done."""
        workers = self._environment.parsed_options.processes or 0
        self._watch = gevent.spawn(end_with_children, psutil.Process().children(), workers)

    def conduct(self) -> None:
        """Obey the lab's runner; end with it."""
        options = self._environment.parsed_options
        for line in FileObject(sys.stdin.buffer, "rb"):
            words = line.split()
            if words[0] == b"follow":
                self._send("lab-follow", {"url": words[1].decode()})
            elif words[0] == b"begin":
                self._start_clock()
                self._send("lab-begin", {})
            elif words[0] == b"drain":
                self._measure_cpu()
                self._send("lab-drain", {"newest": int(words[1]), "poll_interval": options.poll_interval})
                self._finished.wait()
                Path(str(self._controlled)).write_text(self.whole().to_json(), encoding="utf-8")
                say(done=True)
        self._watch.kill()
        self._environment.runner.quit()

    def whole(self) -> Tally:
        """The sum over the processes so far; of a master without clients only what it took of a core."""
        return Tally.merged(self._tallies.values() or [self.tally]).beside(self.tally.cpu_share)

    def take(self, client_id: str, tally: str) -> None:
        """Keep a worker's newest tally, in place of the one before."""
        self._tallies[client_id] = Tally.from_json(tally)

    def _send(self, name: str, data: dict[str, Any]) -> None:
        self._environment.runner.send_message(name, data)

    def _processes(self) -> int:
        """How many processes have clients, as the command line says: one that is lost is waited for, and so noticed."""
        return max(self._environment.parsed_options.processes or 1, 1)

    def _start_clock(self) -> None:
        self._started_at, self._started_cpu = time.monotonic(), time.process_time()

    def _measure_cpu(self) -> None:
        elapsed = max(time.monotonic() - self._started_at, 1e-9)
        self.tally.cpu_share = (time.process_time() - self._started_cpu) / elapsed

    def _beat(self) -> None:
        """Measure how late this process comes to what it meant to do."""
        while True:
            due = time.monotonic() + HEARTBEAT
            gevent.sleep(HEARTBEAT)
            self.tally.lag_us.record_value(max(round((time.monotonic() - due) * 1e6), 1))


def say(**what: Any) -> None:
    """Tell the lab's runner, on standard output."""
    print(MARK + json.dumps(what), flush=True)


def phases(clients: int) -> list[float]:
    """A random phase in [0, 1) for each client, in random order, one in each `clients`-th part of the interval.

    Each phase by itself is anywhere in the interval; their mean varies far less than that of independent ones would.
    """
    return random.sample([(part + random.random()) / clients for part in range(clients)], clients)


def end_with_parent(parent: int) -> None:
    """In a process that `parent` has forked: end when it has ended, however it did."""
    while os.getpid() != parent:
        if os.getppid() != parent:
            os._exit(1)
        gevent.sleep(LOOK)


def end_with_children(children: list[psutil.Process], wanted: int) -> None:
    """End this process as soon as one of its children has ended, or at once if there are too few; so do the others."""
    while len(children) >= wanted and all(map(alive, children)):
        gevent.sleep(LOOK)
    print("one of its worker processes has ended", file=sys.stderr, flush=True)
    os._exit(1)  # Locust would wait for the one that is gone


def alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
