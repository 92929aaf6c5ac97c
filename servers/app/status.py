"""What /status shows of a server."""

import time
from functools import cache
from importlib.metadata import version
from platform import python_version
from typing import Any

import psutil

from servers.context import Counts
from servers.feed import Feed
from servers.publisher import Publisher

PACKAGES = ("flask", "flask-sock", "simple-websocket", "gevent")


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
