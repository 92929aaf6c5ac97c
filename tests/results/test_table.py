"""results/table.py and results/summary.py: what is written is read, what is broken is named."""

import os
import re

import numpy as np
import pandas as pd
import pytest

from results import summary, table
from results.check import check
from results.histogram import new_histogram
from results.latencies import read_latencies

# --- writing and reading ---------------------------------------------------------------------------------------------


def test_the_columns_are_those_of_the_contract_in_its_order():
    names = [column.name for column in table.COLUMNS]
    assert names[:3] == ["run_id", "experiment", "transport"] and names[-2:] == ["valid", "invalid_reason"]
    assert len(names) == len(set(names)) == 65 + len(table.PATH) + len(table.ADDED)
    assert [column for column in table.COLUMNS if column.optional] == [*table.PATH, *table.ADDED]
    assert [column.name for column in table.OBSERVATIONS] == ["claim", "quantity", "value", "unit", "condition"]


def test_a_row_comes_back_as_it_was_written(tmp_path, row):
    table.write_runs(tmp_path / "runs.csv", [row])
    back = table.records(table.read_runs(tmp_path))[0]
    for column in table.COLUMNS:
        written = row[column.name]
        if written is None:
            assert back[column.name] == "" if column.kind == "str" else pd.isna(back[column.name])
        else:
            assert back[column.name] == written, column.name


def test_flags_are_words_and_what_does_not_apply_is_empty(tmp_path, row):
    table.write_runs(tmp_path / "runs.csv", [row | {"tls": np.False_, "recovery_s": float("nan"), "hold_s": pd.NA}])
    header, line = (text.split(",") for text in (tmp_path / "runs.csv").read_text().splitlines())
    cells = dict(zip(header, line, strict=True))
    assert (cells["tls"], cells["valid"], cells["recovery_s"], cells["hold_s"]) == ("False", "True", "", "")


def test_text_with_commas_quotes_and_lines_survives(tmp_path, row):
    reason = 'lag, "p99"\nof 12 ms'
    table.write_runs(tmp_path / "runs.csv", [row | {"valid": False, "invalid_reason": reason}])
    assert table.read_runs(tmp_path)["invalid_reason"].tolist() == [reason]


def test_no_rows_give_an_empty_table_with_every_column(tmp_path):
    table.write_runs(tmp_path / "runs.csv", [])
    runs = table.read_runs(tmp_path)
    assert len(runs) == 0 and list(runs) == [column.name for column in table.COLUMNS]
    assert check(runs) == [] and summary.compared(runs) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"surplus": 1}, "unknown columns: surplus"),
        ({"clients": 2.5}, "clients = 2.5 is not of kind int"),
        ({"clients": "20"}, "clients = '20' is not of kind int"),
        ({"tls": "yes"}, "tls = 'yes' is not of kind bool"),
        ({"rate_hz": float("inf")}, "rate_hz = inf is not of kind float"),
    ],
)
def test_a_wrong_row_is_refused_and_the_old_file_stays(tmp_path, row, change, message):
    path = tmp_path / "runs.csv"
    path.write_text("as before")
    with pytest.raises(table.TableError, match=message):
        table.write_runs(path, [row, row | change])
    assert path.read_text() == "as before" and os.listdir(tmp_path) == ["runs.csv"]


def test_a_missing_key_is_named(tmp_path, row):
    del row["payload"]
    with pytest.raises(table.TableError, match="overhead-001-polling lacks payload"):
        table.write_runs(tmp_path / "runs.csv", [row])


def test_a_failed_write_leaves_nothing_behind(tmp_path, row, monkeypatch):
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        table.write_runs(tmp_path / "runs.csv", [row])
    assert os.listdir(tmp_path) == []


def test_what_is_missing_is_said_in_one_line(tmp_path, row):
    with pytest.raises(table.TableError, match="no results folder .*nowhere: run `python -m loadtests` first"):
        table.read_runs(tmp_path / "nowhere")
    with pytest.raises(table.TableError, match="has no runs.csv: run `python -m loadtests` first"):
        table.read_runs(tmp_path)
    (tmp_path / "runs.csv").write_text("run_id,experiment\n")
    with pytest.raises(table.TableError, match="lacks the columns transport, operation"):
        table.read_runs(tmp_path)


