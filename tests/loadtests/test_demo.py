"""The demonstration's parts that only compute: settings, the model beside the lanes, the class, endings, links."""

import base64
import hashlib
import xml.etree.ElementTree as xml
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some
from websockets.frames import Frame, Opcode
from websockets.protocol import Protocol, Side

from clients.ledger import HEADINGS
from loadtests.demo.classroom import MOST_MEMBERS, Classroom, ReportError
from loadtests.demo.endings import ENDINGS, TEXT, accept_steps, fragments, scripts
from loadtests.demo.expected import expected
from loadtests.demo.links import qr_svg
from loadtests.demo.saved import rows
from loadtests.demo.settings import RANGES, Settings
from results.check import check
from results.table import read_runs, write_runs
from results.transports import WITH_GUESTS

# ---- Settings


@pytest.mark.parametrize(("values", "complaint"), [
    ({"poll_interval_s": 0}, "the poll interval is from 0.1 to 60 s, not 0"),
    ({"rate_hz": "fast"}, "the message rate is from 0.1 to 50 messages/s, not 'fast'"),
    ({"rtt_ms": True}, "the round trip is from 0 to 2000 ms, not True"),
    ({"cookie_bytes": float("nan")}, "the cookies is from 0 to 4000 B, not nan"),
    ({"paused": 1}, "paused is true or false"),
    ({"colour": "red"}, "there is no setting 'colour'"),
])  # fmt: skip
def test_what_no_setting_can_be_is_said_in_one_line(values, complaint):
    with pytest.raises(ValueError, match=f"^{complaint.replace('.', '[.]')}$"):
        Settings().changed(values)


@given(some.sampled_from(sorted(RANGES)), some.data())
def test_a_setting_within_its_range_is_taken_and_nothing_else_changes(name, data):
    value = data.draw(some.floats(*RANGES[name]))
    assert Settings().changed({name: value}) == replace(Settings(), **{name: value})


# ---- The model beside the lanes


def tapped(requests=10, messages=40, head=600, payload=200):
    counted = dict.fromkeys(HEADINGS, 0) | {"request_head": requests * head, "payload": messages * payload}
    return {"bytes": counted, "requests": requests, "messages": messages, "connections": 1}


@pytest.mark.parametrize(("transport", "latency", "overhead"), [
    ("polling", 1050, 151), ("long-polling", 59.8, 590), ("websocket", 50, 4.16), ("server-sent-events", 50, 22),
])  # fmt: skip
def test_the_model_of_each_lane(transport, latency, overhead):
    """100 ms away and back, 2 messages/s, polls every 2 s, heads of 600 B: 600 / 4 + 1 per message by polling.

    By long polling 600 / (0.2 + e^-0.2) + 1.
    """
    said = expected(transport, Settings(), tapped())
    assert said["latency_ms"] == pytest.approx(latency, abs=0.05)
    assert said["overhead"] == pytest.approx(overhead, rel=0.01)


@pytest.mark.parametrize("transport", WITH_GUESTS)
def test_before_anything_was_counted_only_bytes_of_heads_are_unknown(transport):
    asks = transport in ("polling", "long-polling")
    for counted in (None, tapped(requests=0, messages=0)):
        said = expected(transport, Settings(), counted)
        assert said["latency_ms"] > 0 and (said["overhead"] is None) == asks


# ---- The class


@pytest.fixture
def room():
    time = [100.0]
    room = Classroom(("polling", "long-polling", "websocket"), lambda: time[0])
    room.time = time
    return room


def figures(room, **more):
    return {"round": room.round, "latencies": [10.0, 20.0], "messages": 2, "lost": 0, "repeated": 0, "requests": 3,
            "mean": 15.0, "bound": 0.5, "state": "connected"} | more  # fmt: skip


def test_members_are_spread_evenly_unless_they_choose(room):
    assert [room.join().transport for _ in range(6)] == ["polling", "long-polling", "websocket"] * 2
    assert room.join("polling").transport == "polling"
    assert room.join().transport == "long-polling"
    with pytest.raises(ReportError, match="there is no lane 'pigeon': they are polling, long-polling, websocket"):
        room.join("pigeon")


def test_who_has_left_makes_room_in_a_lane_and_its_figures_stay(room):
    first = room.join()
    room.report(first.number, figures(room))
    room.time[0] += 60
    assert room.summary()["present"] == 0 and room.join().transport == "polling"
    assert room.summary()["lanes"]["polling"]["messages"] == 2


def test_a_class_has_an_end(room):
    room.members = {number: None for number in range(MOST_MEMBERS)}
    with pytest.raises(ReportError, match="2,000 take part already"):
        room.join()


measured = some.tuples(some.sampled_from([1, 2, 3]), some.lists(some.floats(0.01, 1e5), max_size=20))


