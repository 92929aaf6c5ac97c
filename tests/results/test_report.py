"""results/report, results/claims and the command line: verdicts follow the data, one file opens anywhere."""

import html
import os
import re
import shutil
import signal
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image
from tools.lab import ROOT
from tools.made_up import MACHINE, make

from results import __main__ as command
from results import claims, figures, folders, report, table
from results.report.enough import enough
from results.select import NotMeasured


@pytest.fixture(scope="module")
def page(folder, drawn):
    return report.write(table.read(folder), (drawn, [])).read_text(encoding="utf-8")


def rendered(place: Path) -> str:
    """The report without its charts."""
    return report.render(table.read(place), ([], []))[0]


def told(page: str) -> str:
    """Its text as one reads it: a number is tied to its unit by a space too."""
    return html.unescape(page).replace("\u00a0", " ")


class Elements(HTMLParser):
    """Every element of a page with its attributes, and a stack that must end empty."""

    VOID = {"meta", "img", "link", "br"}

    def __init__(self, page):
        super().__init__()
        self.seen, self.open = [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def all(self, tag):
        return [attributes for name, attributes in self.seen if name == tag]


# --- the report ------------------------------------------------------------------------------------------------------


def test_the_page_is_well_formed_and_says_its_language(page):
    elements = Elements(page)
    assert elements.open == [] and elements.all("html") == [{"lang": "en"}]
    assert len(elements.all("h1")) == 1 and len(elements.all("main")) == 1
    identifiers = [attributes["id"] for _, attributes in elements.seen if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))


def test_on_a_phone_where_headings_are_hidden_each_cell_says_its_own(page):
    tables = re.findall(r'<table class="words">.*?</thead>(.*?)</tbody>\n</table>', page, re.DOTALL)
    cells = re.findall(r"<td[^>]*>", "".join(re.sub(r"<details>.*?</details>", "", table) for table in tables))
    headings = [re.fullmatch(r'<td data-heading="(.+)">', cell) for cell in cells]
    assert len(tables) > 3 and all(headings)
    assert {"1,000 clients", "audited", "verdict", "authority"} <= {found[1] for found in headings}


def test_it_reaches_for_nothing_outside_itself(page):
    elements = Elements(page)
    reached = [
        value for _, attributes in elements.seen for name, value in attributes.items() if name in ("src", "href")
    ]
    assert reached and all(value.startswith(("data:", "#")) for value in reached)
    assert not elements.all("script") and not elements.all("link")
    assert "@import" not in page and "url(" not in page


def test_it_holds_every_chart_with_its_finding_and_alternative_text(page, drawn):
    images = Elements(page).all("img")
    assert [told(image["alt"]) for image in images] == [chart.alt for chart in drawn]
    captions = [told(words) for words in re.findall(r"<figcaption><b>(.*?)\.</b> .+</figcaption>", page)]
    assert captions == [told(chart.title) for chart in drawn] and len(captions) == 26


def test_the_gallery_tells_the_same_on_a_code_host(page, folder, drawn):
    """Every chart with its title and alternative text, every claim two rows of three cells, links that lead somewhere.
    """
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^!\[.+\]\((.+)\)$", text, re.MULTILINE) == [f"charts/{chart.name}.png" for chart in drawn]
    assert [f"**{report._plain(chart.title)}.**" in text for chart in drawn] == [True] * len(drawn)
    rows = re.findall(r"^\| (C\d+)\. .*\|$", text, re.MULTILINE)
    assert rows == 2 * [claim.id for claim in claims.CLAIMS]
    widths = {len(re.findall(r"(?<!\\)\|", line)) for line in text.splitlines() if re.match(r"\| C\d+\. ", line)}
    assert widths == {4}
    titles = {report._anchor(title) for title in re.findall(r"^## (.+)$", text, re.MULTILINE)}
    assert set(re.findall(r"\]\(#(.+?)\)", text)) <= titles and len(titles) == 7
    assert [words in told(page) for words in re.findall(r"^- ([^\[].*)$", text, re.MULTILINE)] == [True] * 5


def test_it_tells_floors_apart_older_ones_too(page):
    said = told(page)
    assert "websocket, 1 client: 0.500 ± 0.0250 ms to a transit; long-polling, feed, 8 clients, 10 messages/s, " in said
    assert "TLS, a connection per request, repeat 2: 1.50 ms to a transit, 3.25 ms to a time away" in said


def test_it_tells_when_the_benchmark_was_run(page):
    assert "Measured 2026-10-28, commit 0123456789ab." in told(page)


