"""Lesson 7's browser: scripts of a cell, what their exercise says of wrong ones, and what is shown without one."""

import pytest
from lessons import Browser, check, start_servers
from lessons.check.mark import RIGHT, UNANSWERED, WRONG
from lessons.live import browser as live
from lessons.live.recordings import NothingStarted
from tools.lab import needs

from loadtests.observe.browser import find_browser

pytestmark = pytest.mark.starts

FINE = """
const socket = new WebSocket(`ws://${location.host}/echo`)
socket.addEventListener('open', () => socket.send('hello'))
socket.addEventListener('message', ({ data }) => { console.log(data); socket.close(1000) })
socket.addEventListener('close', ({ code }) => console.log(code))
"""


@pytest.fixture(scope="module")
def browser():
    find_browser() or needs("chromium")
    with start_servers(rate=1) as servers:
        started = Browser(servers)
        assert repr(started) == "A page in Chromium."
        yield started
        started.close()


@pytest.mark.parametrize(("script", "mark", "words"), [
    (None, UNANSWERED.mark, "No answer yet"),
    (FINE, RIGHT, "opens, listens, sends and closes"),
    (len, WRONG, "a text of JavaScript"),
    ("new WebSocket(`ws://${location.host}/echo`).send('hello')", WRONG, "sends before `open`"),
    ("nonsense(", WRONG, "The browser says: Uncaught"),
    ("console.log('good morning')", WRONG, "should be hello, and it is good morning"),
    ("", WRONG, "should be hello, and it is missing"),
    (FINE.replace("socket.close(1000)", ""), WRONG, "`close` did not fire"),
    (FINE.replace("close(1000)", "close(3000)"), WRONG, "comes the code of `close`, and here is 3000"),
])  # fmt: skip
def test_the_exercise_says_what_is_missing(browser, script, mark, words):
    found = check.first_client(script, browser)
    assert found.mark == mark and words in found.words


def test_each_script_has_a_page_of_its_own(browser):
    browser.run("window.left = 'something'; setTimeout(() => console.log('late'), 300)", wait_s=0)
    assert list(browser.run("console.log(window.left)", wait_s=0.5)["console.log"]) == ["undefined"]


def test_a_script_without_an_end_is_one_sentence(monkeypatch):
    find_browser() or needs("chromium")
    monkeypatch.setattr(live, "LONGEST_S", 1.0)
    with start_servers(rate=1) as servers:
        browser = Browser(servers)
        with pytest.raises(live.ScriptDidNotEnd, match="did not end within 1 s"):
            browser.run("await new Promise(() => {})", wait_s=0)
        with pytest.raises(NothingStarted, match="there is no recording"):
            browser.run("console.log('after that')")


def test_without_a_browser_a_script_that_was_not_recorded_is_one_sentence(monkeypatch):
    monkeypatch.setenv("PUSH_LAB_LIVE", "0")
    browser = Browser(start_servers())
    assert "No browser can be started here" in repr(browser)
    with pytest.raises(NothingStarted, match="there is no recording"):
        browser.run("console.log('never recorded')")
