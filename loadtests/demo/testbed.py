"""The servers of the demonstration and a link with a tap in front of each: started, changed, cut, killed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import gevent

from loadtests.demo.settings import Settings
from loadtests.runs.processes import Child, RunFailed, start
from results.transports import COMPARED, WITH_GUESTS

START_TIMEOUT = 30.0  # seconds
AWAY_S = 2.0  # that killed servers are away
SCRIPTS = "scripts"  # the lane of the playground's server


@dataclass
class Lane:
    """A server behind a link: the port at which a browser reaches it, and what the tap has reported last."""

    name: str
    link: Child
    port: int
    tapped: dict[str, Any] | None = None


@dataclass
class Testbed:
    """All servers, in one process, and all links. For greenlets of one thread."""

    children: ExitStack
    host: str
    first_port: int  # of the lanes; 0 for free ones
    guests: bool
    settings: Settings
    scripts: str  # where the playground's server is, as HOST:PORT
    on_failure: Callable[[RunFailed], object]  # called if a process ends that is needed
    lanes: dict[str, Lane] = field(default_factory=dict)
    running: bool = False  # whether the servers answer

    def start(self) -> None:
        """Start everything; RunFailed if something does not start."""
        self._ports = ["0"] * len(self.transports)
        self._serve()
        targets = {name: urlsplit(self.urls[name]).netloc for name in self.transports} | {SCRIPTS: self.scripts}
        for number, (name, target) in enumerate(targets.items()):
            self.lanes[name] = self._lane(name, target, self.first_port and self.first_port + number)

    @property
    def transports(self) -> tuple[str, ...]:
        return WITH_GUESTS if self.guests else COMPARED

    def _serve(self) -> None:
        arguments = ["-m", "servers", "--controlled", "--source", "none", "--host", self.host]
        arguments += ["--connections-per-address", "100000", "--ports", ",".join(self._ports)]
        self.server = start(self.children, "the servers", arguments + ["--guests"] * self.guests)
        self.urls: dict[str, str] = self.server.expect("urls", START_TIMEOUT)
        self._ports = [str(urlsplit(url).port) for url in self.urls.values()]
        self.running = True

    def _lane(self, name: str, target: str, port: int) -> Lane:
        listen = f"[{self.host}]:{port}" if ":" in self.host else f"{self.host}:{port}"
        arguments = ["-m", "loadtests.link", "--controlled", "--tap", "--listen", listen, "--to", target]
        arguments += ["--delay-ms", str(self.settings.rtt_ms / 2), "--rate-mbps", str(self.settings.link_mbps)]
        link = start(self.children, f"the link to {name}", arguments)
        return Lane(name, link, urlsplit(f"//{link.expect('url', START_TIMEOUT)}").port or 0)

    def read_taps(self) -> None:
        """Begin to take what the taps report."""
        for lane in self.lanes.values():
            gevent.spawn(self._reported, partial(self._read, lane))

    def _read(self, lane: Lane) -> None:
        while True:
            report = lane.link.expect("tap", START_TIMEOUT)
            before = lane.tapped["entries"] if lane.tapped else []
            lane.tapped = report | {"entries": before + report["entries"]}

    def _reported(self, work: Callable[[], None]) -> None:
        """Do something in the background, and report it if a process that it needs ends."""
        try:
            work()
        except RunFailed as error:
            self.on_failure(error)

    def take_entries(self) -> None:
        """Forget the exchanges that were shown."""
        for lane in self.lanes.values():
            if lane.tapped:
                lane.tapped = lane.tapped | {"entries": []}

    def use(self, settings: Settings) -> None:
        """Let the links be as far and as slow as the settings say."""
        self.settings = settings
        for lane in self.lanes.values():
            lane.link.send(delay=settings.rtt_ms / 2)
            lane.link.send(rate=settings.link_mbps)

    def clear(self) -> None:
        """Let the taps count from now on."""
        for lane in self.lanes.values():
            lane.link.send(clear=True)
            lane.tapped = None

    def cut(self, seconds: float) -> None:
        """Let nothing pass for some seconds; the connections stay."""
        for lane in self.lanes.values():
            lane.link.send(cut=seconds)

    def kill_servers(self) -> None:
        """Kill the servers, and start others on the same ports a moment later: they have a new feed."""
        if not self.running:
            return
        self.running = False
        self.server.kill()
        gevent.spawn_later(AWAY_S, self._reported, self._serve)
