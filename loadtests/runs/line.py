"""What is between the clients of a run and its server: nothing, or the delay line. `packet_path` is the third."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack

from loadtests.experiments.run import Run
from loadtests.runs.processes import Child, start

START_TIMEOUT = 30.0  # seconds

Use = tuple[float | None, int | None]
"""What a path of packets took of a stretch of time: cores, and segments sent again; None for every other line."""


class Line:
    """Nothing is between: clients follow the server's own address."""

    server_prefix: Sequence[str] = ()
    """What stands before the command of the server, and of Locust."""
    load_prefix: Sequence[str] = ()

    def lead_to(self, url: str) -> str:
        """The address to follow instead of the server's."""
        return url

    def begin(self) -> Callable[[], Use]:
        """Begin a stretch of time; what is returned tells what was used of it so far."""
        return lambda: (None, None)

    def send(self, **command: float) -> None:
        raise AssertionError("a run with a fault goes over a line that can have one")

    def begin_upload(self) -> None:
        raise AssertionError("an upload goes over a path of packets")

    def check(self) -> None:
        """RunFailed if it has ended."""


class DelayLine(Line):
    """The delay line, once it leads somewhere."""

    def __init__(self, children: ExitStack, run: Run) -> None:
        self._children, self._run = children, run

    def lead_to(self, url: str) -> str:
        rate = ["--rate-mbps", str(self._run.link_mbps)] if self._run.link_mbps else []
        options = ["--controlled", "--to", url, "--delay-ms", str(self._run.rtt_ms / 2), *rate]
        self._child: Child = start(self._children, "the delay line", ["-m", "loadtests.link", *options])
        return str(self._child.expect("url", START_TIMEOUT))

    def send(self, **command: float) -> None:
        self._child.send(**command)

    def check(self) -> None:
        self._child.check()
