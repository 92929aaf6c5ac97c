"""The verdicts: each follows the numbers, and says its boundary as a number."""

from pathlib import Path

import pytest

from results import claims, table
from results.claims.connections import half_held
from results.claims.latency import Case, Mean, worthwhile

NOTHING = table.read_observations(Path(__file__).parent)  # where there is no table of them


def _verdict(tmp_path, runs, name):
    table.write_runs(tmp_path / "runs.csv", table.records(runs))
    found = claims.verdicts(table.read_runs(tmp_path), table.read_observations(tmp_path))
    return next(verdict for verdict in found if verdict.claim.id == name)


def test_sixteen_claims_each_with_an_authority():
    assert [claim.id for claim in claims.CLAIMS] == [f"C{number}" for number in range(1, 17)]
    assert all(claim.words.endswith(".") and claim.authority for claim in claims.CLAIMS)


def test_what_the_runs_cannot_decide_is_not_decided(folder):
    runs = table.read_runs(folder)
    for without, decided in (("", {"C1", "C2", "C3", "C5", "C6", "C11", "C15", "C16"}),
                             ("upstream link-rate", {"C1", "C2", "C5", "C6", "C11", "C16"}),
                             ("connection overhead", {"C3", "C5", "C6", "C11", "C15"})):  # fmt: skip
        found = claims.verdicts(runs[~runs["experiment"].isin(without.split())], NOTHING)
        assert {verdict.claim.id for verdict in found if verdict.verdict not in claims.UNDECIDED} == decided


def test_no_runs_no_verdicts(tmp_path, runs):
    assert _verdict(tmp_path, runs[:0], "C1").verdict == claims.NOT_MEASURED
    assert _verdict(tmp_path, runs.assign(valid=False, invalid_reason="x"), "C11").verdict == claims.NOT_MEASURED
    only = _verdict(tmp_path, runs[runs["transport"] == "polling"], "C2")
    assert only.numbers == ("no valid long-polling run of overhead",)


def test_c1_names_the_margin(tmp_path, runs):
    assert _verdict(tmp_path, runs, "C1").verdict == (
        "holds when headers and cookies reach 500 B: browser headers alone are 518 B, 18 B more, minimal headers "
        "(60 B) need 440 B of cookies and python headers (190 B) need 310 B of cookies"
    )
    lean = _verdict(tmp_path, runs.assign(request_head=runs["requests"] * 9, cookies=0), "C1")
    assert lean.verdict.startswith("does not hold: browser headers (9 B) need 491 B of cookies")
    heavy = _verdict(tmp_path, runs.assign(request_head=runs["requests"] * 900), "C1")
    assert heavy.verdict.startswith("holds: browser headers alone are 900 B, 400 B more")


def test_c2_judges_both_rivals_and_says_up_to_where(tmp_path, runs):
    found = _verdict(tmp_path, runs, "C2")
    # a long poll of 518 + 180 B and a line end around each message; a poll of as many bytes a second, and two messages
    assert found.verdict == (
        "holds when requests are large: polling, the boundary lies between 60 (no) and 190 (yes) B of request "
        "headers; long polling, yes at 60 to 1,500 B of request headers, so the boundary lies below 60: with browser "
        "headers, no cookies added, long polling's outweighs a message of less than 716 B; polling's, 700 B every 1 s, "
        "those of 142 B that come less than 4.9 times a second; a WebSocket adds 4 B"
    )
    small = runs.assign(overhead_per_delivery=10.0)
    assert _verdict(tmp_path, small, "C2").verdict.startswith("does not hold: ")
    pushed = runs["transport"] == "websocket"
    large = runs.assign(overhead_per_delivery=runs["overhead_per_delivery"].where(pushed, 999.0))
    assert _verdict(tmp_path, large, "C2").verdict.startswith("holds: ")
    one_rival = large["overhead_per_delivery"].where(runs["transport"] != "polling", 9.0)
    assert _verdict(tmp_path, runs.assign(overhead_per_delivery=one_rival), "C2").verdict.startswith(
        "holds when requests are large: polling, no at 60 to 1,500 B of request headers, so the boundary lies above "
        "1,500; long polling, yes at 60 to 1,500 B of request headers, so the boundary lies below 60: "
    )


def test_c2_tells_where_the_transports_cross(tmp_path, runs):
    """Heads of 60 + 90 B: every 2 s, or with each message; 3 B more than a line end a message by WebSocket."""
    over, under = _verdict(tmp_path, runs, "C2").numbers[-2:]
    assert over.startswith("Measured, long polling costs more than polling every 2 s from 0.")
    assert under.startswith("Measured, a WebSocket costs more than polling every 2 s from 2")
    assert under.endswith("by the model, from 25.0.")


