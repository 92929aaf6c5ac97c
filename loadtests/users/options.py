"""The options that the lab adds to Locust's own, and what does not go together."""

import sys
from typing import Any, NoReturn

from clients.address import with_tls
from clients.connection.http import check_transport
from clients.errors import ClientError, Refused
from clients.ledger import Ledger
from loadtests.arguments import number
from loadtests.headers.profiles import PROFILES, cookie

ANSWER_TIMEOUT = 10.0  # seconds


def add_options(parser: Any) -> None:
    parser.set_defaults(web_host="127.0.0.1")  # Locust's own page would listen to the whole network
    group = parser.add_argument_group("push lab")
    group.add_argument(
        "--poll-interval", type=number(0.001, 3600), default=1.0, help="polling: from one request to the next, s"
    )
    group.add_argument(
        "--hold", type=number(0.001, 60), default=25.0, help="long polling: how long a request is held, s"
    )
    group.add_argument("--header-profile", choices=list(PROFILES), default="minimal", help="the field lines sent")
    group.add_argument("--cookie-bytes", type=cookie_bytes, default=0, help="bytes of the Cookie line, 0 for none")
    group.add_argument("--tls", metavar="FILE", help="speak TLS, trusting the authority in FILE (PEM)")
    group.add_argument("--deflate", action="store_true", help="WebSocket: offer to take messages compressed")
    group.add_argument("--controlled", action="store_true", help="be led by a program on standard input")


def cookie_bytes(text: str) -> int:
    if text != "0":
        cookie(int(text))
    return int(text)


def check(options: Any, host: str | None, compresses: bool) -> None:
    """End with status 2 where options do not fit the server or the user; `compresses`: whether it is a WebSocket."""
    if options.tls and host and with_tls(host) != host:
        refuse(f"--tls: {host} is an address without TLS; {with_tls(host)} is one with it")
    if options.deflate and not compresses:
        refuse("--deflate is for WebSocketUser")


def check_served(url: str, transport: str, trust: str | None) -> None:
    """End with status 2 if the server there serves another transport; any other trouble is for the users to report."""
    try:
        check_transport(with_tls(url) if trust else url, transport, Ledger(), ANSWER_TIMEOUT, trust)
    except Refused as error:
        refuse(f"{url}: {error}")
    except (OSError, ClientError):
        return


def refuse(reason: str) -> NoReturn:
    print(f"locust: error: {reason}", file=sys.stderr)
    sys.exit(2)
