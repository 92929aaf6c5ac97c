"""Where a server is, as its URL says."""

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from clients.errors import ClientError

SCHEMES = {"http": "https", "ws": "wss", "https": "https", "wss": "wss"}  # and each with TLS
QUERY = re.compile(r"(token=[A-Za-z0-9_-]+)?")
PREFIX = re.compile(r"(/[!$&-.0-;=@-Z_a-z~%]+)*")  # segments as RFC 3986 has them (section 3.3)
ENDINGS = ("/messages", "/echo", "/status")  # what a URL may name of a server; each is asked for where it is needed


class Address(NamedTuple):
    """Where a server is, whether TLS is spoken there, and what its URL asks: `token=…`, where one is needed.

    `prefix` is the path under which a proxy has the server: requests go to `prefix` + /messages.
    """

    host: str
    port: int
    secure: bool
    query: str = ""
    prefix: str = ""

    @property
    def authority(self) -> str:
        """Host and port as a URL and a Host line have them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def target(self, path: str) -> str:
        """The request target for a path, perhaps with a query: behind the URL's prefix, before the URL's own query."""
        whole = self.prefix + path
        return f"{whole}{'&' if '?' in path else '?'}{self.query}" if self.query else whole


def address_of(url: str) -> Address:
    """Return what a server's URL says; http and ws mean the same, and https and wss. ClientError if it is none."""
    try:
        parts = urlsplit(url)
        prefix = parts.path.rstrip("/")
        for ending in ENDINGS:
            prefix = prefix.removesuffix(ending)
        well_formed = PREFIX.fullmatch(prefix) and QUERY.fullmatch(parts.query) and not parts.fragment
        if parts.scheme in SCHEMES and parts.hostname and well_formed:
            secure = parts.scheme in ("https", "wss")
            return Address(parts.hostname, parts.port or (443 if secure else 80), secure, parts.query, prefix)
    except ValueError:
        pass
    raise ClientError(f"{url} is not the address of a server: it looks like http://127.0.0.1:5001")


def with_tls(url: str) -> str:
    """The same address over TLS."""
    scheme, mark, rest = url.partition("://")
    return SCHEMES.get(scheme, scheme) + mark + rest
