"""A delay line as a process, a server behind it, and a client in front."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from loadtests.link.__main__ import place

GENEROUS = 0.3  # seconds that a busy machine may add to a delay; never a lower bound

WAIT = 20.0


@contextmanager
def link(to: int | str, *options: str, limit: str = "") -> Iterator[tuple[subprocess.Popen[str], tuple[str, int]]]:
    """A running link to an address or a loopback port, as (process, its address); `limit` is for the shell's ulimit."""
    target = to if isinstance(to, str) else f"127.0.0.1:{to}"
    limited = ["sh", "-c", f'ulimit {limit} && exec "$0" "$@"'] if limit else []
    command = [*limited, sys.executable, "-m", "loadtests.link", "--to", target, *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as process:
        try:
            listening = place(process.stdout.readline().strip())
            yield process, (listening.host, listening.port)
        finally:
            process.kill()


@contextmanager
def serving(handle: Callable[[socket.socket], None], host: str = "127.0.0.1") -> Iterator[int]:
    """The port of a server that gives each connection to `handle` in a thread."""
    connections = []

    def accept() -> None:
        while True:
            connection, _ = listener.accept()
            if finished.is_set():
                return connection.close()
            connection.settimeout(WAIT)
            connections.append(threading.Thread(target=one, args=(connection,)))
            connections[-1].start()

    def one(connection: socket.socket) -> None:
        with connection, suppress(ConnectionError):
            handle(connection)

    finished = threading.Event()
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listener:
        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            finished.set()
            socket.create_connection(listener.getsockname()[:2]).close()  # wakes accept()
            for each in (thread, *connections):
                each.join(WAIT)
                assert not each.is_alive()


def connected(address: tuple[str, int]) -> socket.socket:
    connection = socket.create_connection(address, timeout=WAIT)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def echo(connection: socket.socket) -> None:
    while data := connection.recv(65536):
        connection.sendall(data)


def read_to_the_end(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


def exchange(connection: socket.socket, data: bytes) -> float:
    """The seconds until `data` has come back."""
    start = time.monotonic()
    connection.sendall(data)
    back = b""
    while len(back) < len(data):
        piece = connection.recv(65536)
        assert piece, "the connection ended"
        back += piece
    assert back == data
    return time.monotonic() - start


def tell(process: subprocess.Popen[str], line: str) -> None:
    process.stdin.write(line + "\n")
    process.stdin.flush()
