"""The lesson's lost packet: tshark's lines in words, and a live one."""

import sys
import time
import uuid
from contextlib import ExitStack

import pytest
from lessons.live import lost_packet
from lessons.live.lost_packet import around_the_gap, captured, start_program
from lessons.live.recordings import NothingStarted
from tools.lab import eventually, needs
from tools.processes import MARK, marked

SEEN = """\
0.744|10.77.0.2|1006|194|146||||
0.7441|10.77.0.1|194|1152|0||||
0.944|10.77.0.2|1298|194|146|||1|
0.9441|10.77.0.1|194|1152|0|1298|||
0.994|10.77.0.2|1152|194|146||||1
0.9941|10.77.0.1|194|1444|0||||
1.044|10.77.0.2|1444|194|146||||"""
PACKETS = [line.split("|") for line in SEEN.splitlines()]


def test_the_gap_and_what_is_sent_again_are_named():
    shown = around_the_gap(PACKETS)
    assert list(shown["ms"]) == [0, 0, 200, 200, 250, 250, 300]
    assert list(shown["from"]) == ["server", "client"] * 3 + ["server"]
    assert list(shown["bytes"]) == ["1006–1152", "", "1298–1444", "", "1152–1298", "", "1444–1590"]
    assert list(shown["remark"]) == [
        "a message", "acknowledges", "a gap: something before this is missing",
        "acknowledges what came behind the gap (SACK)", "sent again: the lost one", "acknowledges", "a message",
    ]  # fmt: skip


def test_without_a_gap_everything_is_shown():
    assert len(around_the_gap(PACKETS[:2])) == 2 and around_the_gap([]).empty


def test_where_nothing_may_be_started_it_says_so(monkeypatch):
    monkeypatch.setenv("PUSH_LAB_LIVE", "0")
    with pytest.raises(NothingStarted, match="PUSH_LAB_LIVE is 0"):
        captured()


@pytest.mark.starts
def test_a_program_that_does_not_look_at_its_input_ends_too(monkeypatch):
    """With what it was started for, at once; else, as after a kill -9, when its time is over."""
    monkeypatch.setenv(MARK, mark := uuid.uuid4().hex)
    deaf = [sys.executable, "-c", "import time; time.sleep(600)"]
    with ExitStack() as children:
        start_program(children, deaf)
        eventually(lambda: len(marked(mark)) == 2)
    assert not marked(mark)
    monkeypatch.setattr(lost_packet, "LIVES_S", 1)
    with ExitStack() as children:
        start_program(children, deaf)
        began = time.monotonic()
        eventually(lambda: not marked(mark))
        assert time.monotonic() - began > 0.5


@pytest.mark.starts
def test_a_live_one_is_sent_again(packets):
    needs("tshark")
    shown = around_the_gap(captured())
    remarks = list(shown["remark"])
    gap, again = (next(place for place, words in enumerate(remarks) if words.startswith(start))
                  for start in ("a gap", "sent again"))  # fmt: skip
    assert gap < again
    first, later = (int(shown["bytes"][place].partition("–")[0]) for place in (again, gap))
    assert first < later, "what is sent again belongs before what came in time"
