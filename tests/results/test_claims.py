"""The verdicts: each follows the numbers, and says its boundary as a number."""

from pathlib import Path

import pytest

from results import claims, table
from results.claims import Outcome
from results.claims.connections import half_held
from results.claims.latency import Case, Mean, latency_threshold

NOTHING = table.read_observations(Path(__file__).parent)  # where there is no table of them


def _verdict(tmp_path, runs, name):
    table.write_runs(tmp_path / "runs.csv", table.records(runs))
    return claims.verdict(name, table.read_runs(tmp_path), table.read_observations(tmp_path))


def outcome(tmp_path, runs, name):
    return _verdict(tmp_path, runs, name).outcome


def evidence(verdict, start):
    """What was found, of the first row whose name begins so."""
    return next(found for what, found in verdict.evidence if what.startswith(start))


def test_sixteen_claims_each_with_an_authority():
    assert [claim.id for claim in claims.CLAIMS] == [f"C{number}" for number in range(1, 17)]
    assert all(claim.words.endswith(".") and claim.authority for claim in claims.CLAIMS)


def test_clocks_that_are_known_too_badly_decide_nothing(runs):
    """From other hosts, a WebSocket is only sooner by more than the clocks leave open."""
    far = runs[(runs["experiment"] == "latency") & (runs["rtt_ms"] > 0)]
    exact, vague = (claims.verdict("C11", far.assign(clock_bound_ms=bound), NOTHING) for bound in (0.1, 1000.0))
    assert exact.outcome is Outcome.CONDITIONAL or exact.outcome is Outcome.HOLDS
    assert vague.outcome is Outcome.FAILS


def test_what_the_runs_cannot_decide_is_not_decided(folder):
    runs = table.read_runs(folder)
    for without, decided in (("", {"C1", "C2", "C3", "C5", "C6", "C11", "C15", "C16"}),
                             ("upstream link-rate", {"C1", "C2", "C5", "C6", "C11", "C16"}),
                             ("connection overhead", {"C3", "C5", "C6", "C11", "C15"})):  # fmt: skip
        found = claims.verdicts(runs[~runs["experiment"].isin(without.split())], NOTHING)
        assert {verdict.claim.id for verdict in found if verdict.outcome not in claims.UNDECIDED} == decided


def test_no_runs_no_verdicts(tmp_path, runs):
    assert outcome(tmp_path, runs[:0], "C1") == Outcome.NOT_MEASURED
    assert outcome(tmp_path, runs.assign(valid=False, invalid_reason="x"), "C11") == Outcome.NOT_MEASURED
    only = _verdict(tmp_path, runs[runs["transport"] == "polling"], "C2")
    assert only.sentence == "Not measured here: no valid long-polling run of overhead."


def test_c1_names_the_threshold_and_what_reaches_it(tmp_path, runs):
    found = _verdict(tmp_path, runs, "C1")
    assert found.outcome == Outcome.CONDITIONAL and "500 B; browser headers alone take 518 B" in found.sentence
    assert evidence(found, "cookies with which minimal headers") == "440 B"
    lean = _verdict(tmp_path, runs.assign(request_head=runs["requests"] * 9, cookies=0), "C1")
    assert lean.outcome == Outcome.FAILS and "the largest has 9 B" in lean.sentence
    heavy = _verdict(tmp_path, runs.assign(request_head=runs["requests"] * 900), "C1")
    assert heavy.outcome == Outcome.HOLDS and "carries 900 B" in heavy.sentence


def test_c2_judges_both_rivals_and_says_up_to_where(tmp_path, runs):
    found = _verdict(tmp_path, runs, "C2")
    assert found.outcome == Outcome.CONDITIONAL
    assert "polling above 60–190 B and for long polling throughout 60–1,500 B" in found.sentence
    # a long poll of 518 + 180 B and a line end around each message; a poll of as many bytes a second, and two messages
    assert evidence(found, "long polling's overhead exceeds the message") == "below 716 B a message"
    assert evidence(found, "overhead of polling every 1 s exceeds a message of 142 B") == "below 4.9 messages/s"
    assert outcome(tmp_path, runs.assign(overhead_per_delivery=10.0), "C2") == Outcome.FAILS
    pushed = runs["transport"] == "websocket"
    large = runs.assign(overhead_per_delivery=runs["overhead_per_delivery"].where(pushed, 999.0))
    assert outcome(tmp_path, large, "C2") == Outcome.HOLDS
    one_rival = large["overhead_per_delivery"].where(runs["transport"] != "polling", 9.0)
    partly = _verdict(tmp_path, runs.assign(overhead_per_delivery=one_rival), "C2")
    assert partly.sentence == "Holds for long polling throughout 60–1,500 B of request headers."


def test_c2_finds_where_the_transports_cross(tmp_path, runs):
    """Heads of 60 + 90 B: every 2 s, or with each message; 3 B more than a line end a message by WebSocket."""
    found = _verdict(tmp_path, runs, "C2")
    assert evidence(found, "long polling adds more bytes than polling every 2 s").startswith("above 0.")
    under = evidence(found, "WebSocket adds more bytes than polling every 2 s")
    assert under.startswith("above 2") and under.endswith("by the model, 25.0")


