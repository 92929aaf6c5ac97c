"""Server-sent events as a browser reads them (HTML Living Standard section 9.2.6), and their bytes by heading."""

import zlib
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as some

from clients.connection import event_stream, events
from clients.connection.events import EventParser, EventTooLarge, ServerSentEvent
from clients.ledger import Account, Ledger
from clients.ledger.events import EventBytes


def event(data, last_event_id=None, kind="message"):
    return ServerSentEvent(kind, data, last_event_id)


STREAMS = {
    "a message": (b"data: a\n\n", [event(b"a")]),
    "without the space": (b"data:a\n\n", [event(b"a")]),
    "one space goes": (b"data:  a\n\n", [event(b" a")]),
    "two lines": (b"data: a\ndata: b\n\n", [event(b"a\nb")]),
    "a field without a colon": (b"data\n\n", [event(b"")]),
    "no data is no event": (b"id: 1\nevent: x\n\ndata: a\n\n", [event(b"a", "1")]),
    "an id lasts": (b"id: 1\ndata: a\n\ndata: b\n\n", [event(b"a", "1"), event(b"b", "1")]),
    "an empty id ends it": (b"id: 1\ndata: a\n\nid\ndata: b\n\n", [event(b"a", "1"), event(b"b")]),
    "an id with NUL is none": (b"id: 1\0\ndata: a\n\n", [event(b"a")]),
    "a type lasts for one event": (b"event: gone\ndata: a\n\ndata: b\n\n", [event(b"a", kind="gone"), event(b"b")]),
    "comments": (b":\n: data: x\ndata: a\n:\n\n", [event(b"a")]),
    "unknown fields": (b"retry: 10\nfoo: bar\ndata: a\n\n", [event(b"a")]),
    "CR": (b"data: a\rdata: b\r\rdata: c\r\r\n", [event(b"a\nb"), event(b"c")]),
    "CR LF": (b"data: a\r\ndata: b\r\n\r\n", [event(b"a\nb")]),
    "a byte order mark": (b"\xef\xbb\xbfdata: a\n\n", [event(b"a")]),
    "a mark within": (b"\n\xef\xbb\xbfdata: a\n\n", []),
    "an unfinished event": (b"data: a\n\ndata: b\n", [event(b"a")]),
}


@pytest.mark.parametrize("case", STREAMS)
@pytest.mark.parametrize("size", [1, 2, 1000])
def test_a_stream_is_events_in_pieces_of_any_size(case, size):
    stream, wanted = STREAMS[case]
    parser = EventParser()
    pieces = [stream[start : start + size] for start in range(0, len(stream), size)]
    assert [found for piece in pieces for found in parser.feed(piece)] == wanted


LINES = some.lists(some.sampled_from([b"data: a", b"data", b"id: 7", b"event: gone", b":", b"", b"retry: 1", b"x" * 9]))


@given(LINES, some.sampled_from([b"\n", b"\r", b"\r\n"]), some.integers(1, 9))
def test_where_a_stream_is_cut_changes_no_event(lines, end, size):
    stream = end.join([*lines, b"", b""])
    whole, parser = EventParser(), EventParser()
    pieces = [stream[start : start + size] for start in range(0, len(stream), size)]
    assert [found for piece in pieces for found in parser.feed(piece)] == whole.feed(stream)
    assert parser.comments == whole.comments


def test_an_event_does_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr(events, "LARGEST_EVENT", 100)
    assert EventParser().feed(b"data: %b" % (b"x" * 90)) == []
    for stream in (b"data: %b" % (b"x" * 101), b"data: %b\n" % (b"x" * 60) * 2):
        with pytest.raises(EventTooLarge):
            EventParser().feed(stream)


STREAM = b':\nid: 8\ndata: {"seq":8}\n\nevent: gone\nid: 3\ndata: {"oldest":4}\n\nid: 4\ndata: {"seq":4}\n\n'
PAYLOAD, PROBLEM = 2 * len('{"seq":8}'), len('{"oldest":4}')


@given(some.lists(some.integers(1, 30), min_size=1))
def test_only_a_messages_data_is_payload(sizes):
    stream, found, start = EventBytes(), Counter(), 0
    while start < len(STREAM):
        size = sizes[start % len(sizes)]
        for heading, part in stream.divide(STREAM[start : start + size]):
            found[heading] += len(part)
        start += size
    assert found == {"payload": PAYLOAD, "response_head": PROBLEM, "framing": len(STREAM) - PAYLOAD - PROBLEM}


def test_every_byte_of_a_stream_has_its_heading():
    """Literal bytes of a request and of a response in chunks, one for each part of the stream."""
    request = b"GET /messages HTTP/1.1\r\nHost: a\r\nCookie: a=b\r\n\r\n"
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    parts = [part + b"\n\n" for part in STREAM.split(b"\n\n")[:-1]]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
    account = Account(ledger := Ledger())
    account.sent(request)
    for start in range(0, len(head + chunks), 7):
        account.received((head + chunks)[start : start + 7])
    account.close()
    assert ledger.difference == 0
    assert (ledger.request_head, ledger.cookies) == (len(request) - 13, 13)
    assert (ledger.payload, ledger.response_head) == (PAYLOAD, len(head) + PROBLEM)
    assert ledger.framing == len(chunks) - PAYLOAD - PROBLEM


def test_what_is_packed_small_and_is_too_large_is_an_error_and_not_cut_off(monkeypatch):
    monkeypatch.setattr(event_stream, "LARGEST", 1_000)
    gzip = zlib.compressobj(wbits=31)
    connection = object.__new__(event_stream.EventStreamConnection)
    connection._unpacking = zlib.decompressobj(wbits=31)
    with pytest.raises(EventTooLarge):
        connection._unpacked(gzip.compress(b"data: %b\n\n" % bytes(2_000)) + gzip.flush())
