"""Publish and serve until told to end: by a signal, or by the process that leads this one."""

import json
import signal
import sys
from pathlib import Path
from typing import IO

import gevent
from gevent.event import AsyncResult
from gevent.fileobject import FileObject

from servers.feed import Feed
from servers.publisher import Publisher
from servers.serving.server import LabServer, address_of, stop_all


def take_commands(publisher: Publisher, feed: Feed, commands: IO[bytes], replies: IO[str]) -> None:
    """Start and stop publishing as lines on standard input say.

    Return at its end, so that no server outlives its parent. Each line is answered with where the feed then stands.
    """
    for line in FileObject(commands, "rb"):
        match line.strip():
            case b"start":
                publisher.start()
            case b"stop":
                publisher.stop()
        print(json.dumps({"newest": feed.newest, "oldest": feed.oldest, "epoch": feed.epoch}), file=replies, flush=True)


def status_by_signal() -> AsyncResult:
    """Return where SIGTERM and Ctrl-C put the exit status.

    Raised as exceptions, they would strike whatever greenlet runs at that moment, and some swallow them.
    """
    status = AsyncResult()
    gevent.signal_handler(signal.SIGTERM, status.set, 0)
    gevent.signal_handler(signal.SIGINT, status.set, 130)
    return status


def serve(
    servers: dict[str, LabServer], publisher: Publisher, feed: Feed, controlled: bool, trusted: Path | None = None
) -> int:
    """Print the addresses and what file to trust, publish, and serve until a signal (controlled: the end of its input).

    Return the exit status.
    """
    status = status_by_signal()
    for transport, server in servers.items():
        print(f"{transport:<13}{address_of(transport, server)}", flush=True)
    if trusted:
        print(f"{'to trust':<13}{trusted}", flush=True)
    if controlled:
        gevent.spawn(take_commands, publisher, feed, sys.stdin.buffer, sys.stdout).link(lambda _: status.set(0))
    else:
        publisher.start()
    try:
        return status.get()
    finally:
        publisher.stop()
        stop_all(list(servers.values()))
