"""Each lesson from a fresh kernel: its cells twice, and once more when the servers have stopped; nothing is left.

Each cell gives a right number, or one sentence.
"""

import os
import uuid
import warnings

import pytest
from lessons.check.mark import OPEN, RIGHT, WRONG
from lessons.editions import build
from tools.lab import ROOT, eventually
from tools.processes import MARK, marked

pytestmark = [pytest.mark.starts, pytest.mark.long]

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import nbformat
    from nbclient import NotebookClient

EXERCISES, MORE = 4, {"03": 5}  # of a lesson, beside the open ones
SENTENCES = {"ServersStopped", "ServersUnavailable", "NothingStarted", "LocustFailed", "ConnectionEnded"}
"""What a cell may end with: their traceback is one sentence."""
SHORT_RUNS = """
from matplotlib.figure import Figure
Figure.savefig = lambda self, file, **_: file.write(b"a picture")
del Figure
from lessons.live import measure
whole = measure.measured
measure.measured = lambda experiment, setting: whole(experiment, setting | {"duration_s": 0.6})
del measure
"""
"""What the kernel is told first: how long a cell measures, and what a picture
looks like, does not matter here."""


def twice_and_backwards(name: str) -> nbformat.NotebookNode:
    """The lesson with each cell run twice, in its order; then each again, from the last to the first."""
    notebook = build.edition(name, solved=True)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    repeated = [cell for each in code for cell in (each, each)] + code[::-1]
    sources = [SHORT_RUNS] + [cell.source for cell in repeated]
    notebook.cells = [nbformat.v4.new_code_cell(source, metadata={"tags": ["raises-exception"]}) for source in sources]
    return notebook


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", build.names())
def test_a_cell_run_again_is_right_or_says_why_not(name: str) -> None:
    notebook, mark = twice_and_backwards(name), uuid.uuid4().hex
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        NotebookClient(notebook, timeout=120, kernel_name="python3", allow_errors=True,
                       extra_arguments=["--log-level=ERROR"],
                       resources={"metadata": {"path": str(ROOT / "notebooks")}}).execute(
            env=os.environ | {MARK: mark, "PUSH_LAB_QUIET": "1"}
        )  # fmt: skip
    eventually(lambda: not marked(mark))
    said = [output.data["text/plain"] for cell in notebook.cells for output in cell.outputs if "data" in output]
    marks = [text for text in said if text.startswith((OPEN, RIGHT, WRONG))]
    assert len(marks) == 3 * MORE.get(name[:2], EXERCISES) and all(text.startswith(RIGHT) for text in marks), marks
    for cell in notebook.cells:
        for output in cell.outputs:
            assert output.get("name") != "stderr", output
            if output.output_type == "error":
                assert output.ename in SENTENCES and len(output.traceback) == 1, (cell.source, output.traceback)
                assert output.traceback[0].endswith((".", "recording of this.")) and "\n" not in output.traceback[0]
            text = str(output.get("text", "")) + str(output.get("data", {}).get("text/plain", ""))
            assert "mean latency, ms               0.0" not in text and "bytes each                     0.0" not in text
