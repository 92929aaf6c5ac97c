"""The live demonstration as a process, and a browser that looks at it."""

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, Frame, Page, sync_playwright

from loadtests.observe.browser import FLAGS, find_browser
from tools.lab import ROOT, WAIT, eventually, needs

SIZE = {"width": 1280, "height": 720}


@dataclass(frozen=True)
class Demo:
    """A running demonstration: the address of its stage, and its process."""

    url: str
    process: subprocess.Popen[str]

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=WAIT) as answer:
            return json.load(answer)

    def post(self, path: str, body: Any) -> tuple[int, Any]:
        """The status and the JSON that the stage answers."""
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(),
                                         {"Content-Type": "application/json"})  # fmt: skip
        try:
            with urllib.request.urlopen(request, timeout=WAIT) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def do(self, word: str, **values: Any) -> Any:
        status, said = self.post("do", {"do": word, **values})
        assert status == 200, said
        return said["done"]

    def lanes(self) -> dict[str, int]:
        """The ports of the lanes."""
        return {lane["transport"]: lane["port"] for lane in self.get("state")["lanes"]}

    def shown(self) -> dict[str, Any]:
        """What the stage shows its pages next."""
        with urllib.request.urlopen(self.url + "messages", timeout=WAIT) as stream:
            line = next(line for line in stream if line.startswith(b"data: "))
            return json.loads(line[6:])["data"]


@contextmanager
def demonstrating(*options: str, killed: bool = False) -> Iterator[Demo]:
    """A demonstration on free ports, which ends in order, unless the test has `killed` it."""
    command = [sys.executable, "-m", "loadtests", "demo", "--port", "0", *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield Demo(process.stdout.readline().strip(), process)
            if not killed:
                process.send_signal(signal.SIGINT)
                assert process.wait(WAIT) == 130, process.stderr.read()
                assert process.stderr.read() == ""
        finally:
            process.kill()


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window."""
    path = find_browser() or needs("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*FLAGS, "--no-sandbox", "--disable-gpu"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def looking(browser: Browser, url: str, allowed: Callable[[str], bool] = lambda text: False,
            **options: Any) -> Iterator[Page]:  # fmt: skip
    """A page of its own browser context; whatever its console says, beyond what is allowed, is a fault."""
    said: list[str] = []
    context = browser.new_context(**{"viewport": SIZE} | options)
    page = context.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    try:
        page.goto(url)
        yield page
        assert [text for text in said if not allowed(text)] == []
    finally:
        context.close()


def frame_of(page: Page, title: str) -> Frame:
    """The page within the frame with this title, once it is there."""
    element = page.wait_for_selector(f'iframe[title="{title}"]')
    return eventually(element.content_frame)


def number_in(text: str) -> float | None:
    """The number of a text such as "1,043 ms"; None for none."""
    try:
        return float(text.split()[0].replace(",", ""))
    except ValueError:
        return None
