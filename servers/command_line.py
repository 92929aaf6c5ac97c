"""The options of `python -m servers`, and what each of them takes."""

import argparse
import re
from difflib import get_close_matches
from pathlib import Path
from typing import NoReturn

from servers import sources
from servers.feed import HISTORY, HISTORY_BYTES
from servers.limits.connection_limit import PER_ADDRESS
from servers.serving.transports import TRANSPORTS

MIB = 2**20
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
    p.add_argument("--ports", type=several_ports, metavar="A,B,C", help="the ports of all three, with --guests of four")
    p.add_argument("--guests", action="store_true", help="serve server-sent events, too")
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
    p.add_argument("--feed", metavar="URL", help="keep messages in Redis (7 or later) or Valkey: redis://HOST:PORT/DB")
    p.add_argument("--processes", type=positive_whole, default=1, metavar="N",
                   help="how many processes share the ports and the feed of --feed (1)")
    p.add_argument("--process", type=int, help=argparse.SUPPRESS)  # of several, which one this is
    p.add_argument("--controlled", action="store_true", help="be led by a program on standard input")
    return p


def port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text} is not a port (0 to 65535)")
    return int(text)


def several_ports(text: str) -> list[int]:
    return [port(part) for part in text.split(",")]


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
