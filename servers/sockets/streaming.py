"""How a request for events is answered: where its stream begins, and what it is sent until it ends."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import cast

from flask import Response, current_app, request
from simple_websocket import ConnectionClosed
from werkzeug.exceptions import NotAcceptable

from servers.app.application import App
from servers.app.query import Query
from servers.app.responses import AlreadySent, add_feed_headers, gone_json
from servers.events import COMMENT, event, gone
from servers.feed import Feed, FeedUnavailable, OutsideHistory
from servers.sockets.broadcast import Broadcast
from servers.sockets.event_stream import MEDIA_TYPE, EventStream


def check_accept() -> None:
    """Raise NotAcceptable for a client that takes no events (RFC 9110 section 12.5.1)."""
    if request.accept_mimetypes and not request.accept_mimetypes[MEDIA_TYPE]:
        raise NotAcceptable(f"this server sends {MEDIA_TYPE}")


def stream_messages(broadcast: Broadcast, feed: Feed, query: Query) -> Response:
    """Answer a request with the events of the feed, until the client or the server ends it."""
    check_accept()
    query, head, first = opening(feed, query)
    if request.method == "HEAD":
        return head
    stream = EventStream()
    with suppress(ConnectionClosed, FeedUnavailable):
        stream.begin(request.environ, head, first)
        for data in events(broadcast, stream, query):
            stream.send(data)
    stream.close()
    return AlreadySent()


def opening(feed: Feed, query: Query) -> tuple[Query, Response, bytes]:
    """Where the stream begins, its head, and what it begins with: a gap, or a comment, since the feed goes on."""
    try:
        _, newest, epoch = feed.after(query.seq, limit=1, epoch=query.epoch)
        begins, first = replace(query, seq=newest if query.seq is None else query.seq), COMMENT
    except OutsideHistory as error:
        newest, epoch = error.newest, error.epoch
        begins, first = after_gap(query, error)
    head = add_feed_headers(Response(content_type=MEDIA_TYPE), query, epoch, newest)
    head.cache_control.no_store = True
    head.headers["X-Accel-Buffering"] = "no"  # nginx keeps a response back otherwise
    if cast(App, current_app).context.deflate and "gzip" in request.accept_encodings:
        head.content_encoding = "gzip"
    return begins, head, first


def after_gap(query: Query, error: OutsideHistory) -> tuple[Query, bytes]:
    """Where a reader goes on after a gap, and the event that tells it."""
    last = error.oldest - 1
    return replace(query, seq=last, epoch=error.epoch), gone(last, gone_json(error))


def events(broadcast: Broadcast, stream: EventStream, query: Query) -> Iterator[bytes]:
    """The events that the broadcast leaves to the handler; a gap is one, too, and the oldest message follows it.

    A browser would not see a 410: it reports every refusal alike, and does not try again.
    """
    while True:
        try:
            for message in broadcast.follow(stream, query):
                yield event(message.seq, message.encoded)
            return
        except OutsideHistory as error:
            query, told = after_gap(query, error)
            yield told
