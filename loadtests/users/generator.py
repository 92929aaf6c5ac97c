"""One process of the load generator: its clients, its tally, its clock. Knows Locust only as a runner with messages.

In a plain Locust run the clients go on until they are stopped. In a controlled run (`--controlled`, see `leading`) the
clients connect first. Where the window begins, and where it ends, all byte counters switch to another page. Each client
leaves, in order, once it has the last message. Every process then sends its tally to the master.
"""

import os
import time
from collections.abc import Callable
from dataclasses import replace
from math import inf
from typing import Any, Protocol

import gevent
from gevent.event import Event

from clients.ledger import Ledger
from loadtests.runs.hosts import OTHER_HOST
from loadtests.runs.tally import Tally
from loadtests.users.clocks import EXCHANGES, Offset, bound_over, offset_of

HEARTBEAT = 0.01  # seconds
ALWAYS, BEFORE_ALL = (-inf, inf), (inf, inf)  # spans in which messages are sampled: all of them, or none yet
MESSAGES = ("follow", "ready", "window", "scheduled", "quiesce", "quiesced", "drain", "tally", "clock", "time")
LEAVE_TIMEOUT = 5.0  # seconds that a client may take to close its connection


class Client(Protocol):
    """What the generator asks of a user."""

    number: int
    ledger: Ledger
    joining: Ledger
    window: Ledger
    rest: Ledger

    def turn(self, page: Ledger) -> None:
        """Book on that page from here on."""

    def complete(self, newest: int) -> bool:
        """Whether it has everything up to `newest`, and no request under way."""

    def leave(self) -> None:
        """Close its connection in order, and end."""

    def leave_soon(self) -> None:
        """Leave now if nothing is under way, else with the next response."""

    @property
    def sending(self) -> bool:
        """Whether something that it has sent is still under way."""


