"""The path as another program uses it: started, led, and with programs at its ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from loadtests.packets.devices import End, NoNamespaces
from loadtests.runs.cpu import cpu_seconds
from loadtests.runs.line import START_TIMEOUT, Line, Use
from loadtests.runs.processes import Child, RunFailed, start

TOKEN = "PUSH_LAB_TOKEN"  # of the servers' environment

class PacketPath(Line):
    """A running path; its ends last as long as `children`. NoNamespaces where the system has none."""

    def __init__(self, children: ExitStack, *options: str) -> None:
        self._children = children
        self._child = start(children, "the path of packets", ["-m", "loadtests.packets", "--controlled", *options])
        try:
            ends = self._child.expect_object("near", START_TIMEOUT)
        except RunFailed as error:
            raise NoNamespaces(str(error).rpartition("packets: ")[2]) from None
        self.address: str = ends["address"]
        self.near, self.far = (End(self.address, f"{name}0", ends[name]) for name in ("near", "far"))

    @property
    def server_prefix(self) -> Sequence[str]:  # type: ignore[override]
        """The path's far end is private, so the server needs no token."""
        return [*self.far.prefix(), "env", f"{TOKEN}="]

    @property
    def load_prefix(self) -> Sequence[str]:  # type: ignore[override]
        return self.near.prefix()

    def begin(self) -> Callable[[], Use]:
        cpu_s, began, sent_again = cpu_seconds(self.pid), time.monotonic(), self.retransmissions()

        def used() -> Use:
            seconds = time.monotonic() - began
            return (cpu_seconds(self.pid) - cpu_s) / seconds, self.retransmissions() - sent_again

        return used

    def retransmissions(self) -> int:
        """Segments that both ends have sent again, as their kernels count them (RFC 4022, tcpRetransSegs)."""
        return sum(retransmitted(end.pid) for end in (self.near, self.far))

    @property
    def pid(self) -> int:
        return self._child.pid

    def start_at(self, end: End, name: str, arguments: list[str]) -> Child:
        """Start a Python program at an end."""
        return start(self._children, name, arguments, end.prefix())

    def begin_upload(self) -> None:
        """Send all that TCP can from the near end to the far one, until the path ends."""
        upload = ["-m", "loadtests.packets.upload"]
        port = self.start_at(self.far, "the upload's receiver", [*upload, "receive"]).expect("port", START_TIMEOUT)
        self.start_at(self.near, "the upload", [*upload, "send", self.address, str(port)])

    def send(self, **values: float) -> None:
        """Let both directions be as these values say: delay (ms), mbit, loss (%), burst, queue, cut (s)."""
        self._child.send(**values)

    def counts(self) -> dict[str, dict[str, int]]:
        """Packets passed, lost and dropped, by direction."""
        self._child.send(counts=True)
        found: dict[str, dict[str, int]] = self._child.expect("counts", START_TIMEOUT)
        return found

    def check(self) -> None:
        """RunFailed if the path has ended."""
        self._child.check()


def retransmitted(pid: int) -> int:
    """Segments sent again in a process's network namespace."""
    lines = Path(f"/proc/{pid}/net/snmp").read_text(encoding="ascii").splitlines()
    names, values = [line.split() for line in lines if line.startswith("Tcp:")]
    return int(values[names.index("RetransSegs")])
