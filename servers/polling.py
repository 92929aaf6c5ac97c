"""Plain polling: the client asks again and again, the server answers at once."""

from flask import Response, request

from servers.app import App, add_posting, answer, new_app, parse_query
from servers.context import Context
from servers.feed import Feed


def create_app(feed: Feed, context: Context | None = None) -> App:
    """Return the application; a client that asks too early gets nothing, and waits until it asks again."""
    app = new_app(feed, context, "polling")
    add_posting(app, feed)

    @app.get("/messages")
    def messages() -> Response:
        query = parse_query(request.query_string)
        return answer(query, feed.after(query.seq, epoch=query.epoch))

    return app