def test_c5_turns_on_how_long_requests_are_held(tmp_path, runs):
    near = runs[runs["rtt_ms"] == 0]
    assert _verdict(tmp_path, near, "C5").verdict == (
        "holds: of the time, a request lies at the server for 100 % without a round trip; for half, by the model, at "
        "0.57 messages in one"
    )
    assert _verdict(tmp_path, runs, "C5").verdict.startswith(
        "holds when few messages come in a round trip: the boundary lies between 0.2 (yes) and 0.8 (no) messages in a "
        "round trip: "
    )
    answered_at_once = runs.assign(held_mean_s=0.001 + runs["rtt_ms"] / 1000)  # as polling's are
    closing = runs.assign(keep_alive=False, held_mean_s=0.001, run_id=runs["run_id"] + "-new")
    both = table.pd.concat([runs, closing], ignore_index=True)
    assert _verdict(tmp_path, both, "C5").verdict == _verdict(tmp_path, runs, "C5").verdict
    assert _verdict(tmp_path, answered_at_once, "C5").verdict.startswith("does not hold: ")


def test_half_held_and_worthwhile_solve_their_equations():
    """x = e^-x, and x / (x + e^-x) = 1/4: what the model's formulas become for messages a round trip."""
    assert half_held() == pytest.approx(0.567143, abs=1e-5)
    assert worthwhile() == pytest.approx(0.257628, abs=1e-5)


def test_c6_does_not_count_what_all_three_share(tmp_path, runs):
    runs = runs[runs["operation"] == "feed"]
    found = _verdict(tmp_path, runs, "C6")
    assert found.verdict.startswith("holds when the side that speaks is the server: ")
    assert found.verdict.endswith("messages came on 0 requests; that a connection lasts is no difference, "
                                  "whether clients speak unasked was not measured")  # fmt: skip
    assert "websocket 2 (one of them for /status while joining)" in " ".join(found.numbers)
    assert _verdict(tmp_path, runs.assign(connections=runs["deliveries"]), "C6").verdict.startswith("does not hold: ")
    asking = runs.assign(requests=runs["requests"].where(runs["transport"] != "websocket", 1))
    assert _verdict(tmp_path, asking, "C6").verdict.startswith("does not hold: ")
    closing = runs["transport"] == "polling"
    mixed = runs.assign(keep_alive=~closing, connections=runs["connections"].where(~closing, runs["requests"]))
    words = " ".join(_verdict(tmp_path, mixed, "C6").numbers)
    assert "polling without kept connections: " in words and "kept: long-polling 1 and" in words


def test_c6_wants_clients_that_speak_unasked(tmp_path, runs):
    found = _verdict(tmp_path, runs, "C6")
    game = runs[(runs["operation"] == "duplex") & (runs["transport"] == "websocket")].iloc[0]
    both = f"{game['published']:,} went up while {game['deliveries']:,} came down on the same connections"
    assert found.verdict.startswith("holds: ") and found.verdict.endswith(both)
    assert sum(words.startswith("Both ways at once, ") for words in found.numbers) == 3
    posting = runs.assign(requests=runs["requests"].where(
        (runs["operation"] != "duplex") | (runs["transport"] != "websocket"), 5))  # fmt: skip
    assert _verdict(tmp_path, posting, "C6").verdict.startswith("holds when the side that speaks is the server: ")
    asking = runs.assign(requests=runs["requests"].where(
        (runs["operation"] == "duplex") | (runs["transport"] != "websocket"), 5))  # fmt: skip
    assert _verdict(tmp_path, asking, "C6").verdict.startswith("holds when the side that speaks is the client: ")


def test_c3_turns_on_whether_longer_headers_make_messages_later(tmp_path, runs):
    link = runs[runs["experiment"] == "link-rate"]
    same = _verdict(tmp_path, link.assign(latency_mean_ms=50.0), "C3")
    assert same.verdict.startswith("does not hold: ")
    assert " 1 at 0.25 Mbit/s, 1 at 1 Mbit/s and 1 at 100 " in same.verdict
    long, slow = link["cookie_bytes"] == 1024, link["link_mbps"] == 0.25
    late = link.assign(latency_mean_ms=50.0 + 20.0 * (long & slow & (link["transport"] == "long-polling")))
    found = _verdict(tmp_path, late, "C3")
    assert found.verdict.startswith(
        "holds when the link is slow: long polling, the boundary lies between 0.25 (yes) and 1 (no) Mbit/s (by "
    )
    assert "long polling 1.4 at 0.25 Mbit/s, 1 at 1 Mbit/s" in found.verdict
    assert "long polling 50 → 70 ms" in found.numbers[1]
    all_late = _verdict(tmp_path, link.assign(latency_mean_ms=50.0 + 20.0 * long), "C3")
    assert all_late.verdict.startswith("holds: ")
    assert _verdict(tmp_path, link[long], "C3").verdict == claims.NOT_MEASURED


