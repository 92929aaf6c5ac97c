"""Titles and sentences say what these runs say, and not what such runs usually say."""

from dataclasses import replace

import pytest
from tools.made_up import MACHINE

from results import figures, select
from results.advice import Workload, estimates
from results.claims.latency import latency_threshold
from results.crossings import orders
from results.figures.decision import _finding as decision_finding
from results.report.answer import as_fast
from results.words import distinct, number, times


def test_a_run_that_never_recovers_is_said_and_not_dropped(runs):
    broken = runs.copy()
    which = (broken["experiment"] == "outage") & (broken["transport"] == "websocket") & (broken["fault"] == "cut")
    broken.loc[broken.index[which][:1], "recovery_s"] = None
    title = figures.recovery_after_a_break(broken, MACHINE).title
    count = int((broken["experiment"] == "outage").sum())
    assert title == f"1 of {count} runs never recover from a break"
    assert "1 runs that never recovered" in figures.recovery_after_a_break(broken, MACHINE).alt
    with pytest.raises(select.NotMeasured, match="no valid run of `outage` recovered"):
        figures.recovery_after_a_break(broken.assign(recovery_s=float("nan")), MACHINE)


def test_the_label_of_a_break_is_its_slowest_repeat(runs):
    """The made-up repeats take 0.4 and 0.8 s after a cut."""
    texts = [text.get_text() for text in figures.recovery_after_a_break(runs, MACHINE).figure.axes[0].texts]
    assert "WebSocket 0.8 s" in texts and "WebSocket 0.6 s" not in texts


def only(transport, costs):
    """A grid in which this transport is the best everywhere."""
    (offer,) = estimates(Workload(within_ms=1e6), {transport: costs})
    return {20.0: [[offer, replace(offer, workload=replace(offer.workload, rate_hz=8.0))]]}


def test_the_decision_says_who_is_the_cheapest_here(runs):
    costs = figures.decision.fitted_costs(runs, "browser")
    assert decision_finding(only("polling", costs["polling"])) == "Polling is the cheapest on the whole map"
    assert decision_finding(only("long-polling", costs["long-polling"])).startswith("Long polling is the cheapest ")
    with pytest.raises(select.NotMeasured):
        decision_finding({20.0: [[None]]})


def of_rates(runs, overheads):
    """The runs of `update-rate` with these overheads, by transport and rate."""
    mine = runs[runs["experiment"] == "update-rate"].copy()
    for (transport, rate), value in overheads.items():
        mine.loc[(mine["transport"] == transport) & (mine["rate_hz"] == rate), "overhead_per_delivery"] = value
    return mine


def test_where_no_order_changes_the_title_names_who_has_the_least(runs):
    same = {(name, rate): value for name, value in (("polling", 9), ("long-polling", 99), ("websocket", 4))
            for rate in (0.2, 1.0, 5.0, 50.0)}  # fmt: skip
    title = figures.overhead_over_rate(of_rates(runs, same), MACHINE).title
    assert title == "WebSocket adds the fewest bytes from 0.2 to 50 messages/s"


def test_where_orders_change_more_than_once_it_says_so(runs):
    there_and_back = {("polling", 0.2): 9, ("polling", 1.0): 3, ("polling", 5.0): 9, ("polling", 50.0): 3,
                      **{("websocket", rate): 4 for rate in (0.2, 1.0, 5.0, 50.0)}}  # fmt: skip
    mine = of_rates(runs, there_and_back)
    said = orders(mine[mine["transport"] != "long-polling"], "overhead_per_delivery", "adds the fewest bytes")
    assert said == "Which transport adds the fewest bytes changes with the message rate"


def test_headers_that_make_nobody_later_are_not_said_to(runs):
    same = runs[runs["experiment"] == "link-rate"].assign(latency_mean_ms=50.0)
    title = figures.header_bytes_over_link_rate(same, MACHINE).title
    assert title == "1,482 B more of headers delay no transport at 0.25 Mbit/s"


def test_the_answer_names_the_rate_up_to_which_long_polling_is_as_fast(runs):
    assert latency_threshold() == pytest.approx(0.257628, abs=1e-5)
    assert "at most 25 % longer than WebSocket while fewer than 0.26 messages arrive per round trip" in as_fast(runs)


def near(runs):
    """The runs of `latency` without a round trip."""
    return runs[(runs["experiment"] == "latency") & (runs["rtt_ms"] == 0)]


def test_the_first_picture_says_who_is_fast_and_who_is_light(runs):
    pushed = runs["transport"] == "websocket"
    assert figures.latency_and_overhead(near(runs), MACHINE).title.startswith("WebSocket is both fast and light")
    heavy = runs.assign(overhead_per_delivery=runs["overhead_per_delivery"].where(~pushed, 9_999.0))
    title = figures.latency_and_overhead(near(heavy), MACHINE).title
    assert title.startswith("WebSocket is fastest; ") and title.endswith(" adds the fewest bytes")
    late = runs.assign(latency_mean_ms=runs["latency_mean_ms"].where(~pushed, 9_999.0))
    title = figures.latency_and_overhead(near(late), MACHINE).title
    assert title == "Long polling is fastest; a WebSocket adds the fewest bytes"
    with pytest.raises(select.NotMeasured, match="no valid run of websocket"):
        figures.latency_and_overhead(near(runs[~pushed]), MACHINE)


@pytest.mark.parametrize(
    ("value", "text"), [(1_234_567, "1,200,000"), (0.000012, "0.000012"), (1.04, "1"), (99.6, "100"), (31.2, "31")]
)
def test_no_factor_has_an_exponent(value, text):
    assert times(value) == text


@pytest.mark.parametrize(("value", "text"), [(2.0, "2"), (4.0, "4"), (2.004, "2.00"), (1e6, "1,000,000")])
def test_a_whole_number_is_written_whole(value, text):
    assert number(value) == text


def test_two_values_are_never_shown_alike():
    assert distinct([0.981, 0.984]) == ["0.981", "0.984"] and distinct([0.1, 2]) == ["0.1", "2"]
