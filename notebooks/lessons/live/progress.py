"""A progress bar while a cell runs; none in the notebooks that are made, whose outputs stay."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

QUIET = "PUSH_LAB_QUIET"
"""In the environment of a kernel that makes a notebook: no progress is shown."""


@contextmanager
def progress_of(total: float, unit: str) -> Iterator[Callable[[float], None]]:
    """Show how far a cell is, and remove that at the end; yields what is called with how much is done so far."""
    columns = BarColumn(), TextColumn("{task.completed:.0f} of {task.total:.0f} " + unit), TimeRemainingColumn()
    console = Console()
    seen = console.is_terminal or console.is_jupyter
    with Progress(*columns, console=console, transient=True, disable=QUIET in os.environ or not seen) as progress:
        task = progress.add_task("", total=total)
        yield lambda done: progress.update(task, completed=done)
