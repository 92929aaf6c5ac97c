"""The processes of a run: started, spoken to in lines of JSON, and ended, whatever happens.

Each child ends when its standard input does, so that none outlives this program, not even when it is killed.
"""

import json
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, Protocol

from results.folders import ROOT

LOOK_S = 1.0  # between two looks at other processes
STOP_TIMEOUT = 5.0  # seconds a child has to end by itself


class Checked(Protocol):
    """What has to go on while something else is waited for: `check` raises RunFailed if it does not."""

    def check(self) -> None: ...


class RunFailed(Exception):
    """A run could not be finished; the message says which process is to blame, in one line."""


class Child:
    """A process that takes commands on standard input and answers on standard output."""

    def __init__(self, name: str, arguments: list[str], prefix: Sequence[str] = ()) -> None:
        self.name = name
        self._errors = tempfile.TemporaryFile()
        self._lines: queue.Queue[str] = queue.Queue()
        self._process = subprocess.Popen(
            [*prefix, sys.executable, *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            start_new_session=True,  # Ctrl-C is for this program, which then ends its children in order
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> "Child":
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, **command: Any) -> None:
        """Send a command, a JSON object on one line; RunFailed if the process has gone."""
        try:
            print(json.dumps(command), file=self._process.stdin, flush=True)
        except OSError:
            raise self._has_ended() from None

    def expect(self, word: str, timeout: float, beside: Sequence[Checked] = ()) -> Any:
        """Return what the process says of `word`, in the next JSON object that has it; all else it says is passed over.

        RunFailed if the process ends or is silent for `timeout` seconds, or one of those `beside` it ends meanwhile.
        """
        return self.expect_object(word, timeout, beside)[word]

    def expect_object(self, word: str, timeout: float, beside: Sequence[Checked] = ()) -> dict[str, Any]:
        """The same, but the whole object."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                line = self._lines.get(timeout=min(LOOK_S, max(deadline - time.monotonic(), 0)))
            except queue.Empty:
                for other in beside:
                    other.check()
                if time.monotonic() >= deadline:
                    raise RunFailed(f"{self.name} did not answer within {timeout:.0f} s") from None
                continue
            deadline = time.monotonic() + timeout
            if not line:
                raise self._has_ended()
            if line.startswith("{") and word in (said := json.loads(line)):
                return said

    def check(self) -> None:
        """RunFailed if the process has ended."""
        if self._process.poll() is not None:
            raise self._has_ended()

    def kill(self) -> None:
        """End the process at once, as the machine's end would."""
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        """End the process and wait for it: by the end of its input, else by force."""
        for stop in (self._close_input, self._process.terminate, self._process.kill):
            try:
                stop()
                self._process.wait(STOP_TIMEOUT)
                break
            except (subprocess.TimeoutExpired, OSError):
                continue
        self._process.wait()
        self._reader.join()
        self._process.stdout.close()  # type: ignore[union-attr]
        self._errors.close()

    def _close_input(self) -> None:
        self._process.stdin.close()  # type: ignore[union-attr]

    def _read(self) -> None:
        for line in self._process.stdout:  # type: ignore[union-attr]
            self._lines.put(line)
        self._lines.put("")

    def _has_ended(self) -> RunFailed:
        with suppress(subprocess.TimeoutExpired):  # it has closed its output, and is not gone yet
            self._process.wait(STOP_TIMEOUT)
        status = self._process.returncode
        how = "closed its output" if status is None else f"ended in mid-run (exit status {status})"
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace").strip().splitlines()
        return RunFailed(f"{self.name} {how}{last_line(said)}")


def start(children: ExitStack, name: str, arguments: list[str], prefix: Sequence[str] = ()) -> Child:
    """Start a child that ends with `children`; hold a Ctrl-C back until the child is registered there.

    `prefix` stands before the command, as that of a path's end.
    """
    with uninterrupted():
        return children.enter_context(Child(name, arguments, prefix))


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold Ctrl-C back until the end of the block; Python interrupts the main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came:
        raise KeyboardInterrupt


def last_line(lines: list[str]) -> str:
    return f": {lines[-1]}" if lines else ""
