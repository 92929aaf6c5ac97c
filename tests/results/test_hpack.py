"""What HTTP/2 leaves of headers, and what an event and an hour cost: computed, against h11, hpack and by hand."""

import math
from dataclasses import replace

import h11
import hpack
import pytest
from tools.authority import AUTHORITY, BROWSER

from results.audit import hours, hpack_heads
from results.audit.hours import Costs, Following
from results.audit.hpack_heads import Head
from results.event_overhead import event_overhead
from results.model import Heads, ModelError
from servers import events

COSTS = Costs(Heads(request=500, empty_response=90, response=150), handshake=650, stream=700)


# --- HPACK -----------------------------------------------------------------------------------------------------------


def test_a_request_of_the_rfc():
    """RFC 7541, appendix C.4.1 and C.4.2: with Huffman coding 17 B, then 12 B with one line more."""
    first = hpack_heads.request([], "/", "www.example.com")
    second = hpack_heads.request([("Cache-Control", "no-cache")], "/", "www.example.com")
    assert hpack.Encoder().encode(first.http2("http")) == bytes.fromhex("8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff")
    assert (hpack_heads.compressed([first, second]).first, hpack_heads.compressed([first, second]).later) == (17, 12)


def test_a_head_in_http_1_1_is_what_h11_sends():
    head = hpack_heads.request(BROWSER, "/messages?after=1", AUTHORITY)
    sent = h11.Connection(h11.CLIENT).send(h11.Request(method="GET", target="/messages?after=1", headers=head.fields))
    assert head.wire == sent and head.wire.startswith(b"GET /messages?after=1 HTTP/1.1\r\nHost: localhost:5001\r\n")


def test_http_2_lowers_names_and_drops_what_is_the_connections():
    fields = [("Host", "else"), ("Connection", "Upgrade, X-Hop"), ("Keep-Alive", "300"), ("Upgrade", "websocket"),
              ("X-Hop", "1"), ("Transfer-Encoding", "chunked"), ("Sec-Fetch-Mode", "cors")]
    assert hpack_heads.request(fields, "/messages", "h:1", "POST").http2() == [
        (":method", "POST"), (":scheme", "https"), (":path", "/messages"), (":authority", "h:1"),
        ("sec-fetch-mode", "cors")]
    assert Head("HTTP/1.1 204 No Content", (("Date", "d"),)).http2() == [(":status", "204"), ("date", "d")]


@pytest.mark.parametrize("heads", [hpack_heads.polls(BROWSER, AUTHORITY), hpack_heads.responses()])
def test_a_decoder_gets_the_same_lines_back(heads):
    encoder, decoder, sizes = hpack.Encoder(), hpack.Decoder(), []
    for head in heads:
        block = encoder.encode(head.http2())
        sizes.append(len(block))
        assert [tuple(line) for line in decoder.decode(block)] == head.http2()
    found = hpack_heads.compressed(heads)
    assert (found.first, found.later) == (sizes[0], pytest.approx(sum(sizes[1:]) / len(sizes[1:])))
    assert found.later < found.first < found.plain


def test_the_same_head_again_is_an_index_a_line():
    """RFC 7541 §6.1: one byte for each of the 15 lines the recorded poll has in HTTP/2, its table not yet full."""
    head = hpack_heads.polls(BROWSER, AUTHORITY)[0]
    assert hpack_heads.compressed([head] * 3).later == len(head.http2()) == 15


def test_what_changes_in_time_costs_what_does_not_change():
    """A path a poll pushes the rest out of the table: more than the second poll alone lets one think."""
    heads = hpack_heads.polls(BROWSER, AUTHORITY, 1_000)
    assert hpack_heads.compressed(heads[:2]).later < hpack_heads.compressed(heads).later < 60


def test_the_labs_answer_as_its_server_writes_it():
    expected = (b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nContent-Length: 143\r\n"
                b"Date: Sun, 22 Nov 2026 20:32:01 GMT\r\n\r\n")
    assert hpack_heads.responses()[1].wire == expected
    assert hpack_heads.responses(61)[60].fields[-1] == ("Date", "Sun, 22 Nov 2026 20:33:00 GMT")


@pytest.mark.parametrize("block, wire", [(0, 9), (11, 20), (16_384, 16_393), (16_385, 16_403)])
def test_every_frame_has_a_head_of_nine_bytes(block, wire):
    assert hpack_heads.Compressed.on_wire(block) == wire


def test_one_head_has_no_later_one():
    with pytest.raises(ModelError):
        hpack_heads.compressed(hpack_heads.responses(1))


# --- server-sent events ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "message, expected",
    [(b"{}", b"id: 7\ndata: {}\n\n"), (b"", b"id: 7\ndata: \n\n"),
     (b"a\r\nb\rc\nd", b"id: 7\ndata: a\ndata: b\ndata: c\ndata: d\n\n")],
)
def test_an_event_by_hand(message, expected):
    assert events.event(7, message) == expected


