"""gevent's WSGI server, the same for all three transports: ports, Nagle off, a bounded stop."""

import errno
import os
import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from typing import Any

import gevent
from gevent.pywsgi import WSGIServer

from servers.context import Context
from servers.feed import Feed
from servers.serving.handler import LabHandler
from servers.serving.limits import reached_at
from servers.serving.request_reader import HEAD_TIME
from servers.serving.transports import TRANSPORTS, Transport
from servers.sockets.frame_socket import LINGER, FrameSocket

FULL = b'{"title":"Service Unavailable","status":503,"detail":"as many are connected as may be"}'
TURNED_AWAY = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nContent-Length: %d\r\n"
    b"Retry-After: 5\r\nConnection: close\r\n%b\r\n%b"
)
EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
PAUSE = 0.1  # seconds
BACKLOG = 4096  # connections that wait to be accepted
STALL = 60.0  # seconds in which a client that is sent something takes the next of it
STOP_TIMEOUT, LOOK = 1.0, 0.005  # seconds that clients have at the end; between two looks whether any is left


class PortUnavailable(OSError):
    """The machine's or the user's fault: the port is taken, or the host is not this machine's."""


class LabServer(WSGIServer):
    """Sends at once: with Nagle's algorithm on, a response's body waits until its headers are acknowledged."""

    handler_class = LabHandler
    max_accept = 10  # connections at a time, so that a flood of them waits in the kernel and not here
    stopping = False  # whether each connection ends with the response that is under way

    def __init__(
        self, listener: tuple[str, int] | socket.socket, application: Callable[..., Any], transport: Transport,
        context: Context, **options: Any,
    ) -> None:  # fmt: skip
        backlog = None if isinstance(listener, socket.socket) else BACKLOG  # gevent's: a socket listens already
        super().__init__(listener, application, log=None, backlog=backlog, **options)
        self.context, self.scheme, self.upgrades = context, transport.scheme, transport.upgrades
        self.base_environ: dict[str, Any] = {}
        self.connection_limit, self.handler_class = context.connection_limit, transport.handler_class

    def update_environ(self) -> None:
        """Called once the address is known; requests begin with a copy of this (PEP 3333)."""
        super().update_environ()
        self.base_environ = dict(self.get_environ()) | {"SCRIPT_NAME": "", "wsgi.input_terminated": True}

    def do_read(self) -> Any:
        """Accept a connection; or pause where the system has nothing left for one, and let those connected live on."""
        try:
            return super().do_read()
        except OSError as error:
            if error.errno not in EXHAUSTED:
                raise
            self.stop_accepting()
            self._timer = self.loop.timer(PAUSE)
            self._timer.start(self._start_accepting_if_started)
            return None

    def handle(self, sock: socket.socket, address: Any) -> None:
        if not self.connection_limit.acquire(address[0]):
            return self._turn_away(sock)
        try:
            prepare(sock)
            self.handler_class(sock, address, self).handle()
        finally:
            self.connection_limit.release(address[0])

    def _turn_away(self, sock: socket.socket) -> None:
        sock.settimeout(LINGER)
        with suppress(OSError):
            sock.sendall(turned_away(self.context.answer_fields))
            FrameSocket(sock).close()

    def wrap_socket_and_handle(self, sock: socket.socket, address: Any) -> None:
        """Admit the connection, then make the TLS handshake: a slow one counts, and has HEAD_TIME.

        Where no more are admitted the connection is closed: to say so would take the handshake that costs the most.
        """
        if not self.connection_limit.acquire(address[0]):
            return sock.close()
        try:
            with gevent.Timeout(HEAD_TIME, TimeoutError("the TLS handshake takes too long")):
                secured = self.wrap_socket(sock, **self.ssl_args)
            with closing(secured):
                prepare(secured)
                self.handler_class(secured, address, self).handle()
        except OSError:  # the client broke off or was silent, does not trust the certificate, or speaks no TLS
            sock.close()
        finally:
            self.connection_limit.release(address[0])


def prepare(sock: socket.socket) -> None:
    """Set up the socket of a connection that was admitted.

    It returns before the handler is called. Python keeps the deepest stack that a greenlet has had, in pages of 4 KiB:
    one frame more below a WebSocket may take another page.
    """
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)  # finds out, in the end, who has gone without a word
    sock.settimeout(STALL)


def turned_away(fields: Sequence[tuple[str, str]]) -> bytes:
    """The 503 for which no request has to be read, with these field lines."""
    added = b"".join(f"{name}: {value}\r\n".encode("latin-1") for name, value in fields)
    return TURNED_AWAY % (len(FULL), added, FULL)


def bind(
    transport: Transport, feed: Feed, context: Context, host: str, port: int, tls: ssl.SSLContext | None,
    shared: bool = False,
) -> LabServer:  # fmt: skip
    """Return a server of `transport` that listens on the port, `shared` with other processes; PortUnavailable if it
    cannot.
    """
    secure = {} if tls is None else {"ssl_context": tls}
    try:
        listener = shared_listener(host, port) if shared else (host, port)
        server = LabServer(listener, transport.create_app(feed, context), transport, context, **secure)
        server.start()
    except (OSError, OverflowError) as error:
        number = getattr(error, "errno", None) or 0
        reason = os.strerror(number) if number > 0 else error.args[-1]  # getaddrinfo's numbers are negative
        other = "; --ports A,B,C (or --port N for one server) chooses others" * (number == errno.EADDRINUSE)
        raise PortUnavailable(f"cannot serve {transport.name} on {host}:{port}: {reason}{other}") from None
    return server


def shared_socket(host: str, port: int) -> socket.socket:
    """A socket at a port that other processes of this user may have, too (SO_REUSEPORT). The kernel spreads connections
    over all that listen.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    sock = socket.socket(family, kind, protocol)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sock.bind(address)
    return sock


def shared_listener(host: str, port: int) -> socket.socket:
    sock = shared_socket(host, port)
    sock.listen(BACKLOG)
    return sock


def bind_all(
    feed: Feed, context: Context, ports: dict[str, int], host: str, tls: ssl.SSLContext | None = None,
    shared: bool = False,
) -> dict[str, LabServer]:  # fmt: skip
    """Return the servers by transport, all of them listening, or none; they share the limits of `context`."""
    servers: dict[str, LabServer] = {}
    try:
        for name, port in ports.items():
            servers[name] = bind(TRANSPORTS[name], feed, context.for_another_server(), host, port, tls, shared)
    except PortUnavailable:
        stop_all(list(servers.values()))
        raise
    return servers


def address_of(server: LabServer) -> str:
    """The URL that a client of this server takes; with the token, where it needs one."""
    scheme, token = server.scheme + "s" * server.ssl_enabled, server.context.token
    host = reached_at(server.server_host)
    host = f"[{host}]" if ":" in host else host
    return f"{scheme}://{host}:{server.server_port}{f'/?token={token}' if token else ''}"


def stop_all(servers: Sequence[LabServer]) -> None:
    """Stop listening, tell WebSockets, give them and questions under way a moment, then end every connection."""
    for server in servers:
        server.close()
        for end in list(server.context.shutdown_hooks):
            end()
    with gevent.Timeout(STOP_TIMEOUT, False):
        while any(server.context.shutdown_hooks or server.context.counts.clients for server in servers):
            gevent.sleep(LOOK)
