"""gevent's WSGI server, the same for all three transports: ports, Nagle off, a bounded stop."""

import json
import os
import signal
import socket
import ssl
import sys
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import IO, Any

import gevent
from flask import Flask
from gevent import monkey
from gevent.event import AsyncResult
from gevent.fileobject import FileObject
from gevent.pywsgi import WSGIHandler, WSGIServer
from gevent.threadpool import ThreadPool

from servers import long_polling, polling, websocket
from servers.feed import Feed
from servers.sources import Publisher

TRANSPORTS: dict[str, Callable[[Feed], Flask]] = {
    "polling": polling.create_app,
    "long-polling": long_polling.create_app,
    "websocket": websocket.create_app,
}
PORTS = {"polling": 5001, "long-polling": 5002, "websocket": 5003}
DESCRIPTORS = 10_240  # what macOS gives at most
STOP_TIMEOUT = 0.3  # seconds that answers under way have at the end


class PortUnavailable(OSError):
    """The machine's or the user's fault: the port is taken, or the host is not this machine's."""


class LabHandler(WSGIHandler):
    """To a client that has gone there is nothing to say, over TLS either."""

    ignored_socket_errors = (*WSGIHandler.ignored_socket_errors, ssl.SSL_ERROR_EOF)


class LabServer(WSGIServer):
    """Sends at once: with Nagle's algorithm on, a head and its body wait for a delayed acknowledgement between them."""

    handler_class = LabHandler

    def handle(self, sock: socket.socket, address: Any) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().handle(sock, address)

    def wrap_socket_and_handle(self, sock: socket.socket, address: Any) -> None:
        try:
            secured = self.wrap_socket(sock, **self.ssl_args)
        except OSError:  # the client broke off, does not trust the certificate, or speaks no TLS
            return sock.close()
        with closing(secured):
            self.handle(secured, address)


def bind(app: Flask, transport: str, host: str, port: int, tls: ssl.SSLContext | None) -> LabServer:
    """Return a server of `transport` that listens on the port; PortUnavailable if it cannot."""
    secure = {} if tls is None else {"ssl_context": tls}
    server = LabServer((host, port), app, log=None, backlog=4096, **secure)
    try:
        server.start()
    except (OSError, OverflowError) as error:
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
        raise PortUnavailable(f"cannot serve {transport} on {host}:{port}: {reason}") from None
    return server


def bind_all(
    feed: Feed, ports: dict[str, int], host: str, *, tls: ssl.SSLContext | None = None, deflate: bool = False
) -> dict[str, LabServer]:
    """Return the servers by transport, all of them listening, or none; `deflate` lets WebSockets compress."""
    servers: dict[str, LabServer] = {}
    try:
        for transport, port in ports.items():
            app = TRANSPORTS[transport](feed)
            app.config["DEFLATE"] = deflate
            servers[transport] = bind(app, transport, host, port, tls)
    except PortUnavailable:
        stop_all(list(servers.values()))
        raise
    return servers


def address_of(transport: str, server: LabServer) -> str:
    """The URL that a client of this server takes."""
    scheme = ("ws" if transport == "websocket" else "http") + ("s" if server.ssl_enabled else "")
    host = f"[{server.server_host}]" if ":" in server.server_host else server.server_host
    return f"{scheme}://{host}:{server.server_port}"


class NativeThread:
    """The publisher's clockwork: a thread of the operating system, which keeps time while the greenlets are busy."""

    def __init__(self) -> None:
        self._running = monkey.get_original("_thread", "allocate_lock")()
        self._running.acquire()
        self._end: Callable[[], object] = lambda: None

    def start(self, function: Callable[[], None]) -> None:
        self._end = ThreadPool(1).spawn(function).get

    def sleep(self, seconds: float) -> bool:
        return self._running.acquire(timeout=seconds)

    def stop(self) -> None:
        if self._running.locked():
            self._running.release()
            self._end()


def raise_descriptor_limit() -> None:
    """Let this process open as many sockets as it may: a WebSocket takes two. Windows sets no limit."""
    with suppress(ImportError):
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        enough = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(DESCRIPTORS, hard)
        if soft != resource.RLIM_INFINITY and soft < enough:
            resource.setrlimit(resource.RLIMIT_NOFILE, (enough, hard))


def stop_all(servers: Sequence[LabServer]) -> None:
    """Stop listening, give answers under way a moment, then end every connection."""
    gevent.joinall([gevent.spawn(server.stop, timeout=STOP_TIMEOUT) for server in servers])


def obey(publisher: Publisher, feed: Feed, commands: IO[bytes], replies: IO[str]) -> None:
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
        gevent.spawn(obey, publisher, feed, sys.stdin.buffer, sys.stdout).link(lambda _: status.set(0))
    else:
        publisher.start()
    try:
        return status.get()
    finally:
        publisher.stop()
        stop_all(list(servers.values()))
