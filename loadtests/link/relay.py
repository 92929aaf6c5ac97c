"""The delay line's sockets and its event loop: what comes from one side waits in a queue, then goes to the other.

A relay that reads, sleeps and writes adds up its sleeps. Here bytes are queued with a release time counted from their
arrival, so any number can be under way at once. No queue grows without bound: the link stops reading into a full one,
and TCP then slows the sender. A relay cannot delay the client's connect(), so the handshake is charged on the first
bytes. There is no loss, no congestion window, no jitter; the rate is of TCP payload, and all connections share it. A
connection takes two descriptors; while there are none, new connections wait.
"""

import errno
import json
import math
import select
import selectors
import socket
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import partial
from heapq import heappop, heappush
from itertools import count
from typing import Any

from loadtests.link import commands
from loadtests.link.delayline import READ_BYTES, DelayLine, Wire, bytes_per_second
from loadtests.link.pump import Pump, reset
from loadtests.link.recording import Recorder
from loadtests.link.tap import Tap

SPIN_S = 0.0015  # a sleeping process is woken up to a millisecond late: it waits awake for the last stretch
AWAKE_SHARE = 0.25  # of the time between two releases, at most: the core is the server's too
HALF_OPEN_S = 120.0  # that half a connection lasts: longer than any client waits
PAUSE_S = 0.1  # between two looks for a free descriptor
REPORT_S = 0.2  # between two reports of a tap
NOT_YET = {errno.EAGAIN, errno.EWOULDBLOCK, errno.ENOTCONN}  # the last while connecting, on macOS
READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE

Address = tuple[socket.AddressFamily, Any]  # a family, and a host and port as it has them


