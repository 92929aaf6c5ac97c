"""The terminal client: `python -m clients polling` follows the feed, a line per delivery, the ledger at the end."""

import os
import signal


def interrupted(*_: object) -> None:
    """Ctrl-C while all this is imported: there is nothing yet to be ended in order."""
    os.write(2, b"clients: interrupted\n")
    os._exit(130)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, interrupted)

import argparse
import io
import json
import re
import sys
from collections.abc import Generator
from contextlib import suppress
from difflib import get_close_matches
from itertools import islice
from typing import Any, NoReturn

from clients import long_polling, polling, server_sent_events, websocket
from clients.address import address_of, with_tls
from clients.connection.http import check_transport
from clients.delivery import ClocksDiffer, Delivery, Disconnected, Gap, Reconnected
from clients.errors import ClientError
from clients.ledger import HEADINGS, Ledger

ANSWER_TIMEOUT = 10.0  # seconds
LONGEST_LINE = 110  # characters
SEGMENT_HEADS = 52  # bytes: IPv4's 20, TCP's 20 (RFC 9293 section 3.1), 12 for timestamps (RFC 7323)
URLS = {
    "polling": "http://127.0.0.1:5001",
    "long-polling": "http://127.0.0.1:5002",
    "websocket": "ws://127.0.0.1:5003",
    "server-sent-events": "http://127.0.0.1:5004",
}
OPTION_OF = {"poll_interval": "polling", "hold": "long-polling"}  # options of one transport


class Parser(argparse.ArgumentParser):
    """Suggests an option for one that it does not know."""

    def error(self, message: str) -> NoReturn:
        wrong = re.findall(r"--[\w-]+", message) if message.startswith("unrecognized") else []
        near = get_close_matches(wrong[0], self._option_string_actions, 1) if wrong else []
        super().error(message + "".join(f" (did you mean {option}?)" for option in near))


def parser() -> argparse.ArgumentParser:
    p = Parser(prog="python -m clients", description="Follow the feed in a terminal.")
    p.add_argument("transport", choices=list(URLS))
    p.add_argument("url", nargs="?", help="the server's address (default: where `python -m servers` has it)")
    p.add_argument("--after", type=natural, metavar="SEQ", help="begin after this message (default: from now on)")
    p.add_argument("--count", type=natural, metavar="N", help="end after N deliveries")
    p.add_argument("--json", action="store_true", help="one JSON object a delivery, the ledger last")
    p.add_argument("--poll-interval", type=seconds, help="polling: seconds from one request to the next (1)")
    p.add_argument("--hold", type=hold, help="long polling: seconds the server may hold a request (25)")
    p.add_argument("--tls", metavar="FILE", help="speak TLS, trusting the authority in FILE (PEM)")
    p.add_argument("--deflate", action="store_true", help="offer to take messages compressed")
    return p


