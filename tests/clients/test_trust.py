"""Whom a client trusts, and what an address says of it."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tools.lab import WAIT
from tools.tls import Peer, server_context

from clients.address import Address, address_of, with_tls
from clients.connection.tls import TlsFailed, connect
from clients.errors import ClientError, ConnectionLost
from clients.ledger import Ledger

pytestmark = pytest.mark.starts


# ---- Whom to trust


def test_a_certificate_of_somebody_else_is_not_trusted(trust):
    for address in (address_of("https://127.0.0.1:1"), address_of("wss://localhost:1")):
        with serving_alert(server_context()) as port, pytest.raises(TlsFailed, match="certificate is not trusted"):
            connect(address._replace(port=port), Ledger(), WAIT, None if address.host == "127.0.0.1" else trust)


@contextmanager
def serving_alert(context: ssl.SSLContext) -> Iterator[int]:
    """A server whose client breaks off in the handshake."""

    def act() -> None:
        connection, _ = listener.accept()
        with connection, pytest.raises(ssl.SSLError, match="alert"):
            peer = Peer(connection, context, 65_536)
            peer.do(peer.tls.do_handshake)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=act)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(WAIT)


@pytest.mark.parametrize(("said", "error"), [(b"HTTP/1.1 400 Bad\r\n\r\n", TlsFailed), (b"", ConnectionLost)])
def test_a_server_without_tls_is_told_from_one_that_ends(trust, said, error):
    def act() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(9999)
            connection.sendall(said)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=act).start()
        ledger = Ledger()
        with pytest.raises(error):
            connect(Address("127.0.0.1", listener.getsockname()[1], True), ledger, WAIT, trust)
    assert ledger.difference == 0 and ledger.handshake == ledger.wire


@pytest.mark.parametrize("content", [None, b"", b"nonsense", b"\xff\xfe"])
def test_a_file_that_names_no_authority_is_told(tmp_path, content):
    file = tmp_path / "authority.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ClientError):
        connect(Address("127.0.0.1", 1, True), Ledger(), WAIT, str(file))


@pytest.mark.parametrize(("url", "port", "secure"), [
    ("http://h", 80, False), ("ws://h", 80, False), ("https://h", 443, True), ("wss://h", 443, True),
    ("https://h:5001", 5001, True), ("wss://h:1/messages", 1, True),
])
def test_an_address_says_whether_it_is_secure(url, port, secure):
    assert address_of(url) == Address("h", port, secure)
    assert address_of(with_tls(url)).secure


def test_what_an_address_asks_goes_with_each_request():
    asked = address_of("http://h:1/?token=a-b_c")
    assert asked.target("/status") == "/status?token=a-b_c"
    assert asked.target("/messages?after=1") == "/messages?after=1&token=a-b_c"
    assert address_of("http://h:1").target("/messages?after=1") == "/messages?after=1"


@pytest.mark.parametrize("query", ["after=1", "token=", "token=a b", "token=a&after=1", "token=a%20b", "x"])
def test_an_address_asks_nothing_but_the_token(query):
    with pytest.raises(ClientError):
        address_of(f"http://h:1/?{query}")
