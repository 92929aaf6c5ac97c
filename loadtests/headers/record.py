"""Record what a real browser sends when a web application follows a feed.

    python -m loadtests.headers.record [FILE]

A page on a loopback server does what a web application would: it polls with `fetch`, asks once more with `wait` as
long polling does, then opens a WebSocket. The requests are captured byte for byte, and their headers written to
browser.json beside this file, as ordered pairs of field name and value. Needs Chromium on the PATH; uses loopback only.
"""

import json
import platform
import queue
import re
import shutil
import signal
import socketserver
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

FILE = Path(__file__).with_name("browser.json")
HEAD_TIMEOUT = 60.0
FLAGS = ("--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
         "--disable-component-update --disable-sync --disable-dev-shm-usage --lang=en-US").split()
NOTE = ("Recorded headless, without cookies. A headed browser names itself Chrome where this one said HeadlessChrome: "
        "that token is replaced in User-Agent and in the sec-ch-ua brands, nothing else is changed. The list of the "
        "WebSocket includes the lines of the opening handshake itself (RFC 6455, section 4.1).")
PAGE = """<!doctype html><html lang="en"><title>feed</title><link rel="icon" href="data:,"><script type="module">
await fetch('/messages?after=17&epoch=abc')
await fetch('/messages?after=17&epoch=abc&wait=25')
new WebSocket(`ws://${location.host}/messages?after=17&epoch=abc`)
</script></html>"""

Fields = list[list[str]]


class RecordingFailed(Exception):
    """The browser did not send what was waited for: it is missing, cannot start, or works differently by now."""


def find_browser() -> str | None:
    """The path of Chromium or Chrome, None if neither is installed."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def record(browser: str) -> dict[str, object]:
    """Let `browser` load the page; the content of browser.json. Raises RecordingFailed."""
    with serving() as server, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        page = f"http://localhost:{server.server_address[1]}/"
        with running([browser, *FLAGS, f"--user-data-dir={profile}", page]):
            poll = wait_for(server.heads, "GET /messages?after=17&epoch=abc ")
            held = wait_for(server.heads, "GET /messages?after=17&epoch=abc&wait=25 ")
            upgrade = wait_for(server.heads, "GET /messages?")
    if fields_of(poll) != fields_of(held):
        raise RecordingFailed("polling and long polling sent different field lines")
    return {"recorded_with": version(browser), "date": f"{datetime.now(UTC):%Y-%m-%d}",
            "platform": f"{platform.system()} {platform.machine()}", "note": NOTE,
            "http": headed(fields_of(poll)), "websocket": headed(fields_of(upgrade))}


def fields_of(head: bytes) -> Fields:
    """The field lines of a request as [name, value], in their order; RecordingFailed if one is not plain."""
    lines = head.decode("latin-1").split("\r\n")[1:-2]
    fields = [line.split(": ", 1) for line in lines]
    if any(len(field) != 2 for field in fields):
        raise RecordingFailed(f"not a plain field line in {lines}")
    return fields


def headed(fields: Fields) -> Fields:
    """The fields as the same browser sends them with a window."""
    return [[name, value.replace("HeadlessChrome", "Chrome")] for name, value in fields]


def version(browser: str) -> str:
    """What the browser calls itself, such as "Chromium 156.0.8078.79"."""
    said = subprocess.run([browser, "--version"], capture_output=True, text=True, check=True).stdout
    return " ".join(said.split()[:2])


def wait_for(heads: "queue.Queue[bytes]", start: str) -> bytes:
    """The next captured request that starts with `start`; others, such as the page's own, are passed over."""
    try:
        while not (head := heads.get(timeout=HEAD_TIMEOUT)).startswith(start.encode()):
            pass
        return head
    except queue.Empty:
        raise RecordingFailed(f"no request {start!r} within {HEAD_TIMEOUT:.0f} s") from None


class Server(socketserver.ThreadingTCPServer):
    """A server on a free loopback port that keeps every request it gets."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answerer)
        self.heads: queue.Queue[bytes] = queue.Queue()


class Answerer(socketserver.StreamRequestHandler):
    """The page for /, 204 for a poll, 400 for the upgrade: we only want to see the request."""

    server: Server

    def handle(self) -> None:
        try:
            while head := self.read_head():
                self.server.heads.put(head)
                self.wfile.write(response(head))
        except ConnectionError:  # the browser was ended
            return

    def read_head(self) -> bytes:
        """The bytes up to and including the blank line; empty at the end of the connection."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self.rfile.readline()
            if not line:
                return b""
            head += line
        return head


@contextmanager
def serving() -> Iterator[Server]:
    with Server() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield server
        server.shutdown()


def response(head: bytes) -> bytes:
    if head.startswith(b"GET / "):
        return f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(PAGE)}\r\n\r\n{PAGE}".encode()
    if b"\r\nupgrade: websocket" in head.lower():
        return b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    return b"HTTP/1.1 204 No Content\r\n\r\n"


@contextmanager
def running(command: list[str]) -> Iterator[None]:
    """A process for as long as the block; it may end its own children when it is told to stop."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def as_json(recording: dict[str, object]) -> str:
    """JSON with a field line per line, to be read and compared by eye."""
    return re.sub(r'\[\n +("[^\n]*"),\n +("[^\n]*")\n +\]', r"[\1, \2]", json.dumps(recording, indent=2)) + "\n"


def main() -> int:
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else FILE
    browser = find_browser()
    try:
        if browser is None:
            raise RecordingFailed("no Chromium on the PATH")
        recording = record(browser)
    except RecordingFailed as error:
        print(f"record_headers: {error}", file=sys.stderr)
        return 1
    target.parent.mkdir(exist_ok=True)
    target.write_text(as_json(recording), encoding="utf-8")
    print(target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
