"""Browsers with all lanes, for long: nothing is lost or repeated, and no page's memory grows.

`PAGES_SECONDS=1800` does it with six, for half an hour; CI for two minutes.
"""

import os
from contextlib import ExitStack
from statistics import median

import pytest
from tools.browser import chromium, demonstrating, frame_of, looking
from tools.lab import eventually

pytestmark = [pytest.mark.starts, pytest.mark.long]

SECONDS = float(os.environ.get("PAGES_SECONDS", "6"))
BROWSERS, SAMPLES, RATE = (6 if SECONDS >= 60 else 2), 6, 10
TITLES = ["Polling", "Long polling", "WebSocket", "Server-sent events"]
OPTIONS = ["--guests", "--rtt", "40", "--rate", str(RATE), "--poll-interval", "1"]
SLACK = 3 * 2**20  # bytes of a heap that chance may add
REMEMBER = """
window.figures = {}
addEventListener('message', ({ data }) => { if (data.type === 'figures') figures[data.transport] = data })
"""


def heap(session):
    """Bytes that a page's scripts take, after a collection."""
    session.send("HeapProfiler.collectGarbage")
    found = session.send("Performance.getMetrics")["metrics"]
    return next(each["value"] for each in found if each["name"] == "JSHeapUsedSize")


@pytest.mark.timeout(SECONDS + 120)
def test_nothing_is_lost_or_repeated_and_no_memory_grows():
    with ExitStack() as stack:
        browser = stack.enter_context(chromium())
        demo = stack.enter_context(demonstrating(*OPTIONS))
        pages = [stack.enter_context(looking(browser, demo.url, reduced_motion="reduce")) for _ in range(BROWSERS)]
        sessions = [page.context.new_cdp_session(page) for page in pages]
        for page, session in zip(pages, sessions, strict=True):
            session.send("Performance.enable")
            page.evaluate(REMEMBER)
            for title in TITLES:
                eventually(lambda page=page, title=title: frame_of(page, title).inner_text("#state") == "connected", 60)
        heaps = []
        for _ in range(SAMPLES):
            pages[0].wait_for_timeout(1000 * SECONDS / SAMPLES)
            heaps.append([heap(session) for session in sessions])
        demo.do("settings", paused=True)
        pages[0].wait_for_timeout(2500)
        figures = [page.evaluate("figures") for page in pages]
    for of_page in figures:
        assert len(of_page) == len(TITLES)
        assert len({lane["last"] for lane in of_page.values()}) == 1, "every lane has the last message"
        for lane in of_page.values():
            assert (lane["lost"], lane["repeated"]) == (0, 0)
            assert lane["messages"] > 0.6 * RATE * SECONDS
    third = SAMPLES // 3
    for of_page in zip(*heaps, strict=True):
        assert median(of_page[-third:]) < 1.1 * median(of_page[third : 2 * third]) + SLACK, of_page
