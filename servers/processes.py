"""Several processes on the same ports, with one feed: started together, restarted one by one, ended together.

    this process                     process 1             process 2 ... N
      | reserves the ports              |                     |
      | starts all ------------------> binds (SO_REUSEPORT)  binds
      | <---------------------------- its addresses          its addresses
      | prints the addresses            |                     |
      | start -----------------------> publishes              |
      | <------------------------------ dies                  |
      | starts another one; tells it to publish, too          |
      | SIGTERM ---------------------> tells its clients ---> tells its clients

The kernel spreads new connections over the processes. Limits and counts are each process's own; the feed is shared.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from typing import Any

import gevent
from gevent.event import Event
from gevent.fileobject import FileObject

from servers.serving.run import answered, print_addresses, status_by_signal
from servers.serving.server import PortUnavailable, shared_socket

START_TIMEOUT, STOP_TIMEOUT = 30.0, 5.0  # seconds
BACK_OFF_S = (0.1, 5.0)  # before a process that ended is replaced: at first, and at most
STEADY_S = 10.0  # a process that has lived longer is replaced at once


class NotStarted(OSError):
    """A process of the servers did not come up; it has said why."""


class Worker:
    """One process; it ends with its standard input, and so with this one, however that ends."""

    def __init__(self, arguments: Sequence[str], environment: dict[str, str]) -> None:
        command = [sys.executable, "-m", "servers", *arguments, "--controlled"]
        self.started = time.monotonic()
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                         env=os.environ | environment, start_new_session=True)  # fmt: skip

    def addresses(self) -> dict[str, Any]:
        """What it serves, once it does; NotStarted if it ends before."""
        with gevent.Timeout(START_TIMEOUT, NotStarted("a process was not ready in time")):
            line = self._process.stdout.readline()  # type: ignore[union-attr]
        if not line:
            raise NotStarted("a process has ended at its start")
        return dict(json.loads(line))

    def ask(self, command: dict[str, Any]) -> dict[str, Any]:
        """Send a command, return its answer; NotStarted if the process has gone."""
        try:
            print(json.dumps(command), file=self._process.stdin, flush=True)
            return dict(json.loads(self._process.stdout.readline()))  # type: ignore[union-attr]
        except (OSError, ValueError):
            raise NotStarted("a process has ended") from None

    def wait(self) -> int:
        """Wait for its end; return its exit status."""
        return self._process.wait()

    def end(self) -> None:
        """Let it tell its clients, and end it."""
        with suppress(OSError):
            self._process.terminate()
        with gevent.Timeout(STOP_TIMEOUT, False):
            self._process.wait()
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                pipe.close()  # type: ignore[union-attr]


class Processes:
    """`count` processes on the same ports, of which the first one publishes; they end with the block.

    `arguments` says what a process is told, given its number and the ports. OSError if one of them cannot serve: then
    all have ended.
    """

    def __init__(
        self, count: int, arguments: Callable[[int, dict[str, int]], Sequence[str]], environment: dict[str, str],
        ports: dict[str, int], host: str,
    ) -> None:  # fmt: skip
        self._count, self._arguments, self._environment = count, arguments, environment
        self._ports, self._host = ports, host
        self._publishes, self._ending = False, False
        self._publisher_is_ready = Event()
        self._workers: list[Worker] = []
        self._reserved = ExitStack()

    def __enter__(self) -> Processes:
        try:
            kept = {name: self._reserved.enter_context(reserve(self._host, port)) for name, port in self._ports.items()}
            self._ports = {name: int(sock.getsockname()[1]) for name, sock in kept.items()}
            for number in range(self._count):
                self._workers.append(self._new(number))
            self._urls: dict[str, str] = [worker.addresses() for worker in self._workers][0]["urls"]
        except BaseException:
            self.__exit__()
            raise
        self._publisher_is_ready.set()
        for number in range(self._count):
            gevent.spawn(self._watch, number)
        return self

    def __exit__(self, *_: object) -> None:
        self._ending = True
        gevent.joinall([gevent.spawn(worker.end) for worker in self._workers])
        self._reserved.close()

    def _new(self, number: int) -> Worker:
        return Worker(self._arguments(number, self._ports), self._environment)

    def serve(self, controlled: bool, trusted: str | None) -> int:
        """Print the addresses, publish, and serve until a signal comes (controlled: the end of input); return the exit
        status.
        """
        if not sys.platform.startswith("linux"):
            print("servers: this system may give all connections to one process (SO_REUSEPORT)", file=sys.stderr)
        status = status_by_signal()
        print_addresses(self._urls, trusted, controlled)
        if controlled:
            gevent.spawn(self._lead).link(lambda _: status.set(0))
        else:
            self.command({"do": "start"})
        return int(status.get())

    def _lead(self) -> None:
        """Pass on what the program that leads this one says."""
        for line in FileObject(sys.stdin.buffer, "rb"):
            if not answered(self.command(json.loads(line)), sys.stdout):
                return

    def command(self, command: dict[str, Any]) -> dict[str, Any]:
        """Have the publishing process do something, and return its answer; of one that has just ended, the next one."""
        self._publishes = {"start": True, "stop": False}.get(command.get("do", ""), self._publishes)
        while True:
            self._publisher_is_ready.wait()
            try:
                return self._workers[0].ask(command)
            except NotStarted:  # `_watch` sees that, too
                gevent.sleep(BACK_OFF_S[0])

    def _watch(self, number: int) -> None:
        """Replace the process whenever it ends."""
        wait = BACK_OFF_S[0]
        while True:
            worker = self._workers[number]
            status = worker.wait()
            if self._ending:
                return
            if number == 0:
                self._publisher_is_ready.clear()
            how = f"signal {-status}" if status < 0 else f"exit status {status}"
            print(f"servers: process {number + 1} has ended ({how}); starting another", file=sys.stderr, flush=True)
            wait = BACK_OFF_S[0] if time.monotonic() - worker.started > STEADY_S else min(2 * wait, BACK_OFF_S[1])
            gevent.sleep(wait)
            if self._ending:
                return
            replacement = self._workers[number] = self._new(number)
            with suppress(NotStarted):  # then its end is seen above
                replacement.addresses()
                if number == 0 and self._publishes:
                    replacement.ask({"do": "start"})
                if number == 0:
                    self._publisher_is_ready.set()


def reserve(host: str, port: int) -> socket.socket:
    """A socket that keeps a port for the processes; PortUnavailable if anything listens there already.

    Connections never come to it, since it does not listen.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as alone:  # processes of another lab would share the port silently
            alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            alone.bind(address)
            alone.listen(1)
            number = alone.getsockname()[1]
        return shared_socket(host, number)
    except OSError as error:
        other = "; --ports A,B,C (or --port N for one server) chooses others"
        raise PortUnavailable(f"cannot serve on {host}:{port}: {error.strerror}{other}") from None
