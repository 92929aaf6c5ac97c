"""gevent's WSGI server, the same for all three transports: ports, Nagle off, a bounded stop."""

import os
import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

import gevent
from gevent.pywsgi import WSGIHandler, WSGIServer

from servers import long_polling, polling, websocket
from servers.app import App
from servers.feed import Feed
from servers.publisher import Publisher

TRANSPORTS: dict[str, Callable[[Feed], App]] = {
    "polling": polling.create_app,
    "long-polling": long_polling.create_app,
    "websocket": websocket.create_app,
}
PORTS = {"polling": 5001, "long-polling": 5002, "websocket": 5003}
STOP_TIMEOUT = 0.3  # seconds that responses under way have at the end


class PortUnavailable(OSError):
    """The machine's or the user's fault: the port is taken, or the host is not this machine's."""


class LabHandler(WSGIHandler):
    """Ignores a client that has gone, over TLS too; sends the head and the beginning of the body in one segment."""

    ignored_socket_errors = (*WSGIHandler.ignored_socket_errors, ssl.SSL_ERROR_EOF)
    _held: bytearray | None = None  # what is to be sent together

    def _write_with_headers(self, data: bytes) -> None:
        self._held = bytearray()
        super()._write_with_headers(data)
        together, self._held = self._held, None
        super()._sendall(together)

    def _sendall(self, data: bytes) -> None:
        if self._held is None:
            super()._sendall(data)
        else:
            self._held += data


class LabServer(WSGIServer):
    """Sends at once: with Nagle's algorithm on, a response's body waits until its headers are acknowledged."""

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


def bind(app: App, transport: str, host: str, port: int, tls: ssl.SSLContext | None) -> LabServer:
    """Return a server of `transport` that listens on the port; PortUnavailable if it cannot."""
    secure = {} if tls is None else {"ssl_context": tls}
    server = LabServer((host, port), app, log=None, backlog=4096, **secure)
    try:
        server.start()
    except (OSError, OverflowError) as error:
        number = getattr(error, "errno", None) or 0
        reason = os.strerror(number) if number > 0 else error.args[-1]  # getaddrinfo's numbers are negative
        raise PortUnavailable(f"cannot serve {transport} on {host}:{port}: {reason}") from None
    return server


def bind_all(
    feed: Feed,
    publisher: Publisher,
    ports: dict[str, int],
    host: str,
    *,
    tls: ssl.SSLContext | None = None,
    deflate: bool = False,
    answer_fields: Sequence[tuple[str, str]] = (),
) -> dict[str, LabServer]:
    """Return the servers by transport, all of them listening, or none.

    `deflate` lets them compress, and every answer of theirs carries `answer_fields`.
    """
    servers: dict[str, LabServer] = {}
    try:
        for transport, port in ports.items():
            app = TRANSPORTS[transport](feed)
            app.publisher, app.config["DEFLATE"] = publisher, deflate
            app.config["ANSWER_FIELDS"] = answer_fields
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


def stop_all(servers: Sequence[LabServer]) -> None:
    """Stop listening, give responses under way a moment, then end every connection."""
    gevent.joinall([gevent.spawn(server.stop, timeout=STOP_TIMEOUT) for server in servers])
