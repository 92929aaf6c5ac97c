"""The options that the lab adds to Locust's own, and what does not go together."""

import os
import socket
import sys
from collections.abc import Iterable
from functools import cache, partial
from typing import Any, NoReturn

from locust.exception import RPCError

from clients.address import address_of, with_tls
from clients.connection.http import check_transport
from clients.errors import ClientError, Refused
from clients.ledger import Ledger
from loadtests.arguments import cookie_bytes, number, whole
from loadtests.headers.profiles import PROFILES
from loadtests.runs.ports import free_port
from results.transports import TRANSPORTS

ANSWER_TIMEOUT = 10.0  # seconds
LARGEST_ECHO = 16 * 2**20  # bytes


def add_options(parser: Any) -> None:
    parser.set_defaults(web_host="127.0.0.1")  # Locust's own page would listen to the whole network
    if processes_are_asked_for():
        parser.set_defaults(master_bind_host="127.0.0.1", master_bind_port=meeting_port(), master_port=meeting_port())
    group = parser.add_argument_group("push lab")
    group.add_argument(
        "--poll-interval", type=number(0.001, 3600), default=1.0, help="polling: from one request to the next, s"
    )
    group.add_argument(
        "--hold", type=number(0.001, 60), default=25.0, help="long polling: how long a request is held, s"
    )
    group.add_argument(
        "--pause", type=number(0, 60), default=0.0, help="long polling: from an answer to the next question, s"
    )
    group.add_argument("--header-profile", choices=list(PROFILES), default="minimal", help="the field lines sent")
    group.add_argument("--cookie-bytes", type=cookie_bytes, default=0, help="bytes of the Cookie line, 0 for none")
    group.add_argument("--size", type=whole(1, LARGEST_ECHO), default=142, help="bytes that are sent")
    group.add_argument("--every", type=number(0.001, 3600), default=1.0, help="from one sending to the next, s")
    group.add_argument("--close", action="store_true", help="polling, long polling: a new connection for each request")
    group.add_argument("--tls", metavar="FILE", help="speak TLS, trusting the authority in FILE (PEM)")
    group.add_argument("--deflate", action="store_true", help="offer to take messages compressed")
    group.add_argument("--controlled", action="store_true", help="be led by a program on standard input")


def processes_are_asked_for() -> bool:
    """Whether Locust forks its workers here, by `--processes`; with --master and --worker 5557 stays the default."""
    return "LOCUST_PROCESSES" in os.environ or any(word.partition("=")[0] == "--processes" for word in sys.argv)


meeting_port = cache(free_port)
"""The port at which the processes of this run meet: one, however often the command line is read."""


def check(options: Any, host: str | None, users: Iterable[Any]) -> None:
    """End with status 2 where options do not fit the server or the users."""
    if options.tls and host and with_tls(host) != host:
        refuse(f"--tls: {host} is an address without TLS; {with_tls(host)} is one with it")
    if (least := max((getattr(user, "least", 1) for user in users), default=1)) > options.size:
        refuse(f"--size: the text of these users has {least} B at least")
    if options.close and any("keep_alive" in TRANSPORTS[user.transport].without for user in users):
        refuse("--close is for PollingUser and LongPollingUser")


def check_served(url: str, transport: str, trust: str | None) -> None:
    """End with status 2 if no server can be there, or one of another transport is; users report what else is wrong."""
    if (reason := not_served(url, transport, trust)) is not None:
        refuse(f"--host: {reason}")


def not_served(url: str, transport: str, trust: str | None) -> str | None:
    """Why no user of this transport can follow this address; None if one can, or something else is wrong for now."""
    try:
        address_of(url)
    except ClientError as error:
        return str(error)
    try:
        url_of_users = with_tls(url) if trust else url
        check_transport(url_of_users, transport, Ledger(), ANSWER_TIMEOUT, trust, partial(print, file=sys.stderr))
    except (Refused, socket.gaierror) as error:
        return f"{url}: {error.args[-1]}"
    except (OSError, ClientError):
        pass
    return None


def check_page(host: str, port: int) -> None:
    """End with status 1 if Locust's web page cannot be there."""
    try:
        (family, *_), *_ = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        refuse(f"no web page at {host}:{port}: {error.strerror}; another place is --web-host and --web-port", status=1)


def tell_in_a_line(kind: type[BaseException], error: BaseException, trace: Any) -> None:
    """Report an error that ends Locust; in a line if the port at which its processes meet is taken."""
    if issubclass(kind, RPCError):
        where = "give this run another --master-bind-port and --master-port"
        print(f"locust: error: {error}: another run has the port; {where}", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


def refuse(reason: str, status: int = 2) -> NoReturn:
    print(f"locust: error: {reason}", file=sys.stderr)
    sys.exit(status)
