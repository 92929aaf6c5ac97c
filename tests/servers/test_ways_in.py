"""What is sent to a server, row by row of the contract, by clients that are not this project's."""

import json

import pytest
import requests
import websocket
from tools.lab import WAIT, Answer, Lab
from tools.readers import reading
from tools.wire import each_http, is_problem, newest, websocket_to

pytestmark = pytest.mark.starts

MIB = 1024 * 1024


# ---- Posting


def post(lab: Lab, transport: str, body: bytes, media_type: str | None = "application/json") -> Answer:
    fields = {"Content_Type": media_type} if media_type else {}
    return lab.request(transport, "POST", "/messages", body, **fields)


@each_http
@pytest.mark.parametrize(("media_type", "body", "data"), [
    ("application/json", b' {"a": [1, 2.50, "\\u00e4"]} ', {"a": [1, 2.5, "ä"]}),
    ("application/json", b"null", None),
    ("application/json; charset=utf-8", b'"text"', "text"),
    ("APPLICATION/JSON", b"17", 17),
    ("text/plain", b'{"a": 1}', '{"a": 1}'),
    ("text/plain; charset=utf-8", "zürich €".encode(), "zürich €"),
    ("application/x-www-form-urlencoded", b"a=1&b=2", "a=1&b=2"),
    ("multipart/form-data; boundary=x", b"--x--", "--x--"),
    (None, b"untyped", "untyped"),
    ("text/plain", b"", ""),
])
def test_what_is_posted_is_published(lab, transport, media_type, body, data):
    answer = post(lab, transport, body, media_type)
    assert (answer.status, answer.fields["Content-Type"]) == (201, "application/json")
    assert answer.json["data"] == data and answer.json["seq"] == newest(lab)
    with reading(lab, "websocket", after=answer.json["seq"] - 1) as reader:
        assert reader.read(1) == [answer.body]


@each_http
@pytest.mark.parametrize(("media_type", "body"), [
    ("application/json", b""), ("application/json", b"{"), ("application/json", b"'a'"), ("application/json", b"NaN"),
    ("application/json", b'{"a":[Infinity]}'), ("application/json", b"-Infinity"), ("application/json", b"1e999"),
    ("application/json", b'"\\ud800"'), ("application/json", b'"\xff"'), ("application/json", b"[" * 60_000),
    ("application/json", b"9" * 5000),
    ("text/plain", b"\xff"), ("text/plain", b"caf\xc3"), (None, b"\xed\xa0\x80"),
], ids=lambda value: repr(value)[:24])
def test_what_cannot_be_read_is_400_and_not_published(lab, transport, media_type, body):
    before = newest(lab)
    assert is_problem(post(lab, transport, body, media_type), 400)
    assert newest(lab) == before


@each_http
def test_65536_bytes_are_the_largest_post(lab, transport):
    text = b"x" * 65_536
    assert post(lab, transport, text, "text/plain").json["data"] == text.decode()
    before = newest(lab)
    assert is_problem(post(lab, transport, text + b"x", "text/plain"), 413)
    assert is_problem(post(lab, transport, b'"' + text + b'"'), 413)
    assert newest(lab) == before


def post_chunks(lab: Lab, transport: str, pieces: list[bytes]) -> requests.Response:
    url = f"{lab.url(transport)}/messages"
    return requests.post(url, iter(pieces), timeout=WAIT, headers={"Content-Type": "text/plain"})


@each_http
def test_a_body_in_chunks_is_a_body(lab, transport):
    for pieces in ([b"in ", b"pieces"], [b"x" * 32_768] * 2):
        answer = post_chunks(lab, transport, pieces)
        assert (answer.status_code, answer.json()["data"]) == (201, b"".join(pieces).decode())


@each_http
def test_a_body_in_chunks_has_the_same_limit(lab, transport):
    before = newest(lab)
    for pieces in ([b"x" * 32_768, b"x" * 32_769], [b"x" * 1000] * 1000):
        assert post_chunks(lab, transport, pieces).status_code == 413
    assert newest(lab) == before


@each_http
def test_after_a_refused_body_the_server_goes_on(lab, transport):
    assert is_problem(post(lab, transport, b"x" * 1_000_000, "text/plain"), 413)
    assert post(lab, transport, b"fine", "text/plain").status == 201


# ---- The WebSocket, as a way in


