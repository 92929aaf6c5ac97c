"""All observations, part by part."""

from collections.abc import Iterator

from loadtests.observe import (
    events,
    fragments,
    frames,
    handshakes,
    header_lines,
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
IN_A_BROWSER = (fragments.observe_page, events.observe, sending.observe, payload_types.observe_page, schemes.observe)
Part = tuple[list[Observation], int, str]
"""What was seen, how many parts are left, and why there is no browser, if there is none."""


def parts() -> Iterator[Part]:
    """Look at everything that can be looked at here."""
    left = len(BARE) + len(IN_A_BROWSER)
    with serving() as servers:
        for observe in BARE:
            left -= 1
            yield list(observe(servers)), left, ""
        try:
            with browsing() as page:
                for observe_page in IN_A_BROWSER:
                    left -= 1
                    yield list(observe_page(page, servers)), left, ""
        except NoBrowser as reason:
            yield [], 0, str(reason)
