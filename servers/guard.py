"""Who may ask: no page of another site, and from another machine nobody without the token."""

import ipaddress
import re
from collections.abc import Mapping
from functools import lru_cache
from secrets import compare_digest
from typing import Any
from urllib.parse import parse_qs

from werkzeug.exceptions import BadRequest, Forbidden

HOST = re.compile(r"(?P<name>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]*)?")


def check(environ: Mapping[str, Any], token: str | None) -> None:
    """Raise BadRequest or Forbidden unless a WSGI request may be answered. Without a `token`, only this machine asks.

    A page may come to a server of this machine under a name of its own (DNS rebinding), but then its Host says so; and
    a browser says in Origin whose page wants to publish, or to open a WebSocket (RFC 6455 section 10.2).
    """
    host = environ.get("HTTP_HOST")
    if host is None:
        raise BadRequest("Host is missing (RFC 9112 section 3.2)")
    if not (well_formed := HOST.fullmatch(host)):
        raise BadRequest("Host is malformed")
    if token is None and not is_no_domain(well_formed["name"]):
        raise Forbidden("this server answers to localhost, and to addresses in figures")
    if token is not None and not compare_digest(token, given(environ)):
        raise Forbidden("the token that the server printed is missing, or another one")
    origin = environ.get("HTTP_ORIGIN")
    says_more = environ["REQUEST_METHOD"] == "POST" or "HTTP_UPGRADE" in environ
    if origin is not None and says_more and origin.partition("//")[2].lower() != host.lower():
        raise Forbidden("this is a page of another site")


def given(environ: Mapping[str, Any]) -> str:
    """The token in a query, "" if there is none; as ASCII, which `compare_digest` takes."""
    found = parse_qs(environ["QUERY_STRING"]).get("token", [""])[0]
    return found if found.isascii() else ""


@lru_cache(maxsize=64)
def is_no_domain(name: str) -> bool:
    """Whether a Host is `localhost` or an address, which no foreign name server can give out."""
    try:
        return name.lower() == "localhost" or bool(ipaddress.ip_address(name.strip("[]")))
    except ValueError:
        return False


def is_loopback(host: str) -> bool:
    """Whether a server that listens on `host` can be reached from this machine alone."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
