"""The live demonstration in a cell: race, playground, chat; or a recording, where no browser can reach it."""

from __future__ import annotations

import atexit
import functools
import html
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lessons.live.progress import QUIET
from lessons.live.recordings import NothingStarted, check_startable
from lessons.live.servers import LiveServers
from loadtests.runs.processes import RunFailed, start
from results.folders import ROOT

PAGES = {"race": "", "playground": "play", "chat": "talk", "class": "class", "seventh tab": "seventh"}
OWN_PAGES = {"small chat": "small-chat"}
"""Pages of the WebSocket server itself."""
PICTURES = ROOT / "docs" / "pictures"
HUB = "JUPYTERHUB_SERVICE_PREFIX"  # of the environment: the kernel's browser is on another machine
START_TIMEOUT = 30.0  # seconds
WIDTH = 995  # CSS pixels of a recording: as high as other pictures
FRAME = '<iframe src="{}" width="100%" height="720" style="border:0" title="{}"></iframe>'


class LivePage:
    """A page of the demonstration as a notebook shows it: live in a frame, or as it was recorded."""

    def __init__(self, name: str, url: str | None, why: str = "") -> None:
        self.name, self.url, self.why = name, url, why

    def __repr__(self) -> str:
        return f"The {self.name}, live: {self.url}" if self.url else f"The {self.name}, recorded. {self.why}".strip()

    def _repr_mimebundle_(self, **_: Any) -> Any:
        if self.url:
            return {"text/plain": repr(self), "text/html": FRAME.format(html.escape(self.url), self.name)}
        bundle = {"text/plain": repr(self), "image/png": recording(self.name).read_bytes()}
        return bundle, {"image/png": {"width": WIDTH, "alt": repr(self)}}


def recording(name: str) -> Path:
    """The picture of a page; of the race it moves."""
    return PICTURES / f"{name.replace(' ', '_')}.png"


def show(name: str = "race") -> LivePage:
    """Show a page of the demonstration, which is started if it does not run yet, and ends with the kernel.

    Where nothing can be started, or the browser could not reach it, the recording is shown.
    """
    return page_or_recording(name, PAGES, lambda path: reached_at(demonstration(), path))


def open_page(servers: LiveServers, name: str) -> LivePage:
    """Show a page of the lesson's own WebSocket server; where the browser could not reach it, its recording."""

    def address(path: str) -> str:
        servers.check_running()
        return reached_at(servers.websocket.replace("ws", "http", 1) + "/", path)

    return page_or_recording(name, OWN_PAGES, address)


def page_or_recording(name: str, pages: Mapping[str, str], address: Callable[[str], str]) -> LivePage:
    """One of these pages, by the address of its path; the recording where there is no such address."""
    if name not in pages:
        raise ValueError(f"there is no page {name!r}: they are {', '.join(pages)}")
    if QUIET in os.environ:  # the notebook is made for readers, who may have no servers
        return LivePage(name, None)
    try:
        check_startable()
        if "google.colab" in sys.modules:
            raise NothingStarted("a browser cannot reach a server of Colab's")
        return LivePage(name, address(pages[name]))
    except (NothingStarted, RunFailed, OSError) as error:
        return LivePage(name, None, f"It cannot be started here: {str(error).rstrip('.')}.")


@functools.cache
def demonstration() -> str:
    """The address of this kernel's demonstration."""
    children = ExitStack()
    atexit.register(children.close)
    child = start(children, "the demonstration", ["-m", "loadtests", "demo", "--port", "0", "--controlled"])
    return str(child.expect("url", START_TIMEOUT))


def reached_at(url: str, path: str) -> str:
    """Where the browser finds a page: on this machine, or behind Jupyter's proxy."""
    if prefix := os.environ.get(HUB):
        return f"{prefix}proxy/{urlsplit(url).port}/{path}"
    return url + path
