"""The feed on the lab's own HTTP server, gevent's, for an application that knows nothing of the lab."""

from gevent import monkey

monkey.patch_all()

from collections.abc import Mapping  # noqa: E402
from typing import Any  # noqa: E402

from loadtests.benchmark.peers.feed import timetable  # noqa: E402
from servers.context import Context  # noqa: E402
from servers.feed import MemoryFeed  # noqa: E402
from servers.publisher import Publisher  # noqa: E402
from servers.serving.run import serve  # noqa: E402
from servers.serving.server import LabServer  # noqa: E402
from servers.serving.transports import TRANSPORTS  # noqa: E402

FEED = MemoryFeed()


def messages(query: Mapping[str, str]) -> tuple[bytes, dict[str, str]]:
    """Polling, or long polling if the client says how long it waits: the body and its header fields."""
    after = int(query.get("after", FEED.newest))
    found = FEED.after(after, timeout=float(query.get("wait", 0))).messages
    told = {} if "epoch" in query else {"Feed-Epoch": FEED.epoch, "Feed-Newest": str(after)}
    return b"".join(message.encoded + b"\n" for message in found), {"Content-Type": "application/x-ndjson"} | told


def run(application: Any) -> None:
    """Serve a WSGI application as the lab serves its own, until the end of input."""
    server = LabServer(("127.0.0.1", 0), application, TRANSPORTS["polling"], Context())
    server.start()
    serve({"polling": server, "long-polling": server}, Publisher(FEED, timetable()), FEED, controlled=True)
