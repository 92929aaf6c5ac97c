"""The chat that lesson 7 builds, in a real browser; and what runs the lesson's scripts."""

import json
import subprocess
import sys
from contextlib import ExitStack

import pytest
from tools.browser import looking
from tools.lab import ROOT, WAIT, eventually, needs, serving
from websockets.sync.client import connect

from loadtests.observe.browser import find_browser
from loadtests.runs.ports import free_port
from loadtests.runs.processes import start

pytestmark = pytest.mark.starts

FILES = [ROOT / "servers" / "pages" / f"small_chat.{ending}" for ending in ("html", "js")]
QUIET = ["websocket", "--source", "none"]


def of_lost_connection(text):
    return "WebSocket connection" in text or "ERR_" in text


@pytest.fixture(scope="module")
def servers():
    with serving(*QUIET, "--port", "0", transports=("websocket",)) as running:
        yield running


@pytest.fixture(scope="module")
def address(servers):
    return servers.url("websocket").replace("ws:", "http:")


def lines(page):
    return page.eval_on_selector_all("#log li", "all => all.map(each => each.textContent)")


def write(page, text):
    page.fill("input[name=text]", text)
    page.click("text=Send")


def publish(servers, text):
    with connect(servers.url("websocket") + "/messages") as other:
        other.send(text)
        assert json.loads(other.recv(WAIT))["data"] == text


def test_the_whole_page_has_fewer_than_80_lines():
    page, script = (len(path.read_text(encoding="utf-8").splitlines()) for path in FILES)
    assert page == 17, "lesson 7 says so"
    assert page + script < 80


def test_two_pages_talk_and_markup_stays_text(browser, address):
    with looking(browser, address + "/small-chat") as ann, looking(browser, address + "/small-chat") as bob:
        for page in (ann, bob):
            eventually(lambda page=page: page.inner_text("#state") == "connected")
        write(ann, "Anybody there?")
        eventually(lambda: lines(bob) == ["Anybody there?"])
        write(bob, "<img src=x onerror=alert(1)>")
        eventually(lambda: lines(ann) == ["Anybody there?", "<img src=x onerror=alert(1)>"])
        assert ann.query_selector("#log img") is None and ann.input_value("input[name=text]") == ""
        ann.click("text=Leave")
        eventually(lambda: ann.inner_text("#state") == "you left")
        write(ann, "too late")
        assert ann.inner_text("#state") == "not connected: your text was not sent"
        ann.wait_for_timeout(700)
        assert lines(bob) == lines(ann) and ann.inner_text("#state").startswith("not connected")


def test_a_lost_connection_loses_no_message(browser, servers, address):
    """The link resets its connections and takes none for a second; a message is published meanwhile."""
    with ExitStack() as children:
        link = start(children, "a link", ["-m", "loadtests.link", "--controlled", "--to", address, "--delay-ms", "0"])
        there = link.expect("url", WAIT)
        with looking(browser, there + "/small-chat", allowed=of_lost_connection) as page:
            eventually(lambda: page.inner_text("#state") == "connected")
            link.send(reset=1.0)
            eventually(lambda: page.inner_text("#state") == "closed with 1006; trying again")
            publish(servers, "meanwhile")
            eventually(lambda: lines(page) == ["meanwhile"])
            assert page.inner_text("#state") == "connected"


def test_a_feed_that_begins_again_is_followed_from_its_oldest_message(browser):
    port = free_port()
    with ExitStack() as ended_early:
        first = ended_early.enter_context(serving(*QUIET, "--port", str(port), transports=("websocket",)))
        with looking(browser, f"http://127.0.0.1:{port}/small-chat", allowed=of_lost_connection) as page:
            eventually(lambda: page.inner_text("#state") == "connected")
            write(page, "to the old feed")
            eventually(lambda: lines(page) == ["to the old feed"])
            assert first.process.poll() is None
            ended_early.close()
            eventually(lambda: page.inner_text("#state").startswith("closed with 1001"))
            with serving(*QUIET, "--port", str(port), transports=("websocket",)) as second:
                publish(second, "first of the new feed")
                eventually(lambda: lines(page)[1:] == ["first of the new feed"])


def test_a_script_logs_in_order_and_an_error_is_a_line(address):
    find_browser() or needs("chromium")
    script = """
    console.log('first')
    const socket = new WebSocket(`ws://${location.host}/echo`)
    socket.addEventListener('message', ({ data }) => console.log(data))
    await new Promise(open => socket.addEventListener('open', open))
    socket.send('second')
    """
    asked = [{"script": script, "seconds": 0.5}, {"script": "undefined.x", "seconds": 0}]
    done = subprocess.run([sys.executable, "-m", "loadtests.observe.console", address + "/status"], cwd=ROOT, text=True,
                          input="".join(json.dumps(each) + "\n" for each in asked), capture_output=True,
                          timeout=WAIT)  # fmt: skip
    ready, first, second = map(json.loads, done.stdout.splitlines())
    assert ready == {"ready": True} and [text for _, text in first["logged"]] == ["first", "second"]
    assert [seconds for seconds, _ in first["logged"]] == sorted(seconds for seconds, _ in first["logged"])
    ((_, text),) = second["logged"]
    assert text.startswith("Uncaught TypeError") and done.stderr == ""
