"""The committed run: all sixteen verdicts come out of it, and each follows a single number of it."""

import shutil

import pytest
from tools.lab import ROOT
from tools.legible import expect_legible

from results import claims, figures, report, table
from results.check import check
from results.claims import Outcome
from results.words import nonbreaking_units

REFERENCE = ROOT / "results" / "reference"
PLAIN = {"header_profile": "browser", "cookie_bytes": 0, "payload_bytes": 142, "tls": False, "deflate": False}


def verdicts(folder):
    found = claims.verdicts(table.read_runs(folder), table.read_observations(folder))
    return {each.claim.id: each for each in found}


@pytest.fixture(scope="module")
def before():
    return verdicts(REFERENCE)


@pytest.fixture
def copy(tmp_path):
    for name in ("runs.csv", "observations.csv", "machine.json"):
        shutil.copy(REFERENCE / name, tmp_path)
    return tmp_path


def rows_with(frame, cells):
    found = frame.index == frame.index
    for name, value in cells.items():
        found &= (frame[name] == value).fillna(False)
    return found


def test_every_claim_is_decided(before):
    assert list(before) == [f"C{number}" for number in range(1, 17)]
    assert not {name for name, verdict in before.items() if verdict.outcome in claims.UNDECIDED}


def test_each_verdict_is_one_sentence_that_a_student_could_repeat(before):
    assert {name: verdict.sentence for name, verdict in before.items() if len(verdict.sentence.split()) > 25} == {}
    assert all(verdict.sentence.count(". ") == 0 and verdict.evidence for verdict in before.values())


def test_its_rows_keep_what_the_contract_promises():
    assert check(table.read_runs(REFERENCE)) == []


def test_the_gallery_says_them_all(before):
    gallery = (REFERENCE / "README.md").read_text(encoding="utf-8")
    for claim in claims.CLAIMS:
        assert f"| {claim.id}. {claim.words} | {before[claim.id].sentence} |" in gallery.replace("\\", "")
    assert not [outcome for outcome in claims.UNDECIDED if outcome.value in gallery]


@pytest.fixture(scope="module")
def drawn():
    return figures.draw_all(table.read(REFERENCE))


def test_the_gallery_is_what_the_code_makes_of_the_tables(drawn):
    _, gallery = report.render(table.read(REFERENCE), drawn)
    assert gallery == (REFERENCE / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("claim", "cells", "column", "change", "outcome", "words"),
    [
        ("C1", PLAIN | {"experiment": "overhead", "transport": "polling"}, "request_head", lambda of: 0,
         Outcome.CONDITIONAL, "500 B; 2005 headers alone take "),
        ("C2", PLAIN | {"experiment": "overhead", "transport": "long-polling"}, "overhead_per_delivery",
         lambda of: 10.0, Outcome.CONDITIONAL, "for long polling in places from 89–4,600 B"),
        ("C3", {"experiment": "link-rate", "transport": "websocket", "link_mbps": 100.0, "header_profile": "browser"},
         "latency_mean_ms", lambda of: 7 * of, Outcome.CONDITIONAL, "for a WebSocket above 10–100 Mbit/s"),
        ("C5", {"experiment": "latency", "transport": "long-polling", "rtt_ms": 100.0, "keep_alive": True},
         "held_mean_s", lambda of: 9.0, Outcome.CONDITIONAL, "below 1–2 messages per round trip"),
        ("C6", {"experiment": "real-feed", "transport": "websocket"}, "requests", lambda of: 5, Outcome.CONDITIONAL,
         "for the client only"),
        ("C11", {"experiment": "latency", "transport": "websocket", "rtt_ms": 200.0, "keep_alive": True},
         "latency_mean_ms", lambda of: 100 * of, Outcome.CONDITIONAL,
         "round trips between polls and against long polling in places from 0.1–2 messages"),
        ("C15", {"experiment": "upstream", "operation": "echo", "transport": "websocket", "payload_bytes": 65_536},
         "payload", lambda of: of // 2, Outcome.FAILS, "not all bytes returned"),
        ("C16", {"experiment": "connection", "transport": "websocket", "tls": True}, "wire_received",
         lambda of: of + 10**6, Outcome.CONDITIONAL, "except for bytes per message"),
    ],
)  # fmt: skip
def test_one_number_of_a_run_changes_the_verdict(before, copy, claim, cells, column, change, outcome, words):
    runs = table.read_runs(copy)
    first = runs.index[rows_with(runs, cells | {"valid": True})][0]
    runs.loc[first, column] = change(runs.loc[first, column])
    table.write_runs(copy / "runs.csv", table.records(runs))
    after = verdicts(copy)[claim]
    assert after.outcome == outcome and words in after.sentence and words not in before[claim].sentence


def test_each_title_has_at_most_twelve_words(drawn):
    """A number and its unit are one."""
    charts, skipped = drawn
    assert skipped == []
    assert [chart.title for chart in charts if len(nonbreaking_units(chart.title).split(" ")) > 12] == []


@pytest.mark.parametrize("page", ["report", "talk"])
def test_words_stand_apart_inside_the_figure_and_are_large_enough(page, drawn):
    charts, _ = drawn
    if page == "talk":
        with figures.for_a_talk():
            charts, _ = figures.draw_all(table.read(REFERENCE))
    for chart in charts:
        expect_legible(chart)
