"""What one client can do to the others: each attack in a process of its own, until it is stopped.

    python -m loadtests.soak.attacks NAME PORT PORT PORT

The ports are of polling, long polling and WebSocket. Everything is sent on bare sockets; nothing here is a client.
A line on the input asks how much was tried; its end ends the attack.
"""

import json
import os
import socket
import sys
import threading
import zlib
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from itertools import cycle

from loadtests.link.pump import reset
from servers.serving.limits import raise_descriptors

HOST = b"Host: localhost\r\n"
KEY = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
UPGRADE = b"Connection: Upgrade\r\nUpgrade: websocket\r\n" + KEY
DEFLATE = b"Sec-WebSocket-Extensions: permessage-deflate\r\n"
LARGE = 15 * 2**20
Ports = tuple[int, int, int]

tried: deque[int] = deque()  # how many of what the attack is named after, bit by bit


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port))


def websocket(port: int, path: bytes, *fields: bytes) -> socket.socket:
    """A socket on which the opening handshake is sent, and its answer read."""
    sock = connected(port)
    sock.sendall(b"GET " + path + b" HTTP/1.1\r\n" + HOST + UPGRADE + b"".join(fields) + b"\r\n")
    sock.recv(4096)
    return sock


def frame(payload: bytes, first: int) -> bytes:
    """A client's frame of 126 B or more, masked with zeros (RFC 6455 section 5.2)."""
    size = len(payload)
    length = b"\xff" + size.to_bytes(8) if size > 65_535 else b"\xfe" + size.to_bytes(2)
    return bytes([first]) + length + bytes(4) + payload


def drain(sock: socket.socket) -> None:
    with suppress(OSError):
        while sock.recv(2**20):
            pass


def send_repeatedly(sock: socket.socket, data: bytes, times: int, reading: bool) -> None:
    """Send `data`, `times` times at once, again and again; with `reading`, read the responses."""
    if reading:
        threading.Thread(target=drain, args=[sock], daemon=True).start()
    together = data * times
    while True:
        tried.append(times)
        sock.sendall(together)


def run_from_many_clients(clients: int, attack: Callable[[], object]) -> None:
    """Run the attack from `clients` clients; each comes back after it was disconnected."""

    def again() -> None:
        while True:
            with suppress(OSError):
                attack()

    for _ in range(clients):
        threading.Thread(target=again, daemon=True).start()
    threading.Event().wait()


def requests_without_a_pause(ports: Ports) -> None:
    """Requests in a row, one behind the other on one connection to each server."""
    asked, turn = b"GET /status HTTP/1.1\r\n" + HOST + b"\r\n", cycle(ports)
    run_from_many_clients(3, lambda: send_repeatedly(connected(next(turn)), asked, 500, reading=True))


def pings_without_a_pause(ports: Ports) -> None:
    """As many as the server takes, all of which it answers."""
    run_from_many_clients(
        2, lambda: send_repeatedly(websocket(ports[2], b"/messages"), b"\x89\x80\0\0\0\0", 5_000, reading=True)
    )


def texts_without_a_pause(ports: Ports) -> None:
    """Empty texts, each of which is published to everybody."""
    run_from_many_clients(
        1, lambda: send_repeatedly(websocket(ports[2], b"/messages"), b"\x81\x80\0\0\0\0", 5_000, reading=True)
    )


def echoes_that_nobody_reads(ports: Ports) -> None:
    """Large messages by WebSocket and by POST, whose echo stays where it is."""
    whole, turn = frame(bytes(LARGE), 0x82), cycle(range(2))
    post = b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % LARGE + bytes(LARGE)

    def attack() -> None:
        if next(turn):
            send_repeatedly(websocket(ports[2], b"/echo"), whole, 1, reading=False)
        else:
            send_repeatedly(connected(ports[0]), post, 1, reading=False)

    run_from_many_clients(32, attack)


