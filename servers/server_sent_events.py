"""Server-sent events (HTML Living Standard section 9.2): the client asks once, for a response that does not end."""

from flask import Response, request

from servers.app import App, add_posting, new_app, parse_query
from servers.context import Context
from servers.feed import Feed
from servers.sockets.broadcast import Broadcast
from servers.sockets.event_stream import event_chunk
from servers.sockets.streaming import stream_messages


def create_app(feed: Feed, context: Context | None = None) -> App:
    """Return the application; each message is sent as it is published, and only the server sends."""
    app = new_app(feed, context, "server-sent-events")
    broadcast = Broadcast(feed, app.counts, encode=event_chunk)
    add_posting(app, feed)

    @app.get("/messages")
    def messages() -> Response:
        query = parse_query(request.query_string, request.headers.get("Last-Event-ID"))
        return stream_messages(broadcast, feed, query)

    return app
