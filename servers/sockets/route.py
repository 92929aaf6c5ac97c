"""flask-sock's routes, with this lab's WebSocket, and 4410 for a reader outside the history."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import flask_sock

from servers.app import gone_json
from servers.feed import OutsideHistory
from servers.sockets.handshake import NotUpgraded
from servers.sockets.websocket import WebSocket

GONE = 4410  # a private close code (RFC 6455 section 7.4.2), modelled on HTTP's 410

flask_sock.Server = WebSocket  # where flask-sock looks for the class that a route is handed


class Sock(flask_sock.Sock):
    """flask-sock, with a close code for a gap; `servers.app` has the status 410 for it."""

    def route(self, path: str, bp: Any = None, **options: Any) -> Callable[[Callable[..., None]], None]:
        """Decorate a handler, which is given a WebSocket that it has to accept."""

        def decorate(handler: Callable[..., None]) -> None:
            @wraps(handler)
            def tell_of_gap(ws: WebSocket, *args: Any, **kwargs: Any) -> None:
                try:
                    handler(ws, *args, **kwargs)
                except OutsideHistory as error:
                    ws.close(GONE, gone_json(error))

            super(Sock, self).route(path, bp, **options)(tell_of_gap)
            self.app.get(path, websocket=False, endpoint=f"{path} without an upgrade")(not_upgraded)

        return decorate


def not_upgraded() -> None:
    """Refuse a request that asks for no WebSocket."""
    raise NotUpgraded()
