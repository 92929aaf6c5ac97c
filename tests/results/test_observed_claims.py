"""Verdicts that rest on observations: each follows them, and says where nothing was observed."""

import pytest
from tools.made_up import OBSERVED
from tools.observations import changed

from results import claims, table
from results.claims import Outcome

OBSERVATIONS = {"C4", "C7", "C8", "C9", "C10", "C12", "C13", "C14"}


@pytest.fixture
def observations(folder):
    return table.read_observations(folder)


def verdict(runs, observations, claim: str) -> claims.Verdict:
    return claims.verdict(claim, runs, observations)


HOLDS, CONDITIONAL, FAILS = Outcome.HOLDS, Outcome.CONDITIONAL, Outcome.FAILS
OUTCOMES = {"C4": HOLDS, "C7": CONDITIONAL, "C8": HOLDS, "C9": CONDITIONAL, "C10": CONDITIONAL, "C12": HOLDS,
            "C13": HOLDS, "C14": CONDITIONAL, "C16": HOLDS}  # fmt: skip


@pytest.mark.parametrize("claim", OUTCOMES)
def test_what_is_observed_is_judged(runs, observations, claim):
    assert verdict(runs, observations, claim).outcome == OUTCOMES[claim]


@pytest.mark.parametrize(
    ("claim", "quantity", "condition", "value", "outcome", "words"),
    [
        ("C4", "bytes of the shortest", "poll of a browser", "400", CONDITIONAL, "for a handshake of a browser only"),
        ("C7", "status", "as sent by the argument, simplified", "101", HOLDS, "101 as sent by the argument"),
        ("C7", "Accept answered", "dGhlIHNhbXBsZSBub25jZQ==", "s3pP", FAILS, "Accept is not that of RFC 6455"),
        ("C8", "address and port of the client, before the 101 and after", "", "another", CONDITIONAL, "except for"),
        ("C9", "bytes before the data", "126 B text from the server", "2", CONDITIONAL, "sends 127 B or more"),
        ("C10", "text handed out", "websockets, recv_streaming", "first second", HOLDS, "all 4 receivers"),
        ("C12", "events", "the server is killed", "open, error, error, close", CONDITIONAL, "except when"),
        ("C13", "messages at the server", "4 times send()", "2", CONDITIONAL, "for what a page receives only"),
        ("C14", "opcode", "a PNG image", "3", HOLDS, "an opcode of its own"),
        ("C16", "from a page over https", "ws", "reached", CONDITIONAL, "except for pages over https"),
    ],
)
def test_one_value_changed_changes_the_verdict(
    runs, observations, claim, quantity, condition, value, outcome, words
):
    before = verdict(runs, observations, claim)
    after = verdict(runs, changed(observations, claim, quantity, condition, value), claim)
    assert after.outcome == outcome and words in after.sentence and words not in before.sentence


def test_without_observations_it_says_so(runs, observations):
    def unseen(rows):
        return {each.claim.id for each in claims.verdicts(runs, rows) if each.outcome == Outcome.NOT_OBSERVED}

    assert unseen(observations[:0]) == OBSERVATIONS
    assert ("default ports, and what a page may open", "not observed here") in verdict(
        runs, observations[:0], "C16").evidence  # fmt: skip
    bare = observations[observations["claim"].isin(["C4", "C7", "C8", "C9"])]  # as on a machine without a browser
    assert unseen(bare) == {"C10", "C12", "C13", "C14"}


def test_the_summary_counts_them_all(runs, observations):
    assert claims.counted(claims.verdicts(runs, observations)).startswith("Of the argument's 16 sentences, ")
    assert claims.counted(claims.verdicts(runs[:0], observations[:0])) == (
        "Of the argument's 16 sentences, 8 are not measured here and 8 are not observed here.")  # fmt: skip


def test_a_table_edited_by_hand_gets_one_line(runs, observations):
    quantity, condition = "bytes before the data", "125 B text from the server"
    with pytest.raises(table.TableError, match=f"C9, {quantity}, {condition}: 'x' is no whole number"):
        verdict(runs, changed(observations, "C9", quantity, condition, "x"), "C9")


def test_the_observations_are_those_of_an_experiment():
    assert set(table.pd.read_csv(OBSERVED)["claim"]) == OBSERVATIONS | {"C16"}
