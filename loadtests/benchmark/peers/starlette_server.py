"""The feed on Starlette and uvicorn, with uvloop and httptools: all three transports, a task a client."""

import asyncio
import socket

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from loadtests.benchmark.peers.feed import AsyncFeed, announce, take_commands

FEED = AsyncFeed()


async def messages(request: Request) -> Response:
    """Polling, or long polling if the client says how long it waits."""
    after = int(request.query_params.get("after", FEED.feed.newest))
    found = await FEED.after(after, float(request.query_params.get("wait", 0)))
    body = b"".join(message.encoded + b"\n" for message in found)
    headers = {} if "epoch" in request.query_params else {"Feed-Epoch": FEED.feed.epoch, "Feed-Newest": str(after)}
    return Response(body, 200 if found else 204, headers, "application/x-ndjson")


async def follow(websocket: WebSocket) -> None:
    seq = int(websocket.query_params.get("after", FEED.feed.newest))
    await websocket.accept()
    try:
        while True:
            for message in await FEED.after(seq, 3600):
                await websocket.send_text(message.encoded.decode())
                seq = message.seq
    except WebSocketDisconnect:
        pass


async def status(request: Request) -> Response:
    return JSONResponse({"epoch": FEED.feed.epoch, "newest": FEED.feed.newest})


ROUTES = [Route("/messages", messages), WebSocketRoute("/messages", follow), Route("/status", status)]


async def main() -> None:
    config = uvicorn.Config(
        Starlette(routes=ROUTES), log_level="critical", loop="uvloop", http="httptools", ws="websockets-sansio",
        ws_per_message_deflate=False, timeout_keep_alive=75, timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    announce(listener.getsockname()[1], "polling", "long-polling", "websocket")
    serving = asyncio.create_task(server.serve([listener]))
    await take_commands(FEED)
    server.should_exit = True
    await serving


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvicorn.Config("").get_loop_factory()) as runner:
        runner.run(main())
