"""An upload from one end of a path to the other, as fast as TCP lets it: `receive`, or `send ADDRESS PORT`.

Both end with their standard input.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

CHUNK = b"x" * 65_536
CONNECTIONS = 2
"""As a browser uploads several files."""


def receive(listener: socket.socket) -> None:
    """Throw away what comes."""
    while True:
        connection, _ = listener.accept()
        in_background(throw_away, connection)


def throw_away(connection: socket.socket) -> None:
    with connection, suppress(OSError):
        while connection.recv(len(CHUNK)):
            pass


def send(address: str, port: int) -> None:
    """Send without an end."""
    with suppress(OSError), socket.create_connection((address, port)) as connection:
        while True:
            connection.sendall(CHUNK)


def in_background(act: Callable[..., Any], *arguments: Any) -> None:
    threading.Thread(target=act, args=arguments, daemon=True).start()


def main(role: str, *where: str) -> None:
    if role == "receive":
        listener = socket.create_server(("0.0.0.0", 0))
        in_background(receive, listener)
        print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
    else:
        address, port = where
        for _ in range(CONNECTIONS):
            in_background(send, address, int(port))
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
