"""The command line of the live demonstration: `python -m loadtests demo`, or `make demo`."""

import os
import signal


def interrupted(*_: object) -> None:
    """Ctrl-C while all this is imported: there is nothing yet to be ended in order."""
    os.write(2, b"demo: interrupted\n")
    os._exit(130)


signal.signal(signal.SIGINT, interrupted)

from gevent import monkey

monkey.patch_all()

import argparse
import json
import secrets
import subprocess
import sys
import webbrowser
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import gevent
from gevent.event import AsyncResult
from gevent.fileobject import FileObject

from loadtests.arguments import number, whole
from loadtests.demo import stage
from loadtests.demo.classroom import Classroom
from loadtests.demo.endings import scripts
from loadtests.demo.links import print_qr
from loadtests.demo.quakes import Quakes
from loadtests.demo.settings import RANGES, Settings
from loadtests.demo.testbed import Testbed
from loadtests.observe.scripted import playing
from loadtests.runs.processes import RunFailed
from results.arguments import Parser
from results.folders import ROOT
from servers.app.access import is_loopback
from servers.context import Context
from servers.feed import MemoryFeed
from servers.serving.limits import raise_descriptors, reached_at
from servers.serving.server import LabServer, bind, stop_all
from servers.serving.transports import Transport

PORT = 5010  # macOS uses 5000
TOKEN = "PUSH_LAB_TOKEN"
HISTORY = 40  # messages to the pages that are kept


@dataclass
class LiveDemo:
    """The demonstration as its stage sees it."""

    testbed: Testbed
    classroom: Classroom
    quakes: Quakes
    key: str | None
    join_url: str = ""

    def use(self, settings: Settings) -> None:
        """Change what the settings say, from now on."""
        self.testbed.use(settings)
        self.quakes.change()

    def clear(self) -> None:
        """Count and measure from now on."""
        self.testbed.clear()
        self.classroom.clear()

    def say(self, text: str) -> None:
        """Publish a text on the feed."""
        self.quakes.publish(text)

    def save(self) -> str:
        """Write what the class has measured to a results folder; return its name. ValueError if there is nothing."""
        measured = self.classroom.measured()
        for name, lane in measured["lanes"].items():
            lane["tap"] = (self.testbed.lanes[name].tapped or {}) | {"entries": []}
        folder = ROOT / "results" / f"class-{datetime.now():%Y%m%d-%H%M%S}"
        measured |= {"settings": vars(self.testbed.settings)}
        done = subprocess.run([sys.executable, "-m", "loadtests.demo.saved", str(folder)], cwd=ROOT, text=True,
                              input=json.dumps(measured), capture_output=True)  # fmt: skip
        if done.returncode:
            raise ValueError(f"nothing is saved: {done.stderr.strip().splitlines()[-1]}")
        return str(folder.relative_to(ROOT))


def parser() -> argparse.ArgumentParser:
    def setting(name: str) -> Any:
        return number(*RANGES[name])

    p = Parser(prog="python -m loadtests demo", description="Show the transports live in a browser.")
    p.add_argument("--host", default="127.0.0.1", help="where to listen (127.0.0.1: this machine alone)")
    p.add_argument("--port", type=whole(0, 65_530), default=PORT, help=f"of the stage; the lanes' follow ({PORT})")
    p.add_argument("--open", action="store_true", help="open the page in a browser")
    p.add_argument("--guests", action="store_true", help="with server-sent events, too")
    p.add_argument("--rtt", type=setting("rtt_ms"), default=100.0, help="milliseconds of round trip (100)")
    p.add_argument("--rate", type=setting("rate_hz"), default=2.0, help="messages a second (2)")
    p.add_argument("--poll-interval", type=setting("poll_interval_s"), default=2.0, help="seconds between polls (2)")
    p.add_argument("--controlled", action="store_true", help="say the address in JSON, and end with the input")
    p.add_argument("--mbps", type=setting("link_mbps"), default=0.0, help="rate of the link in Mbit/s (0: no limit)")
    return p


def main(argv: list[str] | None = None) -> int:
    args = parser().parse_args(argv)
    ended = AsyncResult()
    signal.signal(signal.SIGINT, lambda *_: ended.set(130))  # Python's, not gevent's: a child's start puts it back
    signal.signal(signal.SIGTERM, lambda *_: ended.set(0))
    raise_descriptors()
    try:
        with ExitStack() as children:
            return run(args, children, ended)
    except (RunFailed, OSError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1


def run(args: argparse.Namespace, children: ExitStack, ended: AsyncResult) -> int:
    """Start everything, print the address, and serve until a signal; return the exit status."""
    alone = is_loopback(args.host)
    token, key = (None, None) if alone else (secrets.token_urlsafe(16), secrets.token_urlsafe(8))
    if token:
        os.environ[TOKEN] = token  # the servers take the same
    settings = Settings(args.poll_interval, args.rate, args.rtt, args.mbps)
    played = children.enter_context(playing(scripts()))
    where = f"127.0.0.1:{played.server_address[1]}"
    testbed = Testbed(children, args.host, args.port and args.port + 1, args.guests, settings, where,
                      lambda error: fail(error, ended))  # fmt: skip
    quakes = Quakes(lambda: testbed.urls["polling"], lambda: testbed.settings)
    demo = LiveDemo(testbed, Classroom(testbed.transports), quakes, key)
    feed = MemoryFeed(HISTORY)
    server = serve_stage(args, feed, Context(token=token), demo)  # first: a second demonstration ends here
    children.callback(stop_all, [server])
    children.callback(feed.close)
    testbed.start()
    testbed.read_taps()
    gevent.spawn(quakes.run)
    gevent.spawn(stage.show, feed, demo)
    tell(args, server, demo, token)
    if args.controlled:
        gevent.spawn(FileObject(sys.stdin.buffer, "rb").read).link(lambda _: ended.set(0))
    return int(ended.get())


def serve_stage(args: argparse.Namespace, feed: MemoryFeed, context: Context, demo: LiveDemo) -> LabServer:
    """The stage, listening; PortUnavailable if it cannot."""
    row = Transport("the stage", partial(stage.create_app, demo=demo), PORT)
    return bind(row, feed, context, args.host, args.port, None)


def fail(error: RunFailed, ended: AsyncResult) -> None:
    """End, since what has ended is shown no more; at the end everything ends."""
    if ended.ready():
        return
    print(f"demo: {error}", file=sys.stderr)
    ended.set(1)


def tell(args: argparse.Namespace, server: LabServer, demo: LiveDemo, token: str | None) -> None:
    """Print the address of the page, and the one for everybody else."""
    host = reached_at(args.host)
    base = f"http://{f'[{host}]' if ':' in host else host}:{server.server_port}"
    query = f"?token={token}" if token else ""
    demo.join_url = f"{base}/join{query}"
    page = f"{base}/{query}{f'#key={demo.key}' if demo.key else ''}"
    print(json.dumps({"url": page}) if args.controlled else page, flush=True)
    if token and not args.controlled:
        print(f"for the class: {demo.join_url}\n", flush=True)
        print_qr(demo.join_url, sys.stdout)
        print("demo: who can reach this host and has the token in these links can take part", file=sys.stderr)
    if args.open:
        webbrowser.open(page)


if __name__ == "__main__":
    sys.exit(main())