def test_c5_turns_on_how_long_requests_are_held(tmp_path, runs):
    near = _verdict(tmp_path, runs[runs["rtt_ms"] == 0], "C5")
    assert near.outcome == Outcome.HOLDS and "at least 100 % of the time" in near.sentence
    assert evidence(near, "by the model, a request is held half") == "at 0.57 messages per round trip"
    found = _verdict(tmp_path, runs, "C5")
    assert found.outcome == Outcome.CONDITIONAL and "below 0.2–0.8 messages per round trip" in found.sentence
    closing = runs.assign(keep_alive=False, held_mean_s=0.001, run_id=runs["run_id"] + "-new")
    both = table.pd.concat([runs, closing], ignore_index=True)
    assert _verdict(tmp_path, both, "C5").sentence == found.sentence
    answered_at_once = runs.assign(held_mean_s=0.001 + runs["rtt_ms"] / 1000)  # as polling's are
    assert outcome(tmp_path, answered_at_once, "C5") == Outcome.FAILS


def test_half_held_and_latency_threshold_solve_their_equations():
    """x = e^-x, and x / (x + e^-x) = 1/4: what the model's formulas become for messages a round trip."""
    assert half_held() == pytest.approx(0.567143, abs=1e-5)
    assert latency_threshold() == pytest.approx(0.257628, abs=1e-5)


def test_c6_does_not_count_what_all_three_share(tmp_path, runs):
    runs = runs[runs["operation"] == "feed"]
    found = _verdict(tmp_path, runs, "C6")
    assert found.outcome == Outcome.CONDITIONAL and "for the server only" in found.sentence
    assert "with 0 requests" in found.sentence and "clients that send were not measured" in found.sentence
    assert evidence(found, "connections per client, a WebSocket (one of them for /status)") == "2"
    assert outcome(tmp_path, runs.assign(connections=runs["deliveries"]), "C6") == Outcome.FAILS
    asking = runs.assign(requests=runs["requests"].where(runs["transport"] != "websocket", 1))
    assert outcome(tmp_path, asking, "C6") == Outcome.FAILS
    closing = runs["transport"] == "polling"
    mixed = runs.assign(keep_alive=~closing, connections=runs["connections"].where(~closing, runs["requests"]))
    rows = [what for what, _ in _verdict(tmp_path, mixed, "C6").evidence]
    assert "connections per message, polling with one per request" in rows
    assert "connections per client, polling" not in rows and "connections per client, long polling" in rows


def test_c6_wants_clients_that_send_unasked(tmp_path, runs):
    found = _verdict(tmp_path, runs, "C6")
    game = runs[(runs["operation"] == "duplex") & (runs["transport"] == "websocket")].iloc[0]
    assert found.outcome == Outcome.HOLDS and f"clients sent {game['published']:,} on the same" in found.sentence
    assert sum(what.startswith("both ways at once, ") for what, _ in found.evidence) == 3
    duplex = (runs["operation"] == "duplex") & (runs["transport"] == "websocket")
    posting = runs.assign(requests=runs["requests"].where(~duplex, 5))
    assert "for the server only" in _verdict(tmp_path, posting, "C6").sentence
    feed = (runs["operation"] != "duplex") & (runs["transport"] == "websocket")
    asking = runs.assign(requests=runs["requests"].where(~feed, 5))
    assert "for the client only" in _verdict(tmp_path, asking, "C6").sentence


def test_c3_turns_on_whether_longer_headers_make_messages_later(tmp_path, runs):
    link = runs[runs["experiment"] == "link-rate"]
    same = _verdict(tmp_path, link.assign(latency_mean_ms=50.0), "C3")
    assert same.outcome == Outcome.FAILS and evidence(same, "polling at 0.25 Mbit/s").endswith(" 1 times")
    long, slow = link["cookie_bytes"] == 1024, link["link_mbps"] == 0.25
    late = link.assign(latency_mean_ms=50.0 + 20.0 * (long & slow & (link["transport"] == "long-polling")))
    found = _verdict(tmp_path, late, "C3")
    assert found.outcome == Outcome.CONDITIONAL and "for long polling below 0.25–1 Mbit/s: " in found.sentence
    assert found.sentence.endswith("up to 1.4 times as late.")
    assert evidence(found, "long polling at 0.25 Mbit/s").startswith("50 → 70 ms; model ")
    all_late = _verdict(tmp_path, link.assign(latency_mean_ms=50.0 + 20.0 * long), "C3")
    assert all_late.outcome == Outcome.HOLDS
    assert outcome(tmp_path, link[long], "C3") == Outcome.NOT_MEASURED


def test_c3_says_at_which_link_the_bytes_take_as_long_as_the_round_trip(tmp_path, runs):
    """518 B and a cookie of 1,024 against 60 B: 1,482 B are 20 ms at 0.593 Mbit/s."""
    found = _verdict(tmp_path, runs, "C3")
    assert evidence(found, "1,482 B take as long as the round trip of 20 ms") == "at 0.593 Mbit/s"


