"""The ledger on literal bytes: every one under exactly one heading, however the bytes were cut on their way."""

import gzip
import random
from collections import Counter
from itertools import groupby

import pytest
from tools.booking import Piece, booked, feed

from clients.ledger import HEADINGS, Account, Ledger, Transcript

Entry = tuple[str, str, bytes]  # direction, heading, bytes

HANDSHAKE, COOKIES, ASKED, ANSWERED, FRAMING, PAYLOAD = HEADINGS


def sent(heading: str, data: bytes) -> Entry:
    return "sent", heading, data


def got(heading: str, data: bytes) -> Entry:
    return "received", heading, data


MASK = b"\x37\xfa\x21\x3d"
GET = b"GET /messages?after=0 HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /messages HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n"
UPGRADE = b"GET /messages HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\r\n"
NO_CONTENT = b"HTTP/1.1 204 No Content\r\nFeed-Epoch: abc\r\n\r\n"
TICK, TOCK = b'{"seq":1,"data":"tick"}', b'{"seq":2,"data":"tock"}'


def ok(media_type: bytes, length: int, more: bytes = b"") -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\n%b\r\n" % (media_type, length, more)


LINES = [got(PAYLOAD, TICK), got(FRAMING, b"\n"), got(PAYLOAD, TOCK), got(FRAMING, b"\n")]
POLL = [sent(ASKED, GET), got(ANSWERED, ok(b"application/x-ndjson", 48)), *LINES]
OPENING = [sent(HANDSHAKE, UPGRADE), got(HANDSHAKE, SWITCHING)]
PROBLEM = b'{"title":"Gone","status":410,"oldest":4,"newest":8}'
CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
GZIP = gzip.compress(TICK + b"\n", mtime=0)

