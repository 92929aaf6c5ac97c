"""results/figures: titles follow the data, marks stay apart, what is missing is said."""

import re
from contextlib import nullcontext

import pytest
from tools.legible import expect_legible, words_of
from tools.made_up import MACHINE

from results import figures, table
from results.select import NotMeasured
from results.words import times

NAMES = ["latency_and_overhead", "bytes_per_delivery", "bytes_wrapped", "overhead_over_rate", "message_over_rate",
         "quantum_leap",
         "heads_compressed", "server_sent_events", "latency_distribution", "latency_tail", "latency_over_round_trip",
         "held_requests", "latency_split", "header_bytes_over_link_rate",
         "latency_over_loss", "behind_a_lost_packet", "round_trips_by_size", "beside_an_upload",
         "cost_of_a_connection", "sending",
         "both_ways", "recovery_after_a_break", "latency_and_cpu_over_clients", "cores_over_clients",
         "deliveries_over_processes", "which_transport"]  # fmt: skip

COMPUTED = {"heads_compressed", "server_sent_events", "deliveries_over_processes", "which_transport"}


def test_a_whole_folder_gives_every_chart(drawn):
    assert [chart.name for chart in drawn] == NAMES


def test_words_stand_apart_inside_the_figure_and_are_large_enough(drawn):
    for chart in drawn:
        expect_legible(chart)


def test_so_do_those_for_a_talk(folder):
    with figures.for_a_talk():
        charts, _ = figures.draw_all(table.read(folder))
    for chart in charts:
        expect_legible(chart)


@pytest.mark.parametrize("page", [nullcontext, figures.for_a_talk])
def test_so_do_those_of_a_workload_with_one_poll_interval(runs, page):
    """A quick run of `workload`: long polling has the most bytes and the latency in the middle."""
    mine = runs[(runs["experiment"] == "latency") & (runs["rtt_ms"] == 0)]
    polls = mine["transport"] == "polling"
    mine = mine[~polls | (mine["poll_interval_s"] == mine["poll_interval_s"][polls].max())]
    measured = {"websocket": (31.4, 4.0), "long-polling": (35.0, 570.0), "polling": (510.0, 303.0)}
    for column, place in (("latency_mean_ms", 0), ("overhead_per_delivery", 1)):
        mine = mine.assign(**{column: mine["transport"].map({name: each[place] for name, each in measured.items()})})
    with page():
        chart = figures.latency_and_overhead(mine, MACHINE)
    expect_legible(chart)
    axes = chart.figure.axes[0]
    named = [box for text, box in words_of(chart.figure) if text in axes.texts]
    assert all(axes.bbox.x0 <= box.x0 and box.x1 <= axes.bbox.x1 for box in named), "no name crosses the axis"


def test_the_bytes_title_compares_the_heaviest_with_the_lightest(runs):
    """At two messages a second, a poll and a long poll: browser headers are 518 + 180 B; a frame has 4 B."""
    title = figures.bytes_per_delivery(runs, MACHINE).title
    mine = runs[(runs["experiment"] == "overhead") & (runs["header_profile"] == "browser") & (runs["cookies"] == 0)]
    wire = (mine["wire_sent"] + mine["wire_received"]).groupby(mine["transport"]).sum()
    each = wire / mine.groupby("transport")["deliveries"].sum()
    ratio = times(float(each["long-polling"] / each["websocket"]))
    assert title == f"Long polling moves {ratio} times as many bytes as a WebSocket"


def test_the_block_that_the_title_tells_of_is_drawn(runs):
    overhead = runs[runs["experiment"] == "overhead"]
    more = [overhead.assign(cookie_bytes=size, cookies=overhead["deliveries"] * size) for size in (0, 64, 512, 4096)]
    figure = figures.bytes_per_delivery(table.pd.concat(more, ignore_index=True), MACHINE).figure
    assert "browser headers, no cookies added" in [text.get_text() for text in figure.axes[0].texts]
    assert len(figure.axes[0].get_yticks()) == 12, "four blocks at most"


def test_the_titles_follow_the_data(runs, folder):
    changed = runs.copy()
    changed.loc[changed["transport"] == "polling", "wire_sent"] *= 20
    changed.loc[changed["transport"] == "websocket", "server_cpu_share"] *= 100
    before, heavier = (figures.bytes_per_delivery(each, MACHINE).title for each in (runs, changed))
    assert before.startswith("Long polling moves ") and heavier.startswith("Polling moves ")
    dearer, cheaper = (figures.latency_and_cpu_over_clients(each, MACHINE).title for each in (changed, runs))
    assert messages_for(cheaper) == pytest.approx(100 * messages_for(dearer), rel=0.1)
    title = figures.latency_distribution(runs, MACHINE, folder).title
    assert re.fullmatch(r"Polling's median latency is [\d,.]+ times that of a WebSocket", title)
    assert re.fullmatch(r"By polling, one message in 100 takes \d+ ms or more",
                        figures.latency_tail(runs, MACHINE, folder).title)  # fmt: skip


