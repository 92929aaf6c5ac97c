"""results/figures: titles follow the data, marks stay apart, what is missing is said."""

import io
import itertools
import re
import xml.etree.ElementTree as ElementTree

import matplotlib
import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image
from tools.made_up import MACHINE

from results import cpu_breakdown, figures, select, table, transports
from results.figures import layout
from results.figures.distribution import Line
from results.latencies import read_latencies
from results.words import times

NAMES = ["bytes_per_delivery", "bytes_wrapped", "overhead_over_rate", "message_over_rate", "quantum_leap",
         "heads_compressed", "server_sent_events", "latency_distribution", "latency_tail", "latency_over_round_trip",
         "latency_split", "header_bytes_over_link_rate", "cost_of_a_connection", "sending", "recovery_after_a_break",
         "latency_and_cpu_over_clients", "which_transport"]  # fmt: skip

COMPUTED = {"heads_compressed", "server_sent_events", "which_transport"}


def test_a_whole_folder_gives_every_chart(drawn):
    assert [chart.name for chart in drawn] == NAMES


def _words(figure):
    """Every text that is seen, with its box in pixels; tick labels beyond the axes' limits are not."""
    figure.draw_without_rendering()  # saved before, at other dots an inch, it has other boxes
    unseen = {tick.label1 for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)
              for tick in axis.get_major_ticks() if not _within(tick.get_loc(), axis.get_view_interval())}  # fmt: skip
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    return [(text, text.get_window_extent()) for text in texts if text not in unseen]


def _within(place, interval):
    return min(interval) <= place <= max(interval)


def test_words_stand_apart_inside_the_figure_and_are_large_enough(drawn):
    for chart in drawn:
        words, whole = _words(chart.figure), chart.figure.bbox.padded(1)
        for text, box in words:
            assert text.get_fontsize() >= 11, (chart.name, text.get_text())
            assert whole.contains(*box.min) and whole.contains(*box.max), (chart.name, text.get_text())
        for (text, box), (other, others_box) in itertools.combinations(words, 2):
            apart = not box.padded(-1).overlaps(others_box.padded(-1))
            assert apart, (chart.name, text.get_text(), other.get_text())


def test_the_bytes_title_says_what_a_poll_a_long_poll_and_a_message_cost(runs):
    """Browser headers are 518 + 180 B; the messages of a poll end with a line feed each, two a second."""
    title = figures.bytes_per_delivery(runs, MACHINE).title
    costs = "4 B a message by WebSocket (600 B to join), 700 B a long poll and 700 B a poll"
    assert title == f"With browser headers, no cookies added: {costs}"


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
    assert "700 B a poll" in before and "700 B a poll" not in heavier and "700 B a long poll" in heavier
    dearer, cheaper = (figures.latency_and_cpu_over_clients(each, MACHINE).title for each in (changed, runs))
    pushed = "a message by WebSocket"
    assert priced(dearer)[pushed] == pytest.approx(100 * priced(cheaper)[pushed], rel=0.02)
    assert priced(dearer)["a poll"] == priced(cheaper)["a poll"]
    title = figures.latency_distribution(runs, MACHINE, folder).title
    assert title.startswith("Without a network, half the messages come within ")
    assert figures.latency_tail(runs, MACHINE, folder).title.startswith("One message in ")


def priced(title):
    """The µs that a title gives, by what they are paid for."""
    found = re.findall(r"([\d,.]+)(?: ± [\d,.]+)?\s?µs (a message by WebSocket|a long poll|a poll)", title)
    assert len(found) == 3, title
    return {unit: float(us.replace(",", "")) for us, unit in found}


def test_the_distribution_is_one_minus_the_ecdf_as_far_as_five_messages_carry_it(folder, runs):
    line = Line("polling", "", read_latencies(folder, [runs["run_id"][0]]), clients=20)
    latency, share = line.later_than()
    assert share[0] == 1 and np.all(np.diff(share) <= 0) and np.all(np.diff(latency) >= 0)
    assert line.messages == 200 and 5 / 200 <= share[-1] < 6 / 200
    for percent, column in ((50, "latency_p50_ms"), (90, "latency_p90_ms")):
        where = np.searchsorted(-share, -(1 - percent / 100))
        assert latency[where] == pytest.approx(runs[column][0], rel=0.03)


