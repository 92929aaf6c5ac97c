"""A class in a browser: each page has its own figures, the projector their sum; saved, they are a results folder."""

import os
import shutil
from contextlib import ExitStack

import pytest
from tools.browser import chromium, demonstrating, frame_of, looking, number_in
from tools.lab import ROOT, eventually

from results import table
from results.check import check

pytestmark = [pytest.mark.starts, pytest.mark.long]

MEMBERS = int(os.environ.get("CLASS_MEMBERS", "10" if os.environ.get("CI") else "4"))
TITLES = ["Polling", "Long polling", "WebSocket"]


def column(page, place):
    """A column of the projector's table."""
    return [number_in(cell) or 0 for cell in page.eval_on_selector_all(
        "tbody tr", f"rows => rows.map(row => row.querySelectorAll('td')[{place}].innerText)")]  # fmt: skip


def figures(page):
    """The messages and the mean that a page of the class shows."""
    frame = page.frames[1]
    return int(frame.inner_text("#messages").replace(",", "")), number_in(frame.inner_text("#mean"))


@pytest.mark.timeout(300)
def test_a_class_is_the_sum_of_its_pages_and_can_be_saved():
    with ExitStack() as stack:
        browser = stack.enter_context(chromium())
        demo = stack.enter_context(demonstrating("--rtt", "40", "--rate", "4", "--poll-interval", "1"))
        projector = stack.enter_context(looking(browser, demo.url + "class"))
        assert projector.get_attribute("#link", "href") == demo.url + "join"
        members = [stack.enter_context(looking(browser, demo.url + "join")) for _ in range(MEMBERS)]
        eventually(lambda: projector.inner_text("#present") == str(MEMBERS), 60)
        lanes = eventually(lambda: sum(column(projector, 0)) == MEMBERS and column(projector, 0))
        assert max(lanes) - min(lanes) <= 1, "spread evenly"
        for page in members:
            frame_of(page, page.get_attribute("iframe", "title"))
            eventually(lambda page=page: figures(page)[0] >= 4, 60)
            eventually(lambda page=page: page.inner_text("#clock").startswith("clock within ± "))
        demo.do("settings", paused=True)
        eventually(lambda: sum(figures(page)[0] for page in members) == sum(column(projector, 1)), 60)
        for place, title in enumerate(TITLES):
            mine = [figures(page) for page in members if page.get_attribute("iframe", "title") == title]
            mean = sum(count * value for count, value in mine) / sum(count for count, _ in mine)
            assert column(projector, 2)[place] == pytest.approx(mean, rel=0.02, abs=1)
        polling, held, websocket = column(projector, 2)
        assert websocket < polling and held < polling
        assert column(projector, 4) == column(projector, 5) == [0, 0, 0], "nothing lost, nothing repeated"
        projector.click("#save")
        saved = eventually(lambda: projector.inner_text("#saved").removeprefix("saved in "), 60)
        check_saved(ROOT / saved)
        projector.click("#reset")
        eventually(lambda: sum(column(projector, 1)) == 0)
        eventually(lambda: {figures(page)[0] for page in members} == {0})


def check_saved(folder):
    try:
        runs = table.read(folder).runs
        assert not check(runs) and runs["valid"].all() and set(runs["clock"]) == {"browser"}
        assert list(runs["transport"]) == ["polling", "long-polling", "websocket"]
        assert (runs["clock_bound_ms"] > 0).all() and (runs["deliveries"] > 0).all()
        assert (folder / "report.html").is_file() and list((folder / "charts").glob("*.png"))
    finally:
        shutil.rmtree(folder)
