"""The progress bar of a row of runs."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn


class Bar:
    """A progress bar over seconds; without a terminal, a line per run."""

    def __init__(self, console: Console, progress: Progress, seconds: float) -> None:
        self._console, self._progress = console, progress
        self._task = progress.add_task("", total=seconds)
        self._done, self._run_end = 0.0, 0.0

    def begin(self, what: str, seconds: float) -> None:
        self._done = self._run_end
        self._run_end += seconds
        self._progress.update(self._task, description=what, completed=self._done)
        if not self._console.is_terminal:
            self._console.print(what)

    def advance(self, seconds: float) -> None:
        self._done = min(self._done + seconds, self._run_end)
        self._progress.update(self._task, completed=self._done)

    def note(self, text: str) -> None:
        self._console.print(f"  {text}", style="yellow", highlight=False, soft_wrap=True)


@contextmanager
def progress_bar(console: Console, seconds: float) -> Iterator[Bar]:
    columns = (TextColumn("{task.description:<40}"), BarColumn(), TimeRemainingColumn(), TextColumn("left"))
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        yield Bar(console, progress, seconds)
