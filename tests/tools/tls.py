"""A TLS server of one connection, over OpenSSL."""

import socket
import ssl
from collections.abc import Callable

import trustme

AUTHORITY = trustme.CA()


class Peer:
    """A server's side of TLS, by OpenSSL between two buffers: it counts what passes, and can let it pass in pieces."""

    def __init__(self, connection: socket.socket, context: ssl.SSLContext, piece: int) -> None:
        self.sent = self.received = 0
        self._connection, self._piece = connection, piece
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._in, self._out, server_side=True)

    def do(self, step: Callable[..., bytes], *args: object) -> bytes:
        """Take a step of TLS; b"" at the connection's end."""
        while True:
            try:
                return step(*args)
            except ssl.SSLWantReadError:
                self.flush()
                if not (data := self._connection.recv(self._piece)):
                    return b""
                self.received += len(data)
                self._in.write(data)
            finally:
                self.flush()

    def flush(self) -> None:
        data = self._out.read()
        self.sent += len(data)
        for at in range(0, len(data), self._piece):
            self._connection.sendall(data[at : at + self._piece])

    def read(self, size: int = 65_536) -> bytes:
        return self.do(self.tls.read, size)

    def write(self, data: bytes) -> None:
        self.do(self.tls.write, data)


def server_context(version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3, tickets: int = 0) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = context.maximum_version = version
    context.num_tickets = tickets
    if not tickets:
        context.options |= ssl.OP_NO_TICKET
    AUTHORITY.issue_cert("127.0.0.1").configure_cert(context)
    return context
