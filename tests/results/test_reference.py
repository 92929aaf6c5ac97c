"""The committed run: all sixteen verdicts come out of it, and each follows a single number of it."""

import shutil

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from tools.lab import ROOT

from results import claims, figures, report, table
from results.check import check

REFERENCE = ROOT / "results" / "reference"
PLAIN = {"header_profile": "browser", "cookie_bytes": 0, "payload_bytes": 142, "tls": False, "deflate": False}


def verdicts(folder):
    found = claims.verdicts(table.read_runs(folder), table.read_observations(folder))
    return {each.claim.id: each.verdict for each in found}


@pytest.fixture(scope="module")
def before():
    return verdicts(REFERENCE)


@pytest.fixture
def copy(tmp_path):
    for name in ("runs.csv", "observations.csv", "machine.json"):
        shutil.copy(REFERENCE / name, tmp_path)
    return tmp_path


def rows_with(frame, cells):
    found = frame.index == frame.index
    for name, value in cells.items():
        found &= (frame[name] == value).fillna(False)
    return found


def test_every_claim_is_decided(before):
    assert list(before) == [f"C{number}" for number in range(1, 17)]
    assert not {name for name, verdict in before.items() if verdict in claims.UNDECIDED}


def test_its_rows_keep_what_the_contract_promises():
    assert check(table.read_runs(REFERENCE)) == []


def test_the_gallery_says_them_all(before):
    gallery = (REFERENCE / "README.md").read_text(encoding="utf-8")
    for claim in claims.CLAIMS:
        assert f"| {claim.id}. {claim.words} | {before[claim.id]} |" in gallery.replace("\\", "")
    assert claims.NOT_MEASURED not in gallery and claims.NOT_OBSERVED not in gallery


@pytest.fixture(scope="module")
def drawn():
    return figures.draw_all(table.read(REFERENCE))


def test_the_gallery_is_what_the_code_makes_of_the_tables(drawn):
    _, gallery = report.render(table.read(REFERENCE), drawn)
    assert gallery == (REFERENCE / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("claim", "cells", "column", "change", "becomes"),
    [
        ("C1", PLAIN | {"experiment": "overhead", "transport": "polling"}, "request_head", lambda of: 0,
         "holds when headers and cookies reach 500 B: 2005 headers ("),
        ("C2", PLAIN | {"experiment": "overhead", "transport": "long-polling"}, "overhead_per_delivery",
         lambda of: 10.0, "holds when it is one of these cases: polling, the boundary lies between 520 (no) and "
         "730 (yes) B of request headers; long polling, in no clear order: at 88.7 (yes), 197.7 (yes), 480.7 (yes), "
         "526.7 (no), "),
        ("C3", {"experiment": "link-rate", "transport": "websocket", "link_mbps": 100.0, "header_profile": "browser"},
         "latency_mean_ms", lambda of: 7 * of,
         "holds when it is one of these cases: long polling, the boundary lies between 0.25 (yes) and 1 (no) Mbit/s; "
         "a WebSocket, the boundary lies between 10 (no) and 100 (yes) Mbit/s"),
        ("C5", {"experiment": "latency", "transport": "long-polling", "rtt_ms": 100.0, "keep_alive": True},
         "held_mean_s", lambda of: 9.0,
         "holds when few messages come in a round trip: the boundary lies between 1 (yes) and 2 (no) messages in a "),
        ("C6", {"experiment": "real-feed", "transport": "websocket"}, "requests", lambda of: 5,
         "holds when the side that speaks is the client: "),
        ("C11", {"experiment": "latency", "transport": "websocket", "rtt_ms": 200.0, "keep_alive": True},
         "latency_mean_ms", lambda of: 100 * of,
         "holds when it is one of these cases: against polling, the boundary lies between 1.5 (no) and 3 (yes) round "
         "trips between polls; against long polling, in no clear order: at 0.1 (no), 0.2 (yes), 0.5 (yes), 1 (yes) and "
         "2 (no) messages in a round trip: "),
        ("C15", {"operation": "echo", "transport": "websocket", "payload_bytes": 65_536}, "payload", lambda of: of // 2,
         "does not hold: "),
        ("C16", {"experiment": "connection", "transport": "websocket", "tls": True}, "wire_received",
         lambda of: of + 10**6,
         "holds when only these are compared: bytes of joining, port without saying one, from a page over http and "),
    ],
)  # fmt: skip
def test_one_number_of_a_run_changes_the_verdict(before, copy, claim, cells, column, change, becomes):
    runs = table.read_runs(copy)
    first = runs.index[rows_with(runs, cells | {"valid": True})][0]
    runs.loc[first, column] = change(runs.loc[first, column])
    table.write_runs(copy / "runs.csv", table.records(runs))
    after = verdicts(copy)
    assert after[claim].startswith(becomes) and after[claim] != before[claim]


@pytest.mark.parametrize("page", ["report", "talk"])
def test_no_words_are_cut_off(page, drawn):
    charts, _ = drawn
    if page == "talk":
        with figures.for_a_talk():
            charts, _ = figures.draw_all(table.read(REFERENCE))
    for chart in charts:
        renderer = FigureCanvasAgg(chart.figure).get_renderer()
        ticks = {label for axes in chart.figure.axes for label in (*axes.get_xticklabels(), *axes.get_yticklabels())}
        for text in set(chart.figure.findobj(Text)) - ticks:
            if text.get_visible() and text.get_text().strip():
                box, page_box = text.get_window_extent(renderer), chart.figure.bbox
                cut = min(box.x0, box.y0, page_box.width - box.x1, page_box.height - box.y1)
                assert cut > -3, (chart.name, text.get_text())
