"""Connections over the delay line that end: cuts, resets, a server that is not there, a reader that stops."""

import hashlib
import os
import socket
import threading
import time
from contextlib import suppress

import psutil
import pytest
from tools.links import GENEROUS, WAIT, connected, echo, exchange, link, read_to_the_end, serving, tell

pytestmark = pytest.mark.alone


def test_a_cut_holds_everything_back_and_loses_nothing():
    with serving(echo) as port, link(port, "--delay-ms", "5") as (process, address), connected(address) as client:
        exchange(client, b"before")
        client.settimeout(0.3)
        tell(process, "cut 0.8")
        start = time.monotonic()
        with pytest.raises(TimeoutError):
            while True:  # an exchange or two may pass before the link has read the line
                exchange(client, b"x")
        client.settimeout(WAIT)
        assert client.recv(1) == b"x"
        assert 0.7 < time.monotonic() - start < 0.8 + GENEROUS
        exchange(client, b"after")


def test_a_reset_ends_connections_and_refuses_new_ones_for_a_while():
    ends = []

    def until_the_end(connection: socket.socket) -> None:
        try:
            echo(connection)
        except ConnectionResetError as error:
            ends.append(error)

    def passes() -> bool:
        with suppress(ConnectionError), connected(address) as again:
            return exchange_or_end(again)
        return False

    def exchange_or_end(connection: socket.socket) -> bool:
        connection.sendall(b"x")
        return connection.recv(1) == b"x"

    with serving(until_the_end) as port, link(port) as (process, address), connected(address) as client:
        exchange(client, b"before")
        tell(process, "reset 0.6")
        start = time.monotonic()
        with pytest.raises(ConnectionResetError):
            client.recv(1)
        assert not passes()
        while not passes():
            assert time.monotonic() - start < WAIT
        assert time.monotonic() - start >= 0.55
    assert len(ends) == 1


def test_a_server_that_is_not_there_resets_the_client():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with link(port, "--delay-ms", "10") as (process, address):
        with connected(address) as client, pytest.raises(ConnectionError):
            client.recv(1)
        assert process.poll() is None


def test_what_was_under_way_arrives_before_the_reset():
    def leave_without_reading(connection: socket.socket) -> None:
        connection.sendall(b"last words")
        connection.recv(1, socket.MSG_PEEK)  # closing with unread bytes is a reset

    with serving(leave_without_reading) as port, link(port, "--delay-ms", "30") as (_, address):
        with connected(address) as client:
            client.sendall(b"unread")
            assert client.recv(100) == b"last words"
            with pytest.raises(ConnectionResetError):
                client.recv(100)


def test_a_reader_that_does_not_read_slows_the_sender_and_fills_no_memory():
    may_read = threading.Event()

    def read_late(connection: socket.socket) -> None:
        assert may_read.wait(WAIT)
        connection.sendall(hashlib.sha256(read_to_the_end(connection)).digest())

    digest, megabyte, sent = hashlib.sha256(), os.urandom(1 << 20), 0
    with serving(read_late) as port, link(port, "--delay-ms", "1") as (process, address), connected(address) as client:
        before = psutil.Process(process.pid).memory_info().rss
        client.settimeout(1.0)
        with pytest.raises(TimeoutError):  # back-pressure: no progress for a second
            while sent < 200 << 20:
                piece = megabyte[:client.send(megabyte)]
                digest.update(piece)
                sent += len(piece)
        grown = psutil.Process(process.pid).memory_info().rss - before
        may_read.set()
        client.settimeout(WAIT)
        client.shutdown(socket.SHUT_WR)
        assert read_to_the_end(client) == digest.digest()  # late, but all of it
    assert sent < 64 << 20  # the kernel's buffers and the link's queue
    assert grown < 8 << 20
