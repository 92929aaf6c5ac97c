"""What a lesson needs beside itself: the three servers as a process, their source, the figures of the last run.

A notebook's kernel must not import the servers, nor Locust: both patch the process they are imported in.
"""

from __future__ import annotations

import difflib
import html
import weakref
from pathlib import Path
from typing import Any

from loadtests.runs.processes import ROOT, Child, RunFailed
from results import canvas, charts, table

START_TIMEOUT = 30.0  # seconds for the servers to come up
PLACES = (ROOT / "results" / "latest", ROOT / "results" / "reference")
NO_RESULTS = "There are no results to draw yet: run `make lab` in a terminal, then this cell again."
HEART = "#F0E442"
FIGURE_WIDTH = 960  # CSS pixels
START = "\x02"  # stands before a line's first character
LISTING = (
    "font-family:'DejaVu Sans Mono',Menlo,Consolas,monospace;font-size:15px;line-height:1.4;margin:0;padding:10px;"
    "background:#FFFFFF;color:#111111;white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere"
)


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


def results_folder() -> Path | None:
    """The last run, else the one that comes with the lab, else None."""
    return next((place for place in PLACES if (place / "runs.csv").is_file()), None)


class Picture:
    """A chart as a notebook shows it, with its alternative text; without a chart, the sentence that says why."""

    def __init__(self, chart: canvas.Chart | None, why: str = "") -> None:
        self.chart, self.why = chart, why

    def __repr__(self) -> str:
        return f"{self.chart.title}. {self.chart.alt}" if self.chart else self.why

    def _repr_mimebundle_(self, **_: Any) -> Any:
        if self.chart is None:
            return {"text/plain": self.why, "text/markdown": self.why}
        bundle = {"text/plain": repr(self), "image/png": canvas.png(self.chart)}
        return bundle, {"image/png": {"width": FIGURE_WIDTH, "alt": self.chart.alt}}


def figure(name: str, folder: Path | None = None) -> Picture:
    """The chart of that name from `folder`, or from where `results_folder` finds one; never raises for want of runs."""
    folder = folder or results_folder()
    if folder is None:
        return Picture(None, NO_RESULTS)
    try:
        drawn, skipped = charts.draw_all(folder)
    except table.TableError as error:
        return Picture(None, f"The results cannot be read: {error}.")
    reasons = {skip.name: f"This figure cannot be drawn from {folder.name}: {skip.reason}." for skip in skipped}
    chart = next((chart for chart in drawn if chart.name == name), None)
    return Picture(chart, reasons.get(name, f"There is no figure named {name}."))


class Listing:
    """Source text as a notebook shows it, lines with certain words in them marked; as text, the text itself."""

    def __init__(self, text: str, colours: dict[str, str]) -> None:
        self.text, self.colours = text, colours

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return f'<pre style="{LISTING}">{"".join(map(self._line, self.text.splitlines()))}</pre>'

    def _line(self, line: str) -> str:
        colour = next((colour for start, colour in self.colours.items() if start in f"{START}{line}"), None)
        marked = f'<b style="background-color:{colour}">{html.escape(line)}</b>' if colour else html.escape(line)
        return marked + "\n"


def source(server: str) -> Listing:
    """The source of a server, "polling", "long_polling" or "websocket", read and not imported; its heart marked."""
    return Listing(_text(server), {"feed.after(": HEART, "broadcast.follow(": HEART})


def difference(one: str, other: str) -> Listing:
    """The lines in which two servers differ, without their neighbours."""
    before, after = _text(one).splitlines(), _text(other).splitlines()
    lines = list(difflib.unified_diff(before, after, n=0, lineterm=""))[2:]
    return Listing("\n".join(lines), {f"{START}-": "#FBD9C6", f"{START}+": "#CFE6F5"})


def _text(server: str) -> str:
    return (ROOT / "servers" / f"{server}.py").read_text(encoding="utf-8")
