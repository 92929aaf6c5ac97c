"""The feed on picows, a WebSocket library in Cython, with uvloop."""

import asyncio

import uvloop
from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

from loadtests.benchmark.peers.feed import AsyncFeed, announce, take_commands
from servers.feed import Message

CONNECTIONS: set[WSTransport] = set()


class Follower(WSListener):
    """A connection that is sent each message."""

    def on_ws_connected(self, transport: WSTransport) -> None:
        CONNECTIONS.add(transport)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        CONNECTIONS.discard(transport)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())
        elif frame.msg_type == WSMsgType.CLOSE:
            transport.send_close(WSCloseCode.OK)
            transport.disconnect()


def accept(request: WSUpgradeRequest) -> Follower:
    return Follower()


def send_to_all(message: Message) -> None:
    for connection in CONNECTIONS:
        connection.send(WSMsgType.TEXT, message.encoded)


async def main() -> None:
    feed = AsyncFeed()
    server = await ws_create_server(accept, "127.0.0.1", 0)
    announce(server.sockets[0].getsockname()[1], "websocket")
    await take_commands(feed, send_to_all)
    server.close()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
