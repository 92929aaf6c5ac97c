"""Verdicts that rest on observations: each follows them, and says where nothing was observed."""

import pytest
from tools.made_up import OBSERVED
from tools.observations import changed

from results import claims, table

OBSERVATIONS = {"C4", "C7", "C8", "C9", "C10", "C12", "C13", "C14"}


@pytest.fixture
def observations(folder):
    return table.read_observations(folder)


def verdict(runs, observations, claim: str) -> claims.Verdict:
    return claims.verdict(claim, runs, observations)


VERDICTS = {
    "C4": "holds: 1 of the 14 lines of a poll of a browser, 57 of 559 B, get the same answer; 5 of the 13 lines",
    "C7": "holds when it carries Sec-WebSocket-Version and Sec-WebSocket-Key, too: answered with 101 as sent by a ",
    "C8": "holds: address and port of the client the same, address and port of the server the same",
    "C9": "holds when the server sends 126 B or more or the client sends 65,535 B or fewer: 2 to 14 B were seen",
    "C10": "holds when whole messages are asked for, as by websockets, recv, simple-websocket, receive and a browser: "
    "in a browser, `message` came after 1.0 s",
    "C12": "holds: 10 endings had open, close, error and message, and no other event; 5 had an error, 5 of them just",
    "C13": "holds: of 4 times send(), once in each state, 1 came to the server; of 2 messages after close(), 0 had",
    "C14": "holds when it is a text and binary data, and an image one of these: there are 2 opcodes; a PNG of 904 B "
    "travels as binary data in 918 B, and in base64 as a text in 1,222 B, 33 % more",
    "C16": "holds: ",
}


@pytest.mark.parametrize("claim", VERDICTS)
def test_what_is_observed_is_judged(runs, observations, claim):
    assert verdict(runs, observations, claim).verdict.startswith(VERDICTS[claim])


@pytest.mark.parametrize(
    ("claim", "quantity", "condition", "value", "becomes"),
    [
        ("C4", "bytes of the shortest", "poll of a browser", "400", "holds when it is a handshake of a browser: "),
        ("C7", "status", "as sent by the argument, simplified", "101", "holds: "),
        ("C7", "Accept answered", "dGhlIHNhbXBsZSBub25jZQ==", "s3pP", "does not hold: "),
        ("C8", "address and port of the client, before the 101 and after", "", "another", "holds when "),
        ("C9", "bytes before the data", "126 B text from the server", "2", "holds when the server sends 127 B or more"),
        ("C10", "text handed out", "websockets, recv_streaming", "first second", "holds: "),
        ("C12", "events", "the server is killed", "open, error, error, close", "holds when not the server is killed: "),
        ("C13", "messages at the server", "4 times send()", "2", "holds when only what is received counts: "),
        ("C14", "opcode", "a PNG image", "3", "holds: "),
        ("C16", "from a page over https", "ws", "reached", "holds when "),
    ],
)
def test_one_value_changed_changes_the_verdict(runs, observations, claim, quantity, condition, value, becomes):
    before = verdict(runs, observations, claim).verdict
    after = verdict(runs, changed(observations, claim, quantity, condition, value), claim).verdict
    assert after.startswith(becomes) and after != before


def test_without_observations_it_says_so(runs, observations):
    found = {each.claim.id: each for each in claims.verdicts(runs, observations[:0])}
    assert {name for name, each in found.items() if each.verdict == claims.NOT_OBSERVED} == OBSERVATIONS
    assert "Not observed here: ports, and what a page may open." in found["C16"].numbers
    bare = observations[observations["claim"].isin(["C4", "C7", "C8", "C9"])]  # as on a machine without a browser
    found = {each.claim.id: each for each in claims.verdicts(runs, bare)}
    assert {name for name, each in found.items() if each.verdict == claims.NOT_OBSERVED} == {"C10", "C12", "C13", "C14"}


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