def test_no_line_ends_between_a_number_and_its_unit(page):
    shown = html.unescape(re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL))
    assert "\u00a0ms" in shown and "\u00a0B" in shown
    assert re.findall(r".{20}\d (?:ms|s|B|%)\b", shown) == []


def test_it_names_the_invalid_runs_and_the_provenance(page, runs):
    for run in table.records(table.invalid(runs)):
        assert run["run_id"] in page and run["invalid_reason"] in page
    for fact in ("kernel", "python", "command", "commit", "date", "profile"):
        assert MACHINE[fact].replace("+", "&#43;") in page.replace("+", "&#43;")
    assert "flask 3.1.3, gevent 26.9.0, locust 2.47.0" in page


def test_what_is_broken_in_the_table_is_told(tmp_path, folder):
    copy = shutil.copytree(folder, tmp_path / "copy")
    rows = table.records(table.read_runs(copy))
    rows[0]["lost"] = 2
    table.write_runs(copy / "runs.csv", rows)
    assert "valid, without a fault, and 2 lost" in rendered(copy)


def test_text_from_the_runs_is_escaped(tmp_path, folder):
    copy = shutil.copytree(folder, tmp_path / "copy")
    rows = table.records(table.read_runs(copy))
    rows[0] |= {"valid": False, "invalid_reason": "<script>alert(1)</script>"}
    table.write_runs(copy / "runs.csv", rows)
    assert "<script>" not in rendered(copy)


def test_a_folder_with_one_experiment_gives_a_report_all_the_same(tmp_path, runs):
    table.write_runs(tmp_path / "runs.csv", table.records(runs[runs["experiment"] == "scale"]))
    (tmp_path / "machine.json").write_text("{}")
    results = table.read(tmp_path)
    page, _ = report.render(results, figures.draw_all(results))
    assert "Not drawn from these runs: bytes_per_delivery" in page and Elements(page).open == []


def test_runs_that_do_not_count_are_shown_as_such_and_judge_nothing(tmp_path, runs):
    mine = runs[(runs["experiment"] == "overhead") & runs["payload_bytes"].notna()]
    mine = mine.assign(experiment="workload", valid=False, invalid_reason="too late")
    table.write_runs(tmp_path / "runs.csv", table.records(mine))
    (tmp_path / "machine.json").write_text("{}")
    page = rendered(tmp_path)
    assert "long-polling does not count: too late" in page and "<td>(1,200)</td>" not in page
    assert "(2 messages/s, 142 B messages, no added round trip)" in told(page)
    assert re.search(r"<td>\([\d.]+\)</td>", page) and 'class="least"' not in page
    claims_ = page.split('id="claims"')[1].split("</section>")[0]
    assert "judge none of the sixteen claims" in claims_ and "<table" not in claims_


# --- the command line ------------------------------------------------------------------------------------------------


