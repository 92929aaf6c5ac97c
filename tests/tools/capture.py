"""A packet capture by tshark, the independent oracle for every count of bytes."""

import socket
import subprocess
import sys
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tools.lab import WAIT, eventually, needs

FIELDS = ("tcp.stream", "tcp.srcport", "tcp.dstport", "tcp.seq_raw", "tcp.len")
LOOPBACK = "lo" if sys.platform.startswith("linux") else "lo0"


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
def capturing(*ports: int) -> Iterator[Capture]:
    """Capture what passes on some ports, from the first moment of the block to the last.

    A sentinel tells that the capture is under way, and at the end that it has seen all that went before: connections to
    another port, made until one of them is seen. Loopback keeps the order of segments.
    """
    tshark = needs("tshark")
    with socket.create_server(("127.0.0.1", 0)) as sentinel, tempfile.TemporaryFile("w+") as errors:
        watched = sentinel.getsockname()[1]
        passes = " or ".join(f"tcp port {port}" for port in (*ports, watched))
        command = [tshark, "-i", LOOPBACK, "-f", passes, "-n", "-l", "-T", "fields",
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
                process.terminate()  # and not kill: it would leave the process that holds the pipe
        errors.seek(0)
        assert "dropped" not in errors.read()
