"""The three servers, started from a cell and ended with it.

A notebook's kernel must not import the servers, nor Locust: both patch the process they are imported in.
"""

from __future__ import annotations

import weakref

from loadtests.runs.processes import Child, RunFailed

START_TIMEOUT = 30.0  # seconds for the servers to come up


class ServersUnavailable(RunFailed):
    """The servers could not be started; a notebook shows the one sentence instead of a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class LiveServers:
    """The three servers on one feed, in a process that ends with `stop`, with this object, and with the kernel."""

    def __init__(self, child: Child, urls: dict[str, str]) -> None:
        self.polling, self.long_polling, self.websocket = urls["polling"], urls["long-polling"], urls["websocket"]
        self._end = weakref.finalize(self, child.end)

    def __enter__(self) -> LiveServers:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        state = "running" if self.running else "stopped"
        urls = {"polling": self.polling, "long polling": self.long_polling, "WebSocket": self.websocket}
        return "\n".join([f"The three servers, {state}", *(f"  {name:<13}{url}" for name, url in urls.items())])

    @property
    def running(self) -> bool:
        """Whether nobody has stopped them yet."""
        return self._end.alive

    def stop(self) -> None:
        """End the process and wait for it; a second time does nothing."""
        self._end()


def start_servers(
    rate: float = 10.0, *, source: str = "earthquakes", size: int | None = None, arrivals: str | None = None
) -> LiveServers:
    """Start polling, long polling and WebSocket on free ports of 127.0.0.1, and publish `rate` messages a second.

    `source` is "earthquakes", or "clock" with messages of `size` bytes and `arrivals` "poisson" or "even".
    Raises ServersUnavailable if they do not come up.
    """
    options = {"source": source, "rate": rate, "size": size, "arrivals": arrivals}
    given = [word for name, value in options.items() if value is not None for word in (f"--{name}", str(value))]
    try:
        child = Child("the servers' process", ["-m", "servers", "--ports", "0,0,0", "--controlled", *given])
    except OSError as error:
        raise ServersUnavailable(unavailable(error)) from None
    try:
        urls = child.hear("urls", START_TIMEOUT)
        child.tell(do="start")
        child.hear("started_at", START_TIMEOUT)
    except BaseException as error:
        child.end()
        if isinstance(error, RunFailed):
            raise ServersUnavailable(unavailable(error)) from None
        raise
    return LiveServers(child, urls)


def unavailable(error: Exception) -> str:
    return (
        f"The servers cannot be started on this machine: {error}. "
        "Read on where this lesson draws recorded results; those need no server."
    )
