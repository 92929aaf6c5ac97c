"""A TCP socket whose every byte is booked."""

import socket
from typing import Any, TypeVar

from clients.connection import tcp_info
from clients.connection.tcp_info import TcpInfo
from clients.ledger import Account, Direction, Ledger


class CountingSocket(socket.socket):
    """Books what it sends and receives. Where gevent has patched the socket module before, it is gevent's socket."""

    account: Account
    ended = was_reset = False  # whether the other side's end has been read, or its reset has been told
    _settled = TcpInfo()

    def send(self, data: Any, *args: Any, **kwargs: Any) -> int:
        try:
            count = super().send(data, *args, **kwargs)
        except ConnectionResetError:
            self.was_reset = True
            raise
        self.passed("sent", bytes(memoryview(data)[:count]))
        return count

    def sendall(self, data: Any, *args: Any, **kwargs: Any) -> None:
        left = memoryview(data)
        while left:
            left = left[self.send(left) :]

    def recv(self, *args: Any, **kwargs: Any) -> bytes:
        try:
            data = super().recv(*args, **kwargs)
        except ConnectionResetError:
            self.was_reset = True
            raise
        self.ended = not data
        self.passed("received", data)
        return data

    def passed(self, direction: Direction, data: bytes) -> None:
        """Book what passed on the wire."""
        getattr(self.account, direction)(data)

    def pending(self) -> int:
        """Bytes that have arrived and wait to be read, but that a poll of the descriptor does not report."""
        return 0

    def turn_page(self, ledger: Ledger) -> None:
        """Book in another ledger from here on; between two exchanges."""
        self._settle()
        self.account.ledger = ledger

    def close(self) -> None:
        if self.fileno() >= 0:
            self.account.close()
            self._settle()
        super().close()

    def _settle(self) -> None:
        """Add to the ledger what the kernel has counted since the last time."""
        now, before, ledger = tcp_info.read(self, self.was_reset), self._settled, self.account.ledger
        if now is not None:
            ledger.kernel_sent += now.bytes_sent - before.bytes_sent
            ledger.kernel_received += now.bytes_received - before.bytes_received
            ledger.segments_sent += now.segments_sent - before.segments_sent
            ledger.segments_received += now.segments_received - before.segments_received
            self._settled = now


Kind = TypeVar("Kind", bound=CountingSocket)


def counting_socket(kind: type[Kind], ledger: Ledger, *family: Any) -> Kind:
    """Return a socket of that family, type and protocol whose bytes are booked in `ledger`, with Nagle off."""
    sock = kind(*family)
    sock.account = Account(ledger)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock
