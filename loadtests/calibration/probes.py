"""What calibrates the path: a far end that echoes and counts, a near end that asks; each is led by lines of JSON."""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

ECHO, DATAGRAMS = 9001, 9002  # ports at the far end
PING_BYTES, DATAGRAM_BYTES = 64, 1400
FRAME_AROUND_UDP = 14 + 20 + 8  # bytes of the headers of Ethernet, IP and UDP
TIMEOUT = 10.0  # seconds
COUNT, CLEAR = b"?", b"!"


def far(address: str) -> None:
    """Echo TCP; count datagrams, and when the first and the last one came."""
    threading.Thread(target=echo_all, args=[socket.create_server((address, ECHO))], daemon=True).start()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as counting:
        counting.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        counting.bind((address, DATAGRAMS))
        threading.Thread(target=count_datagrams, args=[counting], daemon=True).start()
        print(json.dumps({"listening": True}), flush=True)
        sys.stdin.read()


def echo_all(listener: socket.socket) -> None:
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=echo, args=[connection], daemon=True).start()


def echo(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection, suppress(OSError):
        while data := connection.recv(65_536):
            connection.sendall(data)


def count_datagrams(counting: socket.socket) -> None:
    """Count what comes; a question is answered with the count, the seconds from first to last, and disorder."""
    count, first, last, highest, disordered = 0, 0.0, 0.0, -1, 0
    while True:
        data, sender = counting.recvfrom(2048)
        if data == COUNT:
            counting.sendto(json.dumps([count, last - first, disordered]).encode(), sender)
        elif data == CLEAR:
            count, highest, disordered = 0, -1, 0
        else:
            last = time.perf_counter()
            first = first if count else last
            number = int.from_bytes(data[:8])
            count, disordered, highest = count + 1, disordered + (number < highest), max(highest, number)


class Near:
    """What is measured from the near end."""

    def __init__(self, address: str) -> None:
        self.address = address

    def connect(self, count: int) -> list[float]:
        """Seconds that a TCP connection takes, `count` times."""
        return [self._connect() for _ in range(count)]

    def _connect(self) -> float:
        began = time.perf_counter()
        with socket.create_connection((self.address, ECHO), TIMEOUT):
            return time.perf_counter() - began

    def tcp(self, count: int, pause: float) -> list[float]:
        """Round trips of small messages on one connection, s."""
        with socket.create_connection((self.address, ECHO), TIMEOUT) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return [self._tcp(connection, pause) for _ in range(count)]

    def _tcp(self, connection: socket.socket, pause: float) -> float:
        time.sleep(pause)
        began, left = time.perf_counter(), PING_BYTES
        connection.sendall(bytes(PING_BYTES))
        while left:
            left -= len(connection.recv(left))
        return time.perf_counter() - began

    def icmp(self, count: int, pause: float) -> list[float]:
        """Round trips of ICMP echoes (RFC 792), s; the kernel at the far end answers."""
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:
            raw.settimeout(TIMEOUT)
            return [self._icmp(raw, number, pause) for number in range(count)]

    def _icmp(self, raw: socket.socket, number: int, pause: float) -> float:
        time.sleep(pause)
        head = struct.pack("!BBHHH", 8, 0, 0, os.getpid() & 0xFFFF, number)
        body = bytes(PING_BYTES - len(head))
        request = head[:2] + struct.pack("!H", checksum(head + body)) + head[4:] + body
        began = time.perf_counter()
        raw.sendto(request, (self.address, 0))
        while True:
            answer = raw.recv(2048)
            took = time.perf_counter() - began
            if answer[20] == 0 and struct.unpack("!H", answer[26:28])[0] == number:  # behind 20 B of IP
                return took

    def datagrams(self, count: int, per_second: float) -> list[float]:
        """How many of `count` datagrams arrive, the seconds from first to last, and how many came out of order."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(TIMEOUT)
            sock.connect((self.address, DATAGRAMS))
            self._ask(sock, CLEAR)
            began = time.perf_counter()
            for number in range(count):
                if (early := began + number / per_second - time.perf_counter()) > 0.001:
                    time.sleep(early)
                sock.send(number.to_bytes(8) + bytes(DATAGRAM_BYTES - 8))
            return self._settled(sock)

    def _settled(self, sock: socket.socket) -> list[float]:
        """The far end's count, once it grows no more."""
        before: list[float] = []
        while (now := self._ask(sock, COUNT)) != before:
            before = now
            time.sleep(0.5)
        return now

    def _ask(self, sock: socket.socket, question: bytes) -> list[float]:
        """Ask until it is answered: the question may be lost, too."""
        sock.settimeout(0.5)
        while True:
            sock.send(question)
            if question == CLEAR:
                sock.send(COUNT)
            with suppress(TimeoutError):
                answer: list[float] = json.loads(sock.recv(2048))
                if question == COUNT or answer[0] == 0:
                    return answer


def near(address: str) -> None:
    """Measure what lines of JSON ask for: `{"do": "tcp", "count": 100, "pause": 0.01}`."""
    measuring = Near(address)
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        command: dict[str, Any] = json.loads(line)
        measured = getattr(measuring, command.pop("do"))(**command)
        print(json.dumps({"measured": measured}), flush=True)


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


ROLES: dict[str, Callable[[str], None]] = {"near": near, "far": far}

if __name__ == "__main__":
    ROLES[sys.argv[1]](sys.argv[2])
