"""A TCP socket whose every byte is booked, and what clients do alike with it: connect, resume, give up."""

import socket
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any

from clients.delivery import Cursor, Delivery, Gap, Gone, ServerMissing
from clients.ledger import Account, Ledger

FIRST_RETRY, LONGEST_RETRY, PATIENCE = 0.1, 2.0, 60.0  # seconds


class CountingSocket(socket.socket):
    """Books what it sends and receives. Under gevent, import it after the patch, and it is gevent's socket."""

    account: Account

    def send(self, data: Any, *args: Any, **kwargs: Any) -> int:
        count = super().send(data, *args, **kwargs)
        self.account.sent(bytes(memoryview(data)[:count]))
        return count

    def sendall(self, data: Any, *args: Any, **kwargs: Any) -> None:
        left = memoryview(data)
        while left:
            left = left[self.send(left) :]

    def recv(self, *args: Any, **kwargs: Any) -> bytes:
        data = super().recv(*args, **kwargs)
        self.account.received(data)
        return data

    def close(self) -> None:
        if self.fileno() >= 0:
            self.account.close()
        super().close()


def counting_socket(ledger: Ledger, *kind: Any) -> CountingSocket:
    """Return a socket of that family, type and protocol whose bytes are booked in `ledger`, with Nagle off."""
    sock = CountingSocket(*kind)
    sock.account = Account(ledger)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def connect(host: str, port: int, ledger: Ledger, timeout: float) -> CountingSocket:
    """Return a connected socket; OSError if the server cannot be reached."""
    error: OSError = OSError(f"no address for {host}")
    for *kind, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        sock = counting_socket(ledger, *kind)
        sock.settimeout(timeout)
        try:
            sock.connect(address)
            return sock
        except OSError as refused:
            error = refused
            sock.close()
    raise error


Session = Callable[[Cursor], Iterator[Delivery]]


def resuming(
    session: Session, cursor: Cursor, on_gap: Callable[[Gap], Any], patience: float
) -> Generator[Delivery, None, None]:
    """Run session after session, each from where the last one ended: nothing is lost, nothing repeated.

    A server that was never reached is ServerMissing at once; one that went away, after `patience` seconds.
    """
    retry, lost_at = FIRST_RETRY, time.monotonic()
    while True:
        answers = cursor.answers
        try:
            yield from session(cursor)
        except Gone as gone:
            on_gap(cursor.skip(gone))
        except OSError as error:
            if cursor.answers > answers:
                retry, lost_at = FIRST_RETRY, time.monotonic()
            if not cursor.answers or time.monotonic() - lost_at > patience:
                raise ServerMissing(f"nobody answers ({error.strerror or error})") from None
            time.sleep(retry)
            retry = min(2 * retry, LONGEST_RETRY)
