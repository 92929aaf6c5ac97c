"""The floor: a bare loop of `send`, a frame to each socket, and nothing else. It reads only the handshake."""

import asyncio
import socket
from contextlib import suppress

from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection

from loadtests.benchmark.peers.feed import AsyncFeed, announce, take_commands
from servers.feed import Message
from servers.sockets.broadcast import text_frame


async def admit(listener: socket.socket, connections: set[socket.socket]) -> None:
    """Accept connections, and answer the handshake of each."""
    loop = asyncio.get_running_loop()
    while True:
        sock, _ = await loop.sock_accept(listener)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened = WSConnection(ConnectionType.SERVER)
        opened.receive_data(await loop.sock_recv(sock, 65_536))
        await loop.sock_sendall(sock, opened.send(AcceptConnection()))
        connections.add(sock)


async def main() -> None:
    feed, connections = AsyncFeed(), set[socket.socket]()
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    listener.setblocking(False)
    announce(listener.getsockname()[1], "websocket")
    admitting = asyncio.create_task(admit(listener, connections))

    def send_to_all(message: Message) -> None:
        frame = text_frame(message)
        for sock in connections:
            with suppress(OSError):  # it has gone, or reads too slowly: a floor looks after no one
                sock.send(frame)

    await take_commands(feed, send_to_all)
    admitting.cancel()


if __name__ == "__main__":
    asyncio.run(main())
