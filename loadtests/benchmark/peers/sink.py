"""Cheap clients that only count: `python -m … peers.sink TRANSPORT URL CLIENTS SIZE POLL_INTERVAL`.

A command is a line on standard input. The answer has the clients that have received a message, the deliveries so far,
and the 99th percentile latency since the previous command. Latency is of the newest message in each read, in ms.
"""

from gevent import monkey

monkey.patch_all()

import json  # noqa: E402
import re  # noqa: E402
import socket  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections.abc import Iterator  # noqa: E402

import gevent  # noqa: E402
from gevent.fileobject import FileObject  # noqa: E402

from clients import long_polling, polling  # noqa: E402
from clients.connection.event_stream import EventStreamConnection  # noqa: E402
from clients.connection.websocket import WebSocketConnection  # noqa: E402
from clients.ledger import Ledger  # noqa: E402
from results.histogram import new_histogram  # noqa: E402
from results.model import frame_header_bytes  # noqa: E402

EVENT_END = b"\n\n\r\n"
MOMENT = re.compile(rb'"published_at":([0-9.]+)')


def pieces(transport: str, url: str, size: int, interval: float) -> Iterator[tuple[float, float]]:
    """Yield (messages, latency of the newest) each time something came; frames are only measured, and
    events only counted."""
    if transport == "websocket":
        frame = size + frame_header_bytes(size, masked=False)
        with WebSocketConnection(url, "/messages", Ledger()) as connection:
            while data := socket.socket.recv(connection.socket, 65_536):
                moments = MOMENT.findall(data)
                yield len(data) / frame, time.time() - float(moments[-1]) if moments else 0.0
    elif transport == "server-sent-events":
        with EventStreamConnection(url, "/messages", Ledger()) as stream:
            while data := socket.socket.recv(stream.socket, 65_536):
                moments = MOMENT.findall(data)
                yield data.count(EVENT_END), time.time() - float(moments[-1]) if moments else 0.0
    else:
        polled = transport == "polling"
        following = polling.follow(url, interval=interval) if polled else long_polling.follow(url)
        yield from ((1, delivery.latency) for delivery in following)


def main(transport: str, url: str, clients: str, size: str, interval: str) -> None:
    counts, latency_us = [0.0] * int(clients), new_histogram()

    def follow(number: int) -> None:
        for delivered, latency in pieces(transport, url, int(size), float(interval)):
            counts[number] += delivered
            latency_us.record_value(max(round(latency * 1e6), 1))

    followers = [gevent.spawn(follow, number) for number in range(int(clients))]
    for _ in FileObject(sys.stdin.buffer, "rb"):
        p99 = latency_us.get_value_at_percentile(99) / 1000
        latency_us.reset()
        counted = {"served": sum(map(bool, counts)), "deliveries": sum(counts), "p99_ms": p99}
        print(json.dumps({"counted": counted}), flush=True)
    gevent.killall(followers)


if __name__ == "__main__":
    main(*sys.argv[1:])
