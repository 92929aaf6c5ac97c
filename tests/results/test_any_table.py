"""Charts, verdicts, report and advice answer from any rows of a table, or say in one line what is missing."""

import os
import re
from contextlib import suppress
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as some
from tools.lab import ROOT

from results import advice, claims, figures, report, table
from results.advice.words import advice_in_words
from results.report.answer import answer
from results.select import NotMeasured
from results.terminal import terminal_table
from results.transports import COMPARED
from results.words import nonbreaking_units

REFERENCE = table.read(ROOT / "results" / "reference")
ALL, KNOWN = REFERENCE.observations, advice.best_costs([REFERENCE], "browser")
EXPERIMENTS = sorted(set(REFERENCE.runs["experiment"]))
EACH, PARTS = (75, 4) if os.environ.get("CI") else (5, 4)
"""Tables of each part; the parts run side by side."""
ONE_LESS = 3 if os.environ.get("CI") else 1


@some.composite
def tables(draw):
    """A few rows of the reference, some marked invalid, perhaps as an engineer's own workload, or over TLS."""
    runs = REFERENCE.runs
    experiments = draw(some.sets(some.sampled_from(EXPERIMENTS), min_size=1, max_size=3))
    transports = draw(some.sets(some.sampled_from(COMPARED), min_size=1))
    places = runs.index[runs["experiment"].isin(experiments) & runs["transport"].isin(transports)]
    if places.empty:
        return replace(REFERENCE, runs=runs[:0])
    rows = draw(some.lists(some.sampled_from(list(places)), min_size=1, max_size=12, unique=True))
    mine = runs.loc[rows].reset_index(drop=True)
    for place in mine.index:
        if draw(some.integers(0, 9)) < 4:
            mine.loc[place, ["valid", "invalid_reason"]] = [False, "marked by the test"]
    if draw(some.booleans()):
        mine["experiment"] = "workload"
    if draw(some.booleans()):
        mine["tls"] = True
    observed = draw(some.sets(some.integers(0, len(REFERENCE.observations) - 1), max_size=20))
    observations = REFERENCE.observations.iloc[sorted(observed)] if draw(some.booleans()) else REFERENCE.observations
    return replace(REFERENCE, runs=mine, observations=observations.reset_index(drop=True))


SPOILT = re.compile(r"\bnan\b|\bNone\b|\binf\b|  | [.;,](?!\d)|: \.")
"""What is found in a sentence whose number or name is missing."""


def check_all_is_said(results):
    """Nothing raises but NotMeasured, which draw_all turns into a reason; no sentence has a hole in it."""
    names = set(figures.recipes(results)) - ({"heads_compressed"} if results.observations.equals(ALL) else set())
    drawn, skipped = figures.draw_all(results, names)  # without the one that is always the same
    said = [chart.title for chart in drawn] + [chart.alt for chart in drawn] + [skip.reason for skip in skipped]
    judged = claims.verdicts(results.runs, results.observations)
    said += [words for verdict in judged for row in verdict.evidence for words in (verdict.sentence, *row)]
    said += answer(results.runs)
    assert [verdict.sentence for verdict in judged if len(verdict.sentence.split()) > 25] == []
    assert [chart.title for chart in drawn if len(nonbreaking_units(chart.title).split(" ")) > 12] == []
    assert [line for line in said if SPOILT.search(line) or "\n" in line] == []
    page, gallery = report.render(results, ([], skipped))
    assert page.count("<html") == 1 and gallery.count("## The sixteen claims") == 1
    assert terminal_table(results.runs)
    assert advice_in_words(advice.Workload(within_ms=200.0), *KNOWN, results.runs)
    with suppress(NotMeasured):
        advice.best_costs([results], "browser")


OPTIONS = {"deadline": None, "database": None, "report_multiple_bugs": False,
           "suppress_health_check": list(HealthCheck)}  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize("part", range(PARTS))
def test_every_table_gets_charts_verdicts_and_a_report(part):
    @seed(part)  # derandomize would give each part the same tables
    @settings(max_examples=EACH, **OPTIONS)
    @given(tables())
    def answers(results):
        check_all_is_said(results)

    answers()


