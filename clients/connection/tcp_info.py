"""What the kernel itself has counted of a TCP connection: a second count, which shares nothing with the ledger.

Linux alone tells it (tcp(7), TCP_INFO; struct tcp_info in linux/tcp.h, from 4.19 on).
"""

import errno
import socket
import struct
import sys
from dataclasses import dataclass

SIZE = 216  # bytes of struct tcp_info, as far as it is read here
RECEIVED_AND_SEGMENTS = struct.Struct("=QII"), 128  # bytes_received, segs_out, segs_in
SENT = struct.Struct("=QQ"), 200  # bytes_sent, bytes_retrans
FIN_CAME = (6, 8, 9, 11)  # TIME_WAIT, CLOSE_WAIT, LAST_ACK, CLOSING
CLOSE = 7  # after both FINs, or after a reset


@dataclass(frozen=True, slots=True)
class TcpInfo:
    """Bytes of TCP payload, what was sent twice counted once, and segments of any kind."""

    bytes_sent: int = 0
    bytes_received: int = 0
    segments_sent: int = 0
    segments_received: int = 0


def read(sock: socket.socket, was_reset: bool) -> TcpInfo | None:
    """Return what the kernel says of a connection, None where it does not tell.

    The kernel counts the other side's FIN as a byte received. That it came shows in the connection's state, but for
    CLOSE, to which a reset leads as well: `was_reset` is whether the caller has been told of one (ECONNRESET).
    """
    if sys.platform != "linux":
        return None
    told = read_when_stable(sock)
    if len(told) < SIZE:
        return None
    received, out, came = unpack(RECEIVED_AND_SEGMENTS, told)
    sent, repeated = unpack(SENT, told)
    fin = told[0] in FIN_CAME or told[0] == CLOSE and received > 0 and not (was_reset or has_pending_reset(sock))
    return TcpInfo(sent - repeated, received - fin, out, came)


def read_when_stable(sock: socket.socket) -> bytes:
    """TCP_INFO, asked until it counts the same twice: the state is told first, and a FIN may come before the counts."""
    before, told = b"", sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, SIZE)
    while counts(before) != counts(told):
        before, told = told, sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, SIZE)
    return told


def counts(told: bytes) -> bytes:
    """The part of TCP_INFO with the bytes received and the segments."""
    form, offset = RECEIVED_AND_SEGMENTS
    return told[offset : offset + form.size]


def has_pending_reset(sock: socket.socket) -> bool:
    """Whether the kernel holds a reset that it has not reported yet; a reset after a FIN is another error, EPIPE."""
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNRESET


def unpack(place: tuple[struct.Struct, int], told: bytes) -> tuple[int, ...]:
    form, offset = place
    return form.unpack_from(told, offset)
