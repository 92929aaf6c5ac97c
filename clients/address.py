"""Where a server is, as its URL says."""

from typing import NamedTuple
from urllib.parse import urlsplit

from clients.errors import ClientError

SCHEMES = {"http": "https", "ws": "wss", "https": "https", "wss": "wss"}  # and each with TLS


class Address(NamedTuple):
    """Where a server is, and whether TLS is spoken there."""

    host: str
    port: int
    secure: bool

    @property
    def authority(self) -> str:
        """Host and port as a URL and a Host line have them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def address_of(url: str) -> Address:
    """Return what a server's URL says; http and ws mean the same, and https and wss. ClientError if it is none."""
    try:
        parts = urlsplit(url)
        if parts.scheme in SCHEMES and parts.hostname and parts.path in ("", "/", "/messages"):
            secure = parts.scheme in ("https", "wss")
            return Address(parts.hostname, parts.port or (443 if secure else 80), secure)
    except ValueError:
        pass
    raise ClientError(f"{url} is not the address of a server: it looks like http://127.0.0.1:5001")


def with_tls(url: str) -> str:
    """The same address over TLS."""
    scheme, mark, rest = url.partition("://")
    return SCHEMES.get(scheme, scheme) + mark + rest