class Generator:
    """One process of the load generator; the master's also collects the others' tallies."""

    def __init__(self, environment: Any, controlled: bool) -> None:
        self.environment = environment
        self.tally = Tally(span=BEFORE_ALL if controlled else ALWAYS)
        self.clients: list[Client] = []
        self.shown = not controlled  # whether Locust's table is looked at
        self.newest: int | None = None
        self.quiesced = False  # clients send no more
        self.url: str | None = None
        self.finished = Event()  # every process has handed in its tally
        self.ready_clients = CountingEvent()
        self.scheduled_processes, self.quiesced_processes = CountingEvent(), CountingEvent()
        self.stopping = False  # clients leave with their next response
        environment.events.test_stopping.add_listener(self.on_stopping)
        self._controlled, self._led = controlled, Event()
        self._on_other_host, self._exchanges = OTHER_HOST in os.environ, list[tuple[float, float, float]]()
        self._offset, self._answered = Offset(), Event()
        self._tallies: dict[str, Tally] = {}
        self.start_clock()
        self._beating = gevent.spawn(self._beat)
        for name in MESSAGES:
            environment.runner.register_message(f"lab-{name}", getattr(self, f"on_{name}"), concurrent=True)

    def on_stopping(self, **_: Any) -> None:
        """Let all leave at once where Locust would let them go on until `--stop-timeout` ends: nothing more counts."""
        if self.environment.stop_timeout:
            self.stopping = self.quiesced = True
            for client in list(self.clients):
                client.leave_soon()

    # What users call

    def server(self, otherwise: str) -> str:
        """The address to follow: in a controlled run the lab's runner says it."""
        if self._controlled:
            self._led.wait()
        return self.url or otherwise

    def ready(self, client: Client) -> None:
        """A client had its first response: it has joined."""
        client.number = self.tally.clients
        self.tally.clients += 1
        self.clients.append(client)
        client.turn(client.rest if self._controlled else client.window)
        self.send("lab-ready", {})

    def left(self, client: Client) -> None:
        """A client closed its connection."""
        if client in self.clients:
            self.clients.remove(client)

    # Messages between the processes; in a single process they come straight back

    def send(self, name: str, data: dict[str, Any]) -> None:
        self.environment.runner.send_message(name, data)

    def on_follow(self, msg: Any, **_: Any) -> None:
        self._offset = self._measured_offset()
        self.url = msg.data["url"]
        self._led.set()

    def on_ready(self, **_: Any) -> None:
        self.ready_clients.add()

    def on_window(self, msg: Any, **_: Any) -> None:
        self.tally.span = msg.data["begin"], msg.data["end"]
        self.at(msg.data["begin"], self.start_window)
        self.at(msg.data["end"], self.end_window)
        self.send("lab-scheduled", {})

    def start_window(self) -> None:
        """Begin the window."""
        self.tally.lag_us.reset()
        self.start_clock()
        for client in self.clients:
            client.turn(client.window)
        self.note_switch_delay(self.tally.span[0])

    def end_window(self) -> None:
        """End the window."""
        for client in self.clients:
            client.turn(client.rest)
        self.measure_cpu()
        self.note_switch_delay(self.tally.span[1])
        self._beating.kill()

    def note_switch_delay(self, moment: float) -> None:
        """Keep how long after its moment a page was turned for all clients."""
        self.tally.turned_late_s = max(self.tally.turned_late_s, self.master_time(time.time()) - moment)

    def on_scheduled(self, **_: Any) -> None:
        self.scheduled_processes.add()

    def on_quiesce(self, msg: Any, **_: Any) -> None:
        """Let no client send any more; answer when nothing that was sent is under way."""
        self.quiesced = True
        with gevent.Timeout(msg.data["within"], False):
            while any(client.sending for client in self.clients):
                gevent.sleep(HEARTBEAT)
        self.send("lab-quiesced", {})

    def on_quiesced(self, **_: Any) -> None:
        self.quiesced_processes.add()

    def on_drain(self, msg: Any, **_: Any) -> None:
        """Let the clients leave as they become complete, then hand in the tally."""
        self.newest = msg.data["newest"]
        self.release_clients(msg.data["within"], lambda client: client.complete(msg.data["newest"]))
        self.release_clients(LEAVE_TIMEOUT, lambda client: True)
        self.tally.clock_bound_s = bound_over(self._offset, self._measured_offset())
        self.send("lab-tally", {"tally": self.tally.as_values()})

    def release_clients(self, within: float, wanted: Callable[[Client], bool]) -> None:
        """Let the clients leave as they become what is wanted; return when all have handed in what they counted."""
        with gevent.Timeout(within, False):
            while self.clients:
                for client in filter(wanted, list(self.clients)):
                    client.leave()
                gevent.sleep(HEARTBEAT)

    def on_tally(self, msg: Any, **_: Any) -> None:
        self.keep_tally(msg.node_id, msg.data["tally"])
        if len(self._tallies) == self.processes:
            self.finished.set()

    # The clock of another host

    def master_time(self, moment: float) -> float:
        """A moment of this machine's Unix time, by the master's clock, which is the server's, too."""
        return moment + self._offset.seconds

    def _measured_offset(self) -> Offset:
        """How far this machine's clock is from the master's; nothing, where that is the same machine."""
        if not self._on_other_host:
            return Offset()
        self._exchanges.clear()
        for _ in range(EXCHANGES):
            self._answered.clear()
            self.environment.runner.send_message("lab-clock", {"sent": time.time()})
            self._answered.wait(LEAVE_TIMEOUT)
        return offset_of(self._exchanges)

    def on_clock(self, msg: Any, **_: Any) -> None:
        """In the master: answer with the time."""
        told = {"sent": msg.data["sent"], "time": time.time()}
        self.environment.runner.send_message("lab-time", told, client_id=msg.node_id)

    def on_time(self, msg: Any, **_: Any) -> None:
        self._exchanges.append((msg.data["sent"], msg.data["time"], time.time()))
        self._answered.set()

    # The master's side

    def keep_tally(self, client_id: str, tally: dict[str, Any]) -> None:
        """Keep a process's newest tally, in place of the one before."""
        self._tallies[client_id] = Tally.from_values(tally)

    def merged_tally(self) -> Tally:
        """The sum over the processes so far; a master without clients adds only its share of a core."""
        return Tally.merged(self._tallies.values() or [self.current_tally()]).with_cpu_share_at_least(
            self.tally.cpu_share
        )

    def current_tally(self) -> Tally:
        """The tally, with the bytes of clients that are still following."""
        joining = sum((client.joining for client in self.clients), self.tally.joining)
        window = sum((client.window for client in self.clients), self.tally.ledger)
        return replace(self.tally, joining=joining, ledger=window)

    @property
    def processes(self) -> int:
        """How many processes have clients, by the command line: a lost one is waited for, and so noticed."""
        options = self.environment.parsed_options
        return max(options.processes or options.expect_workers or 1, 1)

    # The process's own clock

    def at(self, moment: float, act: Callable[[], None]) -> None:
        """Act at that Unix time, which is the master's."""
        gevent.spawn_later(max(moment - self.master_time(time.time()), 0), act)

    def start_clock(self) -> None:
        self._started_at, self._started_cpu = time.monotonic(), time.process_time()

    def measure_cpu(self) -> None:
        elapsed = max(time.monotonic() - self._started_at, 1e-9)
        self.tally.cpu_share = (time.process_time() - self._started_cpu) / elapsed

    def _beat(self) -> None:
        """Measure how late this process comes to what it meant to do."""
        while True:
            due = time.monotonic() + HEARTBEAT
            gevent.sleep(HEARTBEAT)
            self.tally.lag_us.record_value(max(round((time.monotonic() - due) * 1e6), 1))


class CountingEvent:
    """A count, and a wait until it has come to a number."""

    def __init__(self) -> None:
        self._count, self._changed = 0, Event()

    def add(self) -> None:
        self._count += 1
        self._changed.set()

    def wait(self, wanted: int) -> None:
        while self._count < wanted:
            self._changed.clear()
            self._changed.wait()
