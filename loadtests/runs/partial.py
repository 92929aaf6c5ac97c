"""A results folder that appears under its name only when it is whole."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout


class FolderLocked(Exception):
    """Another process is writing the same results."""


class PartialFolder:
    """`folder` is where the results will be. Until `publish` they are in `path`, a hidden folder beside it.

    `work` holds what is needed only until they are whole.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder.with_name(f".{folder.name}.partial")
        self.work = self.path / "work"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes off until the end of the block, or of this process; Taken while another is in it."""
        path = self.folder.with_name(f".{self.folder.name}.lock")
        try:
            lock = FileLock(path, timeout=0).acquire()
        except Timeout:
            raise FolderLocked(
                f"another process is at work on {self.folder}: wait for it, or give another --out"
            ) from None
        with lock:
            try:
                yield
            finally:
                with suppress(OSError):  # Windows: not while it is open
                    path.unlink()

    def begin(self) -> None:
        """Make it, empty."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.work.mkdir(parents=True)

    def publish(self) -> None:
        """Give the results their name; what had it is deleted only then, and has it back if that fails."""
        shutil.rmtree(self.work)
        before = self.folder.with_name(f".{self.folder.name}.before")
        shutil.rmtree(before, ignore_errors=True)
        if self.folder.exists():
            self.folder.rename(before)
        try:
            self.path.rename(self.folder)
        except OSError:
            if before.exists():
                before.rename(self.folder)
            raise
        shutil.rmtree(before, ignore_errors=True)


def add_line(path: Path, values: dict[str, Any]) -> None:
    """Add a JSON object to a file, on a line of its own; what was broken off there goes."""
    whole = path.read_bytes().rfind(b"\n") + 1 if path.exists() else 0
    with path.open("a", encoding="utf-8") as file:
        file.truncate(whole)
        print(json.dumps(values), file=file, flush=True)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """What `add_line` has left, in order; nothing if there is no file. A line without its end was broken off."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]
