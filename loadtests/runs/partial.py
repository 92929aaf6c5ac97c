"""A results folder that appears under its name only when it is whole."""

import json
import shutil
from pathlib import Path
from typing import Any


class PartialFolder:
    """`folder` is where the results will be. Until `publish` they are in `path`, a hidden folder beside it.

    `scaffold` holds what is needed only until they are whole.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder.with_name(f".{folder.name}.partial")
        self.scaffold = self.path / "scaffold"

    def begin(self) -> None:
        """Make it, empty."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.scaffold.mkdir(parents=True)

    def publish(self) -> None:
        """Give the results their name, in place of what had it."""
        shutil.rmtree(self.scaffold)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.path.rename(self.folder)


def add_line(path: Path, values: dict[str, Any]) -> None:
    """Add a JSON object to a file, on a line of its own."""
    with path.open("a", encoding="utf-8") as file:
        print(json.dumps(values), file=file, flush=True)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """What `add_line` has left, in order; nothing if there is no file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
