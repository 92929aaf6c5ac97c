"""The wire, row by row of the contract, read by clients that are not this project's."""

import base64
import hashlib
import json
import re
import socket
import time
from urllib.parse import urlencode

import pytest
import requests
import websocket
from tools.lab import HTTP, TRANSPORTS, UPGRADE, WAIT, Answer, Lab, answer_to, eventually, serving
from tools.readers import reading
from werkzeug.datastructures import MultiDict

from servers.feed import MemoryFeed
from servers.question import question
from servers.serving.server import TRANSPORTS as APPS

PROBLEM = "application/problem+json"
NDJSON = "application/x-ndjson"
MIB = 1024 * 1024
SHORT_FEED = """
from gevent import monkey
monkey.patch_all()
from servers.feed import MemoryFeed
from servers.publisher import Publisher
from servers.serving.run import serve
from servers.serving.server import PORTS, bind_all
feed = MemoryFeed(history=5)
for number in range(1, 9):
    feed.publish(number)
publisher = Publisher(feed, iter(()))
serve(bind_all(feed, publisher, dict.fromkeys(PORTS, 0), "127.0.0.1"), publisher, feed, True)
"""

each = pytest.mark.parametrize("transport", TRANSPORTS)
each_http = pytest.mark.parametrize("transport", HTTP)


@pytest.fixture(scope="module")
def short():
    """Servers of one feed that came to 8 and keeps 4 to 8."""
    with serving(script=SHORT_FEED) as servers:
        yield servers


@pytest.fixture(scope="module")
def new():
    """Servers of one feed with nothing in it yet."""
    with serving("--ports", "0,0,0", "--source", "none") as servers:
        yield servers


def newest(lab: Lab) -> int:
    return lab.status("polling")["newest"]


def is_problem(answer: Answer, status: int) -> bool:
    """Whether an answer is that problem, as RFC 9457 has it."""
    return (answer.status, answer.fields["Content-Type"], answer.json["status"]) == (status, PROBLEM, status)


def websocket_to(lab: Lab, path: str, **options: object) -> websocket.WebSocket:
    return websocket.create_connection(lab.url("websocket") + path, timeout=WAIT, **options)


def read_to_end(sock: socket.socket) -> bytes:
    """All bytes until the server ends TCP; TimeoutError if it does not."""
    return b"".join(iter(lambda: sock.recv(65_536), b""))


def raw_exchange(lab: Lab, transport: str, request: bytes) -> bytes:
    """What a server sends to these bytes until it ends TCP."""
    with socket.create_connection(("127.0.0.1", lab.ports[transport]), WAIT) as sock:
        sock.sendall(request)
        return read_to_end(sock)


