"""Long polling (RFC 6202 section 2): the client asks once, the server holds the question until it has an answer."""

from flask import Flask, Response, g

from servers.feed import Feed
from servers.wire import Question, add_posting, answer, new_app


def create_app(feed: Feed) -> Flask:
    """Return the application; a message that comes while nobody is parked waits until the client asks again."""
    app, counts = new_app(feed, "long-polling")
    add_posting(app, feed)

    @app.get("/messages")
    def messages() -> Response:
        asked: Question = g.question  # read and checked before the request came here, in wire.new_app
        with counts.client():
            found = feed.after(asked.seq, timeout=asked.wait, epoch=asked.epoch)
        counts.deliveries += len(found)
        return answer(found, feed.epoch)

    return app
