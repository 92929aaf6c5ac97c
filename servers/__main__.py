"""The command line of the servers: `python -m servers` for all three, `python -m servers polling` for one."""

import os
import signal


def interrupted(*_: object) -> None:
    """Ctrl-C while all this is imported: there is nothing yet to be ended in order."""
    os.write(2, b"servers: interrupted\n")
    os._exit(130)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, interrupted)

from gevent import monkey

monkey.patch_all()

import argparse
import math
import re
import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

from servers import sources
from servers.app.access import is_loopback
from servers.context import Context
from servers.feed import HISTORY, HISTORY_BYTES, MemoryFeed
from servers.limits.connection_limit import PER_ADDRESS, RESERVED, ConnectionLimit
from servers.publisher import Publisher
from servers.serving import limits
from servers.serving.certificate import check_free, tls_for
from servers.serving.memory_trim import MemoryTrimmer
from servers.serving.run import serve
from servers.serving.server import bind_all
from servers.serving.transports import TRANSPORTS

CLOCK_DEFAULTS: dict[str, Any] = {"rate": 2.0, "size": 142, "arrivals": "poisson", "seed": 1}
MIB, GIB = 2**20, 2**30
OF_THE_SERVER = {"connection", "content-length", "date", "sec-websocket-accept", "sec-websocket-extensions",
                 "sec-websocket-protocol", "trailer", "transfer-encoding", "upgrade"}  # fmt: skip
UNNAMED = Path()  # --tls without a file


class Parser(argparse.ArgumentParser):
    """Suggests an option for one that it does not know."""

    def error(self, message: str) -> NoReturn:
        wrong = re.findall(r"--[\w-]+", message) if message.startswith("unrecognized") else []
        near = get_close_matches(wrong[0], self._option_string_actions, 1) if wrong else []
        super().error(message + "".join(f" (did you mean {option}?)" for option in near))


def parser() -> argparse.ArgumentParser:
    p = Parser(prog="python -m servers", description="Serve one feed in three ways.")
    p.add_argument("transport", nargs="?", choices=list(TRANSPORTS), help="one server alone (default: all)")
    p.add_argument("--port", type=port, help="the port of the one server")
    p.add_argument("--ports", type=three_ports, metavar="A,B,C", help="the ports of all three")
    p.add_argument("--host", default="127.0.0.1")
    p.add_argument("--source", choices=["earthquakes", "clock", "none"], help="what is published (default earthquakes)")
    p.add_argument("--speed", type=positive, help=f"earthquakes: times faster than they happened ({sources.SPEED:.0f})")
    p.add_argument("--rate", type=positive, help="messages a second (clock: 2)")
    p.add_argument("--size", type=size, help="clock: bytes of a message (142)")
    p.add_argument("--arrivals", choices=["poisson", "even"], help="clock: how messages follow each other (poisson)")
    p.add_argument("--seed", type=int, help="clock: of the Poisson arrivals (1)")
    p.add_argument("--count", type=positive_whole, help="publish this many messages, then stop")
    p.add_argument("--history", type=positive_whole, default=HISTORY, help=f"messages kept ({HISTORY:,})")
    p.add_argument("--history-mib", type=positive, default=HISTORY_BYTES / MIB, metavar="MIB",
                   help=f"memory that they may take ({HISTORY_BYTES // MIB})")
    p.add_argument("--connections", type=positive_whole, help="connections at a time (default: what the system allows)")
    p.add_argument("--connections-per-address", type=positive_whole, metavar="N",
                   help=f"of them from one address (default: any on this machine, else {PER_ADDRESS})")
    p.add_argument("--tls", type=Path, nargs="?", const=UNNAMED, metavar="FILE",
                   help="speak TLS; clients trust FILE, which is written (default: a temporary one, printed)")
    p.add_argument("--deflate", action="store_true", help="compress for clients that take it (gzip, RFC 7692)")
    p.add_argument("--answer-field", type=field_line, action="append", default=[], metavar="'NAME: VALUE'",
                   help="a field line in every answer, as application servers and proxies add them; repeatable")
    p.add_argument("--controlled", action="store_true", help="be led by a program on standard input")
    return p


def port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text} is not a port (0 to 65535)")
    return int(text)


def three_ports(text: str) -> list[int]:
    ports = [port(part) for part in text.split(",")]
    if len(ports) != len(TRANSPORTS):
        raise argparse.ArgumentTypeError(f"{text} is not {len(TRANSPORTS)} ports")
    return ports


def positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not more than 0")
    return value


def size(text: str) -> int:
    if not text.isdecimal() or int(text) < sources.SMALLEST:
        raise argparse.ArgumentTypeError(f"a clock message has at least {sources.SMALLEST} bytes")
    return int(text)


