"""The lab's servers under gunicorn, with a feed in Redis; `PUSH_LAB_FEED` in the environment is its address:

    gunicorn -k servers.serving.gunicorn.Worker -w 4 --reuse-port 'servers.serving.gunicorn:app("websocket")'

gunicorn's own gevent worker answers a WebSocket with 500: it has another HTTP server, which gives no connection away.
"""

from __future__ import annotations

import os
import socket
from typing import Any

import gunicorn.workers.ggevent

from servers.app.application import App
from servers.context import Context
from servers.serving.server import LabServer
from servers.serving.transports import TRANSPORTS

FEED, TOKEN = "PUSH_LAB_FEED", "PUSH_LAB_TOKEN"


class Server(LabServer):
    """Ends in order when gunicorn closes it: WebSockets are told, held requests are answered."""

    def __init__(self, listener: socket.socket, application: App, spawn: Any, **_: Any) -> None:
        super().__init__(listener, application, TRANSPORTS[application.transport], application.context, spawn=spawn)

    def close(self) -> None:
        super().close()
        self.stopping = True
        for end in list(self.context.shutdown_hooks):
            end()
        self.application.feed.close()


class Worker(gunicorn.workers.ggevent.GeventWorker):
    """gunicorn's gevent worker, with the lab's HTTP server."""

    server_class = Server


def app(transport: str) -> App:
    """The application of one transport, made in each worker; KeyError without the feed's address."""
    from servers.redis_feed import RedisFeed  # here: the worker has made sockets gevent's by now

    feed = RedisFeed(os.environ[FEED])
    made = TRANSPORTS[transport].create_app(feed, Context(token=os.environ.get(TOKEN)))
    made.feed = feed  # type: ignore[attr-defined]
    return made
