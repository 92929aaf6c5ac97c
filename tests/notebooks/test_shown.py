"""What a class sees: answers that are judged rightly, pictures that fit a projector, pages that fit a phone."""

import re
import subprocess
import sys
import time
import warnings
from types import SimpleNamespace

import lessons
import pandas as pd
import pytest
from lessons import check, choosing, costs, load, notebook
from lessons.check.mark import OPEN, RIGHT, WRONG, near
from lessons.editions import build
from lessons.editions.site import linked, opening_of, write_site
from lessons.live.servers import ServersStopped
from lessons.shown.pictures import HEIGHT, WIDTH, width_of
from tools.lab import ROOT, needs

from loadtests.observe.browser import browsing

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import nbformat

pytestmark = pytest.mark.starts


# ---- Servers that have stopped


def test_a_load_on_servers_that_have_stopped_is_a_sentence_and_no_zeros():
    servers = lessons.start_servers(rate=20, source="clock", size=142)
    servers.stop()
    with pytest.raises(ServersStopped, match="^These servers have stopped: run the cell that starts them") as caught:
        load.locust(servers.websocket, "WebSocketUser", 2, 1)
    assert caught.value._render_traceback_() == [str(caught.value)]
    with pytest.raises(ServersStopped):
        lessons.watch(servers, messages=2)


def test_a_load_of_no_seconds_is_refused():
    for users, seconds in ((5, 0), (0, 3), (5, -1)):
        with pytest.raises(load.LocustFailed, match="whole numbers from 1 on"):
            load.locust("http://127.0.0.1:9", "PollingUser", users, seconds)


def test_a_feed_on_which_nothing_comes_is_a_sentence():
    with lessons.start_servers(rate=20, count=1, source="clock", size=142) as servers:
        time.sleep(0.5)
        with pytest.raises(load.LocustFailed, match="^No message came in 1 s; 0 requests or connections failed"):
            load.locust(servers.websocket, "WebSocketUser", 1, 1)


# ---- Exercises


def watching(monkeypatch, mean_ms):
    """Let the check of lesson 1 measure this mean instead of starting servers."""
    deliveries = [SimpleNamespace(latency=mean_ms / 1000)] * 3
    watched = {"polling": SimpleNamespace(deliveries=deliveries, diary=SimpleNamespace(entries=[]))}
    monkeypatch.setattr("lessons.check.lesson_1.watch", lambda *_, **__: watched)
    monkeypatch.setattr("lessons.check.lesson_1.split", lambda entries: [])


@pytest.mark.parametrize(
    ("interval", "mean_ms", "mark", "words"),
    [
        (0.25, 125, RIGHT, "Half an interval is the mean"),
        (0.3, 159, WRONG, "not less than 150 ms. Half an interval is 150 ms, so this one is too long"),
        (0.25, 159, WRONG, "not less than 150 ms. Half an interval is 125 ms; the rest is chance"),
        (0.3, 148, WRONG, "by chance it was less here. Ask more often"),
        (0.05, 25, WRONG, "you ask more often than you must"),
        ("0.25", 125, RIGHT, "Half an interval is the mean"),
        ("often", 0, WRONG, "A number is asked for, and this is str"),
        (None, 0, OPEN, "No answer yet"),
    ],
)
def test_less_than_150_ms_is_less(monkeypatch, interval, mean_ms, mark, words):
    watching(monkeypatch, mean_ms)
    found = check.fast_enough(interval, within_ms=150)
    assert (found.mark, words in found.words) == (mark, True), found.words


@pytest.mark.parametrize(("answer", "mark"), [(0.983, RIGHT), (0.9835, RIGHT), (0.98347, RIGHT), (0.97, WRONG),
                                              (0.0165, WRONG), (0.0167, WRONG)])  # fmt: skip
def test_the_share_of_empty_polls_to_three_digits(answer, mark):
    assert check.share_of_empty_polls(answer, rate=1 / 60, interval=1).mark == mark


def test_a_hint_is_not_for_an_answer_that_is_nearer_to_the_right_one():
    assert near(10.15, 10.0, "right", {10.3: "the hint"}, "otherwise", 0.01).words == "otherwise"
    assert near(10.29, 10.0, "right", {10.3: "the hint"}, "otherwise", 0.01).words == "the hint"


def runs_of(mean_ms):
    return pd.DataFrame({"transport": list(mean_ms), "latency_mean_ms": list(mean_ms.values())})


@pytest.mark.parametrize(
    ("answer", "mark", "words"),
    [
        (200.0, RIGHT, "1.90 times"),
        ("200", RIGHT, "1.90 times"),
        ("far", WRONG, "A number is asked for"),
        (0, WRONG, "above 0 and up to 500"),
        (30, RIGHT, "0.3 messages come in a round trip"),
    ],
)
def test_lesson_3_measures_here_and_now(answer, mark, words):
    asked = []

    def measure(experiment, **setting):
        asked.append(setting["now"])
        return runs_of({"long-polling": 190.0, "websocket": 100.0})

    found = check.half_as_late_again(answer, measure)
    assert found.mark == mark and words in found.words and asked in ([True], [])


def test_lesson_3_says_what_is_recorded_where_nothing_can_be_measured():
    def measure(experiment, **setting):
        raise ValueError("no run")

    found = check.half_as_late_again(30, measure)
    assert found.mark == OPEN and "recorded are 20, 50, 100, 200 ms" in found.words


@pytest.mark.parametrize("answer", [("many", 3), (1.5, 3.0), (True, 2)])
def test_lesson_5_asks_for_whole_numbers(answer):
    assert check.bracket(*answer).words == "Two whole numbers of clients are asked for."


