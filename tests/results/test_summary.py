"""results/summary.py and results/terminal.py: a line per transport and condition, and no figure cut at any width."""

import os
import shutil
from collections import Counter
from dataclasses import replace

import pytest
from rich.console import Console

from results import claims, figures, summary, table, transports
from results.terminal import terminal_table
from results.words import number


def test_the_comparison_takes_medians_of_valid_runs_only(tmp_path, row):
    repeats = [row | {"run_id": f"r{n}", "repeat": n, "latency_mean_ms": float(ms)} for n, ms in enumerate((1, 2, 9))]
    bad = row | {"run_id": "bad", "latency_mean_ms": 1e6, "valid": False, "invalid_reason": "lag"}
    table.write_runs(tmp_path / "runs.csv", [*repeats, bad])
    (line,) = summary.compared(table.read_runs(tmp_path))
    assert (line.latency_mean_ms, line.runs, line.invalid) == (2.0, 3, 1)
    assert line.requests_per_delivery == row["requests"] / row["deliveries"]


def test_every_condition_has_a_block_with_the_transports_in_order(runs):
    blocks = summary.blocks(summary.compared(runs))
    known = [title.partition(":")[0] for title, _ in blocks]
    wanted = {"real-feed": 1, "overhead": 7, "update-rate": 4, "latency": 5, "link-rate": 6, "loss": 9,
              "slow-start": 11, "bufferbloat": 3, "connection": 4, "upstream": 4, "outage": 3, "scale": 6}  # fmt: skip
    assert Counter(known) == wanted  # three repeats are one block, so are the poll intervals
    for title, block in blocks:
        shown = [line.transport for line in block if not line.label.startswith("polling, every")]
        assert shown == [name for name in transports.TRANSPORTS if name in shown], title
    labels = [line.label for line in dict(blocks)["latency: 20 clients, no added round trip, kept connections"]]
    assert labels[:3] == ["polling, every 0.25 s", "polling, every 1 s", "polling, every 4 s"]


def test_a_condition_without_a_valid_run_is_shown_in_brackets_with_its_reason(runs):
    line = summary.compared(runs)[-1]
    assert (line.clients, line.runs, line.invalid, line.counts) == (2000, 0, 1, False)
    assert summary.figure(line, "latency_mean_ms") == f"({number(line.latency_mean_ms)})"
    assert summary.figure(line, "deliveries") == "(80,000)" and summary.figure(line, "invalid") == "1"
    assert summary.reasons([line]) == ["websocket does not count: generator CPU share 0.97 is above 0.85"]
    other = replace(line, latency_mean_ms=1e9, counts=True)
    assert summary.mark(line, [line, other], "latency_mean_ms") == "", "what does not count is never the least"


def test_cpu_a_message_is_no_contest(runs):
    block = summary.blocks(summary.compared(runs))[0][1]
    marks = {name: [summary.mark(line, block, name) for line in block] for name in summary.HEADINGS}
    assert "least" in marks["latency_mean_ms"] and "least" not in marks["server_cpu_us_per_delivery"]


def test_a_condition_says_what_was_asked(tmp_path, row):
    table.write_runs(tmp_path / "runs.csv", [row | {"experiment": "workload", "rtt_ms": 40.0, "poll_interval_s": 2.0}])
    (line,) = summary.compared(table.read_runs(tmp_path))
    assert (line.condition, line.setting) == ("20 clients", "2 messages/s, 142 B messages, 40 ms round trip")
    assert line.label == "polling, every 2 s"


SHOWN = [name for name in summary.HEADINGS if name not in ("deliveries", "floor_ms", *summary.ALARMS)]


def shown(runs, width, **options):
    """What the terminal shows."""
    console = Console(width=width, record=True, file=open(os.devnull, "w"), **options)  # noqa: SIM115
    with console.file:
        console.print(terminal_table(runs, width))
    return console.export_text()


@pytest.mark.parametrize("these", ["as they are", "with huge numbers"])
def test_the_terminal_table_cuts_no_number_and_no_name_at_any_width(runs, these):
    some = runs[runs["experiment"].isin(["real-feed", "overhead", "latency", "scale"])]
    some = some.assign(deliveries=some["deliveries"] + 123_456_789 * (these != "as they are"))
    lines = summary.compared(some)
    wanted = [summary.figure(line, name) for line in lines for name in SHOWN]
    count = sum(line.transport == "long-polling" for line in lines)
    for width in (40, 60, 63, 80, 100, 160):
        text = shown(some, width)
        assert "…" not in text and max(map(len, text.splitlines())) <= width
        said = text.split()
        for figure in set(wanted):
            assert said.count(figure) >= wanted.count(figure), figure
        assert text.count("  long-polling ") + text.count("  long-polling\n") >= count


def test_the_terminal_table_says_when_all_is_well(runs):
    text = shown(table.valid(runs), 100)
    assert text.endswith("Nothing was lost; every run is valid.\n") and "lost\n" not in text
    text = shown(runs, 100)
    assert text.endswith("they do not count.\n") and "valid" in text.split("real-feed")[0]
    assert "scale: 900 clients\n" in text, "what is the same in a whole experiment is said once"
    assert " ".join(text.split()).count("(2 messages/s") == 4, "said once an experiment"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0, "0"),
        (3, "3"),
        (0.917, "0.917"),
        (31.44, "31.4"),
        (1240.4, "1,240"),
        (99.97, "100"),
        (9.999, "10.0"),
    ],
)
def test_numbers_have_three_significant_digits(value, text):
    assert number(value) == text


def test_a_parameter_that_does_nothing_for_a_transport_parts_no_block(runs, folder, tmp_path):
    filled = runs.assign(hold_s=25.0, poll_interval_s=runs["poll_interval_s"].fillna(3.0))
    assert summary.compared(filled) == summary.compared(runs)
    shutil.copytree(folder, tmp_path / "copy")
    table.write_runs(tmp_path / "copy" / "runs.csv", table.records(filled))
    both = [table.read(place) for place in (folder, tmp_path / "copy")]
    some = ["bytes_per_delivery", "latency_over_round_trip", "message_over_rate"]
    titles = [[chart.title for chart in figures.draw_all(results, some)[0]] for results in both]
    assert titles[0] == titles[1] and len(titles[0]) == 3
    one, other = (claims.verdicts(results.runs, results.observations) for results in both)
    assert one == other
