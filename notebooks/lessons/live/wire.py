"""Lesson 4: a bare connection on which bytes are typed, and seats in a chat; as recorded where there is no server."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import urlsplit

from websockets.sync.client import connect

from lessons.live.recordings import NothingStarted, recorded_or
from lessons.live.servers import LiveServers

TIMEOUT = 10.0  # seconds


class ConnectionEnded(Exception):
    """The server has ended a connection, as it does after bytes that are no frame; a notebook shows the sentence."""

    def __init__(self) -> None:
        super().__init__("The server has ended this connection: run the cells from the one that opens it.")

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class RawConnection:
    """A TCP connection to the WebSocket server: it sends the typed bytes and returns the received ones."""

    def __init__(self, servers: LiveServers) -> None:
        self.host = urlsplit(servers.websocket).netloc or "127.0.0.1:5003"
        self._socket = None
        self._received = 0
        if servers.running:
            host, _, port = self.host.rpartition(":")
            self._socket = socket.create_connection((host, int(port)), TIMEOUT)

    def send(self, text: str) -> None:
        """Send the text as it stands; ConnectionEnded if the server has closed the connection."""
        if self._socket is not None:
            with connection_needed():
                self._socket.sendall(text.encode())

    def receive(self) -> bytes:
        """The next bytes that come, whatever they belong to; ConnectionEnded if none will."""
        self._received += 1
        return str(recorded_or(f"bare {self._received}", self._next)).encode("latin-1")

    def _next(self) -> str:
        if self._socket is None:
            raise NothingStarted("there is no server")
        with connection_needed():
            data = self._socket.recv(4096)
        if not data:
            raise ConnectionEnded
        return data.decode("latin-1")

    def close(self) -> None:
        """End the connection."""
        if self._socket is not None:
            self._socket.close()


class ChatClient:
    """A WebSocket in a chat; without a server, what came to it when the lesson was made."""

    def __init__(self, name: str, connection: Any) -> None:
        self._name, self._connection, self._heard = name, connection, 0

    def send(self, text: str) -> None:
        if self._connection is not None:
            self._connection.send(text)

    def recv(self) -> str:
        self._heard += 1
        return str(recorded_or(f"{self._name} hears {self._heard}", self._next))

    def _next(self) -> str:
        if self._connection is None:
            raise NothingStarted("there is no server")
        return str(self._connection.recv(TIMEOUT))


@contextmanager
def connection_needed() -> Iterator[None]:
    try:
        yield
    except OSError:
        raise ConnectionEnded from None


@contextmanager
def chat_clients(servers: LiveServers, *names: str) -> Iterator[list[ChatClient]]:
    """A WebSocket on the feed for each name."""
    with ExitStack() as stack:
        url = f"{servers.websocket}/messages"
        yield [ChatClient(name, stack.enter_context(connect(url)) if servers.running else None) for name in names]
