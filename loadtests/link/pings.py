"""The children of a calibration: an echo server, a client that times round trips, and one that keeps a core busy.

    python -m loadtests.link.pings echo|client|spin

Each ends with its input. They import nothing large and do nothing else: so what the client measures is the path.
"""

import json
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

PING_BYTES = 8


def echo() -> None:
    """Serve, print the address, and send back what comes."""
    listener = socket.create_server(("127.0.0.1", 0))
    print(json.dumps({"url": f"tcp://127.0.0.1:{listener.getsockname()[1]}"}), flush=True)
    threading.Thread(target=accept, args=(listener,), daemon=True).start()
    sys.stdin.read()


def accept(listener: socket.socket) -> None:
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=send_back, args=(connection,), daemon=True).start()


def send_back(connection: socket.socket) -> None:
    with connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while data := connection.recv(65_536):
            connection.sendall(data)


def client() -> None:
    """Answer each question, `{"url": …, "count": …, "period": …}`, with the round trips in seconds."""
    for line in sys.stdin:
        asked = json.loads(line)
        where = urlsplit(asked["url"])
        round_trips = ping((where.hostname, where.port), asked["count"], asked["period"])
        print(json.dumps({"round_trips": round_trips}), flush=True)


def ping(address: tuple[str | None, int | None], count: int, period: float) -> list[float]:
    """Send a ping every `period` seconds, whether or not those before are back; return their round trips in seconds.

    All take one connection, whose own handshake is over before the first. Sender and receiver are threads with blocking
    sockets: the kernel wakes each for its own purpose alone. ConnectionError if the connection ends before the last.
    """
    sent: list[float] = []
    with socket.create_connection(address) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(bytes(PING_BYTES))
        receive(connection)
        threading.Thread(target=send, args=(connection, count, period, sent), daemon=True).start()
        received = [receive(connection) for _ in range(count)]
    return [back - away for away, back in zip(sent, received, strict=True)]


def send(connection: socket.socket, count: int, period: float, sent: list[float]) -> None:
    begin = time.perf_counter()
    with suppress(OSError):  # the connection has ended: the receiver reports it
        for number in range(count):
            time.sleep(max(0.0, begin + number * period - time.perf_counter()))
            sent.append(time.perf_counter())
            connection.sendall(bytes(PING_BYTES))


def receive(connection: socket.socket) -> float:
    """When the next ping was back, whole."""
    left = PING_BYTES
    while left:
        data = connection.recv(left)
        if not data:
            raise ConnectionError("the connection ended before all pings were back")
        left -= len(data)
    return time.perf_counter()


def spin() -> None:
    """Keep one core busy."""
    reader = threading.Thread(target=sys.stdin.read, daemon=True)
    reader.start()
    print(json.dumps({"spinning": True}), flush=True)
    while reader.is_alive():
        pass


ROLES: dict[str, Callable[[], None]] = {"echo": echo, "client": client, "spin": spin}

if __name__ == "__main__":
    ROLES[sys.argv[1]]()
