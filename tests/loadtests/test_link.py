"""The delay line as a process, with real connections through it."""

import hashlib
import http.client
import json
import os
import socket
import ssl
import threading
import time
from contextlib import closing

import pytest
from tools.lab import answer_to, needs
from tools.lab import serving as lab_serving
from tools.links import GENEROUS, WAIT, connected, echo, exchange, link, read_to_the_end, serving

from loadtests.link.delayline import SEGMENT_BYTES
from loadtests.observe.browser import browsing

pytestmark = pytest.mark.alone


@pytest.mark.parametrize("options", [(), ("--delay-ms", "5"), ("--delay-ms", "5", "--rate-mbps", "100")])
def test_every_byte_arrives_in_both_directions_and_the_half_close_is_kept(options):
    upload, download = os.urandom(1 << 20), os.urandom(1 << 20)
    seen = []

    def answer_after_the_end(connection: socket.socket) -> None:
        seen.append(hashlib.sha256(read_to_the_end(connection)).digest())
        connection.sendall(download)

    with serving(answer_after_the_end) as port, link(port, *options) as (_, address), connected(address) as client:
        client.sendall(upload)
        client.shutdown(socket.SHUT_WR)
        assert read_to_the_end(client) == download
        assert seen == [hashlib.sha256(upload).digest()]


def test_both_directions_flow_at_once():
    data = os.urandom(1 << 20)

    def send_at_once(connection: socket.socket) -> None:
        sender = threading.Thread(target=connection.sendall, args=(data,))
        sender.start()
        assert read_to_the_end(connection) == data
        sender.join(WAIT)

    with serving(send_at_once) as port, link(port, "--delay-ms", "2") as (_, address), connected(address) as client:
        sender = threading.Thread(target=lambda: (client.sendall(data), client.shutdown(socket.SHUT_WR)))
        sender.start()
        assert read_to_the_end(client) == data
        sender.join(WAIT)


@pytest.mark.parametrize("delay_ms", [5, 40])
def test_a_round_trip_takes_two_delays(delay_ms):
    with serving(echo) as port, link(port, "--delay-ms", str(delay_ms)) as (_, address), connected(address) as client:
        exchange(client, b"first")
        round_trips = [exchange(client, b"ping") for _ in range(10)]
    assert min(round_trips) >= 2 * delay_ms / 1000
    assert min(round_trips) < 2 * delay_ms / 1000 + 0.03
    assert max(round_trips) < 2 * delay_ms / 1000 + GENEROUS


def test_the_directions_may_differ():
    options = ("--up-ms", "60", "--down-ms", "10")
    arrivals = []

    def stamp(connection: socket.socket) -> None:
        while data := connection.recv(100):
            arrivals.append(time.monotonic())
            connection.sendall(data)

    with serving(stamp) as port, link(port, *options) as (_, address), connected(address) as client:
        exchange(client, b"first")
        start = time.monotonic()
        took = exchange(client, b"ping")
    assert 0.06 <= arrivals[-1] - start < 0.06 + GENEROUS
    assert 0.07 <= took < 0.07 + GENEROUS


def test_every_new_connection_pays_for_its_handshake_once():
    first, second = [], []
    with serving(echo) as port, link(port, "--delay-ms", "50") as (_, address):
        for _ in range(5):
            start = time.monotonic()
            with connected(address) as client:
                exchange(client, b"first")
                first.append(time.monotonic() - start)
                second.append(exchange(client, b"second"))
    assert 0.2 <= min(first) < 0.25 and max(first) < 0.2 + GENEROUS  # SYN, SYN-ACK, question, answer
    assert 0.1 <= min(second) < 0.15 and max(second) < 0.1 + GENEROUS


def test_a_server_that_speaks_first_is_heard_two_round_trips_after_the_connect():
    """Its first bytes leave when the client's ACK is there, three delays after the SYN."""
    def greet(connection: socket.socket) -> None:
        connection.sendall(b"welcome")
        connection.recv(1)

    with serving(greet) as port, link(port, "--delay-ms", "50") as (_, address):
        start = time.monotonic()
        with connected(address) as client:
            assert client.recv(7) == b"welcome"
            assert 0.2 <= time.monotonic() - start < 0.2 + GENEROUS


