"""Servers that a script changes, and bare connections to them."""

import socket

from tools.lab import WAIT, Lab


def script(*lines: str, options: tuple[str, ...] = ("--guests", "--ports", "0,0,0,0", "--source", "none")) -> str:
    """The servers with something in them changed by these lines."""
    parts = ("limits import memory_budget", "serving import request_reader, server",
             "sockets import broadcast, websocket")  # fmt: skip
    imports = ["import servers.__main__ as command", "from servers import sources",
               *(f"from servers.{part}" for part in parts)]  # fmt: skip
    return "\n".join([*imports, *lines, f"raise SystemExit(command.main({list(options)!r}))"])


def connected(lab: Lab, transport: str) -> socket.socket:
    return socket.create_connection(("127.0.0.1", lab.ports[transport]), WAIT)
