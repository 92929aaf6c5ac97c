"""Commands on standard input, for an event loop that watches sockets."""

import os
import socket
import threading
from contextlib import suppress


def standard_input() -> socket.socket:
    """Standard input as a socket, which a selector can watch on every system."""
    ours, theirs = socket.socketpair()

    def copy() -> None:
        with theirs, suppress(OSError):  # the input was never open, or the program has ended
            while typed := os.read(0, 4096):
                theirs.sendall(typed)

    threading.Thread(target=copy, daemon=True).start()
    return ours
