"""What clients of an HTTP server send: messages to publish, and bytes for the echo."""

import json
import re
from typing import Any

from flask import Response, request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType

from servers.app.application import App
from servers.app.description import description
from servers.feed import Feed, Message

LARGEST_POST, LARGEST_ECHO = 65_536, 16 * 1024 * 1024  # bytes
OCTETS = "application/octet-stream"
ECHOED = re.compile(r"text/plain|application/(json|x-ndjson|octet-stream)|(image|audio|video)/.+")  # no page's types


def publish_for_client(app: App, feed: Feed, data: Any) -> Message:
    """Publish what a client sends, when it is its turn."""
    app.context.rate_limiter.acquire()
    return feed.publish(data)


def add_posting(app: App, feed: Feed) -> None:
    """Let clients of an HTTP server publish with POST /messages, have bytes sent back by POST /echo, and read what
    there is to ask.
    """

    @app.get("/openapi.json")
    def openapi() -> dict[str, Any]:
        return description(app.transport)

    @app.post("/messages")
    def publish() -> Response:
        message = publish_for_client(app, feed, data_of(body_up_to(LARGEST_POST), request.mimetype))
        return Response(message.encoded, 201, mimetype="application/json")

    @app.post("/echo")
    def echo() -> Response:
        harmless = ECHOED.fullmatch(request.mimetype) and "svg" not in request.mimetype
        return Response(body_up_to(LARGEST_ECHO), content_type=request.content_type if harmless else OCTETS)


def body_up_to(limit: int) -> bytes:
    """Return the request's body; 415 if it is encoded, 413 if it is larger, and then the rest of it is not read.

    A body in chunks does not say its length first. Werkzeug truncates it at the maximum silently, hence one byte more.
    """
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType("this server takes bodies without a Content-Encoding (RFC 9110 section 15.5.16)")
    request.max_content_length = limit + 1
    body = request.get_data(cache=False)
    if len(body) > limit:
        raise RequestEntityTooLarge()
    return body


def data_of(body: bytes, mimetype: str) -> Any:
    """Return what a posted body says: JSON parsed, anything else as text; BadRequest if it is neither."""
    try:
        text = body.decode()
        return json.loads(text, parse_constant=refuse_constant) if mimetype == "application/json" else text
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"the body cannot be read: {error}") from None


def refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
