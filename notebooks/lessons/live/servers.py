"""The three servers, started from a cell and ended with it.

A notebook's kernel must not import the servers, nor Locust: both patch the process they are imported in.
"""

from __future__ import annotations

import weakref
from contextlib import ExitStack

from lessons.live.recordings import NothingStarted, check_startable
from loadtests.runs.processes import Child, RunFailed, start

START_TIMEOUT = 30.0  # seconds for a process to come up
WRONG_USAGE = "exit status 2"


class ServersUnavailable(RunFailed):
    """The servers do not take what was asked of them; a notebook shows the one sentence instead of a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class ServersStopped(ServersUnavailable):
    """Servers that ran here were stopped: what is asked of them can be measured, once they are started again."""

    def __init__(self) -> None:
        super().__init__("These servers have stopped: run the cell that starts them, then this one.")


class LiveServers:
    """The three servers on one feed, and the delay lines before them, if there is a round trip.

    They end with `stop`, with this object, and with the kernel.
    """

    def __init__(self, child: Child | None, urls: dict[str, str], children: ExitStack, rtt_ms: float) -> None:
        self.urls, self.rtt_ms, self._child = urls, rtt_ms, child
        self.polling, self.long_polling, self.websocket = urls["polling"], urls["long-polling"], urls["websocket"]
        self._published = False
        self._end = weakref.finalize(self, children.close)

    def __enter__(self) -> LiveServers:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        state = "running" if self.running else "stopped"
        urls = {"polling": self.polling, "long polling": self.long_polling, "WebSocket": self.websocket}
        where = f", {self.rtt_ms:g} ms away and back" if self.rtt_ms else ""
        return "\n".join([f"The three servers, {state}{where}", *(f"  {name:<13}{url}" for name, url in urls.items())])

    @property
    def running(self) -> bool:
        """Whether nobody has stopped them yet."""
        return self._end.alive

    def publish(self) -> None:
        """Begin to publish. ServersUnavailable a second time."""
        self.check_running()
        if self._published:
            raise ServersUnavailable("These servers have begun to publish already: start new ones.")
        self._published = True
        assert self._child is not None
        self._child.send(do="start")
        self._child.expect("started_at", START_TIMEOUT)

    def check_running(self) -> None:
        """ServersStopped unless they run."""
        if not self.running:
            raise ServersStopped()

    def stop(self) -> None:
        """End the processes and wait for them; a second time does nothing."""
        self._end()


class NoServers(LiveServers):
    """In the place of servers that cannot be started: what they would have said was recorded."""

    def __init__(self, why: object, rtt_ms: float) -> None:
        nowhere = dict.fromkeys(("polling", "long-polling", "websocket"), "")
        super().__init__(None, nowhere, ExitStack(), rtt_ms)
        self._why = why
        self.stop()

    def __repr__(self) -> str:
        return f"The servers cannot be started on this machine: {self._why}. What follows was recorded."

    def check_running(self) -> None:
        """NothingStarted: so that what was recorded is shown."""
        raise NothingStarted(str(self))

    def publish(self) -> None:
        """Nothing is there that could."""
        self.check_running()


def start_servers(
    rate: float = 10.0,
    *,
    source: str = "earthquakes",
    size: int | None = None,
    arrivals: str | None = None,
    count: int | None = None,
    rtt_ms: float = 0.0,
    waiting: bool = False,
) -> LiveServers:
    """Start polling, long polling and WebSocket on free ports of 127.0.0.1, and publish `rate` messages a second.

    Where nothing can be started, what is returned says so, and stands for what was recorded.

    `source` is "earthquakes", or "clock" with messages of `size` bytes and `arrivals` "poisson" or "even". With
    `count` they stop after that many messages. With `waiting` they begin when `publish` is called. A round trip of
    `rtt_ms` puts a delay line before each.
    Raises ServersUnavailable for options that they do not take.
    """
    options = {"source": source, "rate": rate, "size": size, "arrivals": arrivals, "count": count}
    given = [word for name, value in options.items() if value is not None for word in (f"--{name}", str(value))]
    with ExitStack() as children:
        try:
            check_startable()
            command = ["-m", "servers", "--ports", "0,0,0", "--controlled", *given]
            child = start(children, "the servers' process", command)
            urls = child.expect("urls", START_TIMEOUT)
            if rtt_ms:
                urls = {name: delayed(children, url, rtt_ms) for name, url in urls.items()}
            servers = LiveServers(child, urls, children.pop_all(), rtt_ms)
            if not waiting:
                servers.publish()
            return servers
        except (NothingStarted, RunFailed, OSError) as error:
            if WRONG_USAGE in str(error):
                raise ServersUnavailable(f"The servers do not take that: {error}.") from None
            return NoServers(error, rtt_ms)


def delayed(children: ExitStack, url: str, rtt_ms: float) -> str:
    """The URL of a delay line before `url`."""
    command = ["-m", "loadtests.link", "--controlled", "--to", url, "--delay-ms", str(rtt_ms / 2)]
    return str(start(children, "a delay line", command).expect("url", START_TIMEOUT))
