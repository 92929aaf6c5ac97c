"""All observations, part by part."""

from collections.abc import Iterator

from loadtests.observe import (
    event_sources,
    events,
    fragments,
    frames,
    handshakes,
    header_lines,
    http2,
    http2_page,
    payload_types,
    schemes,
    sending,
    sockets,
)
from loadtests.observe.browser import NoBrowser, browsing
from loadtests.observe.observation import Observation
from loadtests.observe.servers import serving

BARE = (
    header_lines.observe,
    handshakes.observe,
    sockets.observe,
    frames.observe,
    fragments.observe,
    payload_types.observe,
)
IN_A_BROWSER = (fragments.observe_page, events.observe, sending.observe, payload_types.observe_page, schemes.observe,
                event_sources.observe, http2_page.observe)  # fmt: skip
Part = tuple[list[Observation], int, str]
"""What was seen, how many parts are left, and what could not be observed here, and why."""


def parts() -> Iterator[Part]:
    """Look at everything that can be looked at here."""
    left = len(BARE) + 1 + len(IN_A_BROWSER)
    with serving() as servers:
        for observe in BARE:
            left -= 1
            yield list(observe(servers)), left, ""
        left -= 1
        try:
            yield list(http2.observe(servers)), left, ""
        except http2.NoProxy as reason:
            yield [], left, f"{reason}: HTTP/2 is not observed here"
        try:
            with browsing() as page:
                for observe_page in IN_A_BROWSER:
                    left -= 1
                    yield list(observe_page(page, servers)), left, ""
        except NoBrowser as reason:
            yield [], 0, f"{reason}: what a browser does is not observed here"
