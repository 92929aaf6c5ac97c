"""The header profiles: against the recording, against what the installed libraries really send, and to the byte."""

import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
import websockets.exceptions
from tools.lab import LOCUST, ROOT, needs
from websockets.sync.client import connect

from loadtests.headers.profiles import HANDSHAKE, PROFILES, RECORDING, recorded
from loadtests.headers.record import FILE, headed
from results.audit.hpack_heads import PRINTED_REQUEST, PRINTED_RESPONSE
from results.audit.printed import ADDED_FIELDS, REQUEST_FIELDS

pytestmark = pytest.mark.starts

TRANSPORTS = ("polling", "long-polling", "websocket")
COOKIE_SIZES = [*range(13, 400), 500, 1000, 1024, 4096, 8000]


def size(lines: list[tuple[str, str]]) -> int:
    return sum(len(f"{name}: {value}\r\n".encode()) for name, value in lines)


def head_sent_by(ask: Callable[[int], object]) -> list[tuple[str, str]]:
    """The field lines that reach a socket when `ask(port)` makes its request, read off the bytes."""
    heads = []

    def answer(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            heads.append(connection.recv(65536).decode())
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer, args=(listener,))
        thread.start()
        ask(listener.getsockname()[1])
        thread.join(10)
    start, *lines = heads[0].removesuffix("\r\n\r\n").split("\r\n")
    assert start == "GET /messages?after=17 HTTP/1.1"
    return [tuple(line.split(": ", 1)) for line in lines]


def ask_with_requests(port: int) -> None:
    with requests.Session() as session:
        session.trust_env = False
        session.get(f"http://127.0.0.1:{port}/messages?after=17", timeout=10)


def ask_with_websockets(port: int) -> None:
    with pytest.raises(websockets.exceptions.InvalidStatus):
        connect(f"ws://127.0.0.1:{port}/messages?after=17", proxy=None)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_the_minimal_profile_is_host_alone(transport):
    assert PROFILES["minimal"].fields(transport, "127.0.0.1:5001") == [("Host", "127.0.0.1:5001")]


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_host_comes_first_and_the_cookie_last(profile, transport):
    bare = [line for line in profile.fields(transport, "example.test:80") if line != ("Cookie", profile.own_cookie)]
    assert bare[0] == ("Host", "example.test:80")
    assert [name for name, _ in profile.fields(transport, "h", 50)] == [name for name, _ in bare] + ["Cookie"]
    assert len({name.lower() for name, _ in bare}) == len(bare)


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_polling_and_long_polling_send_the_same(profile):
    assert profile.fields("polling", "h", 99) == profile.fields("long-polling", "h", 99)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_cookie_line_takes_exactly_the_bytes_asked(transport):
    for profile in PROFILES.values():
        without = size([line for line in profile.fields(transport, "127.0.0.1:5001") if line[0] != "Cookie"])
        for cookie_bytes in COOKIE_SIZES:
            assert size(profile.fields(transport, "127.0.0.1:5001", cookie_bytes)) - without == cookie_bytes


def test_a_cookie_is_made_of_name_value_pairs_that_no_two_share():
    for cookie_bytes in COOKIE_SIZES:
        name, value = PROFILES["minimal"].fields("polling", "h", cookie_bytes)[-1]
        assert name == "Cookie"
        assert re.fullmatch(r"[\w]+=[0-9a-f]+(; [\w]+=[0-9a-f]+)*", value)  # RFC 6265, section 4.2.1
        names = [pair.split("=")[0] for pair in value.split("; ")]
        assert len(set(names)) == len(names)


@pytest.mark.parametrize("cookie_bytes", [1, 12, -1])
def test_a_cookie_line_below_13_bytes_is_refused(cookie_bytes):
    with pytest.raises(ValueError, match="at least 13 bytes"):
        PROFILES["minimal"].fields("polling", "h", cookie_bytes)


def test_another_transport_is_refused():
    with pytest.raises(ValueError, match="polling, long-polling, websocket"):
        PROFILES["browser"].fields("carrier-pigeon", "h")


def test_the_python_profile_is_what_the_installed_requests_sends():
    sent = head_sent_by(ask_with_requests)
    assert PROFILES["python"].fields("polling", sent[0][1]) == sent


def test_the_python_profile_is_what_the_installed_websockets_sends():
    sent = head_sent_by(ask_with_websockets)
    beyond = [sent[0], *((name, value) for name, value in sent if name.lower() not in HANDSHAKE)]
    beyond = [(name, re.sub(r"Python/3\.\d+", "Python/3.11", value)) for name, value in beyond]
    assert PROFILES["python"].fields("websocket", sent[0][1]) == beyond


def test_the_browser_profile_names_the_host_it_asks():
    http = dict(PROFILES["browser"].fields("polling", "127.0.0.1:5001"))
    upgrade = dict(PROFILES["browser"].fields("websocket", "127.0.0.1:5003"))
    assert http["Referer"] == "http://127.0.0.1:5001/"
    assert upgrade["Origin"] == "http://127.0.0.1:5003"
    assert "localhost" not in str([http, upgrade])


