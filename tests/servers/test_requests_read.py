"""What is a request, byte by byte: what proxies read in another way is refused, and never read as two."""

import socket
from contextlib import closing

import pytest
from tools.lab import UPGRADE, WAIT, Lab
from tools.wire import each, each_http, newest, opened, raw_exchange, read_to_end

pytestmark = pytest.mark.starts

HOST = b"Host: localhost\r\n"
HIDDEN = b"POST /messages HTTP/1.1\r\n" + HOST + b"Content-Length: 6\r\n\r\nhidden"
POST = b"POST /messages HTTP/1.1\r\n" + HOST
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n"
ASKED = b"GET /status HTTP/1.1\r\n"
KEY = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
HANDSHAKE = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" + KEY
AMBIGUOUS = {
    "two hosts": (ASKED + HOST + HOST + b"\r\n", 400),
    "no host": (ASKED + b"\r\n", 400),
    "host with a space": (ASKED + b"Host: a b\r\n\r\n", 400),
    "host not in ascii": (ASKED + b"Host: \xe9\r\n\r\n", 400),
    "two lengths": (POST + b"Content-Length: 0\r\nContent-Length: 5\r\n\r\n" + HIDDEN, 400),
    "length +5": (POST + b"Content-Length: +5\r\n\r\n" + HIDDEN, 400),
    "length 0_5": (POST + b"Content-Length: 0_5\r\n\r\n" + HIDDEN, 400),
    "length -1": (POST + b"Content-Length: -1\r\n\r\n" + HIDDEN, 400),
    "length and chunks": (CHUNKED + b"Content-Length: 5\r\n\r\n0\r\n\r\n" + HIDDEN, 400),
    "unknown coding": (POST + b"Transfer-Encoding: cow\r\n\r\n0\r\n\r\n" + HIDDEN, 400),
    "coding upon coding": (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + HIDDEN, 400),
    "no chunk size": (CHUNKED + b"\r\n\r\n\r\n" + HIDDEN, 400),
    "chunk size 0x1": (CHUNKED + b"\r\n0x1\r\na\r\n0\r\n\r\n" + HIDDEN, 400),
    "chunk size -1": (CHUNKED + b"\r\n-1\r\na\r\n0\r\n\r\n" + HIDDEN, 400),
    "chunk longer than said": (CHUNKED + b"\r\n1\r\nabc\r\n0\r\n\r\n" + HIDDEN, 400),
    "name with a space": (ASKED + HOST + b"X y: 1\r\n\r\n", 400),
    "space before the colon": (ASKED + HOST + b"X : 1\r\n\r\n", 400),
    "name with a slash": (ASKED + HOST + b"X/A: 1\r\n\r\n", 400),
    "line without a colon": (ASKED + HOST + b"nothing\r\nX: 1\r\n\r\n", 400),
    "NUL in a value": (ASKED + HOST + b"X: a\0b\r\n\r\n", 400),
    "http/1": (b"GET /status HTTP/1\r\n" + HOST + b"\r\n", 400),
    "http/2.0": (b"GET /status HTTP/2.0\r\n" + HOST + b"\r\n", 505),
    "http/0.9": (b"GET /status\r\n\r\n", 505),
    "a coding in http/1.0": (CHUNKED.replace(b"1.1", b"1.0") + b"\r\n0\r\n\r\n" + HIDDEN, 400),
    "two codings": (CHUNKED + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN, 400),
    "lines that end in LF": (ASKED.replace(b"\r", b"") + b"Host: localhost\n\n", 400),
    "a CR in a value": (ASKED + HOST + b"X: a\rb\r\n\r\n", 400),
    "a folded line": (ASKED + HOST + b"X: folded\r\n  over two lines\r\n\r\n", 400),
    "a folded type": (POST + b"Content-Type: text/plain;\r\n charset=utf-8\r\nContent-Length: 6\r\n\r\nhidden", 400),
    "a line in a trailer of 100,000 B": (CHUNKED + b"\r\n0\r\nX: " + b"x" * 100_000 + b"\r\n\r\n" + HIDDEN, 431),
    "an extension of 100,000 B": (CHUNKED + b"\r\n5;" + b"x" * 100_000 + b"\r\nhello\r\n0\r\n\r\n", 431),
    "no request": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "a head of 100,000 B": (ASKED + HOST + b"X: " + b"x" * 100_000 + b"\r\n\r\n", 431),
    "a line of 100,000 B": (b"GET /" + b"x" * 100_000, 431),
}  # fmt: skip


@each
@pytest.mark.parametrize("case", AMBIGUOUS)
def test_what_can_be_read_in_two_ways_is_refused_and_the_connection_ended(lab, transport, case):
    request, status = AMBIGUOUS[case]
    before = newest(lab)
    answer = raw_exchange(lab, transport, request)
    statuses = [line.split()[1] for line in answer.splitlines() if line.startswith(b"HTTP/1.1 ")]
    if transport == "websocket" and request.startswith(b"POST"):
        assert set(statuses) <= {b"400", b"405", b"431"}, "it takes no POST, whatever the body"
    else:
        assert statuses == [str(status).encode()]
    assert b"application/problem+json" in answer
    assert newest(lab) == before, "nothing was read out of a body"


@each
def test_what_is_unusual_and_clear_is_answered(lab, transport):
    lines = [b"X-" + str(number).encode() + b": y\r\n" for number in range(300)]
    for request in (
        ASKED + HOST + b"".join(lines) + b"Connection: close\r\n\r\n",
        b"\r\n\r\n" + ASKED + HOST + b"Connection: close\r\n\r\n",
        ASKED + HOST + b"X: \xe9\r\nCookie: a=1\r\nCookie: b=2\r\nConnection: close\r\n\r\n",
    ):
        assert raw_exchange(lab, transport, request).startswith(b"HTTP/1.1 200 ")


