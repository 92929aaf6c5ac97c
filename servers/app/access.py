"""Access control: pages of other sites are refused, and other machines need the token."""

import ipaddress
import re
from collections.abc import Mapping
from functools import lru_cache
from secrets import compare_digest
from typing import Any
from urllib.parse import parse_qs

from werkzeug.exceptions import BadRequest, Forbidden

HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|([A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+)(:[0-9]*)?")
"""A host with an optional port as RFC 3986 section 3.2.2 has it: an IPv6 address in brackets, or a name."""
LONGEST = 80  # characters of a field that a refusal repeats


def check_host(host: str, any_name: bool) -> None:
    """Raise BadRequest for what is no host, and Forbidden for a name unless `any_name` may be used."""
    if not (well_formed := HOST.fullmatch(host)):
        raise BadRequest(f"Host is malformed: {host[:LONGEST]!r}")
    if not any_name and not is_ip_or_localhost(well_formed["name"]):
        raise Forbidden(f"Host is {host[:LONGEST]!r}; this server answers to localhost and to IP addresses")


def check(environ: Mapping[str, Any], token: str | None, is_page: bool = False) -> None:
    """Raise BadRequest or Forbidden unless a WSGI request may be answered. Without a `token`, only this machine asks.

    A page needs no token: what it then asks for does.

    A foreign page can reach a server of this machine under its own name (DNS rebinding); then Host has that name. A
    browser states in Origin whose page wants to publish or to open a WebSocket (RFC 6455 section 10.2).
    """
    host = environ.get("HTTP_HOST")
    if host is None and environ.get("SERVER_PROTOCOL") != "HTTP/1.0":
        raise BadRequest("Host is missing (RFC 9112 section 3.2)")
    if host is not None:
        check_host(host, any_name=token is not None)
    if token is not None and not is_page and not compare_digest(token, token_in(environ)):
        raise Forbidden("the token that the server printed is missing, or another one")
    origin = environ.get("HTTP_ORIGIN")
    has_side_effects = environ["REQUEST_METHOD"] == "POST" or "HTTP_UPGRADE" in environ
    if origin is not None and has_side_effects and origin.partition("//")[2].lower() != (host or "").lower():
        raise Forbidden(
            f"Origin is {origin[:LONGEST]!r} and Host is {(host or '')[:LONGEST]!r}: they must name the same place; a "
            "proxy in between must forward Host as it came"
        )


def token_in(environ: Mapping[str, Any]) -> str:
    """The token in a query, "" if there is none; as ASCII, which `compare_digest` takes."""
    found = parse_qs(environ["QUERY_STRING"]).get("token", [""])[0]
    return found if found.isascii() else ""


@lru_cache(maxsize=64)
def is_ip_or_localhost(name: str) -> bool:
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