def test_a_chunk_by_hand():
    assert events.chunk(b"id: 7\ndata: {}\n\n") == b"10\r\nid: 7\ndata: {}\n\n\r\n"
    with pytest.raises(ValueError, match="ends the body"):
        events.chunk(b"")


@pytest.mark.parametrize("size", [1, 15, 142, 4_000, 65_536])
def test_a_chunk_is_the_one_that_h11_sends(size):
    server = h11.Connection(h11.SERVER)
    server.receive_data(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    server.next_event()
    server.send(h11.Response(status_code=200, headers=[("Transfer-Encoding", "chunked")]))
    data = events.event(17, b"x" * size)
    sent = server.send(h11.Data(data=data))
    assert sent == events.chunk(data)
    assert len(sent) - size == event_overhead(size, 17)


def test_an_event_grows_with_its_numbers():
    """The longer the message, the more digits has its chunk's size; the longer the feed has run, the id."""
    assert event_overhead(1, 7) == len("id: 7\ndata: \n\n") + len("f\r\n\r\n")
    overheads = [event_overhead(size, 7) for size in (1, 15, 300, 5_000, 70_000)]
    assert overheads == sorted(overheads)
    assert event_overhead(142, 1_000) > event_overhead(142, 7)


# --- per message, and per client and hour ----------------------------------------------------------------------------


def test_a_message_on_four_transports():
    lines = {each.transport: each for each in hours.per_message(Following(rate_hz=1e-9), COSTS)}
    assert list(lines) == ["polling", "long-polling", "websocket", "server-sent-events"]
    assert lines["polling"].overhead_bytes == pytest.approx(1e9 * (500 + 90), rel=1e-6)
    assert lines["websocket"].overhead_bytes == pytest.approx(1e9 * 8 / 25), "pings, where there is next to no message"
    assert lines["websocket"].once_bytes == 650
    assert lines["server-sent-events"].overhead_bytes == pytest.approx(1e9 * 7 / 15), "comments, there too"
    assert lines["server-sent-events"].once_bytes == 700


def test_a_long_poll_a_message_costs_its_heads_and_a_line_end():
    held = hours.per_message(Following(rate_hz=0.5, hold_s=1e6), COSTS)[1]
    assert held.overhead_bytes == pytest.approx(500 + 150 + 1)


def test_a_larger_message_has_a_longer_frame_header():
    lines = [line for size in (1, 200) for line in hours.per_message(Following(message_bytes=size), COSTS)]
    assert [each.message_bytes for each in lines] == [1] * 4 + [200] * 4
    assert [each.overhead_bytes - 8 / 25 for each in lines if each.transport == "websocket"] == pytest.approx([2, 4])


def test_an_hour_by_hand():
    """7,200 messages; 1,800 polls, a share e^(−4) of them empty; an event with a seq of four digits costs 23 B."""
    workload = Following(rate_hz=2, poll_interval_s=2, hold_s=1e6)
    hour = {each.transport: each for each in hours.client_hour(workload, COSTS)}
    empty = math.exp(-4)
    polled = 1_800 * (500 + 90 * empty + 150 * (1 - empty)) + 7_200
    assert hour["polling"].overhead_bytes == pytest.approx(polled) and hour["polling"].requests == pytest.approx(1_800)
    assert hour["long-polling"].overhead_bytes == pytest.approx(7_200 * 651)
    assert hour["websocket"].overhead_bytes == pytest.approx(7_200 * 4 + 144 * 8 + 650), "144 pings with their pongs"
    assert hour["websocket"].requests == 1
    assert hour["server-sent-events"].overhead_bytes == pytest.approx(7_200 * 23 + 700), "hardly ever a comment"
    assert {each.message_bytes for each in hour.values()} == {7_200 * 142}
    assert hour["websocket"].total_bytes == pytest.approx(7_200 * 146 + 144 * 8 + 650)


def test_an_hour_grows_with_the_rate_and_shrinks_with_the_interval():
    busier = [hours.client_hour(Following(rate_hz=rate), COSTS) for rate in (0.1, 1, 9)]
    totals = [[each.total_bytes for each in hour] for hour in busier]
    assert all(few < many for one, two in zip(totals, totals[1:], strict=False)
               for few, many in zip(one, two, strict=True))
    often, seldom = (hours.client_hour(replace(Following(), poll_interval_s=t), COSTS)[0] for t in (1, 10))
    assert seldom.total_bytes < often.total_bytes and seldom.requests == pytest.approx(360)


def test_long_polling_costs_more_than_polling_once_messages_come_faster_than_polls():
    slow, fast = (hours.client_hour(Following(rate_hz=rate), COSTS) for rate in (0.1, 10))
    assert slow[1].overhead_bytes < slow[0].overhead_bytes and fast[1].overhead_bytes > fast[0].overhead_bytes
