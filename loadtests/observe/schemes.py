"""C16, where it is no load: ports, and what a page that came over TLS may open."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Page

from loadtests.observe.browser import NAME, visit
from loadtests.observe.observation import Observation
from loadtests.observe.servers import Servers, serving

SCHEMES = ("http", "https", "ws", "wss")


def observe(page: Page, servers: Servers) -> Iterator[Observation]:
    visit(page, f"{servers.polling}/status")
    for scheme in SCHEMES:
        port = page.evaluate("scheme => defaultPort(scheme)", scheme)
        yield Observation("C16", "port without saying one", str(port), "", scheme)
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder) / "authority.pem") as secure:
        asked = {"http": f"{servers.polling}/status", "https": f"{secure.polling}/status",
                 "ws": f"{servers.websocket}/messages", "wss": f"{secure.websocket}/messages"}  # fmt: skip
        for origin in ("http", "https"):
            visit(page, named(asked[origin]))
            for scheme in SCHEMES:
                seen = page.evaluate("url => reached(url)", named(asked[scheme]))
                yield Observation("C16", f"from a page over {origin}", seen, "", scheme)


def named(url: str) -> str:
    """The same server by a name that is not the machine's own: a browser trusts localhost without TLS, too."""
    return url.replace("127.0.0.1", NAME)