def opened(lab: Lab, target: str) -> socket.socket:
    """A bare socket after the opening handshake."""
    sock = socket.create_connection(("127.0.0.1", lab.ports["websocket"]), WAIT)
    lines = [f"GET {target} HTTP/1.1", "Host: x", *(f"{name}: {text}" for name, text in UPGRADE.items()), "", ""]
    sock.sendall("\r\n".join(lines).encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += sock.recv(1)
    assert head.startswith(b"HTTP/1.1 101 ")
    return sock


# ---- One feed, one encoding


DATA = [None, True, -1.5, "", "tick", "zürich €\U0001f30d", 'quote " and \\ and \n', [1, [2]], {"b": {"ä": []}, "a": 1}]


def test_a_message_is_the_same_bytes_on_all_three(lab):
    after = newest(lab)
    posted = [lab.post(data, HTTP[number % 2]) for number, data in enumerate(DATA)]
    for transport in TRANSPORTS:
        with reading(lab, transport, after=after) as reader:
            assert reader.read(len(DATA)) == posted
    assert [json.loads(message)["data"] for message in posted] == DATA
    assert [json.loads(message)["seq"] for message in posted] == list(range(after + 1, after + 1 + len(DATA)))
    assert all(b", " not in message and b'": ' not in message for message in posted)
    assert "zürich €\U0001f30d".encode() in posted[5]


def test_a_message_states_the_actual_moment_of_its_publication(lab):
    before = time.time()
    message = lab.post("now")
    assert re.fullmatch(rb'\{"seq":\d+,"published_at":\d{10}\.\d{6},"data":"now"\}', message)
    assert before - 1e-6 <= json.loads(message)["published_at"] <= time.time()


@each
def test_without_after_a_reader_gets_what_comes_from_now_on(lab, transport):
    lab.post("before")
    with reading(lab, transport) as reader:
        posted = [lab.post("first"), lab.post("second")]
        assert reader.read(2) == posted


@each
def test_readers_follow_message_by_message(lab, transport):
    with reading(lab, transport, after=newest(lab)) as reader:
        for number in range(5):
            posted = lab.post(number)
            assert reader.read(1) == [posted]


# ---- Answers over HTTP


@each_http
def test_200_is_a_message_a_line(lab, transport):
    after = newest(lab)
    posted = [lab.post("one"), lab.post("two")]
    answer = lab.ask(transport, after=after)
    assert (answer.status, answer.fields["Content-Type"]) == (200, NDJSON)
    assert answer.body == posted[0] + b"\n" + posted[1] + b"\n"


@each_http
def test_204_has_neither_body_nor_media_type(lab, transport):
    answer = lab.ask(transport, after=newest(lab), wait=0)
    assert (answer.status, answer.body, answer.fields["Content-Type"]) == (204, b"", None)


@each_http
@pytest.mark.parametrize("empty", [True, False])
def test_an_answer_tells_of_the_feed_what_the_question_did_not(lab, transport, empty):
    lab.post("something")
    status = lab.status(transport)
    epoch, seq = status["epoch"], status["newest"]
    after = seq if empty else seq - 1

    def told(**query: object) -> tuple[int, str | None, str | None]:
        answer = lab.ask(transport, wait=0, **query)
        return answer.status, answer.fields["Feed-Epoch"], answer.fields["Feed-Newest"]

    code = 204 if empty else 200
    assert told() == (204, epoch, str(seq))
    assert told(epoch=epoch) == (204, None, str(seq))
    assert told(after=after) == (code, epoch, None)
    assert told(after=after, epoch=epoch) == (code, None, None)
    assert told(after=seq + 1) == (410, epoch, None)
    assert told(after=seq + 1, epoch=epoch) == (410, None, None)


def test_from_now_on_a_held_question_is_told_the_message_it_was_answered_with(lab):
    connection = lab.connection("long-polling")
    before = lab.status("long-polling")["requests"]
    connection.request("GET", "/messages")
    eventually(lambda: lab.status("long-polling")["requests"] > before)
    seq = json.loads(lab.post("news"))["seq"]
    answer = answer_to(connection)
    connection.close()
    assert (answer.json["seq"], answer.fields["Feed-Newest"]) == (seq, str(seq))


@each_http
def test_connections_persist(lab, transport):
    connection, ports = lab.connection(transport), set()
    statuses = []
    for number in range(20):
        connection.request("GET", f"/messages?after={10**9 if number == 7 else newest(lab)}&wait=0")
        ports.add(connection.sock.getsockname()[1])
        statuses.append(answer_to(connection).status)
    connection.close()
    assert statuses == [204] * 7 + [410] + [204] * 12
    assert len(ports) == 1


@each_http
@pytest.mark.parametrize("target", ["/messages?after=0&wait=0", "/status"])
def test_head_is_get_without_the_body(lab, transport, target):
    answer = lab.request(transport, "HEAD", target)
    assert (answer.status, answer.body) == (200, b"")


@each_http
def test_another_method_is_405(lab, transport):
    answer = lab.request(transport, "DELETE", "/messages")
    assert is_problem(answer, 405)
    assert {"GET", "POST"} <= set(answer.fields["Allow"].split(", "))


@each
def test_an_unknown_path_is_404(lab, transport):
    assert is_problem(lab.request(transport, "GET", "/nothing"), 404)


@each
def test_a_missing_host_is_400(lab, transport):
    answer = raw_exchange(lab, transport, b"GET /status HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert f"Content-Type: {PROBLEM}".encode() in answer


# ---- Holding


def test_polling_answers_at_once_whatever_the_wait(lab):
    began = time.monotonic()
    assert lab.ask("polling", after=newest(lab), wait=60).status == 204
    assert time.monotonic() - began < WAIT


@pytest.mark.parametrize("query", [{"wait": 60}, {"wait": "60.0"}, {}], ids=str)
def test_a_held_question_is_answered_as_soon_as_there_is_a_message(lab, query):
    connection = lab.connection("long-polling")
    connection.request("GET", f"/messages?{urlencode(query | {'after': newest(lab)})}")
    eventually(lambda: lab.status("long-polling")["clients"] == 1)
    posted = lab.post("news")
    answer = answer_to(connection)  # within WAIT, less than the wait asked for
    connection.close()
    assert (answer.status, answer.body) == (200, posted + b"\n")


@pytest.mark.parametrize("wait", [0, "0.5", 1])
def test_a_question_is_held_as_long_as_it_says(lab, wait):
    began = time.monotonic()
    assert lab.ask("long-polling", after=newest(lab), wait=wait).status == 204
    assert float(wait) - 0.01 <= time.monotonic() - began < float(wait) + 5


def test_a_question_is_held_25_seconds_unless_it_says_otherwise():
    assert question(MultiDict({"after": "0"}), newest=7).wait == 25


# ---- Outside of history


def stands(lab: Lab, **query: object) -> list[bytes]:
    """What each transport says of the feed instead of answering."""
    said = []
    for transport in TRANSPORTS:
        with reading(lab, transport, **query) as reader:
            said.append(reader.gone())
    return said


@pytest.mark.parametrize("query", [
    {"after": 2}, {"after": 0}, {"after": 9}, {"after": 999_999_999_999_999_999}, {"after": 8, "epoch": "another"},
    {"after": 8, "epoch": ""}, {"epoch": "another"}, {"after": 2, "wait": 60},
], ids=str)
def test_outside_of_history_all_three_say_the_same(short, query):
    said = stands(short, **query)
    assert said == [said[0]] * 3
    problem = json.loads(said[0])
    assert (problem["oldest"], problem["newest"], problem["status"]) == (4, 8, 410)
    assert problem["epoch"] == short.status("polling")["epoch"]
    assert len(said[0]) <= 123, "the reason of a close has no more room (RFC 6455 section 5.5)"


def test_an_empty_feed_says_oldest_1_newest_0(new):
    for said in stands(new, after=1):
        assert (json.loads(said)["oldest"], json.loads(said)["newest"]) == (1, 0)


@each
def test_from_oldest_less_one_a_reader_goes_on(short, transport):
    with reading(short, transport, after=0) as reader:
        oldest = json.loads(reader.gone())["oldest"]
    with reading(short, transport, after=oldest - 1) as reader:
        assert [json.loads(message)["data"] for message in reader.read(5)] == [4, 5, 6, 7, 8]


@each
def test_a_feed_keeps_10_000_messages(transport):
    feed = MemoryFeed()
    for number in range(10_001):
        feed.publish(number)
    assert (feed.oldest, feed.newest) == (2, 10_001)
    if transport in HTTP:
        client = APPS[transport](feed).test_client()
        assert client.get("/messages?after=0").json == {
            "title": "Gone", "status": 410, "oldest": 2, "newest": 10_001, "epoch": feed.epoch,
        }
        assert len(client.get("/messages?after=1").data.splitlines()) == 10_000


# ---- Malformed questions


@each
@pytest.mark.parametrize("after", [
    "", "-1", "+1", "1.5", "x", " 1", "1 ", "1e3", "0x1", "1_0", "٣", "٣1", "²", "1\n", "null", "1" * 400,
    ["1", "1"], ["1", "2"],
], ids=ascii)
def test_malformed_after_is_400(lab, transport, after):
    assert is_problem(lab.ask(transport, after=after), 400)


@each
@pytest.mark.parametrize("wait", [
    "", "-1", "-0", "+1", "61", "60.000000001", "nan", "x", " 1", "1 ", "1e1", "1.", ".5", "٣", "1,5", "0x1", "600",
    ["1", "1"],
], ids=ascii)
def test_malformed_wait_is_400(lab, transport, wait):
    assert is_problem(lab.ask(transport, after=0, wait=wait), 400)


@each
def test_epoch_twice_is_400(lab, transport):
    assert is_problem(lab.ask(transport, epoch=["a", "a"]), 400)


@each
@pytest.mark.parametrize("after", [0, "00", "000"])
def test_well_formed_questions_are_answered(lab, transport, after):
    lab.post("something")
    assert lab.ask(transport, after=after, wait="0.25", unknown="ignored").status == (
        101 if transport == "websocket" else 200
    )


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


# ---- Status


@each
def test_status_has_its_members(lab, transport):
    answer = lab.request(transport, "GET", "/status")
    assert (answer.status, answer.fields["Content-Type"]) == (200, "application/json")
    kinds = {
        "transport": str, "epoch": str, "oldest": int, "newest": int, "clients": int, "requests": int,
        "deliveries": int, "publisher_late_p99_ms": float, "uptime_s": float, "cpu_s": float, "rss_bytes": int,
        "versions": dict,
    }
    assert {name: type(value) for name, value in answer.json.items()} == kinds
    assert answer.json["transport"] == transport
    assert answer.json["epoch"] == lab.status("polling")["epoch"]
    assert 0 < answer.json["cpu_s"] and 10 * MIB < answer.json["rss_bytes"] < 4096 * MIB
    assert {"python", "flask", "flask-sock", "simple-websocket", "gevent"} <= answer.json["versions"].keys()
    assert all(re.match(r"\d+\.\d+", version) for version in answer.json["versions"].values())


@each
def test_status_counts_clients_requests_and_deliveries(new, transport):
    before = new.status(transport)
    with reading(new, transport) as reader:
        if transport != "polling":
            assert new.status(transport)["clients"] == 1
        new.post("one")
        new.post("two")
        reader.read(2)
    eventually(lambda: new.status(transport)["clients"] == 0 or new.post("let go"))
    after = new.status(transport)
    assert after["deliveries"] - before["deliveries"] >= 2
    assert after["requests"] > before["requests"]
    assert after["newest"] - before["newest"] >= 2 and after["oldest"] == 1
    assert after["uptime_s"] > before["uptime_s"]


# ---- The opening handshake


def upgrade(lab: Lab, path: str = "/messages", **changes: str | None) -> Answer:
    """The answer to an upgrade with some header fields changed, or left out where they are None."""
    fields = UPGRADE | {name.replace("_", "-"): value for name, value in changes.items()}
    return lab.request("websocket", "GET", path, **{name: value for name, value in fields.items() if value is not None})


@pytest.mark.parametrize("path", ["/messages", "/echo"])
def test_the_handshake_is_answered_as_rfc_6455_has_it(lab, path):
    answer = upgrade(lab, path)
    digest = hashlib.sha1(b"dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
    assert (answer.status, answer.fields["Upgrade"].lower()) == (101, "websocket")
    assert answer.fields["Connection"].lower() == "upgrade"
    assert answer.fields["Sec-WebSocket-Accept"] == base64.b64encode(digest).decode() == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def test_letter_case_and_further_tokens_do_not_matter(lab):
    assert upgrade(lab, Upgrade="WebSocket", Connection="keep-alive, upgrade").status == 101


@pytest.mark.parametrize("path", ["/messages", "/echo"])
@pytest.mark.parametrize("changes", [
    *({name: None} for name in UPGRADE),
    dict.fromkeys(UPGRADE),
    {"Upgrade": "h2c"}, {"Connection": "keep-alive"},
    {"Sec-WebSocket-Key": ""}, {"Sec-WebSocket-Key": "x"}, {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ"},
    {"Sec-WebSocket-Key": base64.b64encode(bytes(15)).decode()}, {"Sec-WebSocket-Key": "!" * 24},
    {"Sec-WebSocket-Key": base64.b64encode(bytes(17)).decode()},
], ids=str)
def test_a_malformed_upgrade_is_400(lab, path, changes):
    assert is_problem(upgrade(lab, path, **changes), 400)


@pytest.mark.parametrize("version", ["0", "8", "12", "14", "x", ""])
def test_another_version_is_426_and_told_which_one_is_spoken(lab, version):
    answer = upgrade(lab, Sec_WebSocket_Version=version)
    assert is_problem(answer, 426)
    assert answer.fields["Sec-WebSocket-Version"] == "13"


def test_an_upgrade_takes_http_1_1(lab):
    lines = ["GET /messages HTTP/1.0", "Host: x", *(f"{name}: {text}" for name, text in UPGRADE.items()), "", ""]
    status = raw_exchange(lab, "websocket", "\r\n".join(lines).encode()).split()[1]
    assert status == b"400"


def test_an_unknown_path_is_404_for_an_upgrade_too(lab):
    assert is_problem(upgrade(lab, "/nothing"), 404)


@pytest.mark.parametrize("offer", ["permessage-deflate", "permessage-deflate; client_max_window_bits, x-unknown"])
def test_permessage_deflate_is_declined(lab, offer):
    ws = websocket_to(lab, "/echo", header=[f"Sec-WebSocket-Extensions: {offer}"])
    assert "sec-websocket-extensions" not in ws.headers
    ws.send("a" * 1000)
    frame = ws.recv_frame()
    ws.close()
    assert (frame.rsv1, frame.data) == (0, b"a" * 1000)


# ---- The closing handshake


def close_frame(payload: bytes) -> bytes:
    return bytes([0x88, 0x80 | len(payload), 0, 0, 0, 0]) + payload


@pytest.mark.parametrize("path", ["/messages", "/echo"])
@pytest.mark.parametrize("payload", [b"", b"\x03\xe8", b"\x03\xe8done", b"\x0f\xa0mine"])
def test_a_client_that_closes_is_answered_and_tcp_ended(lab, path, payload):
    with opened(lab, path) as sock:
        sock.sendall(close_frame(payload))
        answer = read_to_end(sock)
    assert answer[:1] == b"\x88" and answer[1] == len(answer) - 2
    assert answer[2:4] in (payload[:2], b"\x03\xe8", b"")


@pytest.mark.parametrize("answers", [True, False])
def test_a_server_that_closes_ends_tcp_too(lab, answers):
    with opened(lab, "/messages?after=999999") as sock:
        frame = sock.recv(65_536)
        assert frame[:1] == b"\x88" and frame[2:4] == (4410).to_bytes(2)
        if answers:
            sock.sendall(close_frame(frame[2:4]))
        assert read_to_end(sock) == b"", "nothing follows a close frame"


def test_ping_is_answered_by_pong(lab):
    for path in ("/messages", "/echo"):
        with opened(lab, path) as sock:
            sock.sendall(b"\x89\x83\x00\x00\x00\x00abc")
            assert sock.recv(65_536) == b"\x8a\x03abc"


@each
def test_a_server_survives_whoever_hangs_up(lab, transport):
    for _ in range(5):
        connection = lab.connection(transport)
        connection.request("GET", f"/messages?after={newest(lab)}&wait=1", headers=dict(UPGRADE))
        eventually(lambda: lab.status(transport)["requests"] > 0)
        connection.close()
    lab.post("news for nobody")
    eventually(lambda: lab.status(transport)["clients"] == 0)
