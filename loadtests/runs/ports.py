"""A port that nobody uses."""

import socket


def free_port() -> int:
    """A port of this machine that is free now: whatever else runs here, what meets on it meets alone."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])
