"""What is observed: against the standards' figures, three times the same, and against another library's server."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

import pytest
from filelock import FileLock
from playwright.sync_api import Page
from tools.lab import ROOT, needs
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from loadtests.observe import events, http2_page
from loadtests.observe.browser import browsing, visit
from results import table

pytestmark = pytest.mark.starts

Rows = list[dict[str, str]]
FRAME_HEADS = {0: 2, 1: 2, 125: 2, 126: 4, 127: 4, 65_535: 4, 65_536: 10}  # RFC 6455, section 5.2; a mask takes 4 more


def observe(**environment: str) -> Rows:
    command = [sys.executable, "-m", "loadtests.observe"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                          env=environment or None) as process:  # fmt: skip
        parts = [json.loads(line) for line in process.stdout]
    assert process.returncode == 0 and parts[-1]["left"] == 0
    return [row for part in parts for row in part["seen"]]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """What is observed, once for all processes that share the tests of this file."""
    needs("chromium")
    own = tmp_path_factory.getbasetemp()  # beside those of the other processes, if there are any
    file = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "observed.json"
    with FileLock(f"{file}.lock"):
        if not file.exists():
            file.write_text(json.dumps(observe()))
        return json.loads(file.read_text())


def seen(rows: Rows, claim: str, quantity: str) -> dict[str, str]:
    return {row["condition"]: row["value"] for row in rows if (row["claim"], row["quantity"]) == (claim, quantity)}


def test_every_row_is_one_of_the_table_and_its_own(rows, tmp_path):
    table.write_observations(tmp_path / "observations.csv", rows)
    assert table.records(table.read_observations(tmp_path)) == rows
    kinds = [(row["claim"], row["quantity"], row["condition"]) for row in rows]
    assert len(set(kinds)) == len(kinds)
    assert {row["claim"] for row in rows} == {"C4", "C7", "C8", "C9", "C10", "C12", "C13", "C14", "C16",
                                             "C1", "SSE"}


def test_frame_heads_are_those_of_the_standard(rows):
    expected = {}
    for kind in ("text", "binary"):
        for size, head in FRAME_HEADS.items():
            expected |= {
                f"{size:,} B {kind} from the server": str(head),
                f"{size:,} B {kind} from the client": str(head + 4),
            }
    assert seen(rows, "C9", "bytes before the data") == expected


def test_a_poll_needs_host_and_a_handshake_five_lines(rows):
    fields = seen(rows, "C4", "fields of the shortest")
    assert fields["poll of a browser"] == "Host"
    assert set(fields["handshake of a browser"].split(", ")) == {
        "Host", "Connection", "Upgrade", "Sec-WebSocket-Version", "Sec-WebSocket-Key"}  # fmt: skip
    assert seen(rows, "C4", "without Host")["poll of a browser"] == "status 400"


def test_the_handshake_of_the_argument_is_refused(rows):
    status = seen(rows, "C7", "status")
    assert [status[f"as sent by {who}"] for who in ("a browser", "Python", "the argument, simplified")] == [
        "101",
        "101",
        "400",
    ]
    assert seen(rows, "C7", "Accept answered") == {"dGhlIHNhbXBsZSBub25jZQ==": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="}


def test_the_connection_is_the_same_and_speaks_http_no_more(rows):
    values = {row["quantity"]: row["value"] for row in rows if row["claim"] == "C8"}
    assert sum(value == "the same" for value in values.values()) == (3 if sys.platform == "linux" else 2)
    assert values["HTTP after the 101 is answered as HTTP"] == "no"
    assert values["first bytes of that answer"].startswith("88 ")  # a close frame


def test_a_message_comes_with_its_last_fragment(rows):
    pieces = seen(rows, "C10", "text handed out")
    assert pieces["a browser"] == pieces["websockets, recv"] == pieces["simple-websocket, receive"] == "first second"
    assert pieces["websockets, recv_streaming"] == "first  | second"
    moments = {name: [float(moment) for moment in value.split(", ")]
               for name, value in seen(rows, "C10", "text is handed out after").items()}  # fmt: skip
    pongs = {name: float(value) for name, value in seen(rows, "C10", "pong comes after").items()}
    for name in pieces:
        assert 0.4 <= pongs[name] <= 0.9 and 0.9 <= moments[name][-1] <= 1.6
    assert moments["websockets, recv_streaming"][0] <= 0.4


def test_error_comes_just_before_close(rows):
    found = seen(rows, "C12", "events")
    assert found["the client closes"] == "open, close" and found["the server closes"] == "open, message, close"
    for how in ("the path is answered with 404", "the server refuses the origin", "nobody listens on the port"):
        assert found[how] == "error, close"
    for how in ("the server sends a reserved opcode", "the server sends bad UTF-8"):
        assert found[how] == "open, error, close"
    codes = seen(rows, "C12", "code")
    assert (codes["the client sends too much"], codes["the server closes"], codes["the server is killed"]) == (
        "1009", "1000", "1006")  # fmt: skip


def test_send_works_only_while_open(rows):
    assert seen(rows, "C13", "send()") == {
        "CONNECTING (0)": "throws InvalidStateError",
        "OPEN (1)": "returns",
        "CLOSING (2)": "returns",
        "CLOSED (3)": "returns",
    }
    assert list(seen(rows, "C13", "messages at the server").values()) == ["1"]
    assert list(seen(rows, "C13", "message events").values()) == ["0"]


def test_an_image_is_binary_data(rows):
    assert set(seen(rows, "C14", "comes back").values()) == {"the same"}
    assert seen(rows, "C14", "opcode") == {
        "a text": "1",
        "binary data": "2",
        "a PNG image": "2",
        "a PNG image in base64": "1",
    }
    assert seen(rows, "C14", "close code of the server") == {"a text that is not UTF-8": "1007"}


def test_a_page_over_https_opens_wss_alone(rows):
    assert seen(rows, "C16", "port without saying one") == {"http": "80", "https": "443", "ws": "80", "wss": "443"}
    pages = seen(rows, "C16", "from a page over https")
    assert (pages["ws"], pages["wss"], pages["http"]) == ("refused", "reached", "refused")
    assert set(seen(rows, "C16", "from a page over http").values()) == {"reached"}


def lasting(rows: Rows) -> Rows:
    """What is the same each time: no seconds, which a busy machine stretches; no bytes over HTTP/2, where ports and
    epochs have codes of different lengths.
    """
    return [row for row in rows if row["unit"] != "s" and not row["quantity"].startswith("HTTP/2")]


def test_it_is_the_same_a_second_time(rows):
    assert lasting(observe()) == lasting(rows)


def test_without_a_browser_the_rest_stands(rows, tmp_path):
    """The verdicts say then that it was not observed."""
    found = observe(PATH=str(tmp_path), PYTHONPATH=str(ROOT))
    assert {row["claim"] for row in found} - {"C1"} == {"C4", "C7", "C8", "C9", "C10", "C14"}
    assert all(row in rows for row in lasting(found))


# ---- A server of another library


def at_path(connection: ServerConnection) -> None:
    """What the lab's server does at its paths, and the scripted one at its own, as far as websockets can."""
    path = connection.request.path
    try:
        if path == "/close":
            connection.send("news")
            connection.close(1000, "done")
        elif path == "/reserved":
            connection.socket.sendall(b"\x83\x00")
        elif path == "/utf8":
            connection.socket.sendall(b"\x81\x02\xc3\x28")
        for message in connection:
            connection.send(message)
    except ConnectionClosed:
        return