def test_over_tls_browsers_say_https():
    http = dict(PROFILES["browser"].fields("polling", "127.0.0.1:5001", secure=True))
    upgrade = dict(PROFILES["browser"].fields("websocket", "127.0.0.1:5003", secure=True))
    assert (http["Referer"], upgrade["Origin"]) == ("https://127.0.0.1:5001/", "https://127.0.0.1:5003")
    for profile in PROFILES.values():
        secure = [(name, value.replace("http:", "https:")) for name, value in profile.fields("polling", "h")]
        assert profile.fields("polling", "h", secure=True) == secure


def test_a_browser_of_2005_sends_what_its_preferences_say():
    """Literal bytes: start line and Host apart, 8 lines, as a request of November 2005 has them."""
    lines = [f"{name}: {value}\r\n" for name, value in PROFILES["2005"].fields("polling", "h")[1:]]
    assert len(lines) == 8 and sum(map(len, lines)) == 378
    assert lines[0] == (
        "User-Agent: Mozilla/5.0 (Windows; U; Windows NT 5.1; en-US; rv:1.8) Gecko/20051111 Firefox/1.5\r\n"
    )
    assert "Firefox 1.5" in PROFILES["2005"].source and "Keep-Alive: 300\r\n" in lines


def test_the_heads_of_2010_are_the_printed_ones():
    fields = PROFILES["2010"].fields
    assert fields("polling", "localhost:8080") == list(PRINTED_REQUEST.fields)
    assert [line for line in PRINTED_RESPONSE.fields if line in PROFILES["2010"].answer] == list(ADDED_FIELDS)
    page_bound = {"Referer", "Keep-Alive", "Connection"}
    upgrade = {name for name, _ in PRINTED_REQUEST.fields} - page_bound | {"Origin"}
    assert {name for name, _ in fields("websocket", "h")} == upgrade


def test_the_browser_profile_leaves_the_handshake_to_the_client():
    upgrade = dict(PROFILES["browser"].fields("websocket", "h"))
    assert {name.lower() for name in upgrade} & HANDSHAKE == {"host"}
    assert upgrade["Sec-WebSocket-Extensions"].startswith("permessage-deflate")


def test_the_recording_is_a_browsers_head_of_plausible_size():
    recorded = json.loads(RECORDING.read_text(encoding="utf-8"))
    assert re.match(r"Chrom\w+ \d+", recorded["recorded_with"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", recorded["date"])
    assert "Headless" not in str(recorded["http"] + recorded["websocket"])
    assert 350 < size(recorded["http"]) < 900
    assert 350 < size(recorded["websocket"]) < 900


class Recorder(BaseHTTPRequestHandler):
    """Keeps what is asked, and says what a server without messages says of itself."""

    protocol_version = "HTTP/1.1"
    asked: list[tuple[str, list[tuple[str, str]]]]

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers.items()))
        body = json.dumps({"transport": self.transport, "epoch": "e", "oldest": 1, "newest": 0}).encode()
        self.send_response(200 if self.path == "/status" else 503)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(
    ("transport", "user", "kind", "profile"),
    [("polling", "PollingUser", "http", "browser"), ("long-polling", "LongPollingUser", "http", "browser"),
     ("websocket", "WebSocketUser", "websocket", "browser"), ("polling", "PollingUser", "http", "2010")],
)  # fmt: skip
def test_the_locust_users_send_what_a_browser_sent_line_by_line(transport, user, kind, profile):
    """The recorded one, and the article's.

    But for the key of a WebSocket, which is new each time, and the place of the handshake's own lines.
    """
    handler = type("Handler", (Recorder,), {"transport": transport, "asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"{'ws' if kind == 'websocket' else 'http'}://127.0.0.1:{server.server_port}"
        command = [*LOCUST, user, "-u", "1"]
        command += ["-t", "2s", "--host", url, "--header-profile", profile]
        subprocess.run(command, cwd=ROOT, timeout=60, capture_output=True)
        server.shutdown()
    sent = next(fields for path, fields in handler.asked if path.startswith("/messages"))
    expected = recorded(kind, sent[0][1]) if profile == "browser" else [sent[0], *REQUEST_FIELDS]
    if kind == "websocket":
        sent, expected = (sorted(line for line in each if line[0] != "Sec-WebSocket-Key") for each in (sent, expected))
    assert sent == expected


def test_a_headless_name_is_replaced_and_nothing_else():
    fields = [["User-Agent", "Mozilla/5.0 HeadlessChrome/156.0.0.0 Safari/537.36"], ["Accept", "*/*"]]
    assert headed(fields) == [["User-Agent", "Mozilla/5.0 Chrome/156.0.0.0 Safari/537.36"], ["Accept", "*/*"]]


def test_the_browser_still_sends_the_field_lines_recorded(tmp_path):
    needs("chromium")
    command = [sys.executable, "-m", "loadtests.headers.record", tmp_path / "again.json"]
    subprocess.run(command, check=True, timeout=100, capture_output=True)
    again, committed = (json.loads(path.read_text()) for path in (tmp_path / "again.json", FILE))
    for kind in ("http", "websocket"):
        assert [name for name, _ in again[kind]] == [name for name, _ in committed[kind]]
