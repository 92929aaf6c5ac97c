"""When a message arrived: the kernel says it, however late the client comes to read."""

import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tools.lab import eventually

from clients import websocket
from clients.connection.counting import CountingSocket, counting_socket
from clients.connection.websocket import WebSocketConnection
from clients.ledger import Ledger
from loadtests.experiments.run import Run
from loadtests.runs import measure
from loadtests.runs.row import row

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone stamps what arrives on a TCP socket")
pytestmark = [pytest.mark.alone, LINUX]

DAWDLE = 0.3  # seconds


@contextmanager
def connection() -> Iterator[tuple[CountingSocket, socket.socket]]:
    """A counting socket that has asked for stamps, and the server's end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = counting_socket(CountingSocket, Ledger(), socket.AF_INET, socket.SOCK_STREAM)
        client.ask_for_stamps()
        client.connect(listener.getsockname())
        server, _ = listener.accept()
    with server, client:
        yield client, server


def stamped(client: CountingSocket, server: socket.socket) -> bool:
    server.sendall(b"x")
    return client.recv(10) == b"x" and client.arrived_at is not None


def test_a_stamp_is_of_the_moment_at_which_bytes_came_not_of_the_one_at_which_they_were_read():
    with connection() as (client, server):
        eventually(lambda: stamped(client, server))  # the kernel begins a moment after it was first asked
        before = time.time()
        server.sendall(b"x")
        after = time.time()
        time.sleep(DAWDLE)
        client.recv(10)
    assert before - 0.001 < client.arrived_at < after + DAWDLE / 2


def test_without_stamps_a_socket_claims_nothing(monkeypatch):
    monkeypatch.setattr("clients.connection.counting.ROOM", 0)
    with connection() as (client, server):
        server.sendall(b"x")
        assert client.recv(10) == b"x" and client.arrived_at is None


def test_a_client_that_dawdles_does_not_make_its_transport_look_slow(lab):
    """It sleeps over a message before it reads the next one; that is not the next one's latency."""
    follow = websocket.follow(lab.url("websocket"), after=lab.status("websocket")["newest"])
    lab.post("first")
    first = next(follow)
    lab.post("second")
    time.sleep(DAWDLE)
    second = next(follow)
    seen_at = time.time()
    follow.close()
    assert second.seq == first.seq + 1
    assert second.latency < DAWDLE / 2 < seen_at - second.received_at


def test_what_comes_with_one_read_bears_its_time(lab):
    with WebSocketConnection(lab.url("websocket"), "/messages", Ledger()) as connection:
        time.sleep(0.1)
        lab.post("x")
        time.sleep(DAWDLE)
        connection.receive()
        messages, received_at = connection.take()
    assert len(messages) == 1 and time.time() - received_at > DAWDLE / 2


DAWDLING = """
from gevent import monkey
from loadtests.locustfile import WebSocketUser

heard, sleep = WebSocketUser.heard, monkey.get_original("time", "sleep")
WebSocketUser.heard = lambda self, connection: (sleep(0.02), heard(self, connection))
"""


def test_a_generator_that_dawdles_shows_in_its_delay_and_not_in_the_latency(tmp_path: Path, monkeypatch):
    """Each delivery blocks the whole process for 20 ms, so that the last of 10 clients waits 180 ms for its turn."""
    (tmp_path / "dawdling.py").write_text(DAWDLING)
    usual = measure.locust_arguments
    monkeypatch.setattr(
        measure,
        "locust_arguments",
        lambda *given: [str(tmp_path / "dawdling.py") if "locustfile" in word else word for word in usual(*given)],
    )
    run = Run("x", "websocket", clients=10, rate_hz=2.0, arrivals="even", duration_s=3.0)
    cells = row(run, measure.measure_run(run, tmp_path, lambda seconds: None), 1)
    assert cells["clock"] == "kernel" and cells["generator_delay_p99_ms"] > 100
    assert cells["latency_mean_ms"] < cells["generator_delay_p99_ms"] / 3
