"""Real servers as processes, and what every test of them needs."""

import http.client
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message as Fields
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

ROOT = Path(__file__).parents[2]
LOCUST = [sys.executable, "-m", "locust", "-f", "loadtests/locustfile.py", "--headless"]
HTTP = ("polling", "long-polling")
TRANSPORTS = (*HTTP, "websocket")
EVENTS = "server-sent-events"
WITH_GUESTS = (*TRANSPORTS, EVENTS)
WAIT = 20.0  # seconds after which something that should have happened has not
UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}
T = TypeVar("T")


def needs(tool: str) -> str:
    """The path of a program; without it a user's test is skipped, and CI's fails."""
    path = shutil.which(tool) or shutil.which(tool, path=str(Path(sys.executable).parent))
    if path is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{tool} is not installed on this machine")
    return path


def eventually(look: Callable[[], T], seconds: float = WAIT) -> T:
    """Return the first true value of `look`; AssertionError if there is none within `seconds`."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < deadline, f"nothing after {seconds} s"
        time.sleep(0.01)
    return seen


@dataclass
class Answer:
    status: int
    fields: Fields
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def answer_to(connection: http.client.HTTPConnection) -> Answer:
    """The whole answer to the request that was made on a connection; of a stream that does not end, its head."""
    response = connection.getresponse()
    endless = response.headers["Content-Type"] == "text/event-stream"
    return Answer(response.status, response.headers, b"" if endless else response.read())


@dataclass
class Lab:
    """Servers in a process of their own; `ports` by transport."""

    process: subprocess.Popen[str]
    ports: dict[str, int]
    errors: Path  # where it complains
    trust: str | None = None  # the file of the authority, over TLS
    token: str | None = None  # which other machines need

    def url(self, transport: str) -> str:
        scheme = ("ws" if transport == "websocket" else "http") + ("s" if self.trust else "")
        return f"{scheme}://127.0.0.1:{self.ports[transport]}"

    def connection(self, transport: str) -> http.client.HTTPConnection:
        where = "127.0.0.1", self.ports[transport]
        if self.trust is None:
            return http.client.HTTPConnection(*where, timeout=WAIT)
        return http.client.HTTPSConnection(*where, timeout=WAIT, context=ssl.create_default_context(cafile=self.trust))

    def request(self, transport: str, method: str, target: str, body: Any = None, **fields: str) -> Answer:
        """The answer to one request on a connection of its own; underscores in `fields` stand for hyphens."""
        connection = self.connection(transport)
        try:
            connection.request(method, target, body, {name.replace("_", "-"): text for name, text in fields.items()})
            return answer_to(connection)
        finally:
            connection.close()

    def ask(self, transport: str, **query: object) -> Answer:
        """What /messages answers to a query; for WebSocket, to the upgrade."""
        fields = UPGRADE if transport == "websocket" else {}
        return self.request(transport, "GET", f"/messages?{urlencode(query, doseq=True)}", **fields)

    def post(self, data: Any, transport: str = "polling") -> bytes:
        """Publish a JSON value; return the message."""
        answer = self.request(transport, "POST", "/messages", json.dumps(data), Content_Type="application/json")
        assert answer.status == 201, answer
        return answer.body

    def status(self, transport: str) -> dict[str, Any]:
        return self.request(transport, "GET", "/status").json

    def read_errors(self) -> str:
        """All that the process has written on standard error."""
        return self.errors.read_text()

    def end(self) -> int:
        """End the process; return its exit status."""
        self.process.terminate()
        return self.process.wait(WAIT)


def addresses(lab: Lab, transports: tuple[str, ...], tls: bool) -> tuple[dict[str, str], str | None]:
    """The URLs that the servers say once they are bound, and the file to trust: lines, or JSON for a program."""
    first = lab.process.stdout.readline()
    assert "://" in first, first + lab.read_errors()
    if first.startswith("{"):
        said = json.loads(first)
        return said["urls"], said["trust"]
    lines = [first, *(lab.process.stdout.readline() for _ in transports[1:])]
    trust = lab.process.stdout.readline().removeprefix("to trust").strip() if tls else None
    return dict(line.split() for line in lines), trust


def script_of(*feed: str) -> str:
    """A program that serves the `feed` that these lines make, on free ports, as `python -m servers` does."""
    return "\n".join([
        "from gevent import monkey", "monkey.patch_all()",
        "from servers.context import Context", "from servers.feed import FeedUnavailable, MemoryFeed",
        "from servers.publisher import Publisher", "from servers.serving.run import serve",
        "from servers.serving.server import bind_all", "from servers.serving.transports import TRANSPORTS",
        *feed,
        "publisher = Publisher(feed, iter(()))",
        "bound = bind_all(feed, Context(publisher=publisher), dict.fromkeys(TRANSPORTS, 0), '127.0.0.1')",
        "serve(bound, publisher, feed, True)",
    ])  # fmt: skip


@contextmanager
def serving(
    *options: str, transports: tuple[str, ...] = (), script: str | None = None, complaint: str = ""
) -> Iterator[Lab]:
    """Servers on free ports unless `options` name others; they must end when told, and each line that they complain
    has to match `complaint`; without one, there must be none.
    """
    transports = transports or (WITH_GUESTS if "--guests" in options or script else TRANSPORTS)
    command = [sys.executable, *(["-c", script] if script else ["-m", "servers", *options])]
    with (
        tempfile.NamedTemporaryFile("w") as errors,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=ROOT
        ) as process,
    ):
        lab = Lab(process, {}, Path(errors.name))
        try:
            urls, lab.trust = addresses(lab, transports, "--tls" in options)
            lab.ports.update({transport: urlsplit(url).port for transport, url in urls.items()})
            lab.token = parse_qs(urlsplit(urls[transports[0]]).query).get("token", [None])[0]
            yield lab
            lab.end()
            complaints = lab.read_errors()
            assert all(complaint and re.search(complaint, line) for line in complaints.splitlines()), complaints
        finally:
            process.kill()
