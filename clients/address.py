"""Where a server is, as its URL says."""

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from clients.errors import ClientError

SCHEMES = {"http": "https", "ws": "wss", "https": "https", "wss": "wss"}  # and each with TLS
QUERY = re.compile(r"(token=[A-Za-z0-9_-]+)?")


class Address(NamedTuple):
    """Where a server is, whether TLS is spoken there, and what its URL asks: `token=…`, where one is needed."""

    host: str
    port: int
    secure: bool
    query: str = ""

    @property
    def authority(self) -> str:
        """Host and port as a URL and a Host line have them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def target(self, path: str) -> str:
        """What is asked of this server: a path, perhaps with a query, and the URL's own query behind it."""
        return f"{path}{'&' if '?' in path else '?'}{self.query}" if self.query else path


def address_of(url: str) -> Address:
    """Return what a server's URL says; http and ws mean the same, and https and wss. ClientError if it is none."""
    try:
        parts = urlsplit(url)
        served = parts.path in ("", "/", "/messages") and QUERY.fullmatch(parts.query)
        if parts.scheme in SCHEMES and parts.hostname and served:
            secure = parts.scheme in ("https", "wss")
            return Address(parts.hostname, parts.port or (443 if secure else 80), secure, parts.query)
    except ValueError:
        pass
    raise ClientError(f"{url} is not the address of a server: it looks like http://127.0.0.1:5001")


def with_tls(url: str) -> str:
    """The same address over TLS."""
    scheme, mark, rest = url.partition("://")
    return SCHEMES.get(scheme, scheme) + mark + rest