@pytest.mark.parametrize(
    ("cell", "edited", "message"),
    [
        (",poisson,7,", ",poisson,seven,", "runs.csv, line 3: seed = 'seven' is not of kind int"),
        (",poisson,7,", ",poisson,7.0,", "runs.csv, line 3: seed = '7.0' is not of kind int"),
        (",2.0,poisson", ",inf,poisson", "runs.csv, line 3: rate_hz = 'inf' is not of kind float"),
        (",poisson,7,", f",poisson,{10**20},", f"line 3: seed = '{10**20}' is not of kind int"),
        (",polling,", ",pigeon,", r"runs.csv, line 3 \(b\): there is no transport 'pigeon': they are"),
        (",polling,", ",,", "there is no transport ''"),
    ],
)
def test_a_cell_that_cannot_be_is_named_with_its_line(tmp_path, row, cell, edited, message):
    table.write_runs(tmp_path / "runs.csv", [row | {"run_id": "a"}, row | {"run_id": "b"}])
    path = tmp_path / "runs.csv"
    head, second = path.read_text().split("\nb,")
    assert cell in f",{second}"
    path.write_text(f"{head}\nb,{second.replace(cell, edited, 1)}")
    with pytest.raises(table.TableError, match=message):
        table.read_runs(tmp_path)


def _as_a_spreadsheet(text: str) -> str:
    """As one saves it: a BOM, CRLF, flags in capitals, an empty column and an empty line at the end."""
    lines = text.replace("True", "TRUE").replace("False", "FALSE").splitlines()
    return "\ufeff" + "".join(f"{line},,\r\n" for line in lines) + "," * 60 + "\r\n"


def test_a_table_that_a_spreadsheet_has_saved_reads_as_before(tmp_path, runs):
    table.write_runs(tmp_path / "runs.csv", table.records(runs))
    before, path = table.read_runs(tmp_path), tmp_path / "runs.csv"
    path.write_bytes(_as_a_spreadsheet(path.read_text(encoding="utf-8")).encode())
    pd.testing.assert_frame_equal(table.read_runs(tmp_path), before)
    assert len(table.valid(before)) and len(table.failed(before))


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (",", ";", "runs.csv is separated by semicolons: save it as CSV with commas and decimal points"),
        (",", "\t", "runs.csv is separated by tabs: save it as CSV with commas and decimal points"),
        ("transport", "experiment", "runs.csv has the column experiment twice"),
        ("\n", ",\nx", "runs.csv cannot be read: unexpected end of data"),
        ("\n", "\n,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,x\n",
         "runs.csv, line 2: a cell stands under no column name"),
    ],
)  # fmt: skip
def test_a_table_that_is_no_csv_with_commas_gets_one_line(tmp_path, row, before, after, message):
    table.write_runs(tmp_path / "runs.csv", [row])
    path = tmp_path / "runs.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text + '"' if "unexpected" in message else text.replace(before, after, -1 if before == "," else 1))
    with pytest.raises(table.TableError, match=re.escape(message)) as refused:
        table.read_runs(tmp_path)
    assert "\n" not in str(refused.value)


def test_observations_are_kept_as_text(tmp_path):
    seen = {"claim": "C12", "quantity": "events", "value": "open, error, close", "unit": "", "condition": "killed"}
    table.write_observations(tmp_path / "observations.csv", [seen, seen | {"value": 1006}])
    assert table.read_observations(tmp_path)["value"].tolist() == ["open, error, close", "1006"]


def test_machine_json_must_be_there_and_be_json(tmp_path):
    with pytest.raises(table.TableError, match="has no machine.json"):
        table.read_machine(tmp_path)
    (tmp_path / "machine.json").write_text("{")
    with pytest.raises(table.TableError, match="machine.json is not JSON"):
        table.read_machine(tmp_path)
    (tmp_path / "machine.json").write_text("[]")
    with pytest.raises(table.TableError, match="no JSON object"):
        table.read_machine(tmp_path)


# --- what counts -----------------------------------------------------------------------------------------------------


def _checked(tmp_path, *rows):
    table.write_runs(tmp_path / "runs.csv", rows)
    return check(table.read_runs(tmp_path))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"clients": -20}, "clients is -20"),
        ({"latency_p50_ms": -0.5}, "latency_p50_ms is -0.5"),
        ({"valid": False}, "invalid without a reason"),
        ({"valid": None}, "neither valid nor invalid"),
        ({"invalid_reason": "lag"}, "valid, yet with a reason why not: lag"),
        ({"lost": 3}, "valid, without a fault, and 3 lost"),
        ({"duplicated": 1}, "valid, without a fault, and 1 duplicated"),
        ({"out_of_order": 2}, "valid, without a fault, and 2 out_of_order"),
        ({"framing": None}, "empty in a valid run: framing"),
    ],
)
def test_each_broken_promise_is_told(tmp_path, row, change, message):
    assert f"overhead-001-polling: {message}" in _checked(tmp_path, row | change)


