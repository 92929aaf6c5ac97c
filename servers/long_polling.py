"""Long polling (RFC 6202 section 2): the client asks once, the server holds the request until it has a message."""

from flask import Response, request

from servers.app import App, add_posting, answer, new_app, parse_query
from servers.context import Context
from servers.feed import Feed


def create_app(feed: Feed, context: Context | None = None) -> App:
    """Return the application; a message that comes between two requests waits until the client asks again."""
    app = new_app(feed, context, "long-polling")
    add_posting(app, feed)

    @app.get("/messages")
    def messages() -> Response:
        query = parse_query(request.query_string)
        return answer(query, feed.after(query.seq, timeout=query.wait, epoch=query.epoch))

    return app
