"""results/audit against bytes written down by hand, against h11 and hpack's decoder, and against the article."""

import math

import pandas as pd
import pytest
from tools.authority import AUTHORITY, BROWSER, line
from tools.lab import ROOT
from websockets.frames import Frame, Opcode

from results import model, table
from results.audit import audit, hpack_heads, lab, quantum

# --- the quantum leap ------------------------------------------------------------------------------------------------


def rows(name: str, **given: object) -> list[quantum.Quantum]:
    found = [row for row in quantum.quantum(**given) if row.basis.name == name]
    assert [row.clients for row in found] == [1_000, 10_000, 100_000]
    return found


def test_a_megabit_is_the_si_one_unless_it_is_said():
    assert quantum.megabits(125_000) == 1.0
    assert quantum.megabits(131_072, quantum.BINARY) == 1.0
    assert quantum.megabits(1) / quantum.megabits(1, quantum.BINARY) == pytest.approx(1.048576)


def test_the_published_figures_come_out_to_the_digits_they_were_printed_with():
    reproduced = rows("reproduced, divided by 2^20")
    assert [f"{row.polling_mbit_s:.{digits}f}" for row, digits in zip(reproduced, (1, 0, 0), strict=True)] == [
        "6.6", "66", "665"]
    assert [f"{row.websocket_mbit_s:.3f}" for row in reproduced] == ["0.015", "0.153", "1.526"]
    assert [(row.polling_mbit_s, row.websocket_mbit_s) for row in rows("as published")] == [
        (6.6, 0.015), (66.0, 0.153), (665.0, 1.526)]


def test_the_same_bytes_in_si_units():
    """The article's own second step: 6,968,000 and 16,000 bits per second, and so on."""
    assert [row.polling_mbit_s for row in rows("in SI units")] == pytest.approx([6.968, 69.68, 696.8])
    assert [row.websocket_mbit_s for row in rows("in SI units")] == pytest.approx([0.016, 0.160, 1.600])


def test_characters_and_line_ends_are_the_bytes_on_the_wire():
    heads = hpack_heads.PRINTED_REQUEST, hpack_heads.PRINTED_RESPONSE
    assert [(head.characters, len(head.wire)) for head in heads] == [(692, 716), (179, 193)]
    assert (quantum.printed_characters(), quantum.printed_wire()) == (871, 909)
    assert rows("with line ends")[0].polling_mbit_s == pytest.approx(909 * 8 / 1000)


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_frames_are_those_of_the_standard(size):
    row = rows(f"frames of RFC 6455, {size:,} B messages", payload_bytes=size)[2]
    head = len(Frame(Opcode.TEXT, bytes(size)).serialize(mask=False)) - size
    assert row.websocket_mbit_s == pytest.approx(head * 8 / 10)


@pytest.mark.parametrize("heads, poll, push", [(40, 909 + 120, 2 + 80), (52, 909 + 156, 2 + 104)])
def test_a_poll_is_three_segments_and_a_push_two(heads, poll, push):
    row = rows(f"with TCP/IP headers, {heads} B a segment")[0]
    assert (row.basis.polling, row.basis.websocket) == (poll, push)
    assert row.ratio == pytest.approx(poll / push) and 10 < row.ratio < 13


def test_segments_are_the_callers():
    given = [quantum.Segments(polling=4, websocket=2, heads=40)]
    assert rows("with TCP/IP headers, 40 B a segment", segments=given)[0].basis.polling == 909 + 160


def test_more_is_counted_from_line_to_line_and_ten_times_the_clients_cause_ten_times_the_traffic():
    bases = quantum.bases(126)[1:]
    sizes = [(basis.polling, basis.websocket) for basis in bases]
    assert all(one[0] <= two[0] and one[1] <= two[1] for one, two in zip(sizes, sizes[1:], strict=False))
    for basis in bases:
        few, many = (quantum.quantum_row(clients, basis) for clients in (1_000, 10_000))
        assert many.polling_mbit_s == pytest.approx(10 * few.polling_mbit_s)
        assert many.ratio == pytest.approx(few.ratio)


# --- this lab's own numbers ------------------------------------------------------------------------------------------


def made_up(transport: str, **cells: object) -> dict[str, object]:
    """A valid run of a browser, five deliveries."""
    given = {"run_id": transport, "transport": transport, "operation": "feed", "fault": "", "cookie_bytes": 0,
             "header_profile": "browser", "keep_alive": True, "tls": False, "deflate": False, "valid": True,
             "invalid_reason": "", "deliveries": 5, "framing": 5, "requests": 2, "overhead_per_delivery": 249.0}
    return {column.name: None for column in table.COLUMNS} | given | cells


@pytest.fixture
def read(tmp_path):
    """Rows as they come out of a runs.csv."""

    def through_a_file(*made: dict[str, object]) -> pd.DataFrame:
        table.write_runs(tmp_path / "runs.csv", made)
        return table.read_runs(tmp_path)

    return through_a_file


PUSHED = made_up("websocket", framing=20, overhead_per_delivery=104.0, segments_sent=6, segments_received=9)


def test_the_labs_numbers_are_per_delivery_and_per_poll(read):
    """Two polls of 620 B brought five messages with an LF each; a frame head of 4 B, and a handshake of 500 B."""
    runs = read(made_up("polling", segments_sent=4, segments_received=2), PUSHED)
    assert lab.measured(runs, "polling").overhead_per_poll == pytest.approx(620 + 1)
    assert [(basis.polling, basis.websocket) for basis in lab.lab_bases(runs)] == [
        (249, 104), (pytest.approx(621), 4), (pytest.approx(621 + 3 * 40), 4 + 3 * 40),
        (pytest.approx(621 + 3 * 52), 4 + 3 * 52)]


