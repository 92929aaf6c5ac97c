"""Long polling (RFC 6202 section 2): the client asks once, the server holds the request until it has a message."""

from flask import Response, request

from servers.app import App, add_posting, answer, new_app
from servers.feed import Feed
from servers.question import question


def create_app(feed: Feed) -> App:
    """Return the application; a message that comes between two requests waits until the client asks again."""
    app = new_app(feed, "long-polling")
    add_posting(app, feed)

    @app.get("/messages")
    def messages() -> Response:
        asked = question(request.args, feed.newest)
        found = feed.after(asked.seq, timeout=asked.wait, epoch=asked.epoch)
        return answer(asked, found, feed.epoch)

    return app