@given(some.lists(measured, max_size=10))
def test_the_class_is_the_sum_of_its_members(reports):
    room, counts = Classroom(("polling",)), {1: 0, 2: 0, 3: 0}
    for _ in counts:
        room.join()
    for number, latencies in reports:
        counts[number] += len(latencies)
        room.report(number, figures(room, latencies=latencies, messages=counts[number]))
    lane = room.summary()["lanes"]["polling"]
    assert lane["messages"] == sum(counts.values()) == room.latencies("polling").get_total_count()
    every = [latency for _, latencies in reports for latency in latencies]
    if every:
        assert lane["mean_ms"] == pytest.approx(sum(every) / len(every), rel=0.002, abs=0.001)
        assert [share for _, share in lane["curve"]] == sorted(share for _, share in lane["curve"])


@pytest.mark.parametrize(("wrong", "complaint"), [
    ({"latencies": "many"}, "latencies are a list"), ({"latencies": [None]}, "latencies are a list"),
    ({"latencies": [float("inf")]}, "latencies are a list"), ({"latencies": [1.0] * 2001}, "latencies are a list"),
    ({"messages": -1}, "whole numbers"), ({"lost": 0.5}, "whole numbers"), ({"requests": None}, "whole numbers"),
])  # fmt: skip
def test_a_report_that_cannot_be_is_refused_and_changes_nothing(room, wrong, complaint):
    member = room.join()
    with pytest.raises(ReportError, match=complaint):
        room.report(member.number, figures(room, **wrong))
    assert member.figures == {} and room.latencies("polling").get_total_count() == 0
    with pytest.raises(ReportError, match="nobody here has the number 77"):
        room.report(77, figures(room))


def test_what_was_measured_before_the_figures_were_cleared_does_not_count(room):
    member, before = room.join(), figures(room)
    room.report(member.number, before)
    room.clear()
    room.report(member.number, before)
    assert room.summary()["lanes"]["polling"]["messages"] == 0
    room.report(member.number, figures(room))
    assert room.summary()["lanes"]["polling"]["messages"] == 2


def test_what_a_class_has_measured_is_a_table_of_runs(room, tmp_path):
    with pytest.raises(ValueError, match="nobody has measured anything yet"):
        room.measured()
    for _ in range(3):
        member = room.join()
        room.report(member.number, figures(room))
    room.report(room.join("websocket").number, figures(room, lost=1))
    room.time[0] += 30
    measured = room.measured() | {"settings": vars(Settings())}
    for lane in measured["lanes"].values():
        lane["tap"] = tapped(messages=2)
    found = [cells for cells, _ in rows(measured)]
    write_runs(tmp_path / "runs.csv", found)
    assert [(row["transport"], row["clients"], row["valid"], row["clock"]) for row in found] == [
        ("polling", 1, True, "browser"), ("long-polling", 1, True, "browser"), ("websocket", 2, False, "browser"),
    ]  # fmt: skip
    assert [row["overhead_per_delivery"] for row in found] == [3000, 3000, 0], "of a WebSocket heads are paid once"
    assert {row["duration_s"] for row in found} == {30.0} and found[0]["clock_bound_ms"] == 0.5
    assert not check(read_runs(tmp_path))


# ---- Endings and links


def test_the_steps_from_key_to_accept_are_those_of_rfc_6455():
    """With the key of RFC 6455 section 1.3."""
    steps = accept_steps("dGhlIHNhbXBsZSBub25jZQ==")
    assert steps[-1].endswith("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    joined = steps[1].rpartition(" ")[2]
    assert steps[2].endswith(hashlib.sha1(joined.encode()).hexdigest())
    assert base64.b64encode(bytes.fromhex(steps[2].rpartition(" ")[2])).decode() == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert accept_steps(None) == []


@pytest.mark.parametrize("count", [2, 3, 5])
def test_a_message_in_fragments_is_one_message_with_a_ping_in_between(count):
    client = Protocol(Side.CLIENT)
    for step in fragments(count, 0.1):
        client.receive_data(step.data)
    frames = [frame for frame in client.events_received() if isinstance(frame, Frame)]
    data = [frame for frame in frames if frame.opcode is not Opcode.PING]
    assert b"".join(frame.data for frame in data).decode() == TEXT and len(data) == count
    assert [frame.fin for frame in data] == [False] * (count - 1) + [True]
    assert frames[-2].opcode is Opcode.PING


def test_each_ending_and_each_way_of_fragments_has_a_path():
    assert set(ENDINGS) < set(scripts()) and "/fragments/3/0.5" in scripts()


def test_a_qr_code_is_a_picture_of_squares():
    picture = xml.fromstring(qr_svg("http://192.168.1.5:5010/join?token=abc"))
    assert picture.tag.endswith("svg") and any(part.tag.endswith("path") for part in picture)
