"""Responses to /messages, and errors as RFC 9457 has them."""

import json
import zlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Any

from flask import Response, request
from werkzeug.exceptions import HTTPException, ServiceUnavailable

from servers.app.query import Query, parse_query
from servers.feed import Batch, FeedUnavailable, Message, OutsideHistory
from servers.scheduling import one_per_loop

LARGEST_ANSWER = 4 * 1024 * 1024  # bytes; but a response holds one message at the least
PIECE = 65_536  # bytes of a long response that are put together at a time
GZIP = 31  # zlib's word for a window of 32 KiB in the gzip coding


class MessagesResponse(Response):
    """A response with messages in it, a line each; a long one is put together while it is sent."""

    def __init__(self, messages: list[Message]) -> None:
        size, body = sum(len(message.encoded) + 1 for message in messages), pieces(messages)
        super().__init__(b"".join(body) if size <= PIECE else body, mimetype="application/x-ndjson")
        self.content_length, self.deliveries = size, len(messages)

    def compress(self) -> None:
        """Send the body in the gzip coding (RFC 9110 section 8.4.1.3); a long one in chunks, as it is put together."""
        body = gzipped(self.iter_encoded())
        if self.is_streamed:
            self.response = body
            del self.headers["Content-Length"]
        else:
            self.set_data(b"".join(body))
        self.content_encoding = "gzip"
        self.vary.add("Accept-Encoding")


class AlreadySent(Response):
    """The response of a route that took the connection over: its bytes have gone out."""

    def __call__(self, *_: Any) -> list[bytes]:
        return []


def pieces(messages: Iterable[Message]) -> Iterator[bytes]:
    """The lines of messages, some PIECE bytes at a time."""
    held = bytearray()
    for message in messages:
        held += message.encoded + b"\n"
        if len(held) >= PIECE:
            yield bytes(held)
            held.clear()
    yield bytes(held)


def gzipped(body: Iterable[bytes]) -> Iterator[bytes]:
    """The same in the gzip coding."""
    gzip = zlib.compressobj(level=9, wbits=GZIP)
    for part in body:
        one_per_loop()
        yield gzip.compress(part)
    yield gzip.flush()


def answer(query: Query, batch: Batch) -> Response:
    """Return 200 with a message a line, or 204 if there is none."""
    if batch.messages:
        first = fit_response(batch.messages)
        return add_feed_headers(MessagesResponse(first), query, batch.epoch, first[-1].seq)
    empty = Response(status=204)
    del empty.headers["Content-Type"]
    return add_feed_headers(empty, query, batch.epoch, batch.newest)


def fit_response(messages: list[Message]) -> list[Message]:
    """The first of the messages, as many as one response holds; the reader asks for the others next time."""
    sizes = accumulate(len(message.encoded) + 1 for message in messages)
    return messages[: max(bisect_right(list(sizes), LARGEST_ANSWER), 1)]


def add_feed_headers(response: Response, query: Query, epoch: str, newest: int) -> Response:
    """Tell the feed's epoch and newest seq to a reader who did not name them, and to no other."""
    if query.epoch is None:
        response.headers["Feed-Epoch"] = epoch
    if query.seq is None:
        response.headers["Feed-Newest"] = str(newest)
    return response


def gone(error: OutsideHistory) -> Response:
    """Return the 410 that tells a reader of its gap."""
    response = Response(gone_json(error), 410, content_type="application/problem+json")
    return add_feed_headers(response, parse_query(request.query_string), error.epoch, error.newest)


def unavailable(error: FeedUnavailable) -> Response:
    """Return the 503 that tells a reader when to try again (RFC 9110 section 10.2.3)."""
    response = problem(ServiceUnavailable("the feed cannot be reached; try again"))
    response.headers["Retry-After"] = str(error.retry_after)
    return response


def gone_json(error: OutsideHistory) -> str:
    """Say where the feed stands; short enough for the reason of a WebSocket close (123 B, RFC 6455 section 5.5)."""
    return problem_json(title="Gone", status=410, oldest=error.oldest, newest=error.newest, epoch=error.epoch)


def problem(error: HTTPException) -> Response:
    """Return an error as RFC 9457 has it."""
    response = Response(problem_json(title=error.name, status=error.code, detail=error.description))
    response.status_code = error.code or 500
    response.headers.extend(h for h in error.get_headers() if h[0].lower() not in ("content-type", "content-length"))
    response.headers["Content-Type"] = "application/problem+json"
    return response


def close_after(response: Response) -> Response:
    """The same response, after which the connection ends."""
    response.headers["Connection"] = "close"
    return response


def problem_json(**members: Any) -> str:
    return json.dumps(members, separators=(",", ":"))