def natural(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 0")
    return int(text)


def seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not more than 0")
    return value


def hold(text: str) -> float:
    if seconds(text) > 60:
        raise argparse.ArgumentTypeError("a request is held at most 60 seconds")
    return float(text)


def follow(
    args: argparse.Namespace, p: argparse.ArgumentParser, url: str, ledger: Ledger
) -> Generator[Delivery, None, None]:
    """The deliveries that the command line asks for."""
    for option, transport in OPTION_OF.items():
        if getattr(args, option) and args.transport != transport:
            p.error(f"--{option.replace('_', '-')} is not for {args.transport}")
    shared: dict[str, Any] = {"ledger": ledger, "on_gap": report, "on_change": report, "trust": args.tls,
                              "deflate": args.deflate}
    if args.transport == "polling":
        return polling.follow(url, args.after, interval=args.poll_interval or 1.0, **shared)
    if args.transport == "long-polling":
        return long_polling.follow(url, args.after, hold=args.hold or 25.0, **shared)
    if args.transport == "websocket":
        return websocket.follow(url, args.after, **shared)
    return server_sent_events.follow(url, args.after, **shared)


def checked(
    args: argparse.Namespace, url: str, ledger: Ledger, deliveries: Generator[Delivery, None, None]
) -> Generator[Delivery, None, None]:
    """The deliveries, once the server is known to serve this transport; for a WebSocket, following asks that itself."""
    if args.transport != "websocket":
        with suppress(OSError):  # the server is away: following reports that
            check_transport(url, args.transport, ledger, ANSWER_TIMEOUT, args.tls, report)
    yield from deliveries


def url_of(args: argparse.Namespace, p: argparse.ArgumentParser) -> str:
    """The address to follow: it must be one, and one without TLS cannot go with --tls."""
    default = URLS[args.transport]
    url: str = args.url or (with_tls(default) if args.tls else default)
    if args.tls and with_tls(url) != url:
        p.error(f"--tls: {url} is an address without TLS; {with_tls(url)} is one with it")
    try:
        address_of(url)
    except ClientError as error:
        p.exit(1, f"clients: {error}\n")
    return url


def report(news: Gap | Disconnected | Reconnected | ClocksDiffer) -> None:
    print(news, file=sys.stderr, flush=True)


def escaped(text: str) -> str:
    """The text without characters that a terminal acts on: controls, and marks of the writing's direction."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


HEADINGS_OF_LINES = f"{'seq':>7} {'latency':>13} {'bytes':>9}  message"


def line(delivery: Delivery) -> str:
    """A delivery for reading: an earthquake by its magnitude and place, anything else as JSON, cut where it is long."""
    start = f"{delivery.seq:>7} {delivery.latency * 1000:>10.1f} ms {delivery.wire_bytes:>7} B  "
    if isinstance(delivery.data, dict) and {"magnitude", "place"} <= delivery.data.keys():
        return start + escaped(f"magnitude {delivery.data['magnitude']}, {delivery.data['place']}")
    text = start + escaped(json.dumps(delivery.data, ensure_ascii=False))
    return text if len(text) <= LONGEST_LINE else text[: LONGEST_LINE - 1] + "…"


def record(delivery: Delivery) -> str:
    """A delivery for a program; latency in milliseconds, bytes on the wire since the one before."""
    return json.dumps(
        {
            "seq": delivery.seq,
            "published_at": delivery.published_at,
            "received_at": round(delivery.received_at, 6),
            "latency_ms": round(delivery.latency * 1000, 3),
            "bytes": delivery.wire_bytes,
        }
    )


def as_dict(ledger: Ledger) -> dict[str, int]:
    names = (*HEADINGS, "wire_sent", "wire_received")
    return {name: getattr(ledger, name) for name in names}


def table(ledger: Ledger, deliveries: int, overhead: int) -> str:
    """The ledger for reading, with the overhead of each delivery: its wire bytes without its uncompressed message."""
    rows = [f"  {name.replace('_', ' '):<14}{value:>10,} B" for name, value in as_dict(ledger).items()]
    if segments := ledger.segments_sent + ledger.segments_received:
        rows.append(f"  beside these, {segments:,} TCP segments: {segments * SEGMENT_HEADS:,} B of IP and TCP headers")
    if deliveries:
        rows.append(f"  {deliveries} deliveries, {overhead / deliveries:,.1f} B of overhead each")
    return "\n".join(["", "ledger", *rows])


def run(args: argparse.Namespace, url: str, deliveries: Generator[Delivery, None, None], ledger: Ledger) -> int:
    """Print the deliveries, then the ledger whatever ended them; return the exit status."""
    status, count, overhead, clocks_agree = 0, 0, 0, True
    try:
        for delivery in islice(deliveries, args.count):
            count, overhead = count + 1, overhead + delivery.wire_bytes - delivery.size
            if delivery.latency < 0 and clocks_agree:
                clocks_agree = False
                print(f"the clocks differ: message {delivery.seq} came {-1000 * delivery.latency:,.1f} ms before it "
                      "was published, by this machine's clock; latencies are wrong", file=sys.stderr)  # fmt: skip
            if count == 1 and not args.json:
                print(HEADINGS_OF_LINES, flush=True)
            text = record(delivery) if args.json else line(delivery)
            print(text + "\n", end="", flush=True)  # in one write, so that Ctrl-C leaves no half line
    except ClientError as error:
        print(f"clients: {url}: {error}", file=sys.stderr)
        status = 1
    except KeyboardInterrupt:
        status = 130
    deliveries.close()  # which closes the connection in order
    if args.json:
        print(json.dumps({"ledger": as_dict(ledger)}), flush=True)
    elif ledger.wire and (count or not status):  # a refusal says all that there is to say
        print(table(ledger, count, overhead), flush=True)
    return status


def main(argv: list[str] | None = None) -> int:
    p, ledger = parser(), Ledger()
    args = p.parse_args(argv)
    url = url_of(args, p)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a message may hold half a surrogate pair
    try:
        return run(args, url, checked(args, url, ledger, follow(args, p, url, ledger)), ledger)
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(main())
