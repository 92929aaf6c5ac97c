"""Lesson 7: scripts of a cell run in a real browser; where there is none, what they logged when the lesson was made."""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from weakref import finalize

import pandas as pd

from lessons.live.recordings import NothingStarted, check_startable, recorded_or
from lessons.live.servers import LiveServers
from loadtests.runs.processes import Child, RunFailed, start

START_TIMEOUT, LONGEST_S = 30.0, 30.0  # seconds for the browser to start; and that a script may take


class ScriptDidNotEnd(Exception):
    """A script ran for too long, and its browser was ended; a notebook shows the sentence."""

    def __init__(self) -> None:
        super().__init__(f"This script did not end within {LONGEST_S:.0f} s. Start the browser again: run its cell.")

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class Browser:
    """A page of headless Chromium, with the address of the WebSocket server: `location.host` is that server.

    It ends with `close`, with this object, and with the kernel.
    """

    def __init__(self, servers: LiveServers) -> None:
        self._child: Child | None = None
        self._why, self._asked = "", 0
        with ExitStack() as children:
            try:
                check_startable()
                servers.check_running()
                url = servers.websocket.replace("ws", "http", 1) + "/status"
                child = start(children, "the browser", ["-m", "loadtests.observe.console", url])
                child.expect("ready", START_TIMEOUT)
                self._child, kept = child, children.pop_all()
                self._end = finalize(self, kept.close)
            except (NothingStarted, RunFailed, OSError) as error:
                self._why = str(error)

    def __repr__(self) -> str:
        return "A page in Chromium." if self._child else f"No browser can be started here: {self._why}."

    def run(self, script: str, wait_s: float = 1.0) -> pd.DataFrame:
        """Run a script on a fresh page; return what it logged, and when (s), up to `wait_s` after its end.

        The script may use `await`. NothingStarted if there is no browser, and no recording of this script.
        ScriptDidNotEnd after half a minute.
        """
        key = f"script {hashlib.sha256(f'{script.strip()} {wait_s}'.encode()).hexdigest()[:12]}"
        logged = recorded_or(key, lambda: self._logged(script, wait_s))
        return pd.DataFrame([(f"{seconds:.1f}", text) for seconds, text in logged], columns=["s", "console.log"])

    def _logged(self, script: str, wait_s: float) -> list[list[object]]:
        if self._child is None:
            raise NothingStarted(self._why)
        self._asked += 1
        try:
            self._child.send(script=script, seconds=wait_s, number=self._asked)
            while (said := self._child.expect_object("logged", LONGEST_S + wait_s))["number"] != self._asked:
                pass  # of a cell that was interrupted
        except RunFailed:
            self.close()
            raise ScriptDidNotEnd() from None
        return list(said["logged"])

    def close(self) -> None:
        """End the browser."""
        if self._child is not None:
            self._end()
            self._child, self._why = None, "it was closed"
