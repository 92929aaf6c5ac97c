"""A condition agrees with each of its cases, whatever these are."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as some

from results.claims.boundary import LESS, MORE, Boundary, condition
from results.claims.evidence import judge_parts

CASES = some.lists(some.tuples(some.floats(0.001, 1e4).map(lambda value: float(f"{value:.4g}")), some.booleans()),
                   min_size=1, max_size=8)  # fmt: skip


@given(CASES, some.sampled_from([MORE, LESS]))
def test_what_it_says_of_a_measured_value_is_what_was_measured(cases, expected):
    boundary = Boundary.of(cases, "messages in a round trip", expected)
    for place, held in cases:
        both = (place, not held) in cases
        assert boundary.holds_at(place) is (None if both else held)


@given(CASES)
def test_its_words_name_measured_values_with_their_outcomes(cases):
    """Every number with "(yes)" or "(no)" is a value that was measured so, to the digits that are shown."""
    for shown, said in re.findall(r"([\d.,]+) \((yes|no)\)", str(Boundary.of(cases, "messages"))):
        value = float(shown.replace(",", ""))
        assert any(place == pytest.approx(value, rel=0.05) and held is (said == "yes") for place, held in cases)


@given(CASES)
def test_between_two_values_it_says_nothing_and_beyond_them_what_it_must(cases):
    boundary = Boundary.of(cases, "messages")
    no, yes = ([place for place, held in cases if held is wanted] for wanted in (False, True))
    if no and yes and max(no) < min(yes):
        assert boundary.holds_at((max(no) + min(yes)) / 2) is None
        assert boundary.holds_at(2 * max(yes)) is True and boundary.holds_at(min(no) / 2) is False
        assert str(boundary).startswith("the boundary lies between ")
    elif not (no and yes):
        assert boundary.holds_at(2 * max(no + yes)) is None, "outside the grid nothing was measured"
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


def test_a_lead_that_the_cases_contradict_is_not_said():
    against = Boundary.of([(1, True), (2, False)], "messages", MORE)
    assert condition("many messages come", {"": against}).startswith("it is one of these cases: the boundary lies ")
    as_modelled = Boundary.of([(1, False), (2, True)], "messages", MORE)
    assert condition("many messages come", {"x": as_modelled}).startswith("many messages come: x, the boundary lies ")


@given(some.dictionaries(some.sampled_from(["bytes", "ports", "pages"]), some.booleans(), min_size=1))
def test_a_claim_of_several_parts_names_those_that_hold_and_no_other(parts):
    verdict = judge_parts(parts, "only these are compared: {}", "numbers")
    assert verdict.startswith("holds: ") is all(parts.values())
    assert verdict.startswith("does not hold: ") is not any(parts.values())
    if verdict.startswith("holds when "):
        assert {name: name in verdict for name in parts} == parts