def _run(*arguments, cwd=ROOT):
    line = [sys.executable, "-m", "results", *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    return subprocess.run(line, cwd=cwd, env=environment, capture_output=True, text=True, timeout=100, encoding="utf-8")


@pytest.mark.parametrize("arguments", [(), ("draw",), ("charts", "a", "b")])
def test_wrong_usage_is_status_two(arguments):
    done = _run(*arguments)
    assert done.returncode == 2 and "usage: python -m results" in done.stderr and "Traceback" not in done.stderr


def test_a_missing_folder_is_status_one_and_one_line(tmp_path, capsys):
    for action in command.ACTIONS:
        assert command.main([action, str(tmp_path / "nowhere")]) == 1
        said = capsys.readouterr()
        assert said.out == "" and re.fullmatch(r"python -m results: there is no results folder .*\n", said.err)


def test_charts_and_report_print_what_they_wrote(tmp_path, monkeypatch, capsys):
    folder = make(tmp_path / "mine", only="upstream")
    done = _run("charts", folder)
    assert done.returncode == 0 and all(Path(line).is_file() for line in done.stdout.splitlines())
    monkeypatch.setattr(folders, "REFERENCE", tmp_path / "nothing to borrow from")
    assert command.main(["report", str(folder)]) == 0 and capsys.readouterr().out == f"{folder / 'report.html'}\n"
    assert command.main(["charts", str(folder), "--talk"]) == 0
    paths = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert {path.parent.name for path in paths} == {"talk"} and all(map(Path.is_file, paths))
    with Image.open(folder / "charts" / "sending.png") as report, Image.open(folder / "talk" / "sending.png") as talk:
        assert talk.width / report.width == pytest.approx(0.86, abs=0.01), "a smaller page, and the same letters"
        assert talk.width / talk.height == pytest.approx(16 / 9, abs=0.01)


def test_advise_answers_from_the_folder_alone(folder):
    wanted = ["--clients", "300", "--rate", "2", "--size", "1000", "--rtt", "60", "--within-ms", "200"]
    done = _run("advise", folder, *wanted)
    assert done.returncode == 0 and "300 clients, 2 messages/s, 1,000 B messages, 60 ms round trip" in done.stdout
    assert "The cheapest that does, by the server's CPU, is " in done.stdout and "Measured: nothing" in done.stdout


@pytest.mark.parametrize("wrong", [("--rate", "-1"), ("--clients", "many"), ("--within-ms", "nan"), ("--rate", "0")])
def test_advise_refuses_what_is_no_number(folder, wrong):
    done = _run("advise", folder, *wrong)
    assert done.returncode == 2 and wrong[0] in done.stderr and "Traceback" not in done.stderr


def test_advise_says_which_costs_are_not_known(folder):
    done = _run("advise", folder, "--header-profile", "unheard-of")
    assert done.returncode == 1 and done.stderr.startswith("python -m results: the costs are not known: ")
    assert len(done.stderr.splitlines()) == 1


def test_claims_prints_every_claim(folder):
    done = _run("claims", folder)
    assert done.returncode == 0 and all(claim.words in " ".join(done.stdout.split()) for claim in claims.CLAIMS)


def test_the_last_run_comes_before_the_reference(tmp_path, monkeypatch):
    last, reference = (tmp_path / name for name in ("latest", "reference"))
    monkeypatch.setattr(folders, "PLACES", (last, reference))
    assert folders.default() is None
    for place in (reference, last):
        place.mkdir()
        (place / "runs.csv").touch()
        assert folders.default() == place


def test_a_path_is_shown_from_where_one_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert folders.shown(tmp_path / "a" / "b") == Path("a/b")
    assert folders.shown(tmp_path.parent) == tmp_path.parent


def test_ctrl_c_is_status_130_without_a_traceback(folder, monkeypatch, capsys):
    def interrupted(*_):
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setitem(command.ACTIONS, "claims", interrupted)
    assert command.main(["claims", str(folder)]) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_what_the_runs_cannot_draw_is_borrowed_from_the_reference_and_said_to_be(tmp_path, folder, drawn):
    results = table.read(make(tmp_path / "mine", only="latency"))
    reference = table.read(make(tmp_path / "reference", only="overhead"))
    (chart,), _ = figures.draw_all(reference, {"bytes_per_delivery"})
    figures.save([chart], reference.folder)
    page, _ = report.render(results, figures.draw_all(results), reference)
    own, other = page.split('<h2 id="borrowed">')
    assert 'id="latency_over_round_trip"' in own and 'id="bytes_per_delivery"' in other
    (lent,) = figures.borrowed([figures.Skipped(chart.name, "")], reference.folder)
    assert (lent.name, lent.title, lent.alt, lent.svg) == (chart.name, chart.title, chart.alt, chart.svg)
    assert MACHINE["date"] in other.split("</p>")[0]
    whole, _ = report.render(table.read(folder), (drawn, []), reference)
    assert "From the run that comes with the lab" not in whole


def test_whether_server_sent_events_would_have_been_enough_is_told_use_by_use(runs):
    seen = [("reconnection time", "3.0", "s", "the response ends after an event"),
            ("another request is answered", "when one of them ends", "", "HTTP/1.1, 6 streams are open")]  # fmt: skip
    columns = ["quantity", "value", "unit", "condition"]
    observations = table.pd.DataFrame(seen, columns=columns).assign(claim="SSE")
    rows = {use: (answer, why) for use, answer, why in enough(runs, observations).rows}
    assert [answer for answer, _ in rows.values()] == ["yes", "no", "no", "yes", "no", "over HTTP/2 only", "yes"]
    assert rows["the server sends, the client listens"][1].startswith("22 B of overhead per message (computed)")
    event = runs[(runs["experiment"] == "overhead") & (runs["transport"] == "websocket")].iloc[[0]]
    event = event.assign(transport="server-sent-events", payload_bytes=142, framing=210, deliveries=10)
    measured = enough(table.pd.concat([runs, event], ignore_index=True), observations).rows[0]
    assert measured[2].startswith("21 B of overhead per message (measured)")
    with pytest.raises(NotMeasured):
        enough(runs, observations[:1])