EXCHANGES: dict[str, list[Entry]] = {
    "a poll with two messages": POLL,
    "a poll with none": [sent(ASKED, GET), got(ANSWERED, NO_CONTENT)],
    "polls on a kept connection": [*POLL, sent(ASKED, GET), got(ANSWERED, NO_CONTENT), *POLL, *POLL],
    "two questions before the first answer": [
        sent(ASKED, GET), sent(ASKED, GET), got(ANSWERED, NO_CONTENT), got(ANSWERED, ok(b"application/x-ndjson", 48)),
        *LINES,
    ],
    "an error and its body": [
        sent(ASKED, GET),
        got(ANSWERED, b"HTTP/1.1 410 GONE\r\nContent-Type: application/problem+json\r\nContent-Length: 51\r\n\r\n"),
        got(ANSWERED, PROBLEM),
        *POLL,
    ],
    "a status, which is no message": [
        sent(ASKED, b"GET /status HTTP/1.1\r\nHost: x\r\n\r\n"), got(ANSWERED, ok(b"application/json", 2) + b"{}"),
        *POLL,
    ],
    "a post": [
        sent(ASKED, POST), sent(PAYLOAD, b"hello"),
        got(ANSWERED, b"HTTP/1.1 201 CREATED\r\nContent-Type: application/json\r\nContent-Length: 23\r\n\r\n"),
        got(PAYLOAD, TICK),
        *POLL,
    ],
    "an echo whose bytes look like heads and lines": [
        sent(ASKED, b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n"),
        sent(PAYLOAD, b"GET / HTTP/1.1\n\r\n\r\n\n"),
        got(ANSWERED, ok(b"application/octet-stream", 20)),
        got(PAYLOAD, b"GET / HTTP/1.1\n\r\n\r\n\n"),
        *POLL,
    ],
    "an empty echo": [
        sent(ASKED, b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"),
        got(ANSWERED, ok(b"text/plain", 0)), *POLL,
    ],
    "a refused post": [
        sent(ASKED, POST), sent(PAYLOAD, b"hello"),
        got(ANSWERED, b"HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\n\r\n" + b"long"),
        *POLL,
    ],
    "an answer in chunks": [
        sent(ASKED, GET), got(ANSWERED, CHUNKED),
        got(FRAMING, b"18\r\n"), got(PAYLOAD, TICK), got(FRAMING, b"\n\r\n"),
        got(FRAMING, b"a;name=value\r\n"), got(PAYLOAD, TOCK[:10]), got(FRAMING, b"\r\n"),
        got(FRAMING, b"00E\r\n"), got(PAYLOAD, TOCK[10:]), got(FRAMING, b"\n\r\n0\r\n\r\n"),
        *POLL,
    ],
    "an answer in chunks with trailers": [
        sent(ASKED, GET), got(ANSWERED, CHUNKED), got(FRAMING, b"17\r\n"), got(PAYLOAD, TICK),
        got(FRAMING, b"\r\n0\r\nFeed-Newest: 1\r\nX: y\r\n\r\n"),
        *POLL,
    ],
    "a post in chunks": [
        sent(ASKED, b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"),
        sent(FRAMING, b"5\r\n"), sent(PAYLOAD, b"hello"), sent(FRAMING, b"\r\n0\r\n\r\n"),
        got(ANSWERED, ok(b"text/plain", 5)), got(PAYLOAD, b"hello"),
        *POLL,
    ],
    "cookies both ways": [
        sent(ASKED, b"GET / HTTP/1.1\r\nHost: x\r\n"), sent(COOKIES, b"Cookie: a=1; b=2\r\n"), sent(ASKED, b"A: b\r\n"),
        sent(COOKIES, b"cOOKIE:c=3\r\n"), sent(ASKED, b"X-Cookie: none\r\n\r\n"),
        got(ANSWERED, b"HTTP/1.1 200 OK\r\n"), got(COOKIES, b"Set-Cookie: a=1\r\n"),
        got(COOKIES, b"set-cookie:  b=2\r\n"), got(ANSWERED, b"Set-Cookies: no\r\nContent-Length: 0\r\n\r\n"),
    ],
    "a folded cookie": [
        sent(ASKED, b"GET / HTTP/1.1\r\n"), sent(COOKIES, b"Cookie: a=1;\r\n  b=2;\r\n\tc=3\r\n"),
        sent(ASKED, b"Host: x\r\n y\r\n\r\n"), got(ANSWERED, NO_CONTENT),
    ],
    "cookies of a handshake": [
        sent(HANDSHAKE, UPGRADE[:-2]), sent(COOKIES, b"Cookie: a=1\r\n"), sent(HANDSHAKE, b"\r\n"),
        got(HANDSHAKE, SWITCHING[:-2]), got(COOKIES, b"Set-Cookie: b=2\r\n"), got(HANDSHAKE, b"\r\n"),
        got(FRAMING, b"\x81\x17"), got(PAYLOAD, TICK),
    ],
    "100 before the answer": [
        sent(ASKED, POST[:-2] + b"Expect: 100-continue\r\n\r\n"), got(ANSWERED, b"HTTP/1.1 100 Continue\r\n\r\n"),
        sent(PAYLOAD, b"hello"), got(ANSWERED, ok(b"text/plain", 5)), got(PAYLOAD, b"hello"),
    ],
    "103 before the answer": [
        sent(ASKED, GET), got(ANSWERED, b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"),
        got(ANSWERED, ok(b"application/x-ndjson", 48)), *LINES,
    ],
    "HEAD, whose answer states a length and has no body": [
        sent(ASKED, b"HEAD /messages HTTP/1.1\r\nHost: x\r\n\r\n"), got(ANSWERED, ok(b"application/x-ndjson", 48)),
        *POLL,
    ],
    "304, which has no body": [
        sent(ASKED, GET), got(ANSWERED, b"HTTP/1.1 304 Not Modified\r\nContent-Length: 48\r\n\r\n"), *POLL,
    ],
    "a body that ends with the connection": [
        sent(ASKED, GET), got(ANSWERED, b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n\r\n"), *LINES,
    ],
    "compressed lines": [
        sent(ASKED, GET), got(ANSWERED, ok(b"application/x-ndjson", len(GZIP), b"Content-Encoding: gzip\r\n")),
        got(PAYLOAD, GZIP), *POLL,
    ],
    "lines with a parameter in their media type": [
        sent(ASKED, GET), got(ANSWERED, ok(b"Application/X-NDJSON; charset=utf-8", 48)), *LINES,
    ],
    "lines that end in LF alone": [
        sent(ASKED, b"GET / HTTP/1.1\nHost: x\n\n"), got(ANSWERED, b"HTTP/1.1 204 No Content\n\n"), *POLL,
    ],
    "an upgrade refused": [
        sent(ASKED, UPGRADE), got(ANSWERED, b"HTTP/1.1 400 BAD REQUEST\r\nContent-Length: 7\r\n\r\n" + b'{"a":1}'),
        *POLL, *OPENING, got(FRAMING, b"\x81\x17"), got(PAYLOAD, TICK),
    ],
    "a status, then a WebSocket": [
        sent(ASKED, b"GET /status HTTP/1.1\r\nHost: x\r\n\r\n"), got(ANSWERED, ok(b"application/json", 2) + b"{}"),
        *OPENING, got(FRAMING, b"\x81\x17"), got(PAYLOAD, TICK), got(FRAMING, b"\x81\x17"), got(PAYLOAD, TOCK),
    ],
    "control frames whole": [
        *OPENING, got(FRAMING, b"\x89\x04ping"), sent(FRAMING, b"\x8a\x84" + MASK + b"GIOZ"), got(FRAMING, b"\x8a\x00"),
        sent(FRAMING, b"\x88\x82" + MASK + b"\x34\x12"), got(FRAMING, b"\x88\x02\x03\xe8"),
    ],
    "fragments with a ping between them": [
        *OPENING, got(FRAMING, b"\x01\x05"), got(PAYLOAD, TICK[:5]), got(FRAMING, b"\x89\x01!\x00\x00\x80\x12"),
        got(PAYLOAD, TICK[5:]), sent(FRAMING, b"\x02\x81" + MASK), sent(PAYLOAD, b"x"),
        sent(FRAMING, b"\x80\x81" + MASK), sent(PAYLOAD, b"y"),
    ],
    "frames that look like heads": [
        *OPENING, got(FRAMING, b"\x81\x30"), got(PAYLOAD, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nSet-Cookie:\n"),
        got(FRAMING, b"\x81\x00"),
    ],
}
for size, head in ((0, b"\x00"), (1, b"\x01"), (125, b"\x7d"), (126, b"\x7e\x00\x7e"), (65_535, b"\x7e\xff\xff"),
                   (65_536, b"\x7f" + (65_536).to_bytes(8))):
    masked = bytes([head[0] | 0x80]) + head[1:] + MASK
    EXCHANGES[f"frames of {size:,} B"] = [
        *OPENING, got(FRAMING, b"\x82" + head), got(PAYLOAD, b"\n" * size), sent(FRAMING, b"\x81" + masked),
        sent(PAYLOAD, b"\r" * size), got(FRAMING, b"\x81" + head), got(PAYLOAD, b"\x81" * size),
    ]

every = pytest.mark.parametrize("exchange", EXCHANGES.values(), ids=EXCHANGES)


def pieces_of(exchange: list[Entry]) -> list[Piece]:
    """The exchange as a client sees it: what goes one way without an answer between comes in one piece."""
    return [(way, b"".join(data for *_, data in run)) for way, run in groupby(exchange, key=lambda entry: entry[0])]


def expected(exchange: list[Entry]) -> Ledger:
    sums: Counter[str] = Counter()
    for way, heading, data in exchange:
        sums[heading] += len(data)
        sums[f"wire_{way}"] += len(data)
    return Ledger(**sums)


def joined(entries: list[Entry], way: str) -> list[tuple[str, bytes]]:
    """What passed one way, with neighbours under one heading joined."""
    mine = [(heading, data) for direction, heading, data in entries if direction == way and data]
    return [(heading, b"".join(data for _, data in run)) for heading, run in groupby(mine, key=lambda entry: entry[0])]


def cuts(size: int) -> list[int]:
    """Where to cut: everywhere, in a large piece around its ends and at 100 places between."""
    if size < 2000:
        return list(range(1, size))
    return sorted({*range(1, 300), *range(size - 20, size), *random.Random(size).sample(range(1, size), 100)})


# ---- Literal bytes


@every
def test_every_byte_is_booked_under_its_heading(exchange):
    ledger = booked(pieces_of(exchange))
    assert ledger == expected(exchange)
    assert ledger.difference == 0


@every
def test_bytes_that_come_one_by_one_give_the_same_ledger(exchange):
    singles = [(way, data[at : at + 1]) for way, data in pieces_of(exchange) for at in range(len(data))]
    assert booked(singles) == expected(exchange)


@every
def test_cut_anywhere_bytes_give_the_same_ledger(exchange):
    pieces, ledger = pieces_of(exchange), expected(exchange)
    for number, (way, data) in enumerate(pieces):
        for at in cuts(len(data)):
            cut = [*pieces[:number], (way, data[:at]), (way, data[at:]), *pieces[number + 1 :]]
            assert booked(cut) == ledger, f"piece {number} cut at {at}"


@every
def test_a_transcript_has_the_same_bytes_in_the_same_order(exchange):
    transcript = Transcript()
    feed(Account(transcript), pieces_of(exchange))
    for way in ("sent", "received"):
        assert joined(transcript.entries, way) == joined(exchange, way)
    assert Ledger() + transcript == expected(exchange)


@every
def test_a_broken_connection_leaves_no_byte_unbooked(exchange):
    pieces = pieces_of(exchange)
    for number, (way, data) in enumerate(pieces):
        for at in cuts(len(data)):
            ledger, whole = Transcript(), expected(exchange)
            account = Account(ledger)
            feed(account, [*pieces[:number], (way, data[:at])])
            account.close()
            assert ledger.difference == 0, f"piece {number} ends at {at}"
            assert ledger.payload <= whole.payload and ledger.cookies <= whole.cookies
            for direction in ("sent", "received"):
                passed = b"".join(piece for side, piece in [*pieces[:number], (way, data[:at])] if side == direction)
                assert b"".join(entry[2] for entry in ledger.entries if entry[0] == direction) == passed


def test_an_upgrade_without_an_answer_is_a_request():
    ledger = Ledger()
    account = Account(ledger)
    account.sent(UPGRADE[:-2] + b"Cookie: a=1\r\n\r\n")
    account.close()
    assert ledger == Ledger(request_head=len(UPGRADE), cookies=13, wire_sent=len(UPGRADE) + 13)


@pytest.mark.parametrize("noise", [
    b"\n", b"\r\n\r\n", b"\x00" * 50, b"HTTP/1.1\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n rest", bytes(range(256)),
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n",
])
def test_bytes_that_are_no_http_are_booked_too(noise):
    ledger = Ledger()
    account = Account(ledger)
    account.sent(GET)
    for at in range(len(noise)):
        account.received(noise[at : at + 1])
    account.close()
    assert (ledger.difference, ledger.wire_received) == (0, len(noise))


def test_ledgers_add_up():
    one, two = expected(POLL), expected(EXCHANGES["control frames whole"])
    both = one + two
    assert both.wire == one.wire + two.wire and both.difference == 0
    assert (both.payload, both.framing) == (one.payload + two.payload, one.framing + two.framing)


def test_a_ledger_can_be_changed_between_two_exchanges():
    one, two = Ledger(), Ledger()
    account = Account(one)
    feed(account, pieces_of(POLL))
    account.ledger = two
    feed(account, pieces_of(POLL))
    assert one == two == expected(POLL)
