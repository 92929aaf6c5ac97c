"""The playground in a real browser: four events, what is sent, frames bit by bit, and every ending."""

import pytest
from tools.browser import demonstrating, frame_of, looking
from tools.lab import eventually, serving

from loadtests.demo.endings import ENDINGS, TEXT

pytestmark = pytest.mark.starts

LEARNED = {
    "/normal": "code 1000, reason “done”, wasClean true",
    "/going-away": "code 1001, reason “the server stops”, wasClean true",
    "/too-big": "code 1009, reason “at most 65,536 bytes”, wasClean true",
    "/own-code": "code 4410, reason “messages are gone”, wasClean true",
    "/protocol-error": "code 1006, reason “”, wasClean false", "/bad-utf-8": "code 1006, reason “”, wasClean false",
    "/killed": "code 1006, reason “”, wasClean false",
}  # fmt: skip
FAILED = ("/protocol-error", "/bad-utf-8")
"""What the browser itself ends, and reports as an error first."""


@pytest.fixture(scope="module")
def demo():
    with demonstrating("--rtt", "0", "--rate", "1") as running:
        yield running


@pytest.fixture
def playground(browser, demo):
    with looking(browser, demo.url + "play", allowed=lambda text: "WebSocket" in text) as page:
        frame = frame_of(page, "Playground")
        frame.wait_for_selector("#endings button", state="attached")
        yield frame


def log(frame):
    """The events so far, each with what the page learned."""
    rows = frame.eval_on_selector_all("#log tbody tr", "rows => rows.map(row => row.innerText.split('\\t'))")
    return [(event, learned) for _, event, learned in rows]


def events(frame):
    return [event for event, _ in log(frame)]


def frames(frame):
    """What the tap saw, oldest first."""
    return frame.eval_on_selector_all("#frames .frame", "all => all.map(each => each.innerText)")[::-1]


def test_create_four_events_send_and_close(playground):
    playground.click("#connect")
    eventually(lambda: events(playground) == ["new WebSocket", "open"])
    eventually(lambda: playground.inner_text("#ready-state") == "1 OPEN")
    playground.fill("#send input", "Grüße")
    playground.click("text=Send text")
    eventually(lambda: events(playground)[-1] == "message")
    playground.click("#send-bytes")
    eventually(lambda: log(playground)[-1][1].startswith("8 bytes of binary data"))
    playground.click("#send-picture")
    eventually(lambda: playground.is_visible("#picture"))
    playground.click("#close")
    eventually(lambda: events(playground)[-1] == "close")
    assert log(playground)[-1][1] == "code 1000, reason “done”, wasClean true; readyState CLOSED, bufferedAmount 0"
    assert log(playground)[2][1] == "text of 5 characters: Grüße; readyState OPEN, bufferedAmount 0"


def test_its_frames_are_shown_bit_by_bit(playground):
    playground.click("#connect")
    eventually(lambda: events(playground)[-1] == "open")
    playground.fill("#send input", "Hi")
    playground.click("text=Send text")
    shown = eventually(lambda: len(frames(playground)) >= 2 and frames(playground))
    sent, came = shown[-2:]
    assert sent.startswith("→ to the server: text") and sent.endswith("says: Hi")
    assert came.split("\n")[0] == "← to the page: text" and "48 69" in came
    bits = [word.split("\n")[0] for word in came.split("\n\n")]
    assert "masking key" in sent and "masking key" not in came, bits


def test_the_handshake_is_what_was_sent_and_accept_follows_from_its_key(playground):
    playground.click("#connect")
    playground.click("summary:has-text('The opening handshake')")
    said = eventually(lambda: "Sec-WebSocket-Accept" in playground.inner_text("#handshake")
                      and playground.inner_text("#handshake"))  # fmt: skip
    fields = dict(line.split(": ", 1) for line in said.splitlines() if ": " in line)
    steps = eventually(lambda: fields["Sec-WebSocket-Key"] in playground.inner_text("#accept")
                       and playground.inner_text("#accept"))  # fmt: skip
    assert said.startswith("GET /echo HTTP/1.1") and steps.splitlines()[-1].endswith(fields["Sec-WebSocket-Accept"])


def test_a_message_in_fragments_fires_one_event_and_the_ping_none(playground):
    playground.click("summary:has-text('One message in fragments')")
    playground.select_option("[name=count]", "3")
    playground.select_option("[name=seconds]", "0.2")
    playground.click("text=Receive it")
    eventually(lambda: events(playground)[-1] == "close")
    assert events(playground) == ["new WebSocket", "open", "message", "close"]
    assert TEXT[:40] in log(playground)[2][1]
    wanted = {"text", "continuation", "ping", "pong", "close"}
    eventually(lambda: wanted <= {each.split("\n")[0].rpartition(": ")[2] for each in frames(playground)})


@pytest.mark.parametrize("path", ENDINGS)
def test_each_ending_yields_its_events(playground, path):
    playground.click("summary:has-text('How a connection ends')")
    playground.click(f"#endings button:has-text('{ENDINGS[path][0]}')")
    eventually(lambda: events(playground)[-1] == "close")
    error = ["error"] if path in FAILED else []
    assert events(playground) == ["new WebSocket", "open", *error, "close"]
    assert log(playground)[-1][1] == f"{LEARNED[path]}; readyState CLOSED, bufferedAmount 0"


@pytest.mark.parametrize("title", ["404", "refused origin", "nobody listens"])
def test_who_is_not_let_in_learns_nothing_else(playground, title):
    playground.click("summary:has-text('How a connection ends')")
    playground.click(f"#endings button:has-text('{title}')")
    eventually(lambda: events(playground)[-1] == "close")
    assert events(playground) == ["new WebSocket", "error", "close"]
    assert log(playground)[-1][1] == "code 1006, reason “”, wasClean false; readyState CLOSED, bufferedAmount 0"


def test_send_in_each_state(playground):
    playground.click("summary:has-text('send() in each readyState')")
    playground.click("#states")
    eventually(lambda: playground.inner_text("#found").count("\n") == 3)
    assert [line.split("\t") for line in playground.inner_text("#found").splitlines()] == [
        ["CONNECTING", "InvalidStateError", "bufferedAmount grows by 0"],
        ["OPEN", "no error", "bufferedAmount grows by 1000"],
        ["CLOSING", "no error", "bufferedAmount grows by 1000"],
        ["CLOSED", "no error", "bufferedAmount grows by 1000"],
    ]  # fmt: skip


def test_the_code_that_runs_is_shown_and_short(playground, demo):
    playground.click("summary:has-text('The code that runs')")
    shown = playground.inner_text("#code")
    with open("servers/pages/client.js", encoding="utf-8") as file:
        written = file.read()
    assert shown.strip() == written.strip() and len(written.splitlines()) < 30


def test_without_the_demonstration_it_echoes_and_says_what_is_missing(browser):
    with serving("websocket", "--port", "0", "--source", "none", transports=("websocket",)) as servers:
        url = servers.url("websocket").replace("ws:", "http:") + "/playground"
        with looking(browser, url) as page:
            page.click("#connect")
            eventually(lambda: events(page)[-1] == "open")
            page.click("text=Send text")
            eventually(lambda: events(page)[-1] == "message")
            assert "make demo" in page.inner_text("#no-tap")
