"""Whatever comes: arguments, heads, frames that nobody thought of (hypothesis), requests that the description allows
(schemathesis). No 5xx, no traceback, no connection left waiting.
"""

import json
import socket
from contextlib import closing
from urllib.parse import urlencode

import gevent.socket
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import positive_data_acceptance  # a 410 is no refusal
from tools.lab import WAIT, Lab
from tools.wire import each_http, opened, read_to_end
from werkzeug.exceptions import BadRequest, HTTPException

from servers.app.query import LONGEST_WAIT, parse_query
from servers.feed import MemoryFeed, OutsideHistory
from servers.limits.memory_budget import MemoryBudget
from servers.serving.request_reader import RequestReader
from servers.serving.request_stream import ClientDisconnected
from servers.serving.requests import Head, Requests

pytestmark = pytest.mark.starts

FIXTURE = [HealthCheck.function_scoped_fixture]
live = settings(deadline=None, max_examples=100, database=None, suppress_health_check=FIXTURE)

# ---- Arguments

VALUES = st.text(max_size=30) | st.from_regex(r"[0-9]{1,20}", fullmatch=True) | st.floats().map(str)


@given(st.lists(st.tuples(st.sampled_from(["after", "wait", "epoch", "other"]), VALUES), max_size=4))
def test_a_query_is_a_question_or_malformed(pairs):
    try:
        asked = parse_query(urlencode(pairs).encode())
    except BadRequest:
        return
    given_for = dict(pairs)
    assert asked.seq == (int(given_for["after"]) if "after" in given_for else None)
    assert asked.wait == float(given_for.get("wait", 25)) <= LONGEST_WAIT
    assert asked.epoch == given_for.get("epoch")


# ---- The feed


@given(st.lists(st.integers(0, 40), max_size=40), st.integers(1, 20), st.integers(100, 2_000), st.integers(0, 50))
def test_a_feed_keeps_what_fits_and_says_what_it_keeps(sizes, history, history_bytes, after):
    feed = MemoryFeed(history, history_bytes)
    published = [feed.publish("x" * size) for size in sizes]
    kept = published[feed.oldest - 1 :]
    assert len(kept) <= history and (sum(len(m.encoded) for m in kept) <= history_bytes or len(kept) == 1)
    try:
        assert feed.after(after).messages == published[after:]
        assert feed.oldest - 1 <= after <= feed.newest
    except OutsideHistory as error:
        assert not feed.oldest - 1 <= after <= feed.newest
        assert (error.oldest, error.newest) == (feed.oldest, feed.newest)


# ---- Heads

LINES = st.lists(
    st.sampled_from([
        b"GET / HTTP/1.1", b"POST /messages HTTP/1.1", b"Host: localhost", b"Content-Length: 5", b"", b"5", b"0",
        b"Transfer-Encoding: chunked", b"Expect: 100-continue", b"Connection: close", b"Connection: Upgrade",
        b"Upgrade: websocket", b"hello",
    ])
    | st.binary(max_size=30),
    max_size=12,
).map(b"\r\n".join)  # fmt: skip


@given(LINES | st.binary(max_size=200), st.integers(1, 50))
def test_bytes_are_requests_or_an_http_error_or_unfinished(data, step):
    ours, theirs = gevent.socket.socketpair()
    with closing(ours), closing(theirs):
        for start in range(0, len(data), step):
            theirs.sendall(data[start : start + step])
        theirs.shutdown(socket.SHUT_WR)
        reader = RequestReader(ours, MemoryBudget())
        try:
            for _ in range(len(data) + 1):
                assert reader.head().target
                assert len(reader.read()) <= len(data)
                reader.discard()
        except (HTTPException, ClientDisconnected):
            return
    raise AssertionError("more requests than bytes")


@given(LINES | st.binary(max_size=200), st.integers(1, 50))
def test_requests_are_the_same_however_they_come(data, step):
    assert read_in_steps(data, step) == read_in_steps(data, len(data) + 1)


def read_in_steps(data: bytes, step: int) -> list[Head | bytes | str]:
    """The heads, the bodies and the error that are found."""
    requests, found, body = Requests(), [], b""
    for start in range(0, len(data), step):
        behind = data[start : start + step]
        while behind:
            behind = requests.feed(behind)
    for event in requests.events:
        if isinstance(event, Head):
            found.append(event)
        elif isinstance(event, HTTPException):
            return [*found, body, str(event)]
        else:
            body += event
            found += [] if event else [body]
    return [*found, body]


# ---- Frames


def frame(first: int, payload: bytes) -> bytes:
    return bytes([first, 0x80 | len(payload)]) + bytes(4) + payload


FRAMES = st.builds(frame, st.integers(0, 255), st.binary(max_size=60))


@live
@given(st.sampled_from(["/messages", "/echo"]), st.lists(st.binary(max_size=60) | FRAMES, max_size=8).map(b"".join))
def test_bytes_on_a_websocket_end_in_a_close_frame(lab: Lab, path: str, data: bytes):
    with closing(opened(lab, path)) as sock:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        answer = read_to_end(sock)
    assert b"HTTP/1.1" not in answer
    assert lab.status("websocket")


# ---- What the description allows


@each_http
def test_the_description_is_what_the_server_does(lab: Lab, transport: str):
    """Requests that it allows and requests that it does not: never a 5xx, and only statuses and types that it names."""
    schema = schemathesis.openapi.from_dict(lab.request(transport, "GET", "/openapi.json").json)
    tried = 0

    def try_one(case: schemathesis.Case) -> None:
        nonlocal tried
        tried += 1
        if case.method.upper() == "GET" and case.path == "/messages":
            case.query = (case.query or {}) | {"wait": 0}
        case.call_and_validate(base_url=lab.url(transport), timeout=WAIT, excluded_checks=[positive_data_acceptance])

    for operation in schema.get_all_operations():
        given(case=operation.ok().as_strategy())(live(lambda case: try_one(case)))()
    assert tried > 100
    assert json.loads(lab.request(transport, "GET", "/status").body)
