"""What a page's EventSource does: events, reconnection, refusals, and how many connections an origin may have.

HTML Living Standard, section 9.2; the claim is the reader's own question, "SSE".
"""

import socketserver
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from playwright.sync_api import Page

from loadtests.observe.browser import visit
from loadtests.observe.observation import Observation
from loadtests.observe.servers import Servers

CLAIM = "SSE"
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
REFUSAL = b"HTTP/1.1 %d No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
ANSWERS = {
    "/ends": ("the response ends after an event", STREAM + b"id: 7\ndata: news\n\n"),
    "/retry": ("the response ends, with retry: 500", STREAM + b"retry: 500\nid: 7\ndata: news\n\n"),
    "/gone": ("an event of another type", STREAM + b"event: gone\nid: 3\ndata: {}\n\n"),
    "/204": ("204", REFUSAL % 204),
    "/410": ("410", REFUSAL % 410),
    "/503": ("503", REFUSAL % 503),
}
"""Conditions and responses by path; each connection ends with its response."""
LISTENED_S = 3.9  # longer than Chromium waits before it connects again
LIMIT, HELD_S = 6, 1.0  # connections of an origin over HTTP/1.1; seconds for which they are held


class Listener(socketserver.ThreadingTCPServer):
    """Answers by ANSWERS, and keeps the heads of all requests."""

    daemon_threads = allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.heads: list[bytes] = []

    def url(self, path: str = "/") -> str:
        return f"http://localhost:{self.server_address[1]}{path}"

    def heads_of(self, path: str) -> list[bytes]:
        return [head for head in self.heads if head.startswith(b"GET %b " % path.encode())]


class Answering(socketserver.StreamRequestHandler):
    """One request and its response."""

    server: Listener

    def handle(self) -> None:
        head = b"".join(iter(self.rfile.readline, b"\r\n"))
        path = head.split(b" ")[1].decode() if head else ""
        self.server.heads.append(head)
        with suppress(OSError):
            self.wfile.write(ANSWERS[path][1] if path in ANSWERS else REFUSAL % 200)


@contextmanager
def answering() -> Iterator[Listener]:
    with Listener() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()


def observe(page: Page, servers: Servers) -> Iterator[Observation]:
    with answering() as server:
        visit(page, server.url())
        page.evaluate("([urls, seconds]) => { listening = urls.map(url => listened(url, seconds)) }",
                      [[server.url(path) for path in ANSWERS], LISTENED_S])  # fmt: skip
        browser = page.context.browser
        assert browser is not None
        with browser.new_page() as beside:
            yield from crowded(beside, servers.urls["server-sent-events"], "HTTP/1.1", (LIMIT - 1, LIMIT))
        seen: list[list[dict[str, Any]]] = page.evaluate("Promise.all(listening)")
        for (path, (condition, _)), events in zip(ANSWERS.items(), seen, strict=True):
            yield from noticed(condition, events, server.heads_of(path))


def noticed(condition: str, events: list[dict[str, Any]], heads: list[bytes]) -> Iterator[Observation]:
    """What one EventSource noticed, and what it sent."""
    first_error = next((place for place, event in enumerate(events) if event["type"] == "error"), len(events))
    begun = events[: first_error + 1]
    yield Observation(CLAIM, "events", ", ".join(event["type"] for event in begun), "", condition)
    yield Observation(CLAIM, "readyState at each", ", ".join(str(event["state"]) for event in begun), "", condition)
    yield Observation(CLAIM, "connects again", "yes" if len(heads) > 1 else "no", "", condition)
    opened = [event["s"] for event in events if event["type"] == "open"]
    if len(heads) > 1 and len(opened) > 1:
        waited = opened[1] - begun[-1]["s"]
        yield Observation(CLAIM, "reconnection time", f"{waited:.1f}", "s", condition)
        lines = [line for line in heads[1].decode("latin-1").split("\r\n") if line.startswith("Last-Event-ID")]
        yield Observation(CLAIM, "sent when it connects again", ", ".join(lines), "", condition)


def crowded(page: Page, origin: str, version: str, counts: Iterable[int]) -> Iterator[Observation]:
    """How long a request waits while `count` streams of the same origin are open, for each count."""
    visit(page, f"{origin}/status")
    for count in counts:
        waited = page.evaluate("([count, seconds]) => answeredBeside(count, seconds)", [count, HELD_S])
        answered = "when one of them ends" if waited > HELD_S / 2 else "at once"
        yield Observation(CLAIM, "another request is answered", answered, "", f"{version}, {count} streams are open")
