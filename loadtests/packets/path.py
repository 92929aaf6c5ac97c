"""The path's event loop: what arrives at one middle device waits in a direction, then leaves at the other."""

from __future__ import annotations

import errno
import json
import math
import select
import socket
import struct
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from loadtests.packets.direction import Direction, Loss

ETH_P_ALL, SOL_PACKET, PACKET_IGNORE_OUTGOING = 3, 263, 23  # linux/if_ether.h, linux/if_packet.h
SO_TIMESTAMPNS = 35
BUFFER = 8 << 20  # bytes that the kernel keeps while the path is busy
LARGEST = 2048  # bytes of a frame with the MTU of Ethernet
LONGEST_S = 0.5  # between two looks whether the command has ended
BATCH = 64  # packets read from one device before the other has its turn
SEND_S = 0.00005  # from a release to the other end's kernel: a packet is sent so much earlier
EARLIEST_S = 0.001  # that the path wakes up before a release, at most
REPORT_WORDS = ("passed", "lost", "dropped")


def packet_socket(device: str) -> socket.socket:
    """What arrives at a device, with the kernel's time of arrival; what is sent to it leaves there."""
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    with suppress(OSError):  # Linux before 4.20; then `read` passes over what it sent itself
        sock.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
    sock.bind((device, 0))
    sock.setblocking(False)
    return sock


@dataclass
class Way:
    """One direction with the devices at its ends."""

    source: socket.socket
    to: socket.socket
    direction: Direction


class WakeUp:
    """How early to wake up for a release: sleeping processes wake up late, each machine by its own time.

    The mean of that and twice its deviation, both smoothed, as TCP estimates when to send again (RFC 6298 section 2).
    """

    def __init__(self) -> None:
        self._late, self._deviation = 0.00005, 0.00005

    @property
    def lead(self) -> float:
        """Seconds."""
        return min(self._late + 2 * self._deviation, EARLIEST_S)

    def was(self, late: float) -> None:
        """Learn from a sleep that ended so late."""
        self._deviation += (abs(late - self._late) - self._deviation) / 8
        self._late += (late - self._late) / 8


class Path:
    """Moves packets both ways, and takes commands, a line each, from `control`, if there is one."""

    def __init__(self, near: socket.socket, far: socket.socket, up: Direction, down: Direction,
                 control: socket.socket | None = None) -> None:
        self.ways = (Way(near, far, up), Way(far, near, down))
        self.control, self._typed = control, b""
        self.running, self._wake_up = True, WakeUp()
        self._watched = [near, far, *([control] if control else [])]

    def run(self, ended: Callable[[], bool] = lambda: False) -> None:
        """Move packets until told to stop, until the control socket ends, or until `ended` says so."""
        while self.running and not ended():
            ready = self._wait()
            for way in self.ways:
                if way.source in ready:
                    self._read(way)
            self._release(time.monotonic() + SEND_S)
            if self.control in ready:
                self._command()

    def _wait(self) -> list[socket.socket]:
        """The sockets that have something; none when the next release is near, and then it waits awake."""
        due, now = min(way.direction.next_release for way in self.ways), time.monotonic()
        timeout = min(max(due - SEND_S - now - self._wake_up.lead, 0), LONGEST_S)
        ready, _, _ = select.select(self._watched, [], [], timeout)
        if not ready and 0 < timeout < LONGEST_S:
            self._wake_up.was(time.monotonic() - now - timeout)
        return ready

    def _read(self, way: Way) -> None:
        """Take what has arrived, each packet at the time at which the kernel had it."""
        ahead = time.time() - time.monotonic()
        for _ in range(BATCH):
            try:
                packet, about, _, address = way.source.recvmsg(LARGEST, 64)
            except BlockingIOError:
                return
            if address[2] != socket.PACKET_OUTGOING:
                way.direction.put(arrived_at(about) - ahead, packet)

    def _release(self, now: float) -> None:
        """Send what is due by then."""
        for way in self.ways:
            while (packet := way.direction.take(now)) is not None:
                try:
                    way.to.send(packet)
                except OSError as error:
                    if error.errno not in (errno.ENOBUFS, errno.ENETDOWN, errno.EAGAIN):
                        raise
                    way.direction.dropped += 1

    def _command(self) -> None:
        assert self.control is not None
        typed = self.control.recv(4096)
        self.running = bool(typed)
        *lines, self._typed = (self._typed + typed).split(b"\n")
        for line in lines:
            self._act(line.decode(errors="replace").strip())

    def _act(self, line: str) -> None:
        """Do what a line says; what it says wrong is one line on standard error."""
        try:
            values = parse(line)
        except ValueError as error:
            print(f"packets: {error}", file=sys.stderr, flush=True)
            return
        if "stop" in values:
            self.running = False
        if "counts" in values:
            print(json.dumps({"counts": self.counts()}), flush=True)
        for way in self.ways:
            change(way.direction, values)

    def counts(self) -> dict[str, dict[str, int]]:
        """Packets by what became of them, in each direction."""
        return {name: {word: getattr(way.direction, word) for word in REPORT_WORDS}
                for name, way in zip(("up", "down"), self.ways, strict=True)}  # fmt: skip