def test_whose_the_cpu_is_stands_below_where_the_benchmark_was_run(runs):
    cpu = {"polling": {cpu_breakdown.LAB: 200.0, cpu_breakdown.ALONE: 100.0, cpu_breakdown.FLASK: 180.0},
           "long-polling": {cpu_breakdown.LAB: 200.0, cpu_breakdown.OTHER: 150.0},
           "websocket": {cpu_breakdown.LAB: 8.0, cpu_breakdown.OTHER: 30.0}}  # fmt: skip
    kib = {cpu_breakdown.LAB: 23.4, cpu_breakdown.OTHER: 26.6}
    machine = MACHINE | {"benchmark": {"cpu_us_per_delivery": cpu, "idle_websocket_kib": kib}}
    small = figures.latency_and_cpu_over_clients(runs, machine).figure.texts[1].get_text().replace("\n", " ")
    assert "each takes 200 µs of CPU: 50 % the HTTP server (gevent's), 40 % Flask, 10 % the lab." in small
    assert "as 25 messages by WebSocket here, as 5 on Starlette on uvicorn" in small
    assert cpu_breakdown.cpu_by_layer(MACHINE) == []


def test_an_invalid_run_is_drawn_and_never_averaged_in(runs):
    worse = runs.copy()
    worse.loc[worse["clients"] == 2000, "server_cpu_share"] = 1e6
    before, after = (figures.latency_and_cpu_over_clients(these, MACHINE) for these in (runs, worse))
    assert before.title == after.title and before.alt == after.alt
    right = after.figure.axes[1]
    crosses = [line for line in right.lines if line.get_marker() == "x"]
    assert len(crosses) == 3 and all(line.get_ydata()[0] == 1e6 for line in crosses)
    assert any("3 invalid runs" in text.get_text() for text in after.figure.texts)


def test_an_invalid_distribution_is_dotted_and_not_merged(runs, folder):
    bad = runs.copy()
    bad.loc[bad["run_id"] == bad["run_id"][0], "valid"] = False
    axes = figures.latency_distribution(bad, MACHINE, folder).figure.axes[0]
    assert [line.get_linestyle() for line in axes.lines] == [":", "-", "-", "-"]
    axes = figures.latency_tail(bad, MACHINE, folder).figure.axes[0]
    assert [line.get_linestyle() for line in axes.lines] == [":", "-", "-", "-"]


def test_one_colour_for_each_transport(drawn, runs):
    colours = {transport.colour for transport in transports.TRANSPORTS.values()}
    assert set(layout.LEDGER_COLOURS) == set(table.LEDGER)
    assert len(colours | set(layout.LEDGER_COLOURS.values())) == 9
    used = {line.get_color() for chart in drawn[1:] for axes in chart.figure.axes for line in axes.lines}
    assert colours <= used <= colours | {"#888888", ".8"} | {colour for colour in used if _grey(colour)}


def _grey(colour):
    red, green, blue, _ = matplotlib.colors.to_rgba(colour)
    return red == green == blue


def test_the_conditions_stand_below(drawn):
    for chart in drawn:
        small = small_print(chart)
        for words in ("2 cores", "Python 3.11.4", "2026-10-28", "profile quick"):
            assert words in small, chart.name
        assert "no loss, no congestion" in small or chart.name in COMPUTED, "which nobody has run"
    assert "TCP/IP headers not included" in small_print(drawn[0])


