"""Live cells: what clients of one feed see at the same time; runs measured here; and what was recorded instead."""

import json

import pytest
from lessons import measure, observed, start_servers, watch
from lessons.check import lesson_1
from lessons.live import recordings
from lessons.live.recordings import SWITCH, NothingStarted
from lessons.live.servers import NoServers, ServersUnavailable
from lessons.shown.sequence import passages

from results.transports import COMPARED

pytestmark = pytest.mark.starts

MESSAGES = 6


@pytest.fixture(scope="module")
def watched():
    with start_servers(rate=20, source="clock", size=142, count=MESSAGES, waiting=True, rtt_ms=40) as servers:
        yield watch(servers, MESSAGES, interval=0.1)


def test_all_three_see_the_same_messages_and_no_other(watched):
    seqs = {name: [each.seq for each in found.deliveries] for name, found in watched.items()}
    assert seqs == dict.fromkeys(COMPARED, list(range(1, MESSAGES + 1)))
    assert {found.diary.payload for found in watched.values()} == {142 * MESSAGES}


def test_a_diary_adds_up_and_knows_when(watched):
    for found in watched.values():
        diary = found.diary
        assert diary.difference == 0 and len(diary.times) == len(diary.entries) and diary.times == sorted(diary.times)


def test_no_message_is_there_before_half_a_round_trip(watched):
    assert min(each.latency for found in watched.values() for each in found.deliveries) >= 0.020


def test_what_passed_brings_each_message_once(watched):
    for found in watched.values():
        passed = list(passages(found))
        assert sum(passage.messages for passage in passed) == MESSAGES
        assert all(passage.arrived - passage.left == pytest.approx(0.020) for passage in passed)


def test_servers_publish_their_messages_once():
    with start_servers(count=1, waiting=True) as servers:
        servers.publish()
        with pytest.raises(ServersUnavailable, match="start new ones"):
            servers.publish()


def test_runs_are_measured_here_or_recorded(capsys):
    setting = dict(clients=11, rate_hz=10.0, poll_interval_s=0.3, rtt_ms=100.0, keep_alive=True, duration_s=1.2,
                   header_profile="minimal")  # fmt: skip
    here, recorded = measure("latency", now=True, **setting), measure("latency", **setting)
    assert recorded["valid"].all()
    for found in (here, recorded):  # here, the machine may have had something else to do
        assert set(found["transport"]) == set(COMPARED)
        means = found.groupby("transport")["latency_mean_ms"].mean()
        assert 50 <= means["websocket"] <= means["long-polling"] < means["polling"]
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("Measured just now") and said[1].startswith("Recorded")
    with pytest.raises(ValueError, match="has no run of latency"):
        measure("latency", rtt_ms=12345.0)


def test_a_protocol_is_observed_here_or_as_recorded(capsys):
    here, recorded = observed("C9", now=True), observed("C9")
    assert here.values.tolist() == recorded.values.tolist()
    assert capsys.readouterr().out.splitlines() == ["Observed just now, on this machine.",
                                                    "Observed by the run that comes with the lab."]  # fmt: skip


def test_where_nothing_can_be_started_what_was_recorded_is_shown(monkeypatch, capsys):
    monkeypatch.setenv(SWITCH, "0")
    servers = start_servers(rate=4, count=8, waiting=True)
    assert isinstance(servers, NoServers) and "What follows was recorded" in repr(servers)
    found = watch(servers, messages=8, interval=1.0)
    assert [len(each.deliveries) for each in found.values()] == [8, 8, 8]
    assert all(each.diary.difference == 0 for each in found.values())
    assert "Recorded when this lesson was made" in capsys.readouterr().out
    with pytest.raises(NothingStarted, match="there is no recording of this"):
        watch(servers, messages=9, interval=0.9)
    assert lesson_1.fast_enough(0.21, within_ms=150).mark == "…"


def test_a_recording_has_its_rows_in_their_own_order(tmp_path, monkeypatch):
    monkeypatch.setattr(recordings, "FILE", tmp_path / "lessons.json")
    monkeypatch.setenv(recordings.KEEP, "1")
    for key in ("second", "first"):
        recordings.recorded_or(key, lambda: {"polling": 1, "long-polling": 2})
    kept = json.loads(recordings.FILE.read_text())
    assert list(kept) == ["first", "second"] and list(kept["second"]) == ["polling", "long-polling"]
