"""A condition agrees with each of its cases, whatever these are."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as some

from results.claims.boundary import LESS, MORE, Boundary, condition
from results.claims.claim import Outcome
from results.claims.evidence import judge, names_of
from results.words import distinct

CASES = some.lists(some.tuples(some.floats(0.001, 1e4).map(lambda value: float(f"{value:.4g}")), some.booleans()),
                   min_size=1, max_size=8)  # fmt: skip


@given(CASES)
def test_its_words_name_measured_values_with_their_outcomes(cases):
    """Every number with "(yes)" or "(no)" is a value that was measured so, to the digits that are shown."""
    for shown, said in re.findall(r"([\d.,]+) \((yes|no)\)", str(Boundary.of(cases, "messages"))):
        value = float(shown.replace(",", ""))
        assert any(place == pytest.approx(value, rel=0.05) and held is (said == "yes") for place, held in cases)


@given(CASES)
def test_where_all_cases_agree_the_boundary_is_outside_of_what_was_measured(cases):
    boundary = Boundary.of(cases, "messages")
    no, yes = ([place for place, held in cases if held is wanted] for wanted in (False, True))
    if no and yes and max(no) < min(yes):
        assert str(boundary).startswith("the boundary lies between ")
    elif not (no and yes):
        assert ", so the boundary lies " in str(boundary)


@pytest.mark.parametrize(
    ("cases", "expected", "words"),
    [
        ([(0.2, True), (0.1, False), (2, True)], MORE, "the boundary lies between 0.1 (no) and 0.2 (yes) messages"),
        ([(1, False), (0.25, True)], LESS, "the boundary lies between 0.25 (yes) and 1 (no) messages"),
        ([(2, True), (0.8, True)], MORE, "yes at 0.8 to 2 messages, so the boundary lies below 0.8"),
        ([(2, True), (0.8, True)], LESS, "yes at 0.8 to 2 messages, so the boundary lies above 2"),
        ([(3, False)], MORE, "no at 3 messages, so the boundary lies above 3"),
        ([(1, False), (2, True), (3, False)], MORE, "in no clear order: at 1 (no), 2 (yes) and 3 (no) messages"),
        ([(1, False), (1, True)], MORE, "in no clear order: at 1 (no and yes) messages"),
        ([(0.991, False), (0.994, True)], MORE, "the boundary lies between 0.991 (no) and 0.994 (yes) messages"),
    ],
)
def test_its_words(cases, expected, words):
    assert str(Boundary.of(cases, "messages", expected)) == words


@pytest.mark.parametrize(
    ("cases", "words"),
    [
        ([(0.2, True), (0.1, False), (2, True)], "above 0.1–0.2 messages"),
        ([(1, False), (0.25, True)], "below 0.25–1 messages"),
        ([(2, True), (0.8, True)], "throughout 0.8–2 messages"),
        ([(2, False), (0.8, False)], "nowhere in 0.8–2 messages"),
        ([(3, True)], "at 3 messages"),
        ([(3, False)], "not at 3 messages"),
        ([(1, False), (2, True), (3, False)], "in places from 1–3 messages"),
        ([(0.991, False), (0.994, True)], "above 0.991–0.994 messages"),
    ],
)
def test_where_it_holds_in_few_words(cases, words):
    assert Boundary.of(cases, "messages").condition == words


@given(CASES)
def test_the_condition_agrees_with_each_of_its_cases(cases):
    """Above and below name the last value with one outcome and the first with the other."""
    words = Boundary.of(cases, "messages").condition
    no, yes = ([place for place, held in cases if held is wanted] for wanted in (False, True))
    ends = dict.fromkeys([min(no + yes), max(no + yes)])
    if no and yes and max(no) < min(yes):
        expected = f"above {'–'.join(distinct((max(no), min(yes))))} messages"
    elif no and yes and max(yes) < min(no):
        expected = f"below {'–'.join(distinct((max(yes), min(no))))} messages"
    elif len(ends) == 1:
        expected = f"{'' if yes else 'not '}at {distinct(ends)[0]} messages"
    else:
        where = "in places from" if no and yes else "throughout" if yes else "nowhere in"
        expected = f"{where} {'–'.join(distinct(ends))} messages"
    assert words == expected


def test_a_condition_leaves_out_where_the_claim_holds_nowhere():
    found = {"polling": Boundary.of([(1, True), (2, False)], "B"), "long polling": Boundary.of([(1, False)], "B")}
    assert condition("for", found) == "for polling below 1–2 B"


@given(some.dictionaries(some.sampled_from(["bytes", "ports", "pages"]), some.booleans(), min_size=1))
def test_a_claim_of_several_parts_names_those_that_hold_and_no_other(parts):
    found = judge(parts.values(), holds="yes", when=f"for {names_of(parts)}", fails="no")
    assert (found.outcome == Outcome.HOLDS) is all(parts.values())
    assert (found.outcome == Outcome.FAILS) is not any(parts.values())
    if found.outcome == Outcome.CONDITIONAL:
        assert {name: name in found.reason for name in parts} == parts
