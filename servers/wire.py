"""What the three servers answer alike: the question asked of /messages, problems, /status, POST, /echo."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from platform import python_version
from typing import Any

import psutil
from flask import Flask, Response, g, request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest, HTTPException, RequestEntityTooLarge

from servers.feed import Feed, Message, OutsideHistory, UnencodableData

LARGEST_POST = 65_536  # bytes
LARGEST_ECHO = 16 * 1024 * 1024  # bytes
DEFAULT_WAIT, LONGEST_WAIT = 25.0, 60.0  # seconds; RFC 6202 section 5.5 finds 30 s safe
SEQ, SECONDS = re.compile(r"[0-9]{1,18}"), re.compile(r"[0-9]{1,3}(\.[0-9]{1,9})?")
ANYTHING = re.compile(r".*")
PACKAGES = ("flask", "flask-sock", "simple-websocket", "gevent")


@dataclass
class Counts:
    """What a server counts of its own work; shown by /status."""

    clients: int = 0
    requests: int = 0
    deliveries: int = 0
    started: float = field(default_factory=time.monotonic)

    @contextmanager
    def client(self) -> Iterator[None]:
        """Count a client while it is connected or held."""
        self.clients += 1
        try:
            yield
        finally:
            self.clients -= 1


@dataclass(frozen=True)
class Question:
    """What a reader asks of /messages: what comes after `seq`, waiting up to `wait` seconds for it.

    `knows_seq` is false for a reader who named no seq and so asks for what comes from now on; `epoch` is None if the
    reader did not name the feed's.
    """

    seq: int
    knows_seq: bool
    wait: float
    epoch: str | None

    @classmethod
    def read(cls, newest: int) -> "Question":
        """Read the current request; BadRequest if it is malformed."""
        args = request.args
        after = argument(args, "after", SEQ)
        wait = float(argument(args, "wait", SECONDS) or DEFAULT_WAIT)
        if wait > LONGEST_WAIT:
            raise BadRequest(f"wait is more than {LONGEST_WAIT:.0f} seconds")
        return cls(newest if after is None else int(after), after is not None, wait, argument(args, "epoch", ANYTHING))


def argument(args: MultiDict[str, str], name: str, pattern: re.Pattern[str]) -> str | None:
    """Return a query argument, None if absent; BadRequest if it comes twice or does not match."""
    values = args.getlist(name)
    if not values:
        return None
    if len(values) > 1 or not pattern.fullmatch(values[0]):
        raise BadRequest(f"{name} is malformed")
    return values[0]


def new_app(feed: Feed, transport: str) -> tuple[Flask, Counts]:
    """Return an application with what all three servers share, and the counts it keeps."""
    app, counts = Flask(__name__), Counts()
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.register_error_handler(HTTPException, problem)
    app.register_error_handler(OutsideHistory, gone)
    app.register_error_handler(UnencodableData, lambda error: problem(BadRequest(str(error))))

    @app.before_request
    def read_question() -> None:
        if "HTTP_HOST" not in request.environ:
            raise BadRequest("Host is missing (RFC 9112 section 3.2)")
        if request.path == "/messages" and request.method in ("GET", "HEAD"):
            g.question = Question.read(feed.newest)
            counts.requests += 1

    @app.get("/status")
    def status() -> dict[str, Any]:
        return describe(feed, transport, counts)

    return app, counts


def add_posting(app: Flask, feed: Feed) -> None:
    """Let clients of an HTTP server publish with POST /messages and have bytes sent back by POST /echo."""

    @app.post("/messages")
    def publish() -> Response:
        message = feed.publish(data_of(body_up_to(LARGEST_POST), request.mimetype))
        return Response(message.encoded, 201, mimetype="application/json")

    @app.post("/echo")
    def echo() -> Response:
        return Response(body_up_to(LARGEST_ECHO), content_type=request.content_type or "application/octet-stream")


def body_up_to(limit: int) -> bytes:
    """Return the request's body; 413 if it is larger, and then the rest of it is not read.

    A body in chunks does not say its length first: Werkzeug cuts it off at the maximum without a word, hence one more.
    """
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


def answer(messages: list[Message], epoch: str) -> Response:
    """Return 200 with a message a line, or 204 if there is none."""
    if messages:
        body = b"".join(message.encoded + b"\n" for message in messages)
        return introduce(Response(body, mimetype="application/x-ndjson"), epoch, messages[-1].seq)
    empty = Response(status=204)
    del empty.headers["Content-Type"]
    return introduce(empty, epoch, g.question.seq)


def introduce(response: Response, epoch: str, newest: int) -> Response:
    """Add the feed's epoch and newest seq for a reader who did not name them; every other answer does without."""
    if g.question.epoch is None:
        response.headers["Feed-Epoch"] = epoch
    if not g.question.knows_seq:
        response.headers["Feed-Newest"] = str(newest)
    return response


def problem(error: HTTPException) -> Response:
    """Return an error as RFC 9457 has it."""
    response = Response(problem_json(title=error.name, status=error.code, detail=error.description))
    response.status_code = error.code or 500
    response.headers.extend(h for h in error.get_headers() if h[0].lower() not in ("content-type", "content-length"))
    response.headers["Content-Type"] = "application/problem+json"
    return response


def gone(error: OutsideHistory) -> Response:
    """Return the 410 that tells a reader of its gap."""
    response = Response(gone_json(error), 410, content_type="application/problem+json")
    return introduce(response, error.epoch, error.newest)


def gone_json(error: OutsideHistory) -> str:
    """Where the feed stands; short enough for the reason of a WebSocket close (123 bytes, RFC 6455 section 5.5)."""
    return problem_json(title="Gone", status=410, oldest=error.oldest, newest=error.newest, epoch=error.epoch)


def problem_json(**members: Any) -> str:
    return json.dumps(members, separators=(",", ":"))


def describe(feed: Feed, transport: str, counts: Counts) -> dict[str, Any]:
    """Return the status of a server: its feed, its counts, its process."""
    process = psutil.Process()
    return {
        "transport": transport,
        "epoch": feed.epoch,
        "oldest": feed.oldest,
        "newest": feed.newest,
        "clients": counts.clients,
        "requests": counts.requests,
        "deliveries": counts.deliveries,
        "publisher_late_p99_ms": feed.late_p99_ms,
        "uptime_s": round(time.monotonic() - counts.started, 3),
        "cpu_s": time.process_time(),
        "rss_bytes": process.memory_info().rss,
        "versions": {"python": python_version()} | {name: version(name) for name in PACKAGES},
    }
