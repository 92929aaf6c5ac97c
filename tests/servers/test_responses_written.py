"""Responses as HTTP/1.1 has them, byte by byte, and read back by another library."""

import re
import time
from email.utils import parsedate_to_datetime

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from servers.serving.response import ApplicationError, Response, http_date

DATE = re.compile(rb"Date: [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\r\n")
PLAIN = [("Content-Type", "text/plain")]


def written(status, fields, body, version="HTTP/1.1", closes=False, stopping=False):
    """All bytes of a response, its date taken out, and whether the connection ends with it."""
    response = Response(version, closes, stopping)
    response.start(status, fields)
    parts = [part for part in body if part]
    data = response.head(body) + b"".join(map(response.part, parts)) + response.end()
    dates = DATE.findall(data)
    assert len(dates) == 1
    return data.replace(dates[0], b""), response.closes


@pytest.mark.parametrize(("arguments", "literal", "closes"), [
    ({"body": [b"abc"]}, b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nabc", False),
    ({"body": []}, b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n", False),
    ({"body": iter([b"abc", b"", b"0123456789abcdef"])},
     b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
     b"3\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n", False),
    ({"body": iter([b"abc"]), "fields": [("Content-Length", "3")]},
     b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", False),
    ({"body": [], "status": "204 NO CONTENT", "fields": []}, b"HTTP/1.1 204 NO CONTENT\r\n\r\n", False),
    ({"body": [b"abc"], "version": "HTTP/1.0"},
     b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nabc", False),
    ({"body": [b"abc"], "version": "HTTP/1.0", "closes": True},
     b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc", True),
    ({"body": [b"abc"], "stopping": True},
     b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc", True),
    ({"body": [b"abc"], "fields": [("Connection", "close")]},
     b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc", True),
    ({"body": [], "status": "101 Switching Protocols", "fields": [("Upgrade", "websocket")], "stopping": True},
     b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n", True),
])  # fmt: skip
def test_a_response_is_these_bytes(arguments, literal, closes):
    assert written(**{"status": "200 OK", "fields": PLAIN} | arguments) == (literal, closes)


def test_a_body_without_a_length_ends_an_old_clients_connection():
    data, closes = written("200 OK", [], iter([b"abc"]), version="HTTP/1.0")
    assert data.endswith(b"\r\n\r\nabc") and b"chunked" not in data and closes


FIELD_NAMES = st.from_regex(r"X-[A-Za-z]{1,10}", fullmatch=True)
VALUES = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20)


FIELDS = st.lists(st.tuples(FIELD_NAMES, VALUES), max_size=6)


@given(FIELDS, st.lists(st.binary(max_size=50), max_size=5), st.booleans())
def test_another_library_reads_what_was_written(fields, parts, sized):
    body = parts if sized else iter(parts)
    data, _ = written("200 OK", fields, body)
    reader = h11.Connection(h11.CLIENT)
    reader.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
    reader.receive_data(data)
    read, found = b"", reader.next_event()
    for event in iter(reader.next_event, h11.NEED_DATA):
        if isinstance(event, h11.EndOfMessage):
            break
        read += event.data
    assert found.status_code == 200 and read == b"".join(parts)
    mine = [(name.lower().encode(), value.encode()) for name, value in fields]
    assert [each for each in found.headers if each[0].startswith(b"x-")] == mine


@pytest.mark.parametrize(("status", "fields"), [
    ("200 OK", [("X", "a\r\nSet-Cookie: b")]), ("200 OK", [("X\r\nY", "a")]), ("200 OK", [("X", "a\nb")]),
    ("200 OK\r\nX: y", []), ("200 OK", [("X", "a\rb")]),
])  # fmt: skip
def test_a_line_end_within_a_field_is_refused(status, fields):
    with pytest.raises(ValueError, match="the end of a line"):
        Response("HTTP/1.1", False, False).start(status, fields)


def test_what_is_not_latin_1_is_refused():
    response = Response("HTTP/1.1", False, False)
    response.start("200 OK", [("X", "€")])
    with pytest.raises(UnicodeEncodeError):
        response.head([])


def test_a_response_without_a_body_takes_none():
    response = Response("HTTP/1.1", False, False)
    with pytest.raises(ApplicationError, match="a 204 response has no Content-Length"):
        response.start("204 NO CONTENT", [("Content-Length", "3")])
    response.start("204 NO CONTENT", [])
    with pytest.raises(ApplicationError, match="a 204 response has no body"):
        response.part(b"x")


def test_an_application_that_starts_nothing_is_at_fault():
    with pytest.raises(ApplicationError, match="did not call start_response"):
        Response("HTTP/1.1", False, False).head([])


def test_it_may_be_started_anew_until_something_is_sent():
    response = Response("HTTP/1.1", False, False)
    response.start("200 OK", PLAIN)
    error = RuntimeError("too late")
    response.start("500 Internal Server Error", PLAIN, (RuntimeError, error, None))
    assert response.head([b""]).startswith(b"HTTP/1.1 500 ")
    with pytest.raises(RuntimeError, match="too late"):
        response.start("500 Internal Server Error", PLAIN, (RuntimeError, error, None))


def test_the_date_is_that_of_now():
    assert abs(parsedate_to_datetime(http_date()).timestamp() - time.time()) < 2
