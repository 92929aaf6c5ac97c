"""The one table of the servers' transports: a row says all in which they differ for the HTTP server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from servers import long_polling, polling, server_sent_events, websocket
from servers.app.application import App
from servers.context import Context
from servers.feed import Feed
from servers.serving.handler import HoldingHandler, LabHandler


@dataclass(frozen=True)
class Transport:
    """A transport: its application, its usual port, its scheme without TLS, and who handles its connections."""

    name: str
    create_app: Callable[[Feed, Context], App]
    port: int
    scheme: str = "http"
    handler_class: type[LabHandler] = LabHandler
    upgrades: bool = False  # whether a GET may open a WebSocket
    guest: bool = False  # whether it is served only if it is asked for


TRANSPORTS = {
    transport.name: transport
    for transport in (
        Transport("polling", polling.create_app, 5001),
        Transport("long-polling", long_polling.create_app, 5002, handler_class=HoldingHandler),
        Transport("websocket", websocket.create_app, 5003, scheme="ws", upgrades=True),
        Transport("server-sent-events", server_sent_events.create_app, 5004, guest=True),
    )
}
