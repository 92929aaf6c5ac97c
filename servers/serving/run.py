"""Publish and serve until a signal comes, or until the process that controls this one ends."""

import gc
import json
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import gevent
from gevent.event import AsyncResult
from gevent.fileobject import FileObject
from greenlet import greenlet

from servers.feed import Feed
from servers.publisher import Publisher
from servers.serving.server import LabServer, address_of, stop_all


def take_commands(
    publisher: Publisher, feed: Feed, commands: IO[bytes], answers: IO[str], on_failure: Callable[[BaseException], Any]
) -> None:
    """Start and stop publishing as lines of JSON say: `{"do": "start"}`, `{"do": "stop"}`; answer with the newest seq.
    `{"do": "count"}` is answered with how many greenlets there are.

    Return at the end of the commands, or when its answers are no longer read, so that no server outlives its parent.
    """
    for line in FileObject(commands, "rb"):
        match json.loads(line):
            case {"do": "start"}:
                publisher.start(on_failure)
                answer: dict[str, Any] = {"started_at": feed.newest}
            case {"do": "stop"}:
                publisher.stop()
                answer = {"stopped_at": feed.newest, "late_p99_ms": publisher.late_p99_ms}
            case {"do": "count"}:
                answer = {"greenlets": sum(issubclass(type(each), greenlet) for each in gc.get_objects())}
            case unknown:
                answer = {"unknown": unknown}
        if not answered(answer, answers):
            return


def answered(answer: dict[str, Any], answers: IO[str]) -> bool:
    """Tell the program that leads this one; False if it has ended, which is no fault of this one."""
    line = json.dumps(answer)
    try:
        print(line, file=answers, flush=True)
    except (BrokenPipeError, ValueError):  # closed there, or closed here already
        with suppress(BrokenPipeError):
            answers.close()  # or Python would try again at its own end, and complain
        return False
    return True


def status_by_signal() -> AsyncResult:
    """Return where SIGTERM and Ctrl-C put the exit status.

    Raised as exceptions, they would hit whichever greenlet is running, and some greenlets swallow them.
    """
    status = AsyncResult()
    gevent.signal_handler(signal.SIGTERM, status.set, 0)
    gevent.signal_handler(signal.SIGINT, status.set, 130)
    return status


def print_addresses(urls: dict[str, str], trusted: str | None, controlled: bool) -> None:
    """Print the addresses and the file to trust: for a person, or as JSON for the program that leads this one."""
    if controlled:
        answered({"urls": urls, "trust": trusted}, sys.stdout)
        return
    lines = urls | ({"to trust": trusted} if trusted else {})
    width = max(12, *map(len, lines))
    print("\n".join(f"{name:<{width}} {value}" for name, value in lines.items()), flush=True)


def serve(
    servers: dict[str, LabServer], publisher: Publisher, feed: Feed, controlled: bool, trusted: Path | None = None
) -> int:
    """Print the addresses and the file to trust, publish, and serve until a signal (controlled: the end of input).

    Return the exit status.
    """
    status = status_by_signal()

    def fail(error: BaseException) -> None:
        """End, since nothing more will be published: a feed in silence would pass for a quiet one."""
        print(f"servers: publishing has failed: {error!r}", file=sys.stderr, flush=True)
        status.set(1)

    gc.collect()
    gc.freeze()  # what is there now stays: to go through it again would hold all clients up for 40 ms at a time
    urls = {transport: address_of(server) for transport, server in servers.items()}
    print_addresses(urls, str(trusted) if trusted else None, controlled)
    if controlled:
        commands = gevent.spawn(take_commands, publisher, feed, sys.stdin.buffer, sys.stdout, fail)
        commands.link_value(lambda _: status.set(0))
        commands.link_exception(lambda greenlet: fail(greenlet.exception))
    else:
        publisher.start(fail)
    try:
        return status.get()
    finally:
        publisher.stop()
        for server in servers.values():
            server.stopping = True
        feed.close()
        stop_all(list(servers.values()))
