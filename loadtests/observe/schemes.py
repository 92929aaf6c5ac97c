"""C16, where it is no load: ports, and what a page that came over TLS may open."""

from collections.abc import Iterator

from playwright.sync_api import Page

from loadtests.observe.browser import NAME, visit
from loadtests.observe.observation import Observation
from loadtests.observe.scripted import playing
from loadtests.observe.servers import Servers
from servers.serving.certificate import tls_for

SCHEMES = ("http", "https", "ws", "wss")
PAGE, SOCKET = "/page", "/"


def observe(page: Page, servers: Servers) -> Iterator[Observation]:
    visit(page, f"{servers.polling}/status")
    for scheme in SCHEMES:
        port = page.evaluate("scheme => defaultPort(scheme)", scheme)
        yield Observation("C16", "port without saying one", str(port), "", scheme)
    tls, _ = tls_for(NAME)
    with playing({SOCKET: ()}) as plain, playing({SOCKET: ()}, tls) as secure:
        asked = {"http": plain.url(PAGE, "http", NAME), "https": secure.url(PAGE, "https", NAME),
                 "ws": plain.url(SOCKET, "ws", NAME), "wss": secure.url(SOCKET, "wss", NAME)}  # fmt: skip
        for origin in ("http", "https"):
            visit(page, asked[origin])
            for scheme in SCHEMES:
                seen = page.evaluate("url => reached(url)", asked[scheme])
                yield Observation("C16", f"from a page over {origin}", seen, "", scheme)
