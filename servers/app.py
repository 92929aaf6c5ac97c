"""What the three servers have in common: responses to /messages, problems, counts, /status, POST, /echo."""

import json
import re
import time
import zlib
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from itertools import accumulate
from platform import python_version
from typing import Any

import psutil
from flask import Flask, Response, request
from werkzeug.exceptions import BadRequest, HTTPException, RequestEntityTooLarge, UnsupportedMediaType

from servers import access
from servers.description import description
from servers.feed import Feed, Message, OutsideHistory, UnencodableData
from servers.limits.memory_budget import MemoryBudget
from servers.limits.rate_limit import RateLimiter
from servers.publisher import Publisher
from servers.query import Query, parse_query
from servers.scheduling import one_per_loop

LARGEST_POST, LARGEST_ECHO = 65_536, 16 * 1024 * 1024  # bytes
LARGEST_ANSWER = 4 * 1024 * 1024  # bytes; but a response holds one message at the least
PIECE = 65_536  # bytes of a long response that are put together at a time
GZIP = 31  # zlib's word for a window of 32 KiB in the gzip coding
OCTETS = "application/octet-stream"
ECHOED = re.compile(r"text/plain|application/(json|x-ndjson|octet-stream)|(image|audio|video)/.+")  # no page's types
PACKAGES = ("flask", "flask-sock", "simple-websocket", "gevent")


@dataclass
class Counts:
    """What a server counts of its own work; /status shows it."""

    clients: int = 0  # connected or held now
    requests: int = 0
    deliveries: int = 0
    started: float = field(default_factory=time.monotonic)


class App(Flask):
    """A Flask application with what /status shows: its counts, and the publisher, if there is one."""

    def __init__(self, name: str, transport: str) -> None:
        super().__init__(name)
        self.transport = transport
        self.counts, self.memory_budget, self.rate_limiter = Counts(), MemoryBudget(), RateLimiter()
        self.publisher: Publisher | None = None
        self.token: str | None = None  # without one, only this machine is answered
        self.shutdown_hooks: set[Callable[[], object]] = set()  # one for each open WebSocket
        self.json.sort_keys = False  # type: ignore[attr-defined]

    def wsgi_app(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Count requests of /messages, and clients for as long as a request lasts: held, or open as a WebSocket.

        Here rather than in Flask's hooks, each of which costs every poll several microseconds.
        """
        if refusal := self._refusal(environ):
            return refusal(environ, start_response)
        asks = environ["PATH_INFO"] == "/messages" and environ["REQUEST_METHOD"] in ("GET", "HEAD")
        self.counts.requests += asks
        self.counts.clients += asks
        try:
            return super().wsgi_app(environ, start_response)
        finally:
            self.counts.clients -= asks

    def _refusal(self, environ: dict[str, Any]) -> Response | None:
        try:
            access.check(environ, self.token)
        except HTTPException as error:
            refusal = close_after(problem(error))
            refusal.headers.extend(self.config.get("ANSWER_FIELDS", ()))
            return refusal
        return None

    def process_response(self, response: Response) -> Response:
        """Count the messages delivered; compress them for who takes that, if the server runs with --deflate.

        Adds the field lines of --answer-field.
        """
        response.headers.extend(self.config.get("ANSWER_FIELDS", ()))
        if isinstance(response, MessagesResponse):
            self.counts.deliveries += response.deliveries * (request.method == "GET")  # HEAD is sent none
            if self.config.get("DEFLATE") and "gzip" in request.accept_encodings:
                response.compress()
        return super().process_response(response)


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


def new_app(feed: Feed, transport: str) -> App:
    """Return an application that counts its requests, reports problems, and has /status; it lacks /messages."""
    app = App(__name__, transport)
    app.register_error_handler(HTTPException, problem)
    app.register_error_handler(OutsideHistory, gone)
    app.register_error_handler(UnencodableData, lambda error: problem(BadRequest(str(error))))

    @app.get("/status")
    def status() -> dict[str, Any]:
        return {"transport": transport} | describe(feed, app.counts, app.publisher)

    return app


# ---- Responses to /messages


def answer(query: Query, messages: list[Message], epoch: str) -> Response:
    """Return 200 with a message a line, or 204 if there is none."""
    if messages:
        first = fit_response(messages)
        return add_feed_headers(MessagesResponse(first), query, epoch, first[-1].seq)
    empty = Response(status=204)
    del empty.headers["Content-Type"]
    return add_feed_headers(empty, query, epoch, query.seq)


def fit_response(messages: list[Message]) -> list[Message]:
    """The first of the messages, as many as one response holds; the reader asks for the others next time."""
    sizes = accumulate(len(message.encoded) + 1 for message in messages)
    return messages[: max(bisect_right(list(sizes), LARGEST_ANSWER), 1)]


def add_feed_headers(response: Response, query: Query, epoch: str, newest: int) -> Response:
    """Tell the feed's epoch and newest seq to a reader who did not name them, and to no other."""
    if query.epoch is None:
        response.headers["Feed-Epoch"] = epoch
    if not query.knows_seq:
        response.headers["Feed-Newest"] = str(newest)
    return response


def gone(error: OutsideHistory) -> Response:
    """Return the 410 that tells a reader of its gap."""
    response = Response(gone_json(error), 410, content_type="application/problem+json")
    return add_feed_headers(response, parse_query(request.args, error.newest), error.epoch, error.newest)


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


# ---- What clients send


def publish_for_client(app: App, feed: Feed, data: Any) -> Message:
    """Publish what a client sends, when it is its turn."""
    app.rate_limiter.acquire()
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


# ---- Status


def describe(feed: Feed, counts: Counts, publisher: Publisher | None) -> dict[str, Any]:
    """Return the status of a server: its feed, its counts, its process."""
    process = psutil.Process()
    return {
        "epoch": feed.epoch,
        "oldest": feed.oldest,
        "newest": feed.newest,
        "clients": counts.clients,
        "requests": counts.requests,
        "deliveries": counts.deliveries,
        "publisher_late_p99_ms": publisher.late_p99_ms if publisher else 0.0,
        "uptime_s": round(time.monotonic() - counts.started, 3),
        "cpu_s": time.process_time(),
        "rss_bytes": process.memory_info().rss,
        "versions": versions(),
    }


@cache  # looking a package up takes half a millisecond
def versions() -> dict[str, str]:
    return {"python": python_version()} | {name: version(name) for name in PACKAGES}
