"""One run: processes up, clients joined, publishing, warm-up, the window, drain, processes down."""

import json
import math
import os
import ssl
import time
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from loadtests.experiments.experiment import RunInProgress, watch
from loadtests.experiments.run import PACKETS, Run
from loadtests.headers.profiles import PROFILES
from loadtests.packets.devices import FAR
from loadtests.runs.cpu import cpu_seconds
from loadtests.runs.floor import PAUSE_S
from loadtests.runs.hosts import Hosts
from loadtests.runs.line import START_TIMEOUT, DelayLine, Line
from loadtests.runs.packet_path import PacketPath
from loadtests.runs.ports import free_port
from loadtests.runs.processes import Checked, Child, RunFailed, start
from loadtests.runs.row import Outcome
from loadtests.runs.tally import Tally
from results.transports import TRANSPORTS

AUTHORITY = "authority.pem"  # in the scratch folder: whom the clients of a run over TLS trust
DRAIN_TIMEOUT = 20.0  # seconds that clients have, beyond a poll interval, to come to the last message
HOSTS_TIMEOUT = 600.0  # seconds in which all other hosts have come
CONNECT_TIME = 0.02  # seconds more for each client, of which a server on a busy machine takes half
MOST_CLIENTS = 400  # of one process of Locust
STEP_S = 0.05  # that the clock may move otherwise than time: more than what keeps it right moves it in a run
STEP = 0.1  # seconds between looks at the clock and at the processes

Progress = Callable[[float], Any]  # is told the seconds of a run that have passed


class WallClock:
    """The machine's clock, which all processes of a run read: it must not be set during the run."""

    def __init__(self) -> None:
        self._ahead = self._now_ahead()

    @staticmethod
    def _now_ahead() -> float:
        return time.time() - time.monotonic()

    def check(self) -> None:
        if abs(step := self._now_ahead() - self._ahead) > STEP_S:
            raise RunFailed(f"the clock of this machine was set by {step:+.1f} s in mid-run: measure again")


@dataclass
class RunningProcesses:
    """What runs during a run: a `RunInProgress` for the experiment. `now` is the Unix time that it has come to.

    `cpu` are what the server's CPU clock showed where the window began, and when that was; None once it is another
    server's. `fault_ended_at` is the Unix time at which a fault was over.
    """

    run: Run
    server: Child
    load: Child
    line: Line
    progress: Progress
    url: str
    authority: Path
    started: ExitStack
    now: float = field(init=False)
    clock: WallClock = field(default_factory=WallClock)
    cpu: tuple[float, float] | None = None
    fault_ended_at: float | None = None

    @property
    def blamed_first(self) -> list[Checked]:
        """The server and the line: whatever ends there, Locust must not be blamed for it."""
        return [self.server, self.line]

    def pass_time(self, seconds: float) -> None:
        self._pass_time(seconds, [self.clock, self.load, *self.blamed_first])

    def restart_server(self, away_s: float) -> None:
        self.server.kill()
        self.cpu = None
        self._pass_time(away_s, [self.clock, self.load, self.line])
        again = server_arguments(self.run, self.authority, urlsplit(self.url).port or 0)
        self.server = start(self.started, self.server.name, again, self.line.server_prefix)
        self.server.expect("urls", START_TIMEOUT)
        self.server.send(do="start")

    def _pass_time(self, seconds: float, watched: Sequence[Checked]) -> None:
        self.now += seconds
        pass_time(self.now - time.time(), watched, self.progress)

    def begin_upload(self) -> None:
        self.line.begin_upload()

    def recovered(self) -> None:
        self.fault_ended_at = time.time()

    def cpu_share(self) -> float | None:
        """Cores that the server has taken since the window began; None if it is not the same server."""
        if self.cpu is None:
            return None
        before, began = self.cpu
        return (cpu_seconds(self.server.pid) - before) / (time.monotonic() - began)

    def send_to_link(self, **command: float) -> None:
        self.line.send(**command)