def test_a_price_that_is_not_the_same_at_each_rate_is_said(runs):
    """The made-up runs cost what they do by two prices; then each message costs the less, the more often they come."""
    assert "times off" not in small_print(figures.message_over_rate(runs, MACHINE))
    cheaper = runs["server_cpu_share"] / runs["rate_hz"].astype(float) ** 0.5
    small = small_print(figures.message_over_rate(
        runs.assign(server_cpu_share=cheaper, server_cpu_us_per_delivery=1e6 * cheaper * runs["duration_s"]
                    / runs["deliveries"]), MACHINE))  # fmt: skip
    assert re.search(r"up to [1-9]\d times off, since they are taken to be the same at every rate", small)


def small_print(chart):
    return chart.figure.texts[1].get_text().replace("\n", " ")


def test_what_was_not_run_is_skipped_with_a_reason(tmp_path, folder, runs):
    table.write_runs(tmp_path / "runs.csv", table.records(runs[runs["experiment"] == "scale"]))
    (tmp_path / "machine.json").write_text("{}")
    drawn, skipped = figures.draw_all(table.read(tmp_path))
    assert [chart.name for chart in drawn] == ["latency_and_cpu_over_clients"]
    assert [skip.reason for skip in skipped][0] == "there are no runs of the experiment `overhead`"


def test_runs_that_do_not_count_give_no_chart(runs):
    none = runs.assign(valid=False)
    with pytest.raises(select.NotMeasured, match="none of the 21 runs of the experiment `overhead` is valid"):
        figures.bytes_per_delivery(none, MACHINE)


def test_a_workload_of_ones_own_is_drawn_as_well(tmp_path, folder, runs):
    mine = runs[(runs["experiment"] == "real-feed") & (runs["repeat"] == 1)].assign(experiment="workload")
    table.write_runs(tmp_path / "runs.csv", table.records(mine))
    (tmp_path / "machine.json").write_text("{}")
    (tmp_path / "latency").symlink_to(folder / "latency")
    assert [chart.name for chart in figures.draw_all(table.read(tmp_path))[0]] == [
        "bytes_per_delivery", "latency_distribution", "latency_tail"]  # fmt: skip


def test_files_carry_title_and_alternative_text(tmp_path, drawn):
    folder = tmp_path
    paths = figures.save(drawn, folder)
    assert [path.name for path in paths] == [f"{name}.{ending}" for name in NAMES for ending in ("png", "svg")]
    for chart in drawn:
        with Image.open(folder / "charts" / f"{chart.name}.png") as image:
            assert image.width >= 1500 and min(image.info["dpi"]) >= 150
            assert image.info["Title"] == chart.title and image.info["Description"] == chart.alt
        root = ElementTree.parse(folder / "charts" / f"{chart.name}.svg").getroot()
        space = "{http://www.w3.org/2000/svg}"
        assert (root.find(f"{space}title").text, root.find(f"{space}desc").text) == (chart.title, chart.alt)
        assert root.get("role") == "img"


def test_the_same_runs_give_the_same_files(folder, drawn):
    some = ["bytes_per_delivery", "latency_tail", "sending"]
    again = figures.draw_all(table.read(folder), some)[0]
    for first, second in zip([chart for chart in drawn if chart.name in some], again, strict=True):
        assert first.svg == second.svg
        pixels = [np.asarray(Image.open(io.BytesIO(layout.png(chart)))) for chart in (first, second)]
        assert np.array_equal(*pixels)


def test_drawing_leaves_matplotlib_as_it_was(runs):
    before = dict(matplotlib.rcParams)
    figures.bytes_per_delivery(runs, MACHINE)
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize(("ratio", "words"), [(1.04, "1"), (1.44, "1.4"), (31.2, "31"), (1234, "1,200")])
def test_factors_are_rounded_for_listeners(ratio, words):
    assert times(ratio) == words


def test_waiting_that_is_none_but_for_rounding_is_0_per_cent(runs):
    pushed = runs["transport"] == "websocket"
    almost = runs.assign(expected_mean_ms=runs["expected_mean_ms"] - 1e-9 * pushed)
    title = figures.latency_split(almost, MACHINE).title
    assert "and 0 % by a WebSocket" in title and "-0" not in title
