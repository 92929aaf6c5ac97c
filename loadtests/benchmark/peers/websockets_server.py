"""The feed on the websockets library: its broadcast() writes a message to every connection at once."""

import asyncio

from websockets.asyncio.server import ServerConnection, broadcast, serve

from loadtests.benchmark.peers.feed import AsyncFeed, announce, take_commands


async def main() -> None:
    feed, connections = AsyncFeed(), set()

    async def follow(connection: ServerConnection) -> None:
        connections.add(connection)
        await connection.wait_closed()
        connections.remove(connection)

    async with serve(follow, "127.0.0.1", 0, compression=None) as server:
        announce(server.sockets[0].getsockname()[1], "websocket")
        await take_commands(feed, lambda message: broadcast(connections, message.encoded.decode()))


if __name__ == "__main__":
    asyncio.run(main())
