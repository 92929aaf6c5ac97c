"""A page of another site, in a real browser, can neither write to the lab's servers nor read from them."""

import http.server
import threading
from collections.abc import Iterator
from functools import partial

import pytest
from playwright.sync_api import Page
from tools.lab import Lab, needs
from tools.wire import newest

from loadtests.observe.browser import browsing

READ = "url => fetch(url).then(answer => answer.text()).catch(error => error.name)"
WRITE = """url => fetch(url, {method: "POST", mode: "no-cors", body: "from another site"})
    .then(answer => answer.type).catch(error => error.name)"""
OPEN = """url => new Promise(done => {
    const ws = new WebSocket(url);
    ws.onopen = () => { ws.send("from another site"); ws.onclose = null; done("open"); };
    ws.onclose = event => done(`closed with ${event.code}`);
})"""


class Site(http.server.BaseHTTPRequestHandler):
    """A site with one empty page."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def page() -> Iterator[Page]:
    needs("chromium")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site) as site, browsing() as page:
        threading.Thread(target=partial(site.serve_forever, poll_interval=0.05), daemon=True).start()
        page.goto(f"http://127.0.0.1:{site.server_port}/")
        yield page
        site.shutdown()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_it_can_neither_write_nor_read(lab: Lab, page: Page, host: str):
    before = newest(lab)
    for transport in ("polling", "long-polling"):
        url = lab.url(transport).replace("127.0.0.1", host)
        assert page.evaluate(WRITE, f"{url}/messages") == "opaque", "it was sent, and nobody may read the answer"
        assert page.evaluate(READ, f"{url}/messages?after=0&wait=0") == "TypeError"
    for path in ("/messages?after=0", "/echo"):
        url = lab.url("websocket").replace("127.0.0.1", host)
        assert page.evaluate(OPEN, url + path) == "closed with 1006"
    assert newest(lab) == before


def test_a_page_of_the_server_itself_can(lab: Lab, page: Page):
    """Without this one, the test above could pass by a mistake of its own."""
    before = newest(lab)
    page.goto(f"{lab.url('polling')}/status")
    assert page.evaluate(WRITE, "/messages") == "basic"
    assert "from another site" in page.evaluate(READ, f"/messages?after={before}")
    page.goto(f"{lab.url('websocket').replace('ws:', 'http:')}/status")
    assert page.evaluate(OPEN, f"{lab.url('websocket')}/messages") == "open"