def refuse(connection: ServerConnection, request):
    refused = {"/refused": HTTPStatus.FORBIDDEN, "/nothing": HTTPStatus.NOT_FOUND, "/page": HTTPStatus.OK}
    if status := refused.get(request.path):
        return connection.respond(status, "observed\n")


@contextmanager
def another_server() -> Iterator[str]:
    with serve(at_path, "127.0.0.1", 0, process_request=refuse, max_size=65_536) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{server.socket.getsockname()[1]}"
        finally:
            server.shutdown()
            thread.join()


def endings_at(page: Page, netloc: str) -> Rows:
    visit(page, f"http://{netloc}/page")
    url = f"ws://{netloc}"
    return [each.row() for words, (at, act) in events.endings(url, url).items()
            for each in events.ending(page, words, at, act)]  # fmt: skip


def test_a_browser_sees_the_same_of_another_server(rows):
    """Events, states and cleanness; codes, too, but for what a server may put into words of its own."""
    with another_server() as netloc, browsing() as page:
        theirs = endings_at(page, netloc)
    for quantity in ("events", "readyState at each", "wasClean", "code"):
        ours, other = seen(rows, "C12", quantity), seen(theirs, "C12", quantity)
        assert other == {how: ours[how] for how in other}, quantity


def test_requests_over_http2_have_the_bytes_that_hpack_computes(rows):
    """To the byte, first and later; and the cookies of a later request are one byte, an index."""
    needs("nginx")
    for which in ("first", "later"):
        assert seen(rows, "C1", f"HTTP/2, {which} request") == seen(rows, "C1", f"HTTP/2, {which} request, computed")
    later = {words: float(size) for words, size in seen(rows, "C1", "HTTP/2, later request").items()}
    first = {words: float(size) for words, size in seen(rows, "C1", "HTTP/2, first request").items()}
    assert set(later) == {"poll, no cookies", "poll, 1,024 B of cookies", "long poll, no cookies",
                          "long poll, 1,024 B of cookies"}  # fmt: skip
    assert all(40 < size < 80 for size in later.values())
    for words in ("poll", "long poll"):
        bare, laden = f"{words}, no cookies", f"{words}, 1,024 B of cookies"
        assert first[laden] - first[bare] > 600 and abs(later[laden] - later[bare]) <= 4


def test_an_event_source_reconnects_with_its_last_id_and_hears_nothing_of_a_refusal(rows):
    events_ = seen(rows, "SSE", "events")
    assert {events_[status] for status in ("204", "410", "503")} == {"error"}
    assert {seen(rows, "SSE", "readyState at each")[status] for status in ("204", "410", "503")} == {"2"}
    assert seen(rows, "SSE", "sent when it connects again")["the response ends after an event"] == "Last-Event-ID: 7"
    waits = {words: float(seconds) for words, seconds in seen(rows, "SSE", "reconnection time").items()}
    assert 0.3 < waits["the response ends, with retry: 500"] < 1.5 < waits["the response ends after an event"] < 4
    needs("nginx")
    over_http2 = {"HTTP/2, 12 streams are open": "at once"}
    assert seen(rows, "SSE", "another request is answered") == over_http2 | {
        "HTTP/1.1, 5 streams are open": "at once", "HTTP/1.1, 6 streams are open": "when one of them ends"}  # fmt: skip


def test_in_a_browser_http2_saves_bytes_and_no_time(rows):
    """A poll with a quarter of the bytes takes as long: the round trip. Twelve streams of an origin block nothing."""
    needs("nginx")
    size = {way: float(value) for way, value in seen(rows, "C1", http2_page.BYTES).items()}
    assert size["over TLS by HTTP/2"] < 0.4 * size["over TLS by HTTP/1.1"]
    times = [float(value) for value in seen(rows, "C1", http2_page.TIME).values()]
    assert len(times) == 2 and all(time >= 2 * http2_page.DELAY_MS for time in times)
