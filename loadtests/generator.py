"""The generator's part in a run: all clients ready, begin, drain, done. Knows Locust only as a runner with messages.

In a plain Locust run the clients go on until they are stopped. In a controlled one (`--controlled FILE`) the lab's
runner leads, a line at a time on standard input: `follow URL` lets the clients connect; `begin` starts a new page in
every ledger, so that warm-up is left out; `drain SEQ` lets each client leave, in order, once it has everything up to
SEQ. Every process hands its tally to the master, and the master writes the sum to FILE.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any, Protocol

import gevent
from gevent.event import Event
from gevent.fileobject import FileObject

from loadtests.tally import Tally

HEARTBEAT = 0.01  # seconds
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
        self._ready = 0
        self._tallies: dict[str, Tally] = {}
        self._finished = Event()
        self._started_at, self._started_cpu = time.monotonic(), time.process_time()
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

    # Messages between the processes; in a single process they come straight back

    def listen(self) -> None:
        """Register for them."""
        for name in ("follow", "ready", "begin", "drain", "tally"):
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
        self._started_at, self._started_cpu = time.monotonic(), time.process_time()

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

    def conduct(self) -> None:
        """Obey the lab's runner; end with it."""
        options = self._environment.parsed_options
        for line in FileObject(sys.stdin.buffer, "rb"):
            words = line.split()
            if words[0] == b"follow":
                self._send("lab-follow", {"url": words[1].decode()})
            elif words[0] == b"begin":
                self._send("lab-begin", {})
                say(begun=True)
            elif words[0] == b"drain":
                self._send("lab-drain", {"newest": int(words[1]), "poll_interval": options.poll_interval})
                self._finished.wait()
                Path(str(self._controlled)).write_text(self.whole().to_json(), encoding="utf-8")
                say(done=True)
        self._environment.runner.quit()

    def whole(self) -> Tally:
        """The sum over the processes so far."""
        return Tally.merged(self._tallies.values() or [self.tally])

    def take(self, client_id: str, tally: str) -> None:
        """Keep a worker's newest tally, in place of the one before."""
        self._tallies[client_id] = Tally.from_json(tally)

    def _send(self, name: str, data: dict[str, Any]) -> None:
        self._environment.runner.send_message(name, data)

    def _processes(self) -> int:
        return max(getattr(self._environment.runner, "worker_count", 1), 1)

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