def test_requests_are_compared_without_their_cookies():
    table = costs.by_era()
    sizes = table["bytes of a request without cookies"]
    assert table["bytes of its cookie"]["2010"] > 200 and sizes["2010"] + table["bytes of its cookie"]["2010"] > 700
    assert sizes["minimal"] < sizes["python"] < min(sizes["2005"], sizes["2010"], sizes["browser"])


def test_verdicts_say_their_condition():
    verdicts = choosing.verdicts()["verdict"]
    assert not any("…" in each for each in verdicts)
    assert verdicts["C2"].startswith("Holds for polling above ") and verdicts["C15"].startswith("Holds: ")


# ---- Pictures, tables, pages


def test_every_picture_fits_a_projector():
    pictures = [lessons.history().chart, lessons.figure("bytes_per_delivery", "reference").chart,
                lessons.figure("quantum_leap", "reference").chart, choosing.choose().chart]  # fmt: skip
    for chart in pictures:
        wide, high = chart.figure.get_size_inches()
        width = width_of(chart)
        assert width <= WIDTH and width * high / wide <= HEIGHT + 1, chart.name


def test_committed_pictures_fit_a_projector():
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            for output in cell.get("outputs", []):
                if size := output.get("metadata", {}).get("image/png", {}).get("width"):
                    assert size <= WIDTH, path.name


def test_tables_have_the_size_of_text():
    html = notebook.table_html(pd.DataFrame({"a": [1]}))
    assert html.count("font-size: var(--jp-content-font-size1") == 1


LEFT = ' style="text-align: left"'


@pytest.mark.parametrize("nested", [False, True])
def test_words_begin_on_the_left_and_figures_end_on_the_right(nested):
    table = pd.DataFrame({"count": [1, 2], "took": ["31.4 ± 0.2 ms", ""], "who": ["a browser", None],
                          "line": ["7 is the status, and nothing else", "–"]},
                         index=["first", "second"]).rename_axis("run")  # fmt: skip
    if nested:
        table = pd.concat({"seen": table, "again": table}, axis="columns")
        table.index = pd.MultiIndex.from_tuples([("one", "first"), ("one", "second")])
    html = notebook.table_html(table)
    rows = [re.findall(r"<t([hd])([^>]*)>", row) for row in re.findall(r"<tr.*?</tr>", html, re.DOTALL)]
    cells = [("d", ""), ("d", ""), ("d", LEFT), ("d", LEFT)] * (2 if nested else 1)
    assert rows[-1] == [("h", LEFT), *cells]
    if not nested:
        assert rows[0] == [("h", LEFT), ("h", ""), ("h", ""), ("h", LEFT), ("h", LEFT)]


@pytest.mark.long
def test_the_class_edition_has_no_outputs_below_a_prediction(tmp_path):
    command = [sys.executable, "-m", "lessons", "class", "--out", str(tmp_path)]
    subprocess.run(command, cwd=ROOT / "notebooks", check=True, capture_output=True)
    for name in build.names():
        cells = nbformat.read(tmp_path / f"{name}.ipynb", as_version=4).cells
        predicts = [place for place, cell in enumerate(cells) if "## Predict" in cell.source]
        below = cells[predicts[0]:] if predicts else []
        assert not any(cell.get("outputs") for cell in below)
        above = cells[: predicts[0]] if predicts else cells
        assert any(cell.get("outputs") for cell in above), "what comes before keeps its outputs"
    first = tmp_path / "01_three_ways_to_push.ipynb"
    first.write_text(first.read_text().replace("Three ways to push", "My own notes"))
    subprocess.run(command, cwd=ROOT / "notebooks", check=True, capture_output=True)
    assert "My own notes" in first.read_text(), "what a student wrote stays"


def test_the_class_edition_is_what_the_kernel_here_would_write(tmp_path):
    """Then JupyterLab has nothing to change when it opens one."""
    from jupyter_client.manager import start_new_kernel

    made = build.for_a_class(nbformat.read(ROOT / "notebooks" / "01_three_ways_to_push.ipynb", as_version=4))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        manager, client = start_new_kernel(kernel_name="python3")
        try:
            info = client.kernel_info(reply=True, timeout=30)["content"]["language_info"]
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
    assert made.metadata["language_info"] == info


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return write_site(tmp_path_factory.mktemp("site")).parent


def test_the_site_says_nothing_of_sliders_that_cannot_be_moved(site):
    for page in site.glob("0*.html"):
        assert "Move the sliders" not in page.read_text(encoding="utf-8")
    assert linked("Move the sliders: what") == "In the notebook, move the sliders: what"


def test_the_contents_page_is_plain_text_and_teaching_has_a_page(site):
    index = (site / "index.html").read_text(encoding="utf-8")
    assert "`" not in index and "teaching.html" in index
    teaching = (site / "teaching.html").read_text(encoding="utf-8")
    assert teaching.count("<table") >= 5 and ".ipynb" not in teaching
    cell = SimpleNamespace(source="# 1\n\n*You will be able to* say what `error` tells a page. *You need* all.")
    assert opening_of(SimpleNamespace(cells=[cell])) == "say what error tells a page"


def test_pages_fit_a_phone(site):
    """390 px across: nothing makes the page itself scroll sideways."""
    needs("chromium")
    with browsing() as page:
        page.set_viewport_size({"width": 390, "height": 844})
        for path in sorted(site.glob("*.html")):
            page.goto(path.as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, path.name