def measure_run(
    run: Run, scratch: Path, progress: Progress, during: Callable[[RunInProgress], None] = watch, floor: bool = False,
    hosts: Hosts | None = None,
) -> Outcome:  # fmt: skip
    """Measure one run; `during` lasts as long as its window. A run that finds a `floor` goes over the delay line, too.

    Other `hosts` play the clients, if there are any; they may take as long as they like to come.
    RunFailed if a process ends or falls silent before the run is done.
    """
    with ExitStack() as children:
        authority = scratch / AUTHORITY
        line = line_of(run, children, floor)
        arguments = server_arguments(run, authority) + (hosts.server_options if hosts else [])
        server = start(children, f"the {run.transport} server", arguments, line.server_prefix)
        locust = locust_arguments(run, authority, hosts) + ["--pause", str(PAUSE_S)] * floor
        load = start(children, "Locust", locust, line.load_prefix)
        url = server.expect("urls", START_TIMEOUT)[run.transport]
        load.send(follow=line.lead_to(url))
        running = RunningProcesses(run, server, load, line, progress, url, authority, children)
        come_within = HOSTS_TIMEOUT if hosts else START_TIMEOUT + run.clients * CONNECT_TIME
        load.expect("ready", come_within, running.blamed_first)
        running.now = time.time()
        begin = running.now + run.warm_up_s
        load.send(window=[begin, begin + run.duration_s])
        load.expect("scheduled", START_TIMEOUT, running.blamed_first)
        server.send(do="start")
        running.pass_time(run.warm_up_s)
        running.cpu = cpu_seconds(server.pid), time.monotonic()
        used = line.begin()
        during(running)
        server, share = running.server, running.cpu_share()
        path_share, retransmissions = used()
        rss_bytes = psutil.Process(server.pid).memory_info().rss
        load.send(quiesce=DRAIN_TIMEOUT)
        load.expect("quiesced", DRAIN_TIMEOUT + START_TIMEOUT, running.blamed_first)
        server.send(do="stop")
        stopped = server.expect_object("stopped_at", START_TIMEOUT)
        load.send(drain=stopped["stopped_at"], within=DRAIN_TIMEOUT + run.poll_interval_s)
        tally = load.expect("tally", DRAIN_TIMEOUT + run.poll_interval_s + START_TIMEOUT, running.blamed_first)
        load.end()
        return Outcome(Tally.from_values(tally), share, rss_bytes, stopped["late_p99_ms"], running.fault_ended_at,
                       path_share, retransmissions)  # fmt: skip


def line_of(run: Run, children: ExitStack, floor: bool) -> Line:
    """What the run goes over; one that finds a floor over the delay line at least."""
    if run.path == PACKETS:
        return PacketPath(children, *path_arguments(run))
    return DelayLine(children, run) if floor or run.linked else Line()


def server_arguments(run: Run, authority: Path, port: int = 0) -> list[str]:
    source = ["--source", "earthquakes", "--rate", str(run.rate_hz)]
    if run.operation != "feed":
        source = ["--source", "none"]
    elif run.payload_bytes is not None:
        source = ["--source", "clock", "--rate", str(run.rate_hz), "--size", str(run.payload_bytes)]
        source += ["--arrivals", run.arrivals, "--seed", str(run.seed)]
    tls = ["--tls", str(authority)] if run.tls else []
    deflate = ["--deflate"] if run.deflate else []
    added = [f"--answer-field={name}: {value}" for name, value in PROFILES[run.header_profile].answer]
    added += ["--host", FAR, "--connections-per-address", "100000"] * (run.path == PACKETS)
    return ["-m", "servers", run.transport, "--port", str(port), "--controlled", *tls, *deflate, *added, *source]


def locust_arguments(run: Run, authority: Path, hosts: Hosts | None = None) -> list[str]:
    user = TRANSPORTS[run.transport].users[run.operation]
    arguments = ["-m", "locust", "-f", "loadtests/locustfile.py", user, "--controlled"]
    arguments += ["--headless", "--only-summary", "--loglevel", "ERROR"]
    arguments += ["--users", str(run.clients), "--spawn-rate", str(run.clients)]
    if hosts:
        arguments += hosts.locust_options
    elif (processes := processes_for(run.clients)) > 1:
        port = str(free_port())
        arguments += ["--processes", str(processes), "--master-port", port]
        arguments += ["--master-bind-host", "127.0.0.1", "--master-bind-port", port]
    arguments += ["--poll-interval", str(run.poll_interval_s), "--hold", str(run.hold_s)]
    arguments += ["--header-profile", run.header_profile, "--cookie-bytes", str(run.cookie_bytes)]
    arguments += ["--size", str(run.payload_bytes), "--every", str(1 / run.rate_hz)] * (run.operation != "feed")
    arguments += ["--tls", str(authority)] if run.tls else []
    return arguments + ["--deflate"] * run.deflate + ["--close"] * (not run.keep_alive)


def path_arguments(run: Run) -> list[str]:
    queue = ["--queue", str(run.queue_packets)] if run.queue_packets else []
    rate = ["--mbit", str(run.link_mbps)] if run.link_mbps else []
    return ["--delay-ms", str(run.rtt_ms / 2), "--loss", str(run.loss_percent), "--seed", str(run.seed), *rate, *queue]


def processes_for(clients: int) -> int:
    """How many processes of Locust these clients need; one where a process cannot fork (Windows)."""
    return math.ceil(clients / MOST_CLIENTS) if hasattr(os, "fork") else 1


def pass_time(seconds: float, children: Sequence[Checked], progress: Progress) -> None:
    """Let a stretch of the run pass, watching the clock and the processes."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        for child in children:
            child.check()
        time.sleep(min(left, STEP))
        progress(min(left, STEP))


def status(url: str, authority: Path | None = None) -> dict[str, Any]:
    """What the server's /status says; over TLS, trusting `authority`."""
    asked = urlsplit(url)
    secure = asked.scheme in ("https", "wss")
    try:
        trust = ssl.create_default_context(cafile=authority) if secure else None
        target = asked._replace(scheme="https" if secure else "http", path="/status").geturl()
        with urllib.request.urlopen(target, timeout=START_TIMEOUT, context=trust) as answer:
            return json.load(answer)
    except OSError as error:
        raise RunFailed(f"the server does not answer /status: {error}") from None
