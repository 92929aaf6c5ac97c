"""C1 and the reader's question "SSE" in a browser: polls over TLS by HTTP/1.1 and HTTP/2, and connections of an origin.

TLS hides the headings, so the tap in front of nginx gives totals. Both ways have the same nginx, link and round trip.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from statistics import median
from urllib.parse import urlsplit

from playwright.sync_api import Page

from loadtests.observe.browser import visit
from loadtests.observe.event_sources import LIMIT, crowded
from loadtests.observe.http2 import CLAIM, NoProxy, nginx
from loadtests.observe.observation import Observation
from loadtests.observe.servers import Servers
from loadtests.runs.measure import START_TIMEOUT
from loadtests.runs.processes import Child, start

POLLS, DELAY_MS = 50, 10.0
SPEAKS = {"HTTP/1.1": "", "HTTP/2": "http2"}
BYTES, TIME = "HTTP/2 in a browser: bytes of a poll without a message", "HTTP/2 in a browser: time of a poll"


def observe(page: Page, servers: Servers) -> Iterator[Observation]:
    """What polls take; nothing without nginx, which `http2` has said already."""
    try:
        for version in SPEAKS:
            yield from polls(page, servers, version)
        with nginx(port_of(servers, "server-sent-events"), "http2", tls=True) as port:
            yield from crowded(page, f"https://localhost:{port}", "HTTP/2", (2 * LIMIT,))
    except NoProxy:
        return


def polls(page: Page, servers: Servers, version: str) -> Iterator[Observation]:
    """Bytes and time of a poll, after others on the same connection."""
    with nginx(port_of(servers, "polling"), SPEAKS[version], tls=True) as port, tapped(port) as (link, through):
        visit(page, f"https://localhost:{through}/status")
        page.evaluate("polled(3)")  # the first ones differ: a handshake, and HPACK's table is not filled
        spoken = page.evaluate("performance.getEntriesByType('resource').at(-1).nextHopProtocol")
        if spoken != {"HTTP/1.1": "http/1.1", "HTTP/2": "h2"}[version]:
            raise NoProxy(f"the browser speaks {spoken}")
        before = quiet(link)
        took = page.evaluate("count => polled(count)", POLLS)
        wire = quiet(link) - before
        condition = f"over TLS by {version}"
        yield Observation(CLAIM, BYTES, f"{wire / (POLLS + 1):.0f}", "B", condition)  # with one /status
        yield Observation(CLAIM, TIME, f"{median(took) * 1000:.1f}", "ms", f"{condition}, {2 * DELAY_MS:g} ms away")


@contextmanager
def tapped(port: int) -> Iterator[tuple[Child, int]]:
    """A link with a tap in front of a port, and its own port."""
    command = ["-m", "loadtests.link", "--controlled", "--tap", "--to", f"127.0.0.1:{port}"]
    command += ["--delay-ms", str(DELAY_MS)]
    with ExitStack() as children:
        link = start(children, "the tapped link", command)
        yield link, urlsplit(f"//{link.expect('url', START_TIMEOUT)}").port or 0


def quiet(link: Child) -> int:
    """All bytes that have passed, once no more do."""
    before = -1
    while (wire := link.expect("tap", START_TIMEOUT)["wire"]) != before:
        before = wire
    return int(wire)


def port_of(servers: Servers, transport: str) -> int:
    return urlsplit(servers.urls[transport]).port or 0
