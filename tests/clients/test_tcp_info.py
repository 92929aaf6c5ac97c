"""The kernel's own count, on real sockets in every way that a connection ends: bytes, and no FIN among them."""

import socket
import struct
import sys
from collections.abc import Callable
from contextlib import suppress

import pytest
from tools.lab import eventually

from clients.connection import tcp_info
from clients.connection.counting import CountingSocket, counting_socket
from clients.ledger import Ledger

linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone tells it")

QUESTION, ANSWER = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 204 No Content\r\n\r\n"


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def ends(ledger):
    """A counting socket and the server's end of the same connection, a question and its answer behind them."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = counting_socket(CountingSocket, ledger, socket.AF_INET, socket.SOCK_STREAM)
        client.connect(listener.getsockname())
        server, _ = listener.accept()
    with server, client:
        exchange(client, server)
        yield client, server


def exchange(client: CountingSocket, server: socket.socket) -> None:
    client.sendall(QUESTION)
    server.sendall(ANSWER)
    assert (server.recv(999), client.recv(999)) == (QUESTION, ANSWER)


def nobody_ends(client: CountingSocket, server: socket.socket) -> None:
    pass


def server_ends(client: CountingSocket, server: socket.socket) -> None:
    server.close()
    assert client.recv(1) == b""


def server_ends_unread(client: CountingSocket, server: socket.socket) -> None:
    server.close()
    eventually(lambda: state(client) == 8)


def client_ends_then_server(client: CountingSocket, server: socket.socket) -> None:
    client.shutdown(socket.SHUT_WR)
    assert server.recv(1) == b""
    server_ends(client, server)


def server_ends_then_client(client: CountingSocket, server: socket.socket) -> None:
    server.shutdown(socket.SHUT_WR)
    assert client.recv(1) == b""
    client.shutdown(socket.SHUT_WR)


def client_ends(client: CountingSocket, server: socket.socket) -> None:
    client.shutdown(socket.SHUT_WR)
    assert server.recv(1) == b""


def server_resets(client: CountingSocket, server: socket.socket) -> None:
    server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    server.close()
    with pytest.raises(ConnectionResetError):
        client.recv(1)


def server_ends_and_resets(client: CountingSocket, server: socket.socket) -> None:
    server_ends(client, server)
    with suppress(OSError):
        while state(client) != 7:
            client.send(b"x")


def server_ends_unread_and_resets(client: CountingSocket, server: socket.socket) -> None:
    server.close()
    client.send(b"x")
    eventually(lambda: state(client) == 7)


def server_resets_unread(client: CountingSocket, server: socket.socket) -> None:
    server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    server.close()
    eventually(lambda: state(client) == 7)


def server_resets_then_is_written_to(client: CountingSocket, server: socket.socket) -> None:
    server_resets_unread(client, server)
    with pytest.raises(ConnectionResetError):
        client.send(b"x")
    with pytest.raises(BrokenPipeError):
        client.send(b"x")


def state(sock: socket.socket) -> int:
    return sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, tcp_info.SIZE)[0]


ENDINGS: list[Callable[..., None]] = [
    nobody_ends, server_ends, server_ends_unread, client_ends_then_server, server_ends_then_client, client_ends,
    server_resets, server_ends_and_resets, server_ends_unread_and_resets, server_resets_unread,
    server_resets_then_is_written_to,
]


@linux
@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: ending.__name__)
def test_however_a_connection_ends_its_bytes_are_counted_and_no_fin(ends, ledger, ending):
    ending(*ends)
    ends[0].close()
    assert (ledger.kernel_sent, ledger.kernel_received) == (ledger.wire_sent, ledger.wire_received)
    assert ledger.kernel_received == len(ANSWER) and ledger.kernel_sent >= len(QUESTION)
    assert ledger.segments_sent >= 3 and ledger.segments_received >= 2


@linux
def test_a_page_has_what_passed_while_it_was_open(ends, ledger):
    pages = [ledger, Ledger(), Ledger()]
    client, server = ends
    for number, page in enumerate(pages[1:], start=2):
        client.use_ledger(page)
        for _ in range(number):
            exchange(client, server)
    client.close()
    for number, page in enumerate(pages, start=1):
        assert (page.kernel_sent, page.kernel_received) == (number * len(QUESTION), number * len(ANSWER))
        assert (page.wire_sent, page.wire_received) == (page.kernel_sent, page.kernel_received)
        assert page.segments_sent >= number


@linux
def test_bytes_that_nobody_read_are_the_kernels_alone(ends, ledger):
    client, server = ends
    server.sendall(b"more")
    eventually(lambda: tcp_info.read(client, False).bytes_received > len(ANSWER))
    client.close()
    assert ledger.kernel_received - ledger.wire_received == len(b"more")


def told(state: int, received: int) -> bytes:
    """TCP_INFO with a state and a count of bytes."""
    form, offset = tcp_info.RECEIVED_AND_SEGMENTS
    return bytes([state]).ljust(offset, b"\0") + form.pack(received, 0, 0).ljust(tcp_info.SIZE - offset, b"\0")


@linux
def test_a_fin_that_comes_between_state_and_count_is_no_byte(monkeypatch):
    """The kernel tells ESTABLISHED (1), then takes in the FIN and counts it; asked again, it tells CLOSE_WAIT (8)."""
    answers = [told(1, 101), told(8, 101), told(8, 101)]
    monkeypatch.setattr(CountingSocket, "getsockopt", lambda *_: answers.pop(0), raising=False)
    with counting_socket(CountingSocket, Ledger(), socket.AF_INET, socket.SOCK_STREAM) as sock:
        assert tcp_info.read(sock, False).bytes_received == 100
        answers = [told(1, 100), told(1, 101), told(8, 101)]
        assert tcp_info.read(sock, False).bytes_received == 100
        monkeypatch.undo()


@linux
def test_a_connection_that_was_refused_carried_nothing(ledger):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = taken.getsockname()
    with counting_socket(CountingSocket, ledger, socket.AF_INET, socket.SOCK_STREAM) as client:
        with pytest.raises(ConnectionRefusedError):
            client.connect(address)
    assert (ledger.kernel_sent, ledger.kernel_received) == (0, 0)


def test_where_the_kernel_does_not_tell_nothing_is_claimed(ends, ledger, monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert tcp_info.read(ends[0], False) is None
    ends[0].close()
    assert (ledger.kernel_sent, ledger.segments_sent, ledger.segments_received) == (0, 0, 0)


@linux
def test_a_kernel_that_tells_less_is_not_guessed_at(ends, monkeypatch):
    whole = ends[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, tcp_info.SIZE)
    monkeypatch.setattr(CountingSocket, "getsockopt", lambda *_: whole[:200], raising=False)  # before Linux 4.19
    assert tcp_info.read(ends[0], False) is None
