"""Plain polling: the client asks again and again, the server answers at once."""

from flask import Flask, Response, g

from servers.feed import Feed
from servers.wire import Question, add_posting, answer, new_app


def create_app(feed: Feed) -> Flask:
    """Return the application; whoever asks too early gets nothing, and must wait until it asks again."""
    app, counts = new_app(feed, "polling")
    add_posting(app, feed)

    @app.get("/messages")
    def messages() -> Response:
        asked: Question = g.question  # read and checked before the request came here, in wire.new_app
        with counts.client():
            found = feed.after(asked.seq, epoch=asked.epoch)
        counts.deliveries += len(found)
        return answer(found, feed.epoch)

    return app
