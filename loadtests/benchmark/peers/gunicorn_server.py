"""The lab's own application for one transport, under gunicorn's gevent worker instead of the lab's server."""

from gevent import monkey

monkey.patch_all()

import os  # noqa: E402
import signal  # noqa: E402
import socket  # noqa: E402
import sys  # noqa: E402
from typing import Any  # noqa: E402

import gevent  # noqa: E402
from gunicorn.app.base import BaseApplication  # noqa: E402

from loadtests.benchmark.peers.feed import announce, options, timetable  # noqa: E402
from servers.context import Context  # noqa: E402
from servers.feed import MemoryFeed  # noqa: E402
from servers.publisher import Publisher  # noqa: E402
from servers.serving.run import take_commands  # noqa: E402
from servers.serving.transports import TRANSPORTS  # noqa: E402


class Gunicorn(BaseApplication):
    """One worker, which has the feed and is led by standard input."""

    def load_config(self) -> None:
        settings = {"bind": f"fd://{LISTENER.fileno()}", "workers": 1, "worker_class": "gevent", "loglevel": "error",
                    "worker_connections": 20_000, "keepalive": 75, "control_socket_disable": True}  # fmt: skip
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Called in the worker, of which gunicorn's own process is the parent."""
        feed = MemoryFeed()
        publisher = Publisher(feed, timetable())
        leading = gevent.spawn(take_commands, publisher, feed, sys.stdin.buffer, sys.stdout, end_server)
        leading.link(end_server)
        return TRANSPORTS[options().transport].create_app(feed, Context(publisher=publisher))


def end_server(_: object) -> None:
    """Called at the end of the commands, and where publishing fails."""
    os.kill(os.getppid(), signal.SIGTERM)


if __name__ == "__main__":
    LISTENER = socket.create_server(("127.0.0.1", 0), backlog=4096)
    announce(LISTENER.getsockname()[1], options().transport)
    Gunicorn().run()
