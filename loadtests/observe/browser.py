"""A real browser, without a window, driven by Playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Error, Page, sync_playwright

SCRIPT = Path(__file__).with_name("page.js")
NAME = "lab.test"  # a name that is not the machine's own: browsers trust localhost more than others
FLAGS = ["--disable-quic", "--disable-background-networking", "--disable-component-update", "--lang=en-US",
         "--ignore-certificate-errors", f"--host-resolver-rules=MAP {NAME} 127.0.0.1"]  # fmt: skip


class NoBrowser(Exception):
    """There is no Chromium on this machine, or it does not start."""


def find_browser() -> str | None:
    """The path of Chromium or Chrome, None if neither is installed."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@contextmanager
def browsing() -> Iterator[Page]:
    """A page of a browser; NoBrowser if none can be had."""
    if (path := find_browser()) is None:
        raise NoBrowser("no Chromium on the PATH")
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        except Error as error:
            raise NoBrowser(f"{path} does not start: {str(error).splitlines()[0]}") from None
        try:
            yield browser.new_page()
        finally:
            browser.close()


def visit(page: Page, url: str) -> None:
    """Go to a page, and put the functions of page.js on it."""
    page.goto(url)
    page.add_script_tag(path=SCRIPT)
