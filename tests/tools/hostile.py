"""Servers with smaller limits."""

from collections.abc import Iterator
from contextlib import contextmanager

from tools.lab import Lab, serving

HOST = b"Host: localhost\r\n"


@contextmanager
def changed(*lines: str, options: tuple[str, ...] = ()) -> Iterator[Lab]:
    """The servers with constants of theirs changed by these lines."""
    given = ["--guests", "--ports", "0,0,0,0", "--source", "none", *options]
    script = "\n".join([
        "import servers.__main__ as command", "from servers.serving import request_reader, server, run, limits",
        "from servers.app import responses", "from servers.limits import memory_budget, rate_limit",
        "from servers.sockets import frame_socket, websocket",
        *lines, f"raise SystemExit(command.main({given!r}))",
    ])  # fmt: skip
    with serving(*options, script=script) as lab:
        yield lab