def test_a_core_that_is_full_is_the_title(runs):
    mine = runs[runs["experiment"] == "scale"]
    idle = figures.cores_over_clients(mine.assign(server_cpu_share=0.2), MACHINE)
    assert re.fullmatch(r"No transport fills a core of the server up to [\d,]+ clients", idle.title)
    most = mine["clients"].max()
    full = (mine["transport"] == "polling") & (mine["clients"] == most)
    chart = figures.cores_over_clients(mine.assign(server_cpu_share=0.05 + 0.85 * full), MACHINE)
    assert chart.title == f"At {most:,} clients polling fills a core; WebSocket takes 5 %"


def test_an_invalid_run_is_averaged_with_no_valid_one(runs):
    """An attempt that took 0.9 of a core does not count; where there is nothing else, it is shown, and is the title."""
    mine = runs[(runs["experiment"] == "scale")].assign(server_cpu_share=0.2, valid=True, invalid_reason=None)
    most = mine["clients"].max()
    own = mine[(mine["transport"] == "polling") & (mine["clients"] == most)]
    bad = own.assign(server_cpu_share=1.6, valid=False, invalid_reason="late")
    both = figures.cores_over_clients(table.pd.concat([mine, bad], ignore_index=True), MACHINE)
    assert both.title.startswith("No transport fills a core")
    alone = figures.cores_over_clients(table.pd.concat([mine.drop(own.index), bad], ignore_index=True), MACHINE)
    assert alone.title == f"At {most:,} clients polling fills a core; WebSocket takes 20 %"


def test_processes_deliver_as_their_cpu_says():
    """4 processes at 304 µs a poll, against one at 301: 3.96 times; the title says the least."""
    chart = figures.deliveries_over_processes(MACHINE)
    assert chart.title == "4 processes deliver at least 3.1 times as much as one"
    assert "Redis takes 100 µs of CPU a message, and 20.0 µs more for each process." in chart.alt
    assert "The fullest process had 1.30 times an even share" in chart.alt
    with pytest.raises(NotMeasured, match="several processes were not measured"):
        figures.deliveries_over_processes({})


@pytest.mark.parametrize("date", ["2001-02-03T04:05:06+00:00", None])
def test_processes_have_the_benchmarks_date_and_not_that_of_the_runs(date):
    machine = MACHINE | {"date": "1999-12-31", "benchmark": MACHINE["benchmark"] | {"date": date}}
    words = " ".join(text.get_text() for text in figures.deliveries_over_processes(machine).figure.texts)
    assert "1999-12-31" not in words and "profile" not in words
    assert ("2001-02-03" in words) == (date is not None)


def messages_for(title):
    """How many messages by WebSocket cost as much as a long poll."""
    found = re.fullmatch(r"A long poll costs the server ([\d,.]+) WebSocket messages", title)
    return float(found[1].replace(",", ""))


@pytest.mark.parametrize(("ratio", "words"), [(1.04, "1"), (1.44, "1.4"), (31.2, "31"), (1234, "1,200")])
def test_factors_are_rounded_for_listeners(ratio, words):
    assert times(ratio) == words


def test_waiting_that_is_none_but_for_rounding_is_0_per_cent(runs):
    pushed = runs["transport"] == "websocket"
    almost = runs.assign(expected_mean_ms=runs["expected_mean_ms"] - 1e-9 * pushed)
    chart = figures.latency_split(almost, MACHINE)
    assert re.search(r"WebSocket: [\d.,]+ ms, of which waiting 0 ms", chart.alt) and "-0 " not in chart.alt
    assert re.fullmatch(r"Polling spends \d+ % of its latency waiting for the next poll", chart.title)


def test_link_rates_without_a_request_have_no_headers_to_compare(runs):
    """A WebSocket sends none: the chart says so, and prints no "nan B"."""
    pushed = runs[(runs["experiment"] == "link-rate") & (runs["transport"] == "websocket")]
    with pytest.raises(NotMeasured, match="do not make requests with two lengths of headers"):
        figures.header_bytes_over_link_rate(pushed, MACHINE)
