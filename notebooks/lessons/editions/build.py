"""The lessons' two editions, made from one source: with exercises to be done, and with them solved.

A source is a Python file in cells (jupytext's percent format). What stands between nbgrader's markers is the solution.
"""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

import jupytext
import nbformat
from jupyter_client.kernelspec import get_kernel_spec
from nbclient import NotebookClient
from nbformat import NotebookNode

from lessons.live.progress import QUIET
from lessons.live.recordings import KEEP, SWITCH
from results.folders import ROOT

NOTEBOOKS = ROOT / "notebooks"
SOURCES = NOTEBOOKS / "source"
BEGIN, END = "### BEGIN SOLUTION\n", "### END SOLUTION\n"
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
LANGUAGE = {"name": "python", "file_extension": ".py", "mimetype": "text/x-python"}
WIDGETS = "application/vnd.jupyter.widget-view+json"
CELL_TIMEOUT = 120  # seconds
PREDICT = "## Predict"
"""The heading below which a class is asked before it sees."""


def names() -> list[str]:
    """The lessons, in their order: "01_three_ways_to_push"."""
    return sorted(path.stem for path in SOURCES.glob("*.py"))


def edition(name: str, solved: bool) -> NotebookNode:
    """A lesson as a notebook without outputs."""
    notebook = jupytext.read(SOURCES / f"{name}.py")
    notebook.metadata = {"kernelspec": KERNEL, "language_info": LANGUAGE}
    for place, cell in enumerate(notebook.cells):
        cell.id = f"cell-{place:02}"
        if cell.cell_type == "code":
            cell.source = (with_solutions if solved else without_solutions)(cell.source)
    return notebook


def without_solutions(code: str) -> str:
    return re.sub(f"{BEGIN}.*?{END}", "", code, flags=re.DOTALL)


def with_solutions(code: str) -> str:
    return code.replace(BEGIN, "").replace(END, "")


def executed(notebook: NotebookNode, live: bool = False, keep: bool = False) -> NotebookNode:
    """The same with its outputs, from a kernel of its own; what only a kernel can show is left out of them.

    With `live`, all is measured here; with `keep`, what live cells give is kept for machines where nothing can be
    started.
    """
    environment = os.environ | ({SWITCH: "1"} if live else {}) | ({KEEP: "1"} if keep else {}) | {QUIET: "1"}
    client = NotebookClient(notebook, timeout=CELL_TIMEOUT, kernel_name="python3", record_timing=False,
                            extra_arguments=["--log-level=ERROR"],  # not that loopback is without encryption
                            resources={"metadata": {"path": str(NOTEBOOKS)}})  # fmt: skip
    client.execute(env=environment)
    notebook.metadata = {"kernelspec": KERNEL, "language_info": LANGUAGE}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGETS, None)
    return notebook


def for_a_class(notebook: NotebookNode) -> NotebookNode:
    """The same without the outputs that stand below its first *Predict*, and as the kernel of this machine leaves it.

    JupyterLab writes into a notebook which kernel it has; one that says so already is not marked as changed.
    """
    hidden = False
    for cell in notebook.cells:
        hidden = hidden or cell.cell_type == "markdown" and PREDICT in cell.source
        if hidden and cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    python = {"name": "python", "version": platform.python_version(), "mimetype": "text/x-python",
              "codemirror_mode": {"name": "ipython", "version": 3}, "pygments_lexer": "ipython3",
              "nbconvert_exporter": "python", "file_extension": ".py"}  # fmt: skip
    notebook.metadata = {"kernelspec": KERNEL | {"display_name": get_kernel_spec("python3").display_name},
                         "language_info": python}  # fmt: skip
    return notebook


def write(notebook: NotebookNode, path: Path) -> None:
    """Write a notebook as Jupyter does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
