"""A TCP socket whose every byte is booked, and that knows when it arrived."""

import socket
import struct
import sys
from contextlib import suppress
from typing import Any, TypeVar

from clients.connection import tcp_info
from clients.connection.tcp_info import TcpInfo
from clients.ledger import Account, Direction, Ledger

SO_TIMESTAMPNS = 35  # socket(7), asm-generic/socket.h: the option, and the kind of the message that comes with a read
TIMESPEC = struct.Struct("@ll")  # seconds and nanoseconds
ROOM = socket.CMSG_SPACE(TIMESPEC.size) if sys.platform == "linux" else 0


class CountingSocket(socket.socket):
    """Books what it sends and receives. Where gevent has patched the socket module before, it is gevent's socket.

    `arrived_at` is the Unix time at which the last byte read last came to this machine, by the kernel's own stamp; None
    where the kernel does not tell. What waits unread together may bear the stamp of the last of it.
    """

    account: Account
    ended = was_reset = False  # whether the other side's end has been read, or its reset has been told
    arrived_at: float | None = None
    _stamped = False
    _settled = TcpInfo()

    def ask_for_stamps(self) -> None:
        """Have the kernel stamp what arrives, from a moment on; on Linux, which does that for TCP, too."""
        if ROOM:
            with suppress(OSError):
                self.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
                self._stamped = True

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

    def recv(self, *args: Any) -> bytes:
        try:
            data = self._read_stamped(*args) if self._stamped else super().recv(*args)
        except ConnectionResetError:
            self.was_reset = True
            raise
        self.ended = not data
        self.passed("received", data)
        return data

    def _read_stamped(self, size: int, flags: int = 0) -> bytes:
        data, told, _, _ = super().recvmsg(size, ROOM, flags)
        self.arrived_at = None
        for level, kind, stamp in told:
            if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
                seconds, nanoseconds = TIMESPEC.unpack(stamp)
                self.arrived_at = seconds + nanoseconds / 1e9
        return data

    def passed(self, direction: Direction, data: bytes) -> None:
        """Book what passed on the wire."""
        getattr(self.account, direction)(data)

    @property
    def unsent(self) -> int:
        """Bytes that `send` has taken and that are not on the wire: none but TLS's."""
        return 0

    def flush(self) -> None:
        """Send them; BlockingIOError if the system does not take them all."""

    def pending(self) -> int:
        """Bytes that have arrived and wait to be read, but that a poll of the descriptor does not report."""
        return 0

    def use_ledger(self, ledger: Ledger) -> None:
        """Book in another ledger from here on."""
        self._book_kernel_counts()
        self.account.use_ledger(ledger)

    def close(self) -> None:
        if self.fileno() >= 0:
            self.account.close()
            self._book_kernel_counts()
        super().close()

    def _book_kernel_counts(self) -> None:
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