def test_a_byte_too_many_is_told(tmp_path, row):
    wire = row["wire_sent"] + row["wire_received"]
    text = f"overhead-001-polling: the six headings hold {wire} B, the wire {wire + 1} B"
    assert _checked(tmp_path, row | {"wire_sent": row["wire_sent"] + 1}) == [text]


def test_a_wrong_overhead_is_told_unless_compressed(tmp_path, row):
    wrong = row | {"overhead_per_delivery": row["overhead_per_delivery"] + 1}
    assert "the wire gives" in _checked(tmp_path, wrong)[0]
    assert _checked(tmp_path, wrong | {"deflate": True}) == []


def test_less_than_nothing_may_be_a_difference_or_what_compression_saves(tmp_path, row):
    saved = row | {"overhead_per_delivery": -130.0}
    assert "overhead-001-polling: overhead_per_delivery is -130" in _checked(tmp_path, saved)
    assert _checked(tmp_path, saved | {"deflate": True, "floor_ms": -0.1, "floor_asking_ms": -2.0}) == []


def test_a_run_told_twice_is_told(tmp_path, row):
    said = "this run_id stands in more than one row of the same attempt"
    assert _checked(tmp_path, row, row) == [f"overhead-001-polling: {said}"]
    again = row | {"attempt": 2, "valid": False, "invalid_reason": "lag"}
    assert _checked(tmp_path, row, again) == []


@pytest.mark.parametrize(("published", "name"), [(9, "latency_p50_ms"), (49, "latency_p90_ms"), (29, "interval")])
def test_what_too_few_messages_carry_is_told(tmp_path, row, published, name):
    states = row | {"latency_p50_ms": 1.0, "latency_p90_ms": 2.0, "published": published}
    assert any(name in words for words in _checked(tmp_path, states))


def test_a_fault_may_lose_messages_and_an_invalid_run_anything(tmp_path, row):
    assert _checked(tmp_path, row | {"fault": "outage", "lost": 3}) == []
    assert _checked(tmp_path, row | {"valid": False, "invalid_reason": "lost 3", "lost": 3, "framing": None}) == []


def test_valid_and_invalid_part_the_runs(runs):
    good, bad = table.valid(runs), table.invalid(runs)
    assert len(good) + len(bad) == len(runs) and good["valid"].all() and not bad["valid"].any() and len(bad)


# --- histograms ------------------------------------------------------------------------------------------------------


def test_merged_histograms_have_the_percentiles_of_all_samples(tmp_path):
    rng, samples = np.random.default_rng(5), []
    (tmp_path / "latency").mkdir()
    for name in ("a", "b"):
        histogram, mine = new_histogram(), rng.lognormal(8, 1, 4000).astype(int) + 1
        for value in mine:
            histogram.record_value(int(value))
        (tmp_path / "latency" / f"{name}.hdr").write_bytes(histogram.encode() + b"\n")
        samples.append(mine)
    merged, everything = read_latencies(tmp_path, ["a", "b"]), np.sort(np.concatenate(samples))
    assert merged.get_total_count() == 8000
    for percent in (1, 50, 90, 99, 99.9, 100):
        exact = everything[round(percent * 80) - 1]  # the nearest-rank percentile of 8,000 samples
        assert merged.get_value_at_percentile(percent) == pytest.approx(exact, rel=2e-3)


def test_a_histogram_holds_a_microsecond_and_an_hour():
    histogram = new_histogram()
    assert histogram.record_value(1) and histogram.record_value(3_600_000_000)
    assert (histogram.get_min_value(), histogram.get_value_at_percentile(50)) == (1, 1)


@pytest.mark.parametrize("content", [b"", b"garbage", b"AAAA" * 20])
def test_a_broken_histogram_is_named(tmp_path, content):
    (tmp_path / "latency").mkdir()
    (tmp_path / "latency" / "a.hdr").write_bytes(content)
    with pytest.raises(table.TableError, match=r"a\.hdr is not an encoded histogram"):
        read_latencies(tmp_path, ["a"])
    with pytest.raises(table.TableError, match=r"no histogram .*b\.hdr"):
        read_latencies(tmp_path, ["b"])
