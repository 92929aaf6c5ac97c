"""There and back, and both ways at once: every byte counted, over POST and over a WebSocket."""

import sys

import pytest
from tools.validity import but_for_the_machine

from loadtests.experiments.run import Run
from loadtests.runs.floor import expected_s, floor_run
from loadtests.runs.measure import measure_run
from loadtests.runs.row import row
from results.transports import COMPARED

pytestmark = pytest.mark.starts

ECHO = Run("x", "websocket", operation="echo", clients=2, rate_hz=20.0, arrivals="even", duration_s=1.0)
HEADERS = {1: 2 + 6, 125: 2 + 6, 126: 4 + 8, 65_535: 4 + 8, 65_536: 10 + 14}
"""Bytes of both frame headers by the size of what they head (RFC 6455 section 5.2): the server's and the client's."""


POST = ECHO.parameters() | {"operation": "post", "clients": 1}
GAME = ECHO.parameters() | {"operation": "duplex", "clients": 3, "poll_interval_s": 0.105}


def sent(run, tmp_path):
    result = measure_run(run, tmp_path, lambda seconds: None)
    return result.tally, row(run, result, 1)


def echo(transport, tmp_path, **changes):
    run = Run(**ECHO.parameters() | {"transport": transport} | changes)
    result = measure_run(run, tmp_path, lambda seconds: None)
    return run, result, row(run, result, 1)


@pytest.mark.parametrize(("transport", "tls"), [(name, tls) for name in COMPARED for tls in (False, True)])
def test_what_comes_back_is_counted_to_the_byte(transport, tls, tmp_path):
    run, result, cells = echo(transport, tmp_path, tls=tls, payload_bytes=300, duration_s=1.6)
    whole = result.tally.all_bytes
    assert but_for_the_machine(cells["invalid_reason"]) == []
    assert cells["published"] == result.tally.samples >= 30 and cells["operation"] == "echo"
    assert result.tally.ledger.payload == pytest.approx(2 * 300 * cells["deliveries"], rel=0.1)
    assert result.tally.message_bytes_in_all == whole.payload
    if sys.platform == "linux":
        assert (whole.kernel_sent, whole.kernel_received) == (whole.wire_sent, whole.wire_received)


@pytest.mark.parametrize("size", HEADERS)
def test_a_message_there_and_back_takes_two_frame_headers(size, tmp_path):
    _, result, _ = echo("websocket", tmp_path, payload_bytes=size, clients=1)
    pages = result.tally.all_bytes
    exchanges = pages.payload // (2 * size)
    close = 2 * (2 + 2) + 4  # a code each way, masked one way
    assert exchanges > 10 and pages.framing == exchanges * HEADERS[size] + close


def test_a_new_connection_for_each_post(tmp_path):
    run, result, cells = echo("polling", tmp_path, keep_alive=False, payload_bytes=100)
    assert but_for_the_machine(cells["invalid_reason"]) == []
    assert result.tally.connections >= cells["deliveries"]


@pytest.mark.parametrize(("transport", "keep_alive", "trips"), [("polling", True, 1), ("polling", False, 2),
                                                              ("websocket", True, 1)])  # fmt: skip
def test_there_and_back_is_a_round_trip_and_a_connection_one_more(transport, keep_alive, trips, tmp_path):
    """Nearer to that than to a trip more, on whatever machine: a round trip is 200 ms."""
    run, result, cells = echo(transport, tmp_path, rtt_ms=200.0, rate_hz=2.0, keep_alive=keep_alive, duration_s=2.0)
    assert cells["expected_mean_ms"] == pytest.approx(200 * trips)
    assert 200 * trips * 0.99 < cells["latency_mean_ms"] < 200 * (trips + 0.4)
    assert expected_s(run, result.tally) == pytest.approx(0.2 * trips)


@pytest.mark.parametrize("transport", COMPARED)
def test_what_is_posted_is_published_once_and_counted_both_ways(transport, tmp_path):
    tally, cells = sent(Run(**POST | {"transport": transport, "payload_bytes": 300}), tmp_path)
    assert but_for_the_machine(cells["invalid_reason"]) == []
    assert cells["published"] == tally.samples == tally.ups.total() >= 15
    messages = tally.all_bytes.payload - tally.message_bytes_in_all
    assert messages == 0 and tally.ledger.payload / cells["deliveries"] == pytest.approx(2 * 300 + 58, rel=0.1)


@pytest.mark.parametrize("transport", COMPARED)
def test_the_way_up_is_a_transit_and_so_is_the_way_back(transport, tmp_path):
    """Nearer to that than to two transits, on whatever machine: a transit is 100 ms."""
    far = {"transport": transport, "rtt_ms": 200.0, "rate_hz": 4.0, "duration_s": 2.0}
    _, cells = sent(Run(**POST | far), tmp_path)
    assert cells["expected_mean_ms"] == pytest.approx(100.0)
    assert 99 < cells["latency_mean_ms"] < 150 and 99 < cells["upstream_mean_ms"] < 150


@pytest.mark.parametrize("transport", COMPARED)
def test_players_send_while_they_are_told(transport, tmp_path):
    """Each has what all have sent, and the way up is known of every message."""
    run = Run(**GAME | {"transport": transport, "rtt_ms": 60.0})
    tally, cells = sent(run, tmp_path)
    assert but_for_the_machine(cells["invalid_reason"]) == []
    assert 30 <= cells["published"] == tally.ups.total() <= 63, "3 players, 20 a second each, fewer on a busy machine"
    assert tally.samples == 3 * cells["published"] and cells["lost"] == 0
    assert 29 < cells["upstream_mean_ms"] < 55, "a transit, not two"
    posts = cells["published"] if transport != "websocket" else 0
    assert cells["requests"] >= posts and (cells["requests"] == 0) == (transport == "websocket")


@pytest.mark.alone
def test_a_post_that_waits_for_its_answer_holds_up_no_other(tmp_path):
    """At 100 ms round trip one connection brings 10 a second; 20 a second take two of the five that there may be."""
    tally, cells = sent(Run(**GAME | {"transport": "long-polling", "rtt_ms": 100.0, "clients": 1}), tmp_path)
    assert cells["published"] == pytest.approx(20, abs=2) and 3 <= tally.connections <= 6


def test_the_floor_of_an_echo_is_an_echo_without_delay():
    there = Run(**ECHO.parameters() | {"rtt_ms": 50.0, "payload_bytes": 1000, "repeat": 2})
    found = floor_run(there)
    assert (found.operation, found.rtt_ms, found.payload_bytes, found.transport) == ("echo", 0.0, 1000, "websocket")
    assert found.rate_hz * found.duration_s * found.clients >= 100
    assert floor_run(Run(**there.parameters() | {"rtt_ms": 100.0})) == found