def test_c3_says_at_which_link_the_bytes_take_as_long_as_the_round_trip(tmp_path, runs):
    """518 B and a cookie of 1,024 against 60 B: 1,482 B are 20 ms at 0.593 Mbit/s."""
    found = _verdict(tmp_path, runs, "C3")
    assert "1,482 B more on each request, which take as long as the round trip of 20 ms at 0.593 Mb" in found.verdict


def test_c11_judges_only_what_has_a_round_trip(tmp_path, runs):
    found = _verdict(tmp_path, runs, "C11")
    assert found.verdict.startswith(
        "holds when the rival's messages have to wait: against polling, yes at 1.2 to 25 round trips between polls, so "
        "the boundary lies below 1.2; against long polling, the boundary lies between 0.2 (no) and 0.8 (yes) messages "
        "in a round trip: "
    )
    assert "(1.25 times, by the model without this machine's part, at 0.26)" in found.verdict
    assert sum(words.startswith("this machine, nothing else") for words in found.numbers) >= 4
    near = _verdict(tmp_path, runs[runs["rtt_ms"] == 0], "C11")
    assert near.verdict == claims.NOT_MEASURED and "the others measure the machine" in near.numbers[0]


def test_c11_compares_new_connections_with_the_one_websocket(tmp_path, runs):
    far = runs[(runs["rtt_ms"] == 100) & runs["keep_alive"]]
    closing = far[far["transport"] != "websocket"].assign(keep_alive=False, latency_mean_ms=900.0)
    closing = closing.assign(run_id=closing["run_id"] + "-new")
    found = _verdict(tmp_path, table.pd.concat([far, closing], ignore_index=True), "C11")
    assert found.verdict == _verdict(tmp_path, far, "C11").verdict, "the rivals that keep theirs are judged"
    numbers = found.numbers
    assert sum("a connection per request" in words and " 900 ± " in words for words in numbers) == 2
    assert sum("kept connections" in words and " 900 ± " not in words for words in numbers) == 2


def test_c11_needs_the_whole_interval_of_the_ratio(tmp_path, runs):
    wide = runs.assign(latency_mean_ci_ms=0.3 * runs["latency_mean_ms"])
    assert "against long polling, " not in _verdict(tmp_path, wide, "C11").verdict
    equal = runs.assign(latency_mean_ms=1.0, latency_mean_ci_ms=0.0)
    assert _verdict(tmp_path, equal, "C11").verdict.startswith("does not hold: ")


@pytest.mark.parametrize(("half_ms", "sooner"), [(0.0, True), (4.0, True), (5.0, False)])
def test_a_ratio_errs_as_both_means_do(half_ms, sooner):
    case = Case("long-polling", "", True, 20.0, 0.4, 0.0, Mean(10.0, half_ms / 2), Mean(16.0, 0.0))
    assert case.ratio == 1.6 and case.half_ratio == pytest.approx(1.6 * half_ms / 20)
    assert case.sooner is sooner


def test_c15_counts_what_came_back(tmp_path, runs):
    chosen = runs[(runs["experiment"] == "real-feed") & (runs["transport"] != "long-polling")]
    echo = chosen.assign(operation="echo", experiment="upstream", payload=chosen["deliveries"] * 2 * 142)
    found = _verdict(tmp_path, echo, "C15")
    exchanges = echo["deliveries"].sum()
    assert found.verdict == f"holds: {exchanges:,} exchanges of 142 B to 142 B were compared byte by byte"
    (line,) = found.numbers
    assert line.startswith("142 B at 0 ms round trip: by POST ") and " and by WebSocket " in line
    short = echo.assign(payload=echo["payload"] - 2 * 142 * 20 - 1)  # more than was under way when the page was turned
    assert _verdict(tmp_path, short, "C15").verdict.startswith("does not hold: ")


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
    assert found.verdict == (
        "holds: TLS adds 44 B to a poll, 44 B to a long poll and 22 B to a message (by WebSocket), and 1,900 B "
        "to each of its connections"
    )
    dearer = both.assign(joining_sent=both["joining_sent"].where(asks_or_clear(both), 9e6).astype("int64"))
    assert _verdict(tmp_path, dearer, "C16").verdict.startswith(
        "holds when only these are compared: bytes of each message: TLS adds "
    )
    assert _verdict(tmp_path, clear, "C16").verdict == claims.NOT_MEASURED


def asks_or_clear(runs):
    return (runs["transport"] != "websocket") | ~runs["tls"]
