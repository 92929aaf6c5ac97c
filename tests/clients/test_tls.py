"""TLS over a counting socket: the ciphertext exactly, the plaintext under its headings, what TLS adds by the byte."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import trustme
from tools.lab import WAIT

from clients.address import Address, address_of, with_tls
from clients.connection.tls import TlsFailed, connect
from clients.errors import ClientError, ConnectionLost
from clients.ledger import Ledger

pytestmark = pytest.mark.starts

RECORD = 5 + 1 + 16  # RFC 8446 section 5.2: header, content type, AEAD tag
QUESTION = b"GET /messages?after=0 HTTP/1.1\r\nHost: x\r\n\r\n"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nContent-Length: 15\r\n\r\n"
LINE = b'{"seq":1,"d":0}'
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]

AUTHORITY = trustme.CA()
Part = Callable[["Peer"], object]


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


@contextmanager
def serving(part: Part, context: ssl.SSLContext, piece: int = 65_536) -> Iterator[Address]:
    """A server that acts `part` on one connection, once the TLS handshake is made."""

    def act() -> None:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection:
            peer = Peer(connection, context, piece)
            peer.do(peer.tls.do_handshake)
            part(peer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(WAIT)
        thread = threading.Thread(target=act)
        thread.start()
        yield Address("127.0.0.1", listener.getsockname()[1], True)
        thread.join(WAIT)
        assert not thread.is_alive()


@pytest.fixture(scope="module")
def trust(tmp_path_factory) -> str:
    file = tmp_path_factory.mktemp("tls") / "authority.pem"
    AUTHORITY.cert_pem.write_to_path(str(file))
    return str(file)


def exact(ledger: Ledger) -> bool:
    """Whether all that OpenSSL has taken is booked, under a heading and on the wire."""
    return ledger.difference == 0 and min(vars(ledger).values()) >= 0


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
@pytest.mark.parametrize("piece", [1, 100, 65_536])
def test_the_handshake_is_what_the_server_counts_up_to_both_finished(trust, version, piece):
    counted: list[int] = []

    def part(peer: Peer) -> None:
        counted.extend([peer.received, peer.sent])
        peer.write(LINE)
        peer.read()

    ledger = Ledger()
    with serving(part, server_context(version), piece) as address:
        sock = connect(address, ledger, WAIT, trust)
        handshake = Ledger(**vars(ledger))
        assert sock.recv() == LINE  # until then nothing more is sent that the server could count
        sock.close()
    assert [handshake.wire_sent, handshake.wire_received] == counted
    assert handshake.handshake == sum(counted) and handshake.framing == 0


@pytest.mark.parametrize("piece", [1, 7, 65_536])
def test_a_record_costs_22_bytes_and_its_content_is_booked_as_without_tls(trust, piece):
    def part(peer: Peer) -> None:
        assert peer.read() == QUESTION
        peer.write(HEAD + LINE)
        peer.write(HEAD)
        peer.write(LINE)
        while peer.read():
            pass

    ledger = Ledger()
    with serving(part, server_context(), piece) as address:
        with connect(address, ledger, WAIT, trust) as sock:
            before = ledger.handshake
            sock.sendall(QUESTION)
            assert (ledger.request_head, ledger.framing) == (len(QUESTION), RECORD)
            assert sock.recv(65_536) == HEAD + LINE
            assert (ledger.payload, ledger.response_head) == (len(LINE), len(HEAD))
            assert ledger.framing == 2 * RECORD and exact(ledger)
            sock.sendall(QUESTION[:10])
            sock.sendall(QUESTION[10:])
            assert (sock.recv(9999), sock.recv(5), sock.recv(9999)) == (HEAD, LINE[:5], LINE[5:])
            assert ledger.framing == 6 * RECORD and exact(ledger)
    goodbye = RECORD + 2  # close_notify is an alert of 2 bytes
    assert ledger.framing == 6 * RECORD + goodbye and ledger.handshake == before
    assert ledger.wire == before + ledger.framing + 2 * len(QUESTION + HEAD + LINE)
    assert (ledger.kernel_sent, ledger.kernel_received) in [(ledger.wire_sent, ledger.wire_received), (0, 0)]


def test_session_tickets_are_framing(trust):
    ledgers = []
    for tickets in (0, 2):
        ledgers.append(ledger := Ledger())
        with serving(lambda peer: (peer.read(), peer.write(LINE)), server_context(tickets=tickets)) as address:
            with connect(address, ledger, WAIT, trust) as sock:
                sock.sendall(QUESTION)
                assert sock.recv() == LINE
    without, with_tickets = ledgers
    assert with_tickets.handshake == pytest.approx(without.handshake, abs=8)  # signatures differ in length
    assert with_tickets.framing - without.framing > 2 * RECORD
    assert with_tickets.difference == without.difference == 0


def test_many_records_read_at_once_are_booked_one_by_one(trust):
    def part(peer: Peer) -> None:
        peer.read()
        for _ in range(5):
            peer.write(b"x" * 100)
        peer.read()

    ledger = Ledger()
    with serving(part, server_context()) as address, connect(address, ledger, WAIT, trust) as sock:
        sock.sendall(QUESTION)
        for _ in range(5):
            before = ledger.wire_received
            assert len(sock.recv()) == 100
            assert ledger.wire_received - before == 100 + RECORD


def test_what_openssl_holds_back_is_pending(trust):
    with serving(lambda peer: (peer.read(), peer.write(LINE), peer.read()), server_context()) as address:
        with connect(address, Ledger(), WAIT, trust) as sock:
            sock.sendall(QUESTION)
            assert sock.recv(5) == LINE[:5]
            assert sock.pending() == len(LINE) - 5
            sock.recv()
            assert sock.pending() == 0


@pytest.mark.parametrize("size", [0, 1, 16_384, 16_385, 1_000_000])
def test_large_data_comes_whole_both_ways(trust, size):
    data = bytes(range(256)) * (size // 256) + bytes(size % 256)

    def part(peer: Peer) -> None:
        got = b""
        while len(got) < size:
            got += peer.read()
        assert got == data
        for at in range(0, size, 100_000):
            peer.write(data[at : at + 100_000])

    ledger, got = Ledger(), b""
    with serving(part, server_context()) as address, connect(address, ledger, WAIT, trust) as sock:
        sock.sendall(data)
        while piece := sock.recv():
            got += piece
    assert got == data and ledger.difference == 0 and ledger.wire > 2 * size


def test_the_end_of_tcp_without_a_close_notify_is_an_end(trust):
    with serving(lambda peer: peer.write(LINE), server_context()) as address:
        with connect(address, ledger := Ledger(), WAIT, trust) as sock:
            assert (sock.recv(), sock.recv(), sock.ended) == (LINE, b"", True)
    assert ledger.difference == 0


def test_a_close_notify_is_an_end_too(trust):
    def part(peer: Peer) -> None:
        peer.do(peer.tls.unwrap)

    with serving(part, server_context()) as address, connect(address, Ledger(), WAIT, trust) as sock:
        assert sock.recv() == b""


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
