"""The delay line: a process between client and server that makes loopback as slow as a real path.

    python -m loadtests.link --to ws://127.0.0.1:5003 --delay-ms 25 --rate-mbps 10 --record lesson.jsonl

prints the address it listens on, passes any TCP, and obeys lines on standard input: `cut SECONDS` (nothing passes, the
connections stay), `reset SECONDS` (all connections are reset, new ones too until then), `delay MS` (one way) and
`rate MBPS` from now on, `stop`. It ends with its input. With `--tap` it reports the bytes by heading, a line
of JSON five times a second, counted since `clear`.
"""

import argparse
import json
import os
import re
import signal
import socket
import sys
from dataclasses import dataclass
from typing import NoReturn

from loadtests.arguments import number
from loadtests.control import standard_input
from loadtests.link.delayline import Wire, bytes_per_second
from loadtests.link.recording import Recorder
from loadtests.link.relay import Address, Link
from loadtests.link.tap import Tap
from servers.serving.limits import raise_descriptors


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"link: {message}\n")


@dataclass(frozen=True)
class Place:
    """Where something listens; with the scheme of the URL that said so, or none."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        return self.scheme + (f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}")


def place(text: str) -> Place:
    """What HOST:PORT or a URL says, where an IPv6 host stands in brackets; ArgumentTypeError for anything else."""
    parts = re.fullmatch(r"([a-z]+://)?(?:\[([^][/]+)\]|([^][:/]+)):([0-9]{1,5})/?", text)
    if not parts or int(parts[4]) > 65_535:
        raise argparse.ArgumentTypeError(f"{text} is neither HOST:PORT nor a URL with a port, as http://127.0.0.1:5001")
    return Place(parts[1] or "", parts[2] or parts[3], int(parts[4]))


def resolve(where: Place) -> Address:
    """Where to find it: by IPv4 if it has both kinds of address, as `localhost` does. OSError if it has none."""
    try:
        found = socket.getaddrinfo(where.host, where.port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise OSError(f"no address for {where.host}: {error}") from None
    family, _, _, _, address = min(found, key=lambda each: each[0] != socket.AF_INET)
    return family, address


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = Parser(prog="python -m loadtests.link", description="Delay the TCP between --listen and --to.")
    parser.add_argument("--listen", type=place, default="127.0.0.1:0", metavar="HOST:PORT", help="port 0: a free one")
    parser.add_argument("--to", type=place, required=True, metavar="URL", help="the server's address, or its HOST:PORT")
    parser.add_argument("--delay-ms", type=number(0), default=0.0, metavar="D", help="one way, in both directions")
    parser.add_argument("--up-ms", type=number(0), metavar="D", help="from client to server, instead of --delay-ms")
    parser.add_argument("--down-ms", type=number(0), metavar="D", help="from server to client, likewise")
    parser.add_argument("--rate-mbps", type=number(0), default=0.0, metavar="R", help="of each direction; 0: no limit")
    parser.add_argument("--record", metavar="FILE.jsonl", help="write down what passes, with its times")
    parser.add_argument("--tap", action="store_true", help="report the bytes by heading, as JSON")
    parser.add_argument("--controlled", action="store_true", help="say the address in JSON, for a program")
    return parser.parse_args(arguments)


def serve(options: argparse.Namespace) -> None:
    """Open everything, say where, and run. Raises OSError for a port that is taken, a host without address."""
    delays = (options.delay_ms if given is None else given for given in (options.up_ms, options.down_ms))
    up, down = (Wire(delay / 1000, bytes_per_second(options.rate_mbps)) for delay in delays)
    target, (family, own) = resolve(options.to), resolve(options.listen)
    with (socket.create_server(own, family=family, backlog=1024) as listener, standard_input() as control,
          open(options.record or os.devnull, "w", buffering=1, encoding="ascii") as file):
        host, port = listener.getsockname()[:2]
        address = str(Place(options.to.scheme, host, port))
        print(json.dumps({"url": address}) if options.controlled else address, flush=True)
        Link(listener, control, target, up, down, Recorder(file) if options.record else None,
             Tap() if options.tap else None).run()


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    raise_descriptors()
    try:
        serve(options)
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        print(f"link: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
