"""The wire as it is: what answers are, and bare sockets to speak it."""

import socket

import pytest
import websocket

from tools.lab import HTTP, UPGRADE, WAIT, WITH_GUESTS, Answer, Lab

PROBLEM = "application/problem+json"

each = pytest.mark.parametrize("transport", WITH_GUESTS)
each_http = pytest.mark.parametrize("transport", HTTP)


def newest(lab: Lab) -> int:
    return lab.status("polling")["newest"]


def is_problem(answer: Answer, status: int) -> bool:
    """Whether an answer is that problem, as RFC 9457 has it."""
    return (answer.status, answer.fields["Content-Type"], answer.json["status"]) == (status, PROBLEM, status)


def websocket_to(lab: Lab, path: str, **options: object) -> websocket.WebSocket:
    return websocket.create_connection(lab.url("websocket") + path, timeout=WAIT, **options)


def read_to_end(sock: socket.socket) -> bytes:
    """All bytes until the server ends TCP; TimeoutError if it does not."""
    return b"".join(iter(lambda: sock.recv(65_536), b""))


def raw_exchange(lab: Lab, transport: str, request: bytes) -> bytes:
    """What a server sends to these bytes until it ends TCP."""
    with socket.create_connection(("127.0.0.1", lab.ports[transport]), WAIT) as sock:
        sock.sendall(request)
        return read_to_end(sock)


def opened(lab: Lab, target: str) -> socket.socket:
    """A bare socket after the opening handshake."""
    sock = socket.create_connection(("127.0.0.1", lab.ports["websocket"]), WAIT)
    lines = [f"GET {target} HTTP/1.1", "Host: localhost", *(f"{n}: {t}" for n, t in UPGRADE.items()), "", ""]
    sock.sendall("\r\n".join(lines).encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += sock.recv(1)
    assert head.startswith(b"HTTP/1.1 101 ")
    return sock
