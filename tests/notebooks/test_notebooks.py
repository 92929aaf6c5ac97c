"""Every lesson keeps the house's shape, holds nothing of the machine it ran on, and runs from a fresh kernel."""

import ast
import os
import re
import uuid
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import lessons
import psutil
import pytest
from lessons.live.servers import ServersUnavailable
from tools.lab import ROOT, eventually
from tools.made_up import make
from tools.processes import MARK, marked

from clients import polling
from results import folders

pytestmark = pytest.mark.starts

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
FIRST = ROOT / "notebooks" / "01_three_ways_to_push.ipynb"
TIMEOUT = 120  # seconds for a cell
PATHS = re.compile(
    r"(?<![\w./:<])/(?:home|Users|root|tmp|work|var|private|opt|usr|etc|mnt)/|\b[A-Z]:\\\\|site-packages"
)
IMAGES = {"image/png", "image/jpeg"}

each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def cells(path: Path, kind: str) -> list[nbformat.NotebookNode]:
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == kind]


def outputs(path: Path) -> Iterator[nbformat.NotebookNode]:
    return (output for cell in cells(path, "code") for output in cell.outputs)


def texts(path: Path) -> Iterator[str]:
    """Everything in a notebook that is read: sources, and outputs that are not images."""
    for cell in nbformat.read(path, as_version=4).cells:
        yield cell.source
    for output in outputs(path):
        yield from [str(output.get("text", "")), *map(str, output.get("traceback", []))]
        yield from (str(data) for kind, data in output.get("data", {}).items() if kind not in IMAGES)


def lines(cell: nbformat.NotebookNode) -> int:
    """Lines of Python; a page's script in a text is what lesson 7 is about."""
    return sum(bool(line.strip()) for line in re.sub(r'"""\n.*?"""', '""', cell.source, flags=re.DOTALL).splitlines())


def test_the_first_lesson_is_there() -> None:
    assert FIRST in NOTEBOOKS


@each
def test_it_is_a_notebook_for_any_python_3(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"


@each
def test_code_is_short_and_stands_between_text(path: Path) -> None:
    code, text = cells(path, "code"), cells(path, "markdown")
    assert 13 <= len(code) <= 25
    assert len(text) >= len(code)
    assert sum(lines(cell) < 7 for cell in code) >= 0.9 * len(code)
    kinds = [cell.cell_type for cell in nbformat.read(path, as_version=4).cells]
    assert ("code", "code") not in zip(kinds, kinds[1:], strict=False), "a result has no text beside it"


@each
def test_the_code_lives_in_modules(path: Path) -> None:
    for cell in cells(path, "code"):
        defined = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
        assert not [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, defined)], cell.source


@each
def test_it_imports_nothing_that_patches_its_kernel(path: Path) -> None:
    for cell in cells(path, "code"):
        assert not re.search(r"^\s*(import|from) (servers|gevent|locust|loadtests\.locustfile)", cell.source, re.M)


@each
def test_it_holds_nothing_of_the_machine_it_ran_on(path: Path) -> None:
    for text in texts(path):
        assert not (found := PATHS.search(text)), text[max(found.start() - 40, 0) : found.end() + 40]
        assert str(ROOT) not in text and str(Path.home()) + os.sep not in text


@each
def test_it_loads_nothing_from_elsewhere(path: Path) -> None:
    for text in texts(path):
        assert not re.search(
            r"(src|href)\s*=\s*[\"']?\s*(https?:)?//|url\(\s*[\"']?(https?:)?//|!\[[^]]*\]\(http", text
        )


@each
def test_its_outputs_are_of_one_clean_run(path: Path) -> None:
    code = cells(path, "code")
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert not [output for output in outputs(path) if output.output_type == "error" or output.get("name") == "stderr"]


def execute(notebook: nbformat.NotebookNode, mark: str) -> None:
    """Run all cells in a new kernel, which is in the folder of the notebooks and is ended."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        client = NotebookClient(
            notebook, timeout=TIMEOUT, kernel_name="python3", resources={"metadata": {"path": str(ROOT / "notebooks")}}
        )
        client.execute(env=os.environ | {MARK: mark})


def test_a_cell_that_fails_halfway_leaves_no_process() -> None:
    notebook, mark = nbformat.read(FIRST, as_version=4), uuid.uuid4().hex
    start = next(
        i for i, cell in enumerate(notebook.cells) if "start_servers" in cell.source and "servers =" in cell.source
    )
    failing = nbformat.v4.new_code_cell("import os\nassert not servers.running, os.getpid()")
    notebook.cells = [*notebook.cells[: start + 1], failing]
    with pytest.raises(CellExecutionError, match="AssertionError"):
        execute(notebook, mark)
    eventually(lambda: not marked(mark))


def test_live_servers_answer_until_they_are_stopped() -> None:
    with lessons.start_servers(rate=50, source="clock", size=126) as servers:
        with closing(polling.follow(servers.polling, interval=0.05)) as deliveries:
            delivery = next(deliveries)
        assert (delivery.size, servers.running) == (126, True)
    servers.stop()
    assert not servers.running and "stopped" in repr(servers)


def test_servers_that_nobody_keeps_are_stopped() -> None:
    before = set(psutil.Process().children())
    servers = lessons.start_servers()
    assert set(psutil.Process().children()) - before
    del servers
    assert not set(psutil.Process().children()) - before


def test_servers_that_cannot_start_are_one_sentence() -> None:
    with pytest.raises(
        ServersUnavailable, match="^The servers do not take that: .*at least .* bytes"
    ) as caught:
        lessons.start_servers(source="clock", size=1)
    assert caught.value._render_traceback_() == [str(caught.value)]


def test_without_results_a_figure_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "PLACES", (tmp_path,))
    assert "make lab" in lessons.figure("bytes_per_delivery")._repr_mimebundle_()["text/markdown"]
    assert "cannot be read" in repr(lessons.figure("bytes_per_delivery", tmp_path / "missing"))


def test_what_the_last_run_cannot_draw_is_the_reference_and_said_to_be(tmp_path, monkeypatch, capsys) -> None:
    last = make(tmp_path / "latest", only="latency")
    monkeypatch.setattr(folders, "PLACES", (last, folders.REFERENCE))
    assert lessons.figure("latency_over_round_trip").chart is not None
    assert capsys.readouterr().out == ""
    borrowed = lessons.figure("bytes_per_delivery")
    assert borrowed.chart.title == lessons.figure("bytes_per_delivery", folders.REFERENCE).chart.title
    assert "no runs of the experiment `overhead`" in (said := capsys.readouterr().out)
    assert "the run that comes with the lab instead" in said
    assert lessons.figure("bytes_per_delivery", last).chart is None, "a folder that is named is taken at its word"


def test_sources_are_shown_as_they_are() -> None:
    for name in ("polling", "long_polling", "websocket"):
        listing = lessons.source(name)
        assert repr(listing) == (ROOT / "servers" / f"{name}.py").read_text(encoding="utf-8")
        assert listing._repr_html_().count("<b ") == 1
    assert re.search(r"^\+ .*timeout=query\.wait", repr(lessons.difference("polling", "long_polling")), re.M)