def arrived_at(about: list[tuple[int, int, bytes]]) -> float:
    """The Unix time of arrival, from a packet's ancillary data; now, if it has none."""
    for level, kind, data in about:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
            seconds, nanoseconds = struct.unpack("qq", data[:16])
            return float(seconds) + float(nanoseconds) / 1e9
    return time.time()


NUMBERS = {"delay": (0.0, 60_000.0), "mbit": (0.0, 100_000.0), "loss": (0.0, 99.9), "burst": (1.0, 1000.0),
           "queue": (1, 1_000_000), "cut": (0.0, 86_400.0)}  # fmt: skip
WORDS = "delay MS, mbit RATE, loss PERCENT, burst PACKETS, queue PACKETS, cut SECONDS, counts or stop"


def parse(line: str) -> dict[str, Any]:
    """The words and numbers of a command, typed (`loss 1 burst 5`) or in JSON (`{"loss": 1}`); else ValueError."""
    try:
        words = json.loads(line) if line.startswith("{") else typed(line.split())
    except (ValueError, IndexError):
        words = {}
    if not words or not all(word in ("counts", "stop") or in_range(word, value) for word, value in words.items()):
        raise ValueError(f"not {WORDS}: {line!r}")
    return dict(words)


def typed(words: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    while words:
        word = words.pop(0)
        found[word] = True if word in ("counts", "stop") else float(words.pop(0))
    return found


def in_range(word: str, value: Any) -> bool:
    if word not in NUMBERS or isinstance(value, bool) or not isinstance(value, int | float):
        return False
    least, most = NUMBERS[word]
    return least <= value <= most


def change(direction: Direction, values: dict[str, Any]) -> None:
    """Let a direction be as these values say, from now on."""
    if "delay" in values:
        direction.delay = values["delay"] / 1000
    if "mbit" in values:
        direction.rate = bytes_per_second(values["mbit"])
    if "queue" in values:
        direction.queue_packets = int(values["queue"])
    if "loss" in values or "burst" in values:
        direction.loss = replace(direction.loss, percent=values.get("loss", direction.loss.percent),
                                 burst=values.get("burst", direction.loss.burst))  # fmt: skip
    if "cut" in values:
        direction.cut_until = time.monotonic() + values["cut"]


def bytes_per_second(mbit: float) -> float:
    """A rate in Mbit/s; 0 is no limit."""
    return mbit * 125_000 or math.inf


def new_direction(delay_ms: float, mbit: float, queue: int, loss: float, burst: float, seed: int) -> Direction:
    """A direction from a command line's numbers; ValueError for a loss that cannot be."""
    return Direction(delay_ms / 1000, bytes_per_second(mbit), queue, Loss(loss, burst), seed)