class Link:
    """The event loop: every connection to `listener` goes on to `target`; `control` brings commands, a line each."""

    def __init__(self, listener: socket.socket, control: socket.socket, target: Address, up: Wire, down: Wire,
                 recorder: Recorder | None = None, tap: Tap | None = None) -> None:
        self.listener, self.control = listener, control
        self.family, self.target = target
        self.up, self.down, self.recorder, self.tap = up, down, recorder, tap
        self.running = True
        self.typed = b""
        self.refusing_until = -math.inf
        self.paused_before = False
        self.released_at = -math.inf
        self.pumps: set[Pump] = set()
        self.timers: list[tuple[float, int, Callable[[float], None]]] = []
        self.numbers, self.order = count(1), count()
        self.selector = selectors.DefaultSelector()
        for own in (listener, control):
            own.setblocking(False)
        self.selector.register(control, READ, self._command)
        self._listen()
        if tap:
            self._report(time.monotonic())

    def run(self) -> None:
        """Pass bytes until told to stop, or until the control socket ends."""
        with self.selector:
            try:
                while self.running:
                    ready, now = self._wait(), time.monotonic()
                    for key, mask in ready:
                        key.data(mask, now)
                    self._call_due(time.monotonic())
            finally:
                self._close_all(socket.socket.close)

    def _wait(self) -> list[tuple[selectors.SelectorKey, int]]:
        """The sockets that are ready, or none when the next piece is due.

        epoll counts whole milliseconds, select() microseconds: hence select() on epoll's own descriptor. Where pieces
        are due soon after one another it waits awake for less time, or the link would take a core from the server.
        """
        timeout = None
        if self.timers:
            due = self.timers[0][0]
            awake = min(SPIN_S, AWAKE_SHARE * (due - self.released_at))
            timeout = max(0.0, due - awake - time.monotonic())
        if timeout != 0 and isinstance(self.selector, getattr(selectors, "EpollSelector", ())):
            select.select([self.selector], [], [], timeout)
            timeout = 0
        return self.selector.select(timeout)

    def _at(self, due: float, callback: Callable[[float], None]) -> None:
        heappush(self.timers, (due, next(self.order), callback))

    def _call_due(self, now: float) -> None:
        while self.timers and self.timers[0][0] <= now:
            self.released_at = self.timers[0][0]
            heappop(self.timers)[2](now)

    def _listen(self, now: float = 0.0) -> None:
        self.selector.register(self.listener, READ, self._accept)

    def _pause(self, error: OSError, now: float) -> None:
        """Stop accepting for a moment, for want of descriptors or memory: new connections wait in the kernel."""
        if not self.paused_before:
            print(f"link: {error.strerror}: new connections wait until others end", file=sys.stderr, flush=True)
        self.paused_before = True
        self.selector.unregister(self.listener)
        self._at(now + PAUSE_S, self._listen)

    def _accept(self, mask: int, now: float) -> None:
        try:
            with ExitStack() as opened:  # the server's end first: a client without one stays in the queue
                server = opened.enter_context(socket.socket(self.family))
                client, _ = self.listener.accept()
                opened.pop_all()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError as error:
            return self._pause(error, now)
        if now < self.refusing_until:
            server.close()
            reset(client)
        else:
            self._connect(client, server, now)

    def _connect(self, client: socket.socket, server: socket.socket, now: float) -> None:
        """Both directions of a new connection. SYN and SYN-ACK (RFC 9293, section 3.5) cost the client a round trip."""
        for own in (client, server):
            own.setblocking(False)
            with suppress(OSError):  # macOS, if the client has gone: the next read says so
                own.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server.connect_ex(self.target)  # the first read shows whether it succeeded
        number, opened = next(self.numbers), max(now, self.up.cut_until) + self.up.delay + self.down.delay
        up = Pump(number, "up", client, DelayLine(self.up, opened))
        down = Pump(number, "down", server, DelayLine(self.down, opened + self.up.delay))
        up.back, down.back = down, up
        self.pumps |= {up, down}
        self._update(up)

    def _pass(self, pump: Pump, mask: int, now: float) -> None:
        if mask & READ and not pump.closed:
            self._read(pump, now)
        if mask & WRITE and not pump.closed:
            self._flush(pump.back, now)

    def _read(self, pump: Pump, now: float) -> None:
        try:
            data = pump.source.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            return self._break(pump, now)
        pump.ended = not data
        if self.tap and pump.direction == "up":
            self.tap.passed(pump.connection, "sent", data)
        pump.line.put(now, data)
        self._update(pump)

    def _break(self, pump: Pump, now: float) -> None:
        """The source has gone: the other side learns it one delay later, after the bytes under way."""
        if not pump.broken:
            pump.ended = pump.broken = True
            pump.line.put(now, b"")
            self._update(pump)

    def _release(self, pump: Pump, now: float) -> None:
        pump.timed = False
        self._flush(pump, now)

    def _flush(self, pump: Pump, now: float) -> None:
        """Send what is due, as far as the receiver takes it."""
        while not pump.closed and (pump.pending or self._next(pump, now)):
            if not self._send(pump, now):
                break
        self._update(pump)

    def _next(self, pump: Pump, now: float) -> bool:
        """Take the next piece that is due; False if there is nothing to send."""
        piece = pump.line.take(now)
        if piece is None:
            return False
        if self.recorder:
            self.recorder.passed(pump.connection, pump.direction, piece, now)
        pump.pending = piece.data
        if not piece.data:
            self._end(pump)
        return bool(piece.data)

    def _send(self, pump: Pump, now: float) -> bool:
        """Send what is pending; False if the receiver takes no more for now. Drop it if the receiver has gone."""
        try:
            sent = len(pump.pending) if pump.back.broken else pump.back.source.send(pump.pending)
        except OSError as error:
            if error.errno in NOT_YET:
                return False
            sent = len(pump.pending)
            self._break(pump.back, now)
        if self.tap and pump.direction == "down" and not pump.back.broken:
            self.tap.passed(pump.connection, "received", pump.pending[:sent])
        pump.pending = pump.pending[sent:]
        return True

    def _end(self, pump: Pump) -> None:
        """Pass on the end of the stream: as a reset, or as a half-close (RFC 9293, section 3.6)."""
        if pump.broken and not pump.line.queue:
            return self._close(pump, reset)
        pump.finished = True
        with suppress(OSError):  # the receiver has gone: the next read from it says so
            pump.back.source.shutdown(socket.SHUT_WR)
        if pump.back.finished:
            self._close(pump, socket.socket.close)

    def _close(self, pump: Pump, how: Callable[[socket.socket], None]) -> None:
        for each in (pump, pump.back):
            if each.events:
                self.selector.unregister(each.source)
            each.closed = True
            how(each.source)
            self.pumps.discard(each)
        if self.tap:
            self.tap.closed(pump.connection)

    def _close_all(self, how: Callable[[socket.socket], None]) -> None:
        while self.pumps:
            self._close(next(iter(self.pumps)), how)

    def _update(self, pump: Pump) -> None:
        """Watch both sockets for what can be done now, and the clock for the next release."""
        if pump.closed:
            return
        self._watch(pump)
        self._watch(pump.back)
        due = pump.line.next_release
        if due is not None and not pump.pending and not pump.timed:
            self._at(due, partial(self._release, pump))
            pump.timed = True

    def _watch(self, pump: Pump) -> None:
        can_read = not pump.ended and not pump.line.full
        events = READ * can_read | WRITE * bool(pump.back.pending)
        if events == pump.events:
            return
        if pump.events:
            self.selector.unregister(pump.source)
        if events:
            self.selector.register(pump.source, events, partial(self._pass, pump))
        pump.events = events

    def _command(self, mask: int, now: float) -> None:
        typed = self.control.recv(4096)
        self.running = bool(typed)
        *lines, self.typed = (self.typed + typed).split(b"\n")
        for line in lines:
            self._act(line.decode(errors="replace").strip(), now)

    def _act(self, line: str, now: float) -> None:
        try:
            word, number = commands.parse(line)
        except ValueError:
            print(f"link: not {commands.WORDS}: {line!r}", file=sys.stderr)
            return
        match word:
            case "cut":
                self.up.cut_until = self.down.cut_until = now + number
            case "reset":
                self.refusing_until = now + number
                self._close_all(reset)
            case "delay":
                self.up.delay = self.down.delay = number / 1000
            case "rate":
                self.up.rate = self.down.rate = bytes_per_second(number)
            case "halve":
                self._half_open(now)
            case "clear" if self.tap:
                self.tap.clear()
            case "stop":
                self.running = False

    def _report(self, now: float) -> None:
        """Say what the tap has counted, on standard output, and again in a moment."""
        assert self.tap is not None
        print(json.dumps({"tap": self.tap.report()}), flush=True)
        self._at(now + REPORT_S, self._report)

    def _half_open(self, now: float) -> None:
        """Reset the servers' ends; the clients' stay open for long, and nothing comes (RFC 9293, section 3.5.1)."""
        halves = [pump.source for pump in self.pumps if pump.direction == "up"]
        self._close_all(lambda end: None if end in halves else reset(end))
        self._at(now + HALF_OPEN_S, partial(close_all, halves))


def close_all(sockets: list[socket.socket], now: float) -> None:
    for each in sockets:
        each.close()