@pytest.mark.parametrize("text", ["", "hello", '{"a": 1}', "zürich €\U0001f30d", "x" * 65_536, "é" * 32_768],
                         ids=lambda text: f"{len(text.encode())} B")
def test_a_text_message_is_published_as_text(lab, text):
    ws = websocket_to(lab, "/messages")
    ws.send(text)
    opcode, message = ws.recv_data()
    ws.close()
    assert (opcode, json.loads(message)["data"]) == (websocket.ABNF.OPCODE_TEXT, text)
    assert lab.ask("polling", after=json.loads(message)["seq"] - 1).body == message + b"\n"


@pytest.mark.parametrize(("send", "code"), [
    (lambda ws: ws.send("x" * 65_537), 1009),
    (lambda ws: ws.send("é" * 32_769), 1009),
    (lambda ws: ws.send_binary(b"bytes"), 1003),
    (lambda ws: ws.send(b"\xff", websocket.ABNF.OPCODE_TEXT), 1007),
    (lambda ws: ws.sock.sendall(b"\x83\x80\x00\x00\x00\x00"), 1002),
    (lambda ws: ws.sock.sendall(b"\x81\x01x"), 1002),
], ids=["65,537 B", "65,538 B of 2-byte characters", "binary", "no UTF-8", "unknown opcode", "unmasked"])
def test_what_is_no_text_of_65536_bytes_ends_the_connection(lab, send, code):
    before = newest(lab)
    ws = websocket_to(lab, "/messages")
    send(ws)
    opcode, data = ws.recv_data()
    assert (opcode, int.from_bytes(data[:2])) == (websocket.ABNF.OPCODE_CLOSE, code)
    assert ws.sock.recv(1) == b""
    ws.shutdown()
    assert newest(lab) == before


def test_reader_and_writer_share_a_connection(lab):
    ws = websocket_to(lab, "/messages")
    posted = []
    for number in range(20):
        ws.send(f"mine {number}")
        posted.append(lab.post(f"another's {number}"))
    received = [ws.recv_data()[1] for _ in range(40)]
    ws.close()
    numbers = [json.loads(message)["seq"] for message in received]
    assert numbers == list(range(numbers[0], numbers[0] + 40))
    assert set(posted) < set(received)


# ---- Echo


SIZES = [0, 1, 125, 126, 65_535, 65_536, MIB, 16 * MIB]


def bytes_of(size: int) -> bytes:
    return (bytes(range(256)) * (size // 256 + 1))[:size]


@each_http
@pytest.mark.parametrize("size", SIZES)
def test_echo_by_post(lab, transport, size):
    answer = lab.request(transport, "POST", "/echo", bytes_of(size), Content_Type="image/png")
    assert (answer.status, answer.fields["Content-Type"]) == (200, "image/png")
    assert answer.body == bytes_of(size)


@each_http
def test_echo_of_text_is_text(lab, transport):
    answer = lab.request(transport, "POST", "/echo", "zürich".encode(), Content_Type="text/plain; charset=utf-8")
    assert (answer.fields["Content-Type"], answer.body.decode()) == ("text/plain; charset=utf-8", "zürich")


@each_http
def test_echo_beyond_16_mib_is_413(lab, transport):
    assert is_problem(lab.request(transport, "POST", "/echo", bytes(16 * MIB + 1)), 413)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", ["text", "binary"])
def test_echo_by_websocket(lab, size, kind):
    opcode = websocket.ABNF.OPCODE_TEXT if kind == "text" else websocket.ABNF.OPCODE_BINARY
    data = b"x" * size if kind == "text" else bytes_of(size)
    ws = websocket_to(lab, "/echo", skip_utf8_validation=True)
    ws.send(data, opcode)
    assert ws.recv_data() == (opcode, data)
    ws.close()


def test_one_echo_follows_another(lab):
    ws = websocket_to(lab, "/echo")
    for size in (5, 0, 70_000, 1):
        ws.send_binary(bytes_of(size))
        ws.send("é" * size)
        assert [ws.recv_data() for _ in range(2)] == [(2, bytes_of(size)), (1, ("é" * size).encode())]
    ws.close()


def test_echo_of_more_than_16_mib_is_1009(lab):
    ws = websocket_to(lab, "/echo")
    ws.send_binary(bytes(16 * MIB + 1))
    opcode, data = ws.recv_data()
    ws.shutdown()
    assert (opcode, int.from_bytes(data[:2])) == (websocket.ABNF.OPCODE_CLOSE, 1009)