def test_bytes_sent_one_by_one_do_not_add_up_their_delays():
    with serving(echo) as port, link(port, "--delay-ms", "50") as (_, address), connected(address) as client:
        exchange(client, b"first")
        start = time.monotonic()
        for _ in range(50):
            client.sendall(b"x")
        received = 0
        while received < 50:
            received += len(client.recv(100))
        assert 0.1 <= time.monotonic() - start < 0.1 + GENEROUS


def test_a_message_in_two_segments_does_not_wait_for_an_acknowledgement():
    """Nagle's algorithm (RFC 1122, section 4.2.3.4) with delayed acknowledgements would add some 40 ms."""
    with serving(echo) as port, link(port, "--rate-mbps", "50") as (_, address), connected(address) as client:
        round_trips = sorted(exchange(client, bytes(SEGMENT_BYTES + 100)) for _ in range(41))
    assert round_trips[20] < 0.02


def test_a_rate_takes_its_time():
    with serving(read_to_the_end) as port, link(port, "--rate-mbps", "8") as (_, address), connected(address) as client:
        start = time.monotonic()
        client.sendall(bytes(400_000))  # 0.4 s at 1,000,000 bytes per second
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""
        assert 0.4 <= time.monotonic() - start < 0.4 + GENEROUS


def test_a_hundred_connections_at_once():
    with serving(echo) as port, link(port, "--delay-ms", "20") as (_, address):
        clients = [connected(address) for _ in range(100)]
        for number, client in enumerate(clients):
            client.sendall(b"%03d" % number)
        assert [client.recv(3) for client in clients] == [b"%03d" % number for number in range(100)]
        for client in clients:
            client.close()


def test_a_recording_adds_up_and_tells_when(tmp_path):
    file, began = tmp_path / "recording.jsonl", time.time()
    every_byte = bytes(range(256)) * 400
    with serving(echo) as port, link(port, "--delay-ms", "20", "--record", str(file)) as (process, address):
        for data in (b"GET / HTTP/1.1\r\n\r\n", every_byte):
            with connected(address) as client:
                exchange(client, data)
                client.shutdown(socket.SHUT_WR)
                assert read_to_the_end(client) == b""
        process.stdin.close()
        assert process.wait(WAIT) == 0
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    for number, data in ((1, b"GET / HTTP/1.1\r\n\r\n"), (2, every_byte)):
        for direction in ("up", "down"):
            pieces = [line for line in lines if (line["connection"], line["direction"]) == (number, direction)]
            assert "".join(piece["data"] for piece in pieces).encode("latin-1") == data
            assert pieces[-1]["data"] == ""  # the end of the stream
            assert [piece["delivered"] for piece in pieces] == sorted(piece["delivered"] for piece in pieces)
    assert all(line["delivered"] - line["sent"] > 0.0199 for line in lines)
    assert all(began - 0.1 < line["sent"] < time.time() + 0.1 for line in lines)


def test_tls_passes(tmp_path):
    """The lab's own servers, asked by a client that shares no code with the lab's."""
    file, data = tmp_path / "authority.pem", os.urandom(100_000)
    with lab_serving("--tls", str(file), "--ports", "0,0,0", "--source", "none") as lab:
        trusting = ssl.create_default_context(cafile=file)
        with link(lab.ports["polling"], "--delay-ms", "5") as (_, address):
            with closing(http.client.HTTPSConnection(*address, timeout=WAIT, context=trusting)) as connection:
                connection.connect()
                assert connection.sock.version() == "TLSv1.3"
                start = time.monotonic()
                connection.request("POST", "/echo", data)
                assert answer_to(connection).body == data
                assert time.monotonic() - start >= 0.01


def test_a_real_browser_passes(lab):
    needs("chromium")
    with link(lab.ports["polling"], "--delay-ms", "20") as (_, address), browsing() as page:
        page.goto("http://{}:{}/status".format(*address))
        assert lab.status("polling")["epoch"] in page.content()


@pytest.fixture
def ipv6() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 on this machine's loopback")


@pytest.mark.usefixtures("ipv6")
def test_ipv6_passes_and_either_kind_leads_to_the_other():
    with serving(echo, "::1") as port, link(f"[::1]:{port}", "--listen", "[::1]:0") as (_, six):
        assert six[0] == "::1"
        with link("[{}]:{}".format(*six)) as (_, four), link(four[1], "--listen", "[::1]:0") as (_, address):
            assert four[0] == "127.0.0.1"
            with connected(address) as client:
                exchange(client, b"6 to 4 to 6 to 6")
