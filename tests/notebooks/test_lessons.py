"""The lessons' editions: made from one source; solved they pass their checks, unsolved none; and their site."""

import re
import warnings
from html.parser import HTMLParser

import pytest
from lessons.check.mark import OPEN, RIGHT, WRONG
from lessons.editions import build
from lessons.editions.site import write_site
from tools.lab import ROOT

pytestmark = pytest.mark.starts

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import nbformat

NOTEBOOKS = ROOT / "notebooks"
MARKS = re.compile(f"^[{OPEN}{RIGHT}{WRONG}] ")
EXERCISES, MORE = 4, {"03": 5}  # of a lesson, beside the open ones

each = pytest.mark.parametrize("name", build.names())


def checks(notebook: nbformat.NotebookNode) -> list[str]:
    """What the check cells say."""
    found = []
    for cell in notebook.cells:
        if "exercise" in cell.metadata.get("tags", []):
            texts = [output.data["text/plain"] for output in cell.outputs if "data" in output]
            found += [text for text in texts if MARKS.match(text)]
    return found


def test_there_are_seven() -> None:
    assert [name[:2] for name in build.names()] == ["01", "02", "03", "04", "05", "06", "07"]


@each
def test_the_committed_notebook_is_what_its_source_makes(name: str) -> None:
    committed = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    made = build.edition(name, solved=False)
    assert [(cell.cell_type, cell.source) for cell in committed.cells] == [
        (cell.cell_type, cell.source) for cell in made.cells
    ]


@each
def test_exercises_are_unsolved_as_committed(name: str) -> None:
    said = checks(nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4))
    assert len(said) == MORE.get(name[:2], EXERCISES) and all(text.startswith(OPEN) for text in said)
    text = (NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8")
    assert "SOLUTION" not in text and "*(Open.)*" in text


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", [name for name in build.names() if name != "06_the_verdict"])
def test_solved_they_pass_their_checks_where_nothing_can_be_started(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each live cell shows what was recorded. Lesson 6 has no such cell, and live ones are in test_again."""
    monkeypatch.setenv("PUSH_LAB_LIVE", "0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        solved = build.executed(build.edition(name, solved=True))
    said = checks(solved)
    assert len(said) == MORE.get(name[:2], EXERCISES) and all(text.startswith(RIGHT) for text in said), said


class Links(HTMLParser):
    """Every address that a page names."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in ("href", "src")]


def test_the_site_holds_together_without_a_network(tmp_path) -> None:
    contents = write_site(tmp_path / "site")
    pages = {path.name for path in contents.parent.iterdir()}
    others = {"index.html", "glossary.html", "teaching.html", "live.html", "pictures"}
    assert pages == others | {f"{name}.html" for name in build.names()}
    pages |= {f"pictures/{path.name}" for path in (contents.parent / "pictures").iterdir()}
    for path in contents.parent.glob("*.html"):
        links = Links()
        links.feed(text := path.read_text(encoding="utf-8"))
        outside = [link for link in links.found if not link.startswith(("data:", "#"))]
        assert {link.partition("#")[0] for link in outside} <= pages, path.name
        assert "<script" not in text and not re.search(r"(url\(|@import)\s*['\"]?(https?:)?//", text)
    assert "01_three_ways_to_push.html" in contents.read_text(encoding="utf-8")


UNITS = "ms|µs|s|B|kB|MB|KiB|MiB|Mbit/s|%|cores|times|messages|clients"
NUMBER = re.compile(rf"(?<![\w.,])(\d[\d,]*(?:\.\d+)?)\s?({UNITS})\b")
GIVEN = {
    "01": {"200 ms", "150 ms", "125 B", "126 B"},
    "02": {"142 B", "25 s", "8 kB", "700 B", "4 B", "5 s", "600 B", "2 B", "52 B", "871 B"},
    "03": {"50 ms", "100 ms", "0.3 s", "800 B", "60 ms", "80 ms", "1,600 B", "40 ms", "20 ms", "200 ms",
           "1,448 B"},
    "04": {"50 B", "70,000 B", "100 messages"},
    "05": {"100 messages", "15 times", "20 µs", "2,000 clients", "5,000 clients", "100 ms", "20 messages",
           "0.1 s", "50 ms", "20,000 clients", "70 %"},
    "06": {"100 kB", "2,000 clients", "60 ms", "500 clients", "100 ms", "15 s", "40 ms", "50 ms", "30 messages",
           "20 messages"},
    "07": {"0.5 s", "1 s", "20 s", "4 messages"},
}
"""Figures with a unit that text cells may have: what is asked for, or stands in a source, not what is measured.
"""


@each
def test_no_measured_number_is_typed(name: str) -> None:
    text = "\n".join(cell.source for cell in build.edition(name, solved=True).cells if cell.cell_type == "markdown")
    said = {f"{number} {unit}" for number, unit in NUMBER.findall(text)}
    assert said <= GIVEN[name[:2]], said - GIVEN[name[:2]]


QUESTION = re.compile(r"^\d+\. \*\*.+?\*\* .+ See \[lesson (\d), \*(.+)\*\]\((\w+)\.ipynb\)\.$", re.MULTILINE)


def test_each_question_is_answered_in_the_part_that_it_names() -> None:
    """Which exists, has a cell, and is in that lesson."""
    found = QUESTION.findall((NOTEBOOKS / "TEACHING.md").read_text(encoding="utf-8"))
    assert len(found) == 20
    for number, part, name in found:
        assert name.startswith(f"0{number}_")
        parts = re.split(r"^## ", "\n".join(
            f"# {cell.cell_type}\n{cell.source}" for cell in build.edition(name, solved=False).cells
        ), flags=re.MULTILINE)  # fmt: skip
        own = [text for text in parts if text.startswith(f"{part}\n")]
        assert len(own) == 1 and "# code\n" in own[0], (name, part)


@each
def test_a_lesson_has_at_most_25_cells_of_code_and_a_doubt(name: str) -> None:
    cells = build.edition(name, solved=False).cells
    assert sum(cell.cell_type == "code" for cell in cells) <= 25
    assert sum("## Doubt\n" in cell.source for cell in cells) == 1