@each
@pytest.mark.parametrize("between", [b"", b"\r\n"], ids=["nothing", "an empty line"])
def test_a_request_may_come_in_two_pieces_behind_another(lab, transport, between):
    request = between + b"GET /nothing HTTP/1.1\r\n" + HOST + b"\r\n"
    with closing(socket.create_connection(("127.0.0.1", lab.ports[transport]), WAIT)) as sock:
        for cut in range(1, len(request)):
            sock.sendall(request + request[:cut])
            assert sock.recv(65_536).startswith(b"HTTP/1.1 404 "), cut
            sock.sendall(request[cut:])
            assert sock.recv(65_536).startswith(b"HTTP/1.1 404 "), cut


@each
def test_the_host_of_an_absolute_target_counts(lab, transport):
    """RFC 9112 section 3.2.2."""
    asked = b"GET http://%s/status?x=1 HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n"
    assert raw_exchange(lab, transport, asked % (b"127.0.0.1:1", b"elsewhere.example")).startswith(b"HTTP/1.1 200 ")
    assert raw_exchange(lab, transport, asked % (b"elsewhere.example", b"localhost")).startswith(b"HTTP/1.1 403 ")


@each_http
def test_an_upgrade_does_not_hide_a_body(lab, transport):
    """Passed over by HTTP servers (RFC 9110 section 7.8), the request behind the body included."""
    before = newest(lab)
    last = b"GET /messages?after=%d HTTP/1.1\r\n" % before + HOST + b"Connection: close\r\n\r\n"
    body = POST + HANDSHAKE + b"Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"
    answer = raw_exchange(lab, transport, body + last)
    assert answer.startswith(b"HTTP/1.1 201 ") and b"HTTP/1.1 200 " in answer
    assert newest(lab) == before + 1


@each_http
def test_an_http_server_passes_over_an_upgrade(lab, transport):
    assert lab.request(transport, "GET", f"/messages?after={newest(lab)}&wait=0", **UPGRADE).status == 204


@pytest.mark.parametrize("method", [b"HEAD", b"POST", b"get", b"Get"])
def test_only_get_upgrades(lab, method):
    request = method + b" /messages HTTP/1.1\r\n" + HOST + HANDSHAKE.replace(b"Connection: ", b"Connection: close, ")
    assert not raw_exchange(lab, "websocket", request + b"\r\n").startswith(b"HTTP/1.1 101")


@pytest.mark.parametrize("lines", [
    b"Host: \xe9\r\n", b"Host: localhost\r\nSec-WebSocket-Protocol: \xe9/\xff\r\n", b"Host: localhost\r\nX/A: b\r\n",
    b"Host: localhost\r\nX: a\0b\r\n", b"Host: localhost\r\nTransfer-Encoding: cow\r\n",
    b"Host: localhost\r\nContent-Length: 3\r\n", b"Host: localhost\r\nSec-WebSocket-Extensions: ;;=,\r\n",
])  # fmt: skip
@pytest.mark.parametrize("servers", ["lab", "secure_lab"])
def test_a_handshake_spoilt_by_a_line_is_no_500(servers, lines, request):
    lab: Lab = request.getfixturevalue(servers)
    with closing(lab.connection("websocket")) as connection:
        connection.connect()
        connection.sock.sendall(b"GET /messages HTTP/1.1\r\n" + lines + HANDSHAKE + b"\r\nabc")
        status = connection.sock.recv(65_536).split()[1]
    assert status in (b"400", b"501") or b"Extensions" in lines or b"Protocol" in lines and status == b"101"


def test_what_comes_behind_the_handshake_is_not_lost(lab):
    before = newest(lab)
    text = b"\x81\x85\x00\x00\x00\x00hello"
    with socket.create_connection(("127.0.0.1", lab.ports["websocket"]), WAIT) as sock:
        sock.sendall(b"GET /messages?after=%d HTTP/1.1\r\n" % before + HOST + HANDSHAKE + b"\r\n" + text)
        seen = b""
        while b'"hello"' not in seen:
            seen += sock.recv(65_536)
    assert seen.startswith(b"HTTP/1.1 101 ") and newest(lab) == before + 1


@each_http
def test_who_expects_100_and_sends_too_much_gets_413_and_no_more(lab, transport):
    head = POST + b"Expect: 100-continue\r\nContent-Length: 1000000\r\n\r\n"
    answer = raw_exchange(lab, transport, head)
    assert answer.startswith(b"HTTP/1.1 413 ") and b"100 Continue" not in answer


@each_http
def test_who_expects_100_gets_it(lab, transport):
    with socket.create_connection(("127.0.0.1", lab.ports[transport]), WAIT) as sock:
        sock.sendall(POST + b"Expect: 100-continue\r\nContent-Length: 5\r\nConnection: close\r\n\r\n")
        assert sock.recv(65_536).startswith(b"HTTP/1.1 100 ")
        sock.sendall(b"hello")
        assert read_to_end(sock).startswith(b"HTTP/1.1 201 ")


def test_a_close_frame_is_no_request(lab):
    """Bytes after the end of a WebSocket are read by nobody."""
    with opened(lab, "/messages") as sock:
        sock.sendall(b"\x88\x82\x00\x00\x00\x00\x03\xe8" + ASKED + HOST + b"\r\n")
        assert b"HTTP/1.1" not in read_to_end(sock)
