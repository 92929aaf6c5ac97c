"""TLS over a counting socket: the ciphertext exactly, the plaintext under its headings, what TLS adds by the byte."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from tools.lab import WAIT
from tools.tls import Peer, server_context

from clients.address import Address
from clients.connection.tls import connect
from clients.ledger import Ledger

pytestmark = pytest.mark.starts

RECORD = 5 + 1 + 16  # RFC 8446 section 5.2: header, content type, AEAD tag
QUESTION = b"GET /messages?after=0 HTTP/1.1\r\nHost: x\r\n\r\n"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nContent-Length: 15\r\n\r\n"
LINE = b'{"seq":1,"d":0}'
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
Part = Callable[["Peer"], object]


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
