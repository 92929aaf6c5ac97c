"""What one WebSocket client that hardly reads does to the others, and to the server's memory."""

import socket
import threading

from rich.console import Console
from rich.progress import track

from clients.connection.websocket import WebSocketConnection
from clients.ledger import Ledger
from loadtests.benchmark.bench import SETTLE, TIMEOUT, Load, bench
from loadtests.benchmark.rounds import ROUNDS, spread
from results.cpu_breakdown import LAB

CROWD, CROWD_HISTORY, CROWD_SECONDS, FALL_BEHIND = Load(500, 5, 60_000), 40, 10.0, 25.0


class SlowReader(threading.Thread):
    """A WebSocket client that reads 1 KB a second, until it is told to hurry."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._connection = WebSocketConnection(url, "/messages", Ledger())
        self._connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
        self._hurry = threading.Event()
        self.last = b""  # of what it read

    def run(self) -> None:
        # Past the counting socket, whose ledger is not needed here.
        while data := socket.socket.recv(self._connection.socket, 1 << 20 if self._hurry.is_set() else 100):
            self.last = (self.last + data)[-125:]
            self._hurry.wait(0.1)

    def close_code(self) -> int:
        """Read all that is left; the code of the close frame that ends it (RFC 6455 section 5.5.1), or 0."""
        self._hurry.set()
        self.join(TIMEOUT)
        reason = self.last.rfind(b'{"title"')
        return int.from_bytes(self.last[reason - 2 : reason]) if reason > 1 else 0


def slow_reader(console: Console) -> None:
    """Show what one client that reads 1 KB/s does to the others and to the server's memory."""
    p99, grown, codes = [], [], []
    with bench("websocket", LAB, CROWD, "--history", str(CROWD_HISTORY)) as running:
        running.pause(SETTLE)
        for _ in track(range(ROUNDS), "slow reader  ", console=console):
            before = running.pause(CROWD_SECONDS)
            slow = SlowReader(running.url)
            slow.start()
            running.pause(FALL_BEHIND)  # the kernel's buffers fill, then the feed drops what was not read
            during = running.pause(CROWD_SECONDS)
            p99.append(during["p99_ms"] / before["p99_ms"])
            grown.append(during["rss_mib"] - before["rss_mib"])
            codes.append(slow.close_code())
            running.pause(SETTLE)
    console.print(
        f"One of {CROWD.clients + 1} WebSockets reads 1 KB/s: the others' p99 is {spread(p99)} times what it was, "
        f"the server's memory grows by {spread(grown)} MiB, and the slow one is closed with {sorted(set(codes))}."
    )