def messages_that_do_not_end(ports: Ports) -> None:
    """Fragments, the last of which never comes."""
    begun = frame(bytes(LARGE), 0x02)

    def wait(sock: socket.socket) -> None:
        tried.append(1)
        sock.sendall(begun)
        sock.recv(1)

    run_from_many_clients(32, lambda: wait(websocket(ports[2], b"/echo")))


def deflate_bombs(ports: Ports) -> None:
    """A gibibyte of zeros in a mebibyte, to a server that unpacks such things."""
    packed = zlib.compressobj(9, wbits=-15)
    bomb = frame((packed.compress(bytes(2**26)) + packed.flush(zlib.Z_SYNC_FLUSH)) * 16, 0xC2)

    def throw() -> None:
        with websocket(ports[2], b"/echo", DEFLATE) as sock:
            sock.sendall(bomb)
            tried.append(1)
            drain(sock)

    run_from_many_clients(8, throw)


def halves_of_requests(ports: Ports) -> None:
    """Heads and bodies whose other half does not come."""
    body = b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 9\r\n\r\nhalf"
    turn, part = cycle(ports), cycle([b"GET /mess", b"GET / HTTP/1.1\r\nHost: lo", body])

    def wait(sock: socket.socket) -> None:
        with sock:
            sock.sendall(next(part))
            tried.append(1)
            drain(sock)

    run_from_many_clients(300, lambda: wait(connected(next(turn))))


def malformed_requests(ports: Ports) -> None:
    """Requests that are none, and handshakes spoilt by a line, as fast as they are refused."""
    spoilt = [b"X/A: b", b"X: a\0b", b"nothing", b"Host: b", b"Transfer-Encoding: cow", b"Content-Length: +5"]
    turn, line = cycle(ports), cycle(spoilt)

    def send(sock: socket.socket) -> None:
        with sock:
            sock.sendall(b"GET /messages HTTP/1.1\r\n" + HOST + UPGRADE + next(line) + b"\r\n\r\n")
            sock.shutdown(socket.SHUT_WR)
            tried.append(1)
            drain(sock)

    run_from_many_clients(4, lambda: send(connected(next(turn))))


def connections_reset(ports: Ports) -> None:
    """Of all kinds, as soon as they are open."""
    asked = b"GET /messages?wait=60 HTTP/1.1\r\n" + HOST
    turn, head = cycle(ports), cycle([asked + b"\r\n", asked + UPGRADE + b"\r\n", asked])

    def leave(sock: socket.socket) -> None:
        sock.sendall(next(head))
        reset(sock)
        tried.append(1)

    run_from_many_clients(4, lambda: leave(connected(next(turn))))


def questions_whose_answers_nobody_reads(ports: Ports) -> None:
    """All of the history, asked for again and again, compressed and not; and WebSockets that follow it, unread too."""
    asked = b"GET /messages?after=0 HTTP/1.1\r\n" + HOST
    turn, request = cycle([*ports[:2], None]), cycle([asked + b"\r\n", asked + b"Accept-Encoding: gzip\r\n\r\n"])

    def ask() -> None:
        port = next(turn)
        if port is not None:
            send_repeatedly(connected(port), next(request), 100, reading=False)
        with websocket(ports[2], b"/messages?after=0"):
            tried.append(1)
            threading.Event().wait()

    run_from_many_clients(100, ask)


ATTACKS: dict[str, Callable[[Ports], None]] = {
    attack.__name__: attack
    for attack in (requests_without_a_pause, pings_without_a_pause, texts_without_a_pause, echoes_that_nobody_reads,
                   messages_that_do_not_end, deflate_bombs, halves_of_requests, malformed_requests, connections_reset,
                   questions_whose_answers_nobody_reads)
}  # fmt: skip


def main(arguments: list[str]) -> None:
    """Attack until the input ends, as the program that started this one may; say how much was tried when asked."""
    raise_descriptors()
    name, *ports = arguments
    attack, where = ATTACKS[name], tuple(map(int, ports))
    threading.Thread(target=attack, args=[where], daemon=True).start()
    for _ in sys.stdin:
        print(json.dumps({"tried": sum(tried)}), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
