"""flask-sock's routes, with this lab's WebSocket, and 4410 for a reader outside the history."""

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any

import flask_sock
from flask import Response, request
from simple_websocket import ConnectionClosed
from wsproto.frame_protocol import CloseReason

from servers.app.responses import AlreadySent, gone_json
from servers.feed import FeedUnavailable, OutsideHistory
from servers.sockets.handshake import NotUpgraded
from servers.sockets.websocket import WebSocket

GONE = 4410  # a private close code (RFC 6455 section 7.4.2), modelled on HTTP's 410


class Sock(flask_sock.Sock):
    """flask-sock's way to declare a route: `@sock.route(path)` above a handler that is given a WebSocket.

    flask-sock's own route makes a simple_websocket.Server. That one accepts the handshake before the handler can refuse
    it, accepts every offer of compression, and takes a thread for each connection. So this route makes a WebSocket of
    the lab, whose handler accepts; it ends as flask-sock's does.
    """

    def route(self, path: str, bp: Any = None, **options: Any) -> Callable[[Callable[..., None]], None]:
        """Decorate a handler, which is given a WebSocket that it has to accept."""

        def decorate(handler: Callable[..., None]) -> None:
            @wraps(handler)
            def websocket_route(*args: Any, **kwargs: Any) -> Response:
                ws = WebSocket(request.environ)
                with suppress(ConnectionClosed):
                    try:
                        handler(ws, *args, **kwargs)
                    except OutsideHistory as error:
                        ws.close(GONE, gone_json(error))
                    except FeedUnavailable:
                        ws.close(CloseReason.TRY_AGAIN_LATER)
                with suppress(ConnectionClosed):
                    ws.close()
                return AlreadySent()

            self.app.get(path, websocket=True, **options)(websocket_route)
            self.app.get(path, websocket=False, endpoint=f"{path} without an upgrade")(not_upgraded)

        return decorate


def not_upgraded() -> None:
    """Refuse a request that asks for no WebSocket."""
    raise NotUpgraded()
