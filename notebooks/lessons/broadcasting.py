"""Lesson 5: how a thousand are told at once, in three steps, each measured; and two traps of sockets.

Toys beside the servers: real sockets of this machine, and nothing of the lab's own broadcast.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from statistics import median

import pandas as pd
from websockets.frames import Frame, Opcode

MESSAGE = {"seq": 17, "published_at": 1795363200.123456, "data": "tick tock " * 9}
THREAD_STACK = 256 * 1024
Pairs = list[tuple[socket.socket, socket.socket]]


def encoded() -> bytes:
    """A message as JSON in a frame, as each step sends it."""
    return bytes(Frame(Opcode.TEXT, json.dumps(MESSAGE).encode()).serialize(mask=False))


def time_to_all(clients: int = 300, times: int = 5) -> pd.DataFrame:
    """From publication to the last client's socket, in ms: the median of the publications, for each step."""
    steps: dict[str, Callable[[Pairs, int], list[float]]] = {
        "a loop for each client, which encodes": lambda pairs, n: by_threads(pairs, n, encoded),
        "a loop for each client, encoded once": lambda pairs, n: by_threads(pairs, n, None),
        "one loop for all, encoded once": by_one,
    }
    rows = {}
    for words, step in steps.items():
        with connected(clients) as pairs:
            rows[words] = [round(1000 * median(step(pairs, times)), 2)]
    return pd.DataFrame.from_dict(rows, orient="index", columns=[f"ms until {clients:,} are told"])


@contextmanager
def connected(clients: int) -> Iterator[Pairs]:
    """So many connected pairs of sockets."""
    with ExitStack() as stack:
        pairs = [socket.socketpair() for _ in range(clients)]
        for pair in pairs:
            for end in pair:
                stack.enter_context(end)
        yield pairs


def by_one(pairs: Pairs, times: int) -> list[float]:
    found = []
    for _ in range(times):
        start = time.perf_counter()
        data = encoded()
        for server, _ in pairs:
            server.sendall(data)
        found.append(time.perf_counter() - start)
        emptied(pairs)
    return found


def by_threads(pairs: Pairs, times: int, encode: Callable[[], bytes] | None) -> list[float]:
    """A thread for each client waits until there is something new, and sends it."""
    news, done = threading.Condition(), threading.Semaphore(0)
    seq, data, ended = 0, b"", False

    def serve(server: socket.socket) -> None:
        mine = 0
        while True:
            with news:
                while not ended and seq == mine:
                    news.wait()
                if ended:
                    return
                mine, frame = seq, data
            server.sendall(encode() if encode else frame)
            done.release()

    before = threading.stack_size(THREAD_STACK)
    threads = [threading.Thread(target=serve, args=[server], daemon=True) for server, _ in pairs]
    for thread in threads:
        thread.start()
    threading.stack_size(before)
    found = []
    for _ in range(times):
        start = time.perf_counter()
        with news:
            seq, data = seq + 1, encoded()
            news.notify_all()
        for _ in pairs:
            done.acquire()
        found.append(time.perf_counter() - start)
        emptied(pairs)
    with news:
        ended = True
        news.notify_all()
    for thread in threads:
        thread.join()
    return found


def emptied(pairs: Pairs) -> None:
    """Take out what has been sent."""
    for _, client in pairs:
        client.recv(65_536)


def two_writes(times: int = 20) -> pd.DataFrame:
    """Head and body of a response in two writes, on a kept connection: with Nagle's algorithm, and without it."""
    rows = {"Nagle on, as it is by default": exchanges(times, False), "Nagle off (TCP_NODELAY)": exchanges(times, True)}
    words = ["median, ms", "longest, ms"]
    found = {name: [round(1000 * median(each), 2), round(1000 * max(each), 2)] for name, each in rows.items()}
    return pd.DataFrame.from_dict(found, orient="index", columns=words)


def exchanges(times: int, no_delay: bool) -> list[float]:
    """Seconds of each of `times` requests on one connection over loopback."""
    head, body = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", bytes(100)

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, no_delay)
            while connection.recv(4096):
                connection.sendall(head)
                connection.sendall(body)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=serve, args=[listener], daemon=True)
        server.start()
        found = []
        with socket.create_connection(listener.getsockname()) as client:
            for _ in range(times):
                start, left = time.perf_counter(), len(head) + len(body)
                client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                while left:
                    left -= len(client.recv(left))
                found.append(time.perf_counter() - start)
        server.join()
    return found


def half_sent(size: int = 4_000_000) -> pd.DataFrame:
    """A frame of `size` bytes to a client that stops reading, by `send` on a non-blocking socket."""
    server, client = socket.socketpair()
    with server, client:
        server.setblocking(False)
        taken = server.send(bytes(size))
    counted = {"of the frame": size, "that `send` took": taken, "that nobody sends": size - taken}
    return pd.DataFrame({"bytes": {what: f"{count:,}" for what, count in counted.items()}})
