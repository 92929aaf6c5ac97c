"""WebSocket (RFC 6455): the client asks once, for the connection; from then on either side sends when it likes."""

from functools import partial

from flask import request

from servers.app import App, new_app, parse_query
from servers.app.posting import LARGEST_ECHO, LARGEST_POST, publish_for_client
from servers.context import Context
from servers.feed import Feed
from servers.sockets.broadcast import Broadcast
from servers.sockets.route import Sock
from servers.sockets.websocket import WebSocket


def create_app(feed: Feed, context: Context | None = None) -> App:
    """Return the application; each message is sent as it is published, without a request."""
    app = new_app(feed, context, "websocket")
    sock, broadcast = Sock(app), Broadcast(feed, app.counts)
    publish = partial(publish_for_client, app, feed)

    @sock.route("/messages")
    def messages(ws: WebSocket) -> None:
        query = parse_query(request.query_string)
        ws.accept(LARGEST_POST, publish)
        for message in broadcast.follow(ws, query):  # the broadcast itself sends to a client that keeps up
            ws.send(message.encoded.decode())

    @sock.route("/echo")
    def echo(ws: WebSocket) -> None:
        ws.accept(LARGEST_ECHO)
        while True:
            ws.send(ws.receive())

    return app
