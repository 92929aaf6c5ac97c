"""The ledger against a packet capture: what the client counts is what passed on the wire, to the byte."""

import socket
import subprocess
import sys
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice

import pytest
from tools.lab import TRANSPORTS, WAIT, eventually, needs, serving

from clients import long_polling, polling, websocket
from clients.delivery import Delivery
from clients.ledger import Ledger

pytestmark = pytest.mark.starts

FIELDS = ("tcp.stream", "tcp.srcport", "tcp.dstport", "tcp.seq_raw", "tcp.len")
LOOPBACK = "lo" if sys.platform.startswith("linux") else "lo0"
FOLLOW: dict[str, Callable[..., Iterator[Delivery]]] = {
    "polling": partial(polling.follow, interval=0.1),
    "long-polling": long_polling.follow,
    "websocket": websocket.follow,
}


class Capture:
    """A running tshark; `segments` are (stream, source port, destination port, seq, length)."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.segments: list[tuple[int, ...]] = []
        self._process = process
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        for line in self._process.stdout:
            self.segments.append(tuple(int(value) for value in line.split("\t")))

    def end(self) -> None:
        self._process.terminate()
        self._thread.join(WAIT)
        assert not self._thread.is_alive()

    def bytes_of(self, belongs: Callable[[int, int], bool]) -> int:
        """TCP payload that went between ports which belong together; what was sent twice counts once."""
        ranges = defaultdict(set)
        for stream, source, destination, seq, length in self.segments:
            if length and belongs(source, destination):
                ranges[stream].add((seq, seq + length))
        return sum(covered(sorted(spans)) for spans in ranges.values())


def covered(spans: list[tuple[int, int]]) -> int:
    total, end = 0, 0
    for first, last in spans:
        total += max(last - max(first, end), 0)
        end = max(end, last)
    return total


@contextmanager
def capturing(port: int) -> Iterator[Capture]:
    """Capture what passes on a port, from the first moment of the block to the last.

    A sentinel tells that the capture is under way, and at the end that it has seen all that went before: connections to
    another port, made until one of them is seen. Loopback keeps the order of segments.
    """
    tshark = needs("tshark")
    with socket.create_server(("127.0.0.1", 0)) as sentinel, tempfile.TemporaryFile("w+") as errors:
        watched = sentinel.getsockname()[1]
        command = [tshark, "-i", LOOPBACK, "-f", f"tcp port {port} or tcp port {watched}", "-n", "-l", "-T", "fields",
                   "-o", "tcp.reassemble_out_of_order:FALSE", *(part for name in FIELDS for part in ("-e", name))]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process:
            capture = Capture(process)

            def seen() -> bool:
                """Whether the capture has seen a connection that is made now."""
                with socket.create_connection(("127.0.0.1", watched), WAIT) as own:
                    mine = own.getsockname()[1]
                    sentinel.accept()[0].close()
                try:
                    eventually(lambda: any(mine in segment[1:3] for segment in list(capture.segments)), 1)
                except AssertionError:
                    errors.seek(0)
                    assert process.poll() is None, errors.read()
                    return False
                return True

            try:
                eventually(seen)
                yield capture
                eventually(seen)
                capture.end()
            finally:
                process.kill()
        errors.seek(0)
        assert "dropped" not in errors.read()


def test_what_was_sent_twice_counts_once():
    assert covered([(10, 20), (10, 20), (15, 25), (25, 30), (40, 41)]) == 21


@pytest.mark.parametrize("tls", [[], ["--tls"]], ids=["plain", "tls"])
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_the_ledger_and_the_kernel_equal_the_capture(transport, tls):
    needs("tshark")
    ledger, source = Ledger(), ["--source", "clock", "--rate", "50"]
    with serving(transport, "--port", "0", *source, *tls, transports=(transport,)) as servers:
        port = servers.ports[transport]
        with capturing(port) as capture:
            following = FOLLOW[transport](servers.url(transport), ledger=ledger, trust=servers.trust)
            assert len(list(islice(following, 50))) == 50
            following.close()
    sent = capture.bytes_of(lambda _, destination: destination == port)
    received = capture.bytes_of(lambda source, _: source == port)
    assert (ledger.wire_sent, ledger.wire_received) == (sent, received)
    assert ledger.difference == 0 and sent > 0 and received > 50 * 142
    if sys.platform == "linux":
        assert (ledger.kernel_sent, ledger.kernel_received) == (sent, received)