def field_line(text: str) -> tuple[str, str]:
    """A field line that may be added to any answer: it names nothing that says where a body or a connection ends."""
    name, colon, value = text.partition(":")
    if not colon or not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
        raise argparse.ArgumentTypeError(f"{text!r} is not a field line, NAME: VALUE (RFC 9110 section 5)")
    if not re.fullmatch(r"[\t\x20-\x7e\x80-\xff]*", value):
        raise argparse.ArgumentTypeError(f"{text!r} has a character that no field line may hold")
    if name.lower() in OF_THE_SERVER:
        raise argparse.ArgumentTypeError(f"{name} is the server's own to say")
    return name, value.strip()


def positive_whole(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 1")
    return int(text)


def ports_of(args: argparse.Namespace, p: argparse.ArgumentParser) -> dict[str, int]:
    """The ports to serve, by transport."""
    if args.transport:
        if args.ports:
            p.error("--ports is for all three servers; one alone takes --port")
        return {args.transport: TRANSPORTS[args.transport].port if args.port is None else args.port}
    if args.port is not None:
        p.error("--port is for one server alone; all three take --ports A,B,C")
    return dict(zip(TRANSPORTS, args.ports or [transport.port for transport in TRANSPORTS.values()], strict=True))


def timetable_of(args: argparse.Namespace, p: argparse.ArgumentParser) -> sources.Timetable:
    """What is published and when; an option that the source does not have is an error."""
    given = {name: getattr(args, name) for name in CLOCK_DEFAULTS if getattr(args, name) is not None}
    source = args.source or ("clock" if given else "earthquakes")
    if source != "earthquakes" and args.speed:
        p.error("--speed is for --source earthquakes")
    if args.speed and args.rate:
        p.error("--speed and --rate both say how fast the earthquakes are published: give one of them")
    taken = {"none": set(), "earthquakes": {"rate"}}.get(source, set(CLOCK_DEFAULTS))
    if refused := [name for name in given if name not in taken]:
        p.error(f"--{' and --'.join(refused)} cannot go with --source {source}")
    if source == "none":
        return iter(())
    if source == "earthquakes":
        by_rate = args.rate and args.rate / sources.mean_rate_hz()
        return sources.earthquakes(args.speed or by_rate or sources.SPEED)
    return sources.clock(**CLOCK_DEFAULTS | given)


def check_memory(args: argparse.Namespace, p: argparse.ArgumentParser) -> None:
    """End with status 2 if the messages kept may become more than the memory there is."""
    kept, free = min(args.history * (args.size or 0), args.history_mib * MIB), limits.free_memory()
    if kept > free and not args.controlled:  # a program that leads it has counted itself how many there will be
        p.error(
            f"{args.history:,} messages of {args.size:,} B take {kept / GIB:.1f} GiB of memory, and {free / GIB:.1f} "
            f"are free: keep fewer with --history or --history-mib"
        )


def warn_of_others(host: str) -> None:
    """Say who can ask, where other machines can reach the servers."""
    if not is_loopback(host):
        print(f"servers: who can reach {host} and has the token in these links can read and publish", file=sys.stderr)


def connection_limit_of(args: argparse.Namespace) -> ConnectionLimit:
    """How many connections there may be: fewer than there are descriptors, so that no other part lacks one."""
    most = limits.raise_descriptors() - RESERVED
    each = math.inf if is_loopback(args.host) else PER_ADDRESS
    return ConnectionLimit(min(args.connections or most, most), args.connections_per_address or each,
                           on_release=MemoryTrimmer().connection_ended)  # fmt: skip


@contextmanager
def authority_file(args: argparse.Namespace) -> Iterator[Path]:
    """The file that clients trust: the user's, or a temporary one that ends with the servers."""
    with tempfile.TemporaryDirectory(prefix="push-lab-") as folder:
        file = Path(folder) / "authority.pem" if args.tls == UNNAMED else args.tls
        check_free(file)
        yield file


def run(args: argparse.Namespace, p: argparse.ArgumentParser) -> int:
    """Bind, publish and serve; return the exit status."""
    check_memory(args, p)
    ports, feed = ports_of(args, p), MemoryFeed(args.history, round(args.history_mib * MIB))
    publisher = Publisher(feed, islice(timetable_of(args, p), args.count))
    context = Context(
        publisher=publisher, token=None if is_loopback(args.host) else secrets.token_urlsafe(16), deflate=args.deflate,
        answer_fields=tuple(args.answer_field), connection_limit=connection_limit_of(args),
    )  # fmt: skip
    if args.tls is None:
        bound = bind_all(feed, context, ports, args.host)
        warn_of_others(args.host)
        return serve(bound, publisher, feed, args.controlled)
    with authority_file(args) as file:
        tls, authority = tls_for(limits.reached_at(args.host))
        bound = bind_all(feed, context, ports, args.host, tls)
        warn_of_others(args.host)
        file.write_bytes(authority)  # only now: if a port is taken, the servers that run there may be using this file
        return serve(bound, publisher, feed, args.controlled, file)


def main(argv: list[str] | None = None) -> int:
    p = parser()
    args = p.parse_args(argv)
    sys.setswitchinterval(0.0005)  # seconds that the publisher's thread is kept waiting by the greenlets
    try:
        return run(args, p)
    except OSError as error:
        print(f"servers: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # before the addresses are printed
        return 130


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(main())
