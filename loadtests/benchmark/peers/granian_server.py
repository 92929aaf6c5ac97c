"""The feed on Starlette and granian, a server in Rust, embedded in this process."""

import asyncio
import socket

import uvloop
from granian.constants import Interfaces
from granian.server.embed import Server
from starlette.applications import Starlette

from loadtests.benchmark.peers.feed import announce, take_commands
from loadtests.benchmark.peers.starlette_server import FEED, ROUTES


async def main() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:  # granian is told a port, and does not tell one
        port = free.getsockname()[1]
    server = Server(Starlette(routes=ROUTES), port=port, interface=Interfaces.ASGI, log_enabled=False, backlog=4096)
    serving = asyncio.create_task(server.serve())
    while not serving.done() and not reached(port):
        await asyncio.sleep(0.05)
    announce(port, "polling", "long-polling", "websocket")
    await take_commands(FEED)
    server.stop()
    await serving


def reached(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