@pytest.mark.long
@settings(max_examples=ONE_LESS, **OPTIONS)
@given(some.integers(0, len(REFERENCE.runs) - 1), some.booleans())
def test_the_reference_without_any_one_run_still_says_all(place, removed):
    """The run is removed, or does not count."""
    runs = REFERENCE.runs.copy()
    runs.loc[place, ["valid", "invalid_reason"]] = [False, "marked by the test"]
    check_all_is_said(replace(REFERENCE, runs=runs.drop(place).reset_index(drop=True) if removed else runs))


def test_a_loss_of_requests_alone_has_no_pushed_messages_to_draw():
    """One run, of a transport that asks: no row is left, and the table keeps its columns."""
    runs = REFERENCE.runs
    asked = runs[(runs["experiment"] == "loss") & (runs["transport"] == "polling")].head(1).reset_index(drop=True)
    _, skipped = figures.draw_all(replace(REFERENCE, runs=asked), ["behind_a_lost_packet"])
    assert [skip.reason for skip in skipped] == ["the experiment `loss` has no push transport at two rates"]


def _of(experiment, **conditions):
    """The first valid run of the reference with these cells."""
    runs = REFERENCE.runs
    runs = runs[(runs["experiment"] == experiment) & runs["valid"]]
    for name, value in conditions.items():
        runs = runs[runs[name] == value]
    return runs.head(1)


def _drawn(name, *rows):
    """One chart from rows of the reference: its title, or why there is none."""
    results = replace(REFERENCE, runs=pd.concat(rows, ignore_index=True))
    drawn, skipped = figures.draw_all(results, [name])
    return drawn[0].title if drawn else skipped[0].reason


def test_a_ratio_of_which_no_transport_has_both_ends_is_not_drawn():
    """Before, the largest of no ratios was asked for."""
    little, much = _of("loss", transport="websocket", loss_percent=0), _of("loss", transport="polling", loss_percent=3)
    assert _drawn("latency_over_loss", little, much) == (
        "no transport of the experiment `loss` was measured with the least loss and with the most")
    alone = _of("bufferbloat", transport="websocket", fault="")
    beside = _of("bufferbloat", transport="polling", fault="upload", queue_packets=200)
    assert _drawn("beside_an_upload", alone, beside) == (
        "no transport of the experiment `bufferbloat` was measured alone and with the longest queue")


def test_a_panel_with_points_at_one_rate_only_has_the_axis_of_the_others():
    """Before, both limits of its axis were that rate."""
    rows = [_of("update-rate", transport="polling", rate_hz=20), _of("update-rate", transport="websocket", rate_hz=20),
            _of("update-rate", transport="websocket", rate_hz=50)]  # fmt: skip
    title = _drawn("message_over_rate", *rows)
    assert re.fullmatch(r"Polling takes the least server CPU at \d+ messages/s", title), title


def row(number, transport, valid, attempt=1):
    """A row of a workload over TLS, from the reference."""
    runs = REFERENCE.runs
    first = runs[(runs["experiment"] == "overhead") & (runs["transport"] == transport) & runs["valid"]].iloc[[0]]
    reason = "" if valid else "generator lag p99 14.7 ms is above 10 ms"
    return first.assign(run_id=f"workload-{number:03}-{transport}", experiment="workload", tls=True, valid=valid,
                        attempt=attempt, invalid_reason=reason)  # fmt: skip


def test_a_workload_whose_first_attempt_was_invalid_is_drawn():
    """Four rows: one of long polling's two attempts does not count."""
    rows = [row(1, "polling", True), row(2, "long-polling", False), row(2, "long-polling", True, attempt=2),
            row(3, "websocket", True)]  # fmt: skip
    results = replace(REFERENCE, runs=pd.concat(rows, ignore_index=True))
    drawn, skipped = figures.draw_all(results)
    chart = next(chart for chart in drawn if chart.name == "bytes_per_delivery")
    assert chart.title.startswith("Long polling moves ") and chart.alt.count("over TLS") == 3
    reason = next(skip.reason for skip in skipped if skip.name == "latency_tail")
    assert reason == "the valid run workload-001-polling has no histogram latency/workload-001-polling.hdr"
    assert report.render(results, (drawn, skipped))