def test_c11_judges_only_what_has_a_round_trip(tmp_path, runs):
    found = _verdict(tmp_path, runs, "C11")
    assert found.outcome == Outcome.CONDITIONAL
    assert "against polling throughout 1.2–25 round trips between polls" in found.sentence
    assert "against long polling above 0.2–0.8 messages per round trip" in found.sentence
    assert evidence(found, "by the model, long polling is that much slower") == "above 0.26 messages per round trip"
    assert sum("this machine alone" in what for what, _ in found.evidence) >= 4
    near = _verdict(tmp_path, runs[runs["rtt_ms"] == 0], "C11")
    assert near.outcome == Outcome.NOT_MEASURED and "the others measure the machine" in near.sentence


def test_c11_compares_new_connections_with_the_one_websocket(tmp_path, runs):
    far = runs[(runs["rtt_ms"] == 100) & runs["keep_alive"]]
    closing = far[far["transport"] != "websocket"].assign(keep_alive=False, latency_mean_ms=900.0)
    closing = closing.assign(run_id=closing["run_id"] + "-new")
    found = _verdict(tmp_path, table.pd.concat([far, closing], ignore_index=True), "C11")
    assert found.sentence == _verdict(tmp_path, far, "C11").sentence, "the rivals that keep theirs are judged"
    rows = [f"{what}: {result}" for what, result in found.evidence]
    assert sum("a connection per request" in row and " 900 ± " in row for row in rows) == 2
    assert sum("kept connections" in row and " 900 ± " not in row for row in rows) == 2


def test_c11_needs_the_whole_interval_of_the_ratio(tmp_path, runs):
    wide = runs.assign(latency_mean_ci_ms=0.3 * runs["latency_mean_ms"])
    assert "against long polling" not in _verdict(tmp_path, wide, "C11").sentence
    assert outcome(tmp_path, runs.assign(latency_mean_ms=1.0, latency_mean_ci_ms=0.0), "C11") == Outcome.FAILS


@pytest.mark.parametrize(("half_ms", "sooner"), [(0.0, True), (4.0, True), (5.0, False)])
def test_a_ratio_errs_as_both_means_do(half_ms, sooner):
    case = Case("long-polling", "", True, 20.0, 0.4, 0.0, Mean(10.0, half_ms / 2), Mean(16.0, 0.0))
    assert case.ratio == 1.6 and case.half_ratio == pytest.approx(1.6 * half_ms / 20)
    assert case.sooner is sooner


def test_c15_counts_what_came_back(tmp_path, runs):
    chosen = runs[(runs["experiment"] == "real-feed") & (runs["transport"] != "long-polling")]
    echo = chosen.assign(operation="echo", experiment="upstream", payload=chosen["deliveries"] * 2 * 142)
    found = _verdict(tmp_path, echo, "C15")
    assert found.outcome == Outcome.HOLDS and f"{echo['deliveries'].sum():,} messages of 142 B" in found.sentence
    assert [what for what, _ in found.evidence] == [
        "an echo of 142 B by POST, 0 ms round trip", "an echo of 142 B by WebSocket, 0 ms round trip"]  # fmt: skip
    short = echo.assign(payload=echo["payload"] - 2 * 142 * 20 - 1)  # more than was under way as the window ended
    assert outcome(tmp_path, short, "C15") == Outcome.FAILS


def test_c16_compares_what_tls_adds(tmp_path, runs):
    """22 B a record (RFC 8446 section 5.2): one a message, two a request with its answer; 1,900 B a handshake."""
    clear = runs[(runs["experiment"] == "real-feed") & (runs["repeat"] == 1)].assign(experiment="connection")
    asks = clear["transport"] != "websocket"
    records = (2 * clear["requests"]).where(asks, clear["deliveries"])
    hidden = clear.assign(
        tls=True, run_id=clear["run_id"] + "-tls", wire_received=clear["wire_received"] + 22 * records,
        joining_received=clear["joining_received"] + 1900 * clear["connections"],
    )  # fmt: skip
    both = table.pd.concat([clear, hidden], ignore_index=True)
    found = _verdict(tmp_path, both, "C16")
    assert found.outcome == Outcome.HOLDS
    assert "44 B to a poll, 44 B to a long poll and 22 B to a message" in found.sentence
    assert evidence(found, "TLS adds to a connection, a WebSocket") == "1,900 B"
    dearer = both.assign(joining_sent=both["joining_sent"].where(asks_or_clear(both), 9e6).astype("int64"))
    partly = _verdict(tmp_path, dearer, "C16")
    assert partly.outcome == Outcome.CONDITIONAL and "except for bytes per connection" in partly.sentence
    assert outcome(tmp_path, clear, "C16") == Outcome.NOT_MEASURED


def asks_or_clear(runs):
    return (runs["transport"] != "websocket") | ~runs["tls"]