def test_runs_are_taken_together_by_what_they_delivered(read):
    runs = read(made_up("polling"), made_up("polling", deliveries=15, overhead_per_delivery=49.0, framing=15))
    pooled = lab.measured(runs, "polling")
    assert pooled.overhead_per_delivery == pytest.approx((5 * 249 + 15 * 49) / 20)
    assert pooled.requests_per_delivery == pytest.approx(4 / 20) and pooled.segments_per_delivery is None


def test_what_no_run_counted_stays_empty(read):
    runs = read(made_up("polling"), PUSHED)
    last = lab.lab_bases(runs)[-1]
    assert last.polling is None and last.websocket == 4 + 3 * 52
    row = quantum.quantum_row(1_000, last)
    assert row.polling_mbit_s is None and row.ratio is None
    assert audit.audit(BROWSER, runs=runs) and quantum.quantum(further=lab.lab_bases(runs))


@pytest.mark.parametrize(
    "cells", [{"valid": False, "invalid_reason": "late"}, {"fault": "outage"}, {"header_profile": "minimal"},
              {"cookie_bytes": 256}, {"tls": True}, {"deflate": True}, {"keep_alive": False}, {"operation": "post"},
              {"deliveries": 0}],
)
def test_other_runs_say_nothing_here(read, cells):
    assert lab.measured(read(made_up("polling", **cells)), "polling") is None
    assert lab.lab_bases(read(made_up("polling", **cells), PUSHED)) == []


def test_the_articles_heads_have_rows_of_their_own(read):
    both = made_up("polling"), PUSHED
    runs = read(*both, *(made | {"header_profile": "2010"} for made in both))
    assert [basis.name for basis in lab.lab_bases(runs)] == [
        name + rest for name in ("this lab", "this lab with the article's heads") for rest in
        (", as delivered", ", one message a poll", ", one message a poll, its segments at 40 B",
         ", one message a poll, its segments at 52 B")]


def test_the_committed_runs_fill_the_table():
    runs = table.read_runs(ROOT / "results" / "reference")
    row = rows("this lab, one message a poll", further=lab.lab_bases(runs))[0]
    heads = hpack_heads.polls(BROWSER, AUTHORITY), hpack_heads.responses()
    expected = sum(len(each[-1].wire) for each in heads) + model.LINE_END
    assert row.basis.polling == pytest.approx(expected, abs=25)
    assert 2 <= row.basis.websocket <= 10


def test_the_audit_has_six_points_in_order_each_with_its_source():
    lines = audit.audit(BROWSER)
    assert list(dict.fromkeys(each.point for each in lines)) == [1, 2, 3, 4, 5, 6]
    assert all(each.source and each.unit and each.computed is not None for each in lines)


@pytest.mark.parametrize(
    "point, what, claimed, expected",
    [
        (1, "headers of a poll", 871, 909),
        (2, "polling, 1,000 clients", 6.6, 6.968),
        (2, "polling, 100,000 clients", 665, 696.8),
        (2, "websocket, 100,000 clients", 1.526, 1.6),
        (3, "around a text, draft of 2009", 2, 2),
        (3, "frame header from the server, 125 B message", 2, 2),
        (3, "frame header from the server, 126 B message", 2, 4),
        (3, "frame header from the client, 20 B message", 2, 6),
        (3, "frame header from the client, 65,536 B message", 2, 14),
        (4, "a poll with TCP/IP headers, 40 B a segment", 871, 1_049),
        (4, "a push with TCP/IP headers, 40 B a segment", 2, 102),
        (4, "a poll to a push, 40 B a segment", 435.5, 10.28),
        (4, "a poll to a push, 52 B a segment", 435.5, 8.61),
        (5, "worst of long polling", 150, 150),
        (5, "mean of polling each second", 150, 550),
        (5, "mean of WebSocket", 50, 50),
        (5, "mean of long polling, a message a second", 150, 50 + 5 / (0.1 + math.exp(-0.1))),
        (5, "polling each second to WebSocket, means", 3, 11),
    ],
)
def test_what_the_audit_computes(point, what, claimed, expected):
    found = line(point, what)
    assert found.claimed == claimed and found.computed == pytest.approx(expected, rel=1e-3)
    assert found.ratio == pytest.approx(expected / claimed, rel=1e-3)
    assert found.difference == pytest.approx(found.computed - claimed)


def test_the_audit_weighs_the_labs_own_recording():
    first, later = (line(6, f"the recorded browser's poll, {when}") for when in ("first", "later"))
    assert first.claimed == len(hpack_heads.polls(BROWSER, AUTHORITY)[0].wire)
    assert later.computed + 200 < first.computed < first.claimed


def test_hpack_leaves_of_the_articles_heads_what_is_known_of_them():
    lines = {each.what: each for each in audit.audit(BROWSER) if "printed" in each.what}
    assert (lines["the printed request"].computed, lines["the printed response"].computed) == (716, 193)
    for what, first, later in (("request", 426, 11), ("response", 100, 29)):
        found = [lines[f"the printed {what}, {when}, without its frame"] for when in ("first", "later")]
        assert [each.computed for each in found] == [each.claimed for each in found] == [first, later]
