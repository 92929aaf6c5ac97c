"""The tap: bytes of the feed by heading, apart from those of pages; it agrees with the ledger however bytes arrive."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from clients.ledger import HEADINGS, Account, Ledger
from loadtests.link.tap import Tap

MESSAGE = b'{"seq":17,"published_at":1795363200.123456,"data":{"seq":1}}'
PAGE = [("sent", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
        ("received", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: text/html\r\n\r\nhello")]  # fmt: skip
STATUS = [("sent", b"GET /status HTTP/1.1\r\nHost: x\r\n\r\n"),
          ("received", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/json\r\n\r\n{}")]  # fmt: skip
POLL = [("sent", b"GET /messages?after=16 HTTP/1.1\r\nHost: x\r\nCookie: a=b\r\n\r\n"),
        ("received", b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nContent-Length: %d\r\n\r\n%b\n%b\n"
         % (2 * len(MESSAGE) + 2, MESSAGE, MESSAGE))]  # fmt: skip
BEHIND = [(way, data.replace(b"GET /messages", b"GET /proxy/5001/messages")) for way, data in POLL]
UPGRADE = [("sent", b"GET /anywhere HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n"),
           ("received", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"),
           ("received", b"\x81" + bytes([len(MESSAGE)]) + MESSAGE), ("received", b"\x89\x00")]  # fmt: skip

exchanges = some.lists(some.sampled_from([PAGE, STATUS, POLL, BEHIND]), max_size=5)
endings = some.sampled_from([[], UPGRADE])


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({min(cut, len(data)) for cut in cuts})
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True) if a < b]


def of_the_feed(exchange: list[tuple[str, bytes]]) -> bool:
    return exchange not in (PAGE, STATUS)


@given(exchanges, endings, some.lists(some.integers(0, 300), max_size=4))
def test_the_feed_is_booked_as_the_ledger_books_it_and_the_rest_apart(asked, ending, cuts):
    tap, ledger, other = Tap(), Ledger(), Ledger()
    account, page = Account(ledger), Account(other)
    for exchange in [*asked, *([ending] if ending else [])]:
        for way, data in exchange:
            getattr(account if of_the_feed(exchange) else page, way)(data)
            for piece in pieces(data, cuts):
                tap.passed(3, way, piece)
    report = tap.report()
    assert report["bytes"] == {name: getattr(ledger, name) for name in HEADINGS}
    assert report["page_bytes"] == other.wire
    assert report["wire"] == ledger.wire + other.wire
    assert report["messages"] == sum(2 for each in asked if of_the_feed(each)) + bool(ending)
    assert report["requests"] == sum(map(of_the_feed, asked)) + bool(ending)


def test_connections_are_told_apart_and_what_they_counted_stays():
    tap = Tap()
    for number in (1, 2):
        for way, data in POLL:
            tap.passed(number, way, data)
    before = tap.report()
    assert (before["connections"], before["requests"], before["messages"]) == (2, 2, 4)
    tap.closed(1)
    tap.closed(9)
    after = tap.report()
    assert (after["connections"], after["bytes"]) == (1, before["bytes"])


def test_entries_are_told_once_in_order_with_their_heading():
    tap = Tap()
    for way, data in POLL:
        tap.passed(5, way, data)
    entries = tap.report()["entries"]
    assert [(each["heading"], each["text"]) for each in entries[:3]] == [
        ("request_head", "GET /messages?after=16 HTTP/1.1\r\n"), ("request_head", "Host: x\r\n"),
        ("cookies", "Cookie: a=b\r\n"),
    ]  # fmt: skip
    assert sum(each["size"] for each in entries) == sum(len(data) for _, data in POLL)
    assert {(each["path"], each["connection"]) for each in entries} == {("/messages", 5)}
    assert tap.report()["entries"] == []


def test_cleared_it_counts_from_then_on():
    tap = Tap()
    for way, data in POLL:
        tap.passed(1, way, data)
    tap.clear()
    assert set(tap.report()["bytes"].values()) == {0}
    tap.passed(1, *POLL[0])
    assert tap.report()["bytes"]["request_head"] == len(POLL[0][1]) - len(b"Cookie: a=b\r\n")


@pytest.mark.parametrize("text", [b'"seq":1,"published_at":', b'{\\"seq\\":1,\\"published_at\\":2}', b""])
def test_only_the_beginning_of_a_message_counts_as_one(text):
    tap = Tap()
    body = b"%b\n" % text
    tap.passed(1, *POLL[0])
    tap.passed(1, "received", b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nContent-Length: %d\r\n\r\n%b"
               % (len(body), body))  # fmt: skip
    assert tap.report()["messages"] == 0
