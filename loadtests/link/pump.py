"""One direction of a connection through the delay line, and its end by force."""

import os
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass, field

from loadtests.link.delayline import DelayLine

RESET_ON_CLOSE = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)  # SO_LINGER: on, for no time


@dataclass(eq=False)
class Pump:
    """One direction of a connection: what `source` sends waits in `line`, then goes to the source of `back`."""

    connection: int
    direction: str
    source: socket.socket
    line: DelayLine
    back: "Pump" = field(init=False, repr=False)
    pending: bytes = b""  # due, but the receiver's buffer is full
    ended: bool = False  # the source sends no more
    broken: bool = False  # the source was reset, or could not be reached
    finished: bool = False  # the end of the stream was passed on
    closed: bool = False
    timed: bool = False  # stands among the timers
    events: int = 0  # what the selector watches the source for


def reset(connection: socket.socket) -> None:
    """Close with RST: the peer's next call fails."""
    with suppress(OSError):  # macOS, if the peer has closed before
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    connection.close()
