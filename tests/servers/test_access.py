"""Who may ask: no page of another site, in a real browser too; and from other machines nobody without the token."""

import http.server
import threading
from collections.abc import Iterator
from functools import partial

import pytest
from playwright.sync_api import Page
from tools.following import FOLLOW
from tools.lab import UPGRADE, Lab, needs, serving
from tools.wire import each, each_http, is_problem, newest

from clients.errors import Refused
from loadtests.observe.browser import browsing

pytestmark = pytest.mark.starts

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


# ---- Request by request


@each
@pytest.mark.parametrize(("host", "status"), [
    ("localhost", 200), ("localhost:5001", 200), ("127.0.0.1", 200), ("127.0.0.1:1", 200), ("[::1]:5001", 200),
    ("192.168.1.5", 200), ("elsewhere.example", 403), ("localhost.elsewhere.example", 403), ("x", 403), ("", 400),
    ("localhost:x", 400), ("a/b", 400),
])  # fmt: skip
def test_a_name_that_a_name_server_could_give_out_is_not_answered(lab, transport, host, status):
    assert lab.request(transport, "GET", "/status", Host=host).status == status


@each_http
@pytest.mark.parametrize("origin", ["http://elsewhere.example", "null", "https://127.0.0.1", "http://localhost:1"])
def test_a_page_of_another_site_cannot_publish(lab, transport, origin):
    before = newest(lab)
    for path in ("/messages", "/echo"):
        assert is_problem(lab.request(transport, "POST", path, "x", Origin=origin), 403)
    assert newest(lab) == before


@pytest.mark.parametrize("path", ["/messages", "/echo"])
def test_a_page_of_another_site_cannot_open_a_websocket(lab, path):
    for origin in ("http://elsewhere.example", "null", "http://127.0.0.1:1"):
        assert is_problem(lab.request("websocket", "GET", path, Origin=origin, **UPGRADE), 403)
    own = f"http://127.0.0.1:{lab.ports['websocket']}"
    assert lab.request("websocket", "GET", path, Origin=own, **UPGRADE).status == 101


@each_http
@pytest.mark.parametrize("said", ["text/html", "image/svg+xml", "application/xhtml+xml", "text/javascript"])
def test_echo_is_no_page(lab, transport, said):
    answer = lab.request(transport, "POST", "/echo", "<script>", Content_Type=said)
    assert (answer.fields["Content-Type"], answer.body) == ("application/octet-stream", b"<script>")


@each
def test_to_other_machines_the_token_is_needed_everywhere(transport):
    command = ["--guests", "--ports", "0,0,0,0", "--source", "none", "--host", "0.0.0.0"]
    script = f"import servers.__main__ as command; raise SystemExit(command.main({command!r}))"
    with pytest.raises(AssertionError, match="can read and publish"), serving(script=script) as lab:
        token = lab.token
        with pytest.raises(Refused, match="403: the token that the server printed is missing"):
            next(FOLLOW[transport](lab.url(transport)))
        asked = [("GET", "/status"), ("GET", "/messages?wait=0"), ("GET", "/nothing")]
        asked += [("POST", "/messages"), ("POST", "/echo")] if transport != "websocket" else []
        for method, path in asked:
            assert is_problem(lab.request(transport, method, path), 403)
            query = f"{path}{'&' if '?' in path else '?'}token={token}"
            assert is_problem(lab.request(transport, method, f"{query}x"), 403)
            assert lab.request(transport, method, query, Host="the.lab.example").status != 403
        if transport == "websocket":
            assert is_problem(lab.request(transport, "GET", "/messages", **UPGRADE), 403)
            assert lab.request(transport, "GET", f"/messages?token={token}", **UPGRADE).status == 101
