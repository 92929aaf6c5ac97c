"""TLS over a counting socket, and how to connect with it or without.

An ssl.SSLSocket writes its records past a counting socket. Here OpenSSL works between two buffers: the socket counts
each byte of ciphertext, and the account still gets the plaintext, to tell its headings apart.
"""

import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from clients.address import Address
from clients.connection.counting import CountingSocket, counting_socket
from clients.errors import ClientError, ConnectionLost
from clients.ledger import Direction, Ledger

READ = 65_536


class TlsFailed(ClientError):
    """The TLS handshake failed, or the server's certificate is not trusted."""


class TlsSocket(CountingSocket):
    """A counting socket that speaks TLS from `connect` on."""

    def prepare(self, context: ssl.SSLContext, host: str) -> None:
        """Choose whom to trust, and who the server has to be."""
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._unsent = bytearray()
        self._heading = "handshake"

    def connect(self, address: Any) -> None:
        """Connect and make the TLS handshake; TlsFailed if that cannot be."""
        super().connect(address)
        try:
            self._work(self._tls.do_handshake)
            self.flush()
        except EOFError:
            raise ConnectionLost("the server ended the connection in the TLS handshake") from None
        except ssl.SSLCertVerificationError as error:
            raise TlsFailed(f"the server's certificate is not trusted: {error.verify_message}") from None
        except ssl.SSLError as error:
            reason = (error.reason or str(error)).lower().replace("_", " ")
            raise TlsFailed(f"the server speaks no TLS with us: {reason}") from None
        self._heading = "framing"

    def send(self, data: Any, *args: Any, **kwargs: Any) -> int:
        count = self._tls.write(data)
        self._unwrapped("sent", bytes(memoryview(data)[:count]))
        with suppress(BlockingIOError):  # it is taken all the same: what is `unsent` goes first the next time
            self.flush()
        return count

    @property
    def unsent(self) -> int:
        """Bytes of ciphertext that wait until the system takes them."""
        return len(self._unsent) + self._outgoing.pending

    def recv(self, size: int = READ, *args: Any) -> bytes:
        try:
            data: bytes = self._work(self._tls.read, size)
        except (EOFError, ssl.SSLZeroReturnError):  # TCP's end or TLS's
            return b""
        self._unwrapped("received", data)
        return data

    def pending(self) -> int:
        """Bytes that have arrived and wait to be read, but that a poll of the descriptor does not report."""
        return self._tls.pending() + self._incoming.pending

    def close(self) -> None:
        if self.fileno() >= 0:
            if not self.ended:
                self._send_close_notify()
            self.account.wrapped("received", len(self._incoming.read()), self._heading)
        super().close()

    def _send_close_notify(self) -> None:
        """End TLS in order (RFC 8446 section 6.1); the server need not hear it."""
        with suppress(ssl.SSLError):
            self._tls.unwrap()
        with suppress(OSError):
            self.flush()

    def passed(self, direction: Direction, data: bytes) -> None:
        """Book ciphertext as TLS's own for now; `_unwrapped` takes the plaintext out again."""
        if direction == "sent":
            self.account.wrapped(direction, len(data), self._heading)

    def _unwrapped(self, direction: Direction, data: bytes) -> None:
        """Book plaintext under its headings, and no longer as TLS's own."""
        self.account.wrapped(direction, -len(data))
        super().passed(direction, data)

    def _work(self, step: Callable[..., Any], *args: Any) -> Any:
        """Let OpenSSL take a step, and read what it needs for that; EOFError at the connection's end."""
        while True:
            came = self._incoming.pending
            try:
                return step(*args)
            except ssl.SSLWantReadError:
                pass
            finally:
                self.account.wrapped("received", came - self._incoming.pending, self._heading)
            self.flush()
            if not (data := super().recv(READ)):
                raise EOFError
            self._incoming.write(data)

    def flush(self) -> None:
        """Send what OpenSSL has written; what is left after an interruption is sent first the next time."""
        self._unsent += self._outgoing.read()
        while self._unsent:
            del self._unsent[: super().send(bytes(self._unsent))]


def new_socket(address: Address, trust: str | None, ledger: Ledger, *kind: Any) -> CountingSocket:
    """Return a socket of that family, type and protocol for a server; one that speaks TLS if the server does.

    `trust` is a PEM file of the authority to trust, None for the system's authorities. ClientError if it is none.
    """
    if not address.secure:
        plain = counting_socket(CountingSocket, ledger, *kind)
        plain.ask_for_stamps()  # over TLS, a message is there only once it is deciphered
        return plain
    context = ssl_context(read_authority(trust))
    sock = counting_socket(TlsSocket, ledger, *kind)
    sock.prepare(context, address.host)
    return sock


def connect(address: Address, ledger: Ledger, timeout: float, trust: str | None = None) -> CountingSocket:
    """Return a connected socket; OSError if the server cannot be reached, ClientError if TLS with it cannot be."""
    error: OSError = OSError(f"no address for {address.host}")
    for *kind, _, place in socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM):
        sock = new_socket(address, trust, ledger, *kind)
        sock.settimeout(timeout)
        try:
            sock.connect(place)
            return sock
        except OSError as refused:
            error = refused
            sock.close()
        except BaseException:
            sock.close()
            raise
    raise error


def read_authority(trust: str | None) -> str | None:
    """Read the file again for each connection: a restarted server may have replaced it."""
    try:
        return None if trust is None else Path(trust).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ClientError(f"cannot read {trust}: {getattr(error, 'strerror', None) or 'it is no text'}") from None


@lru_cache(maxsize=8)  # a context takes a millisecond to make, that of the system's authorities fifty
def ssl_context(authority: str | None) -> ssl.SSLContext:
    """Return a context that trusts the certificates in a PEM text, or the system's if it is None."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if authority is None:
        context.load_default_certs()
        return context
    try:
        context.load_verify_locations(cadata=authority)
    except (ssl.SSLError, ValueError, TypeError):  # TypeError for text that is not ASCII
        raise ClientError("the file to trust holds no certificate in PEM") from None
    return context
