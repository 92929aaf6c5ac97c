"""Read a CSV file as text cells, also one that a spreadsheet has saved."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd

OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
"""What some spreadsheets write between cells instead of commas. They write decimal commas, too: nothing is guessed."""


class TableError(Exception):
    """A results folder, a file in it or a row of it is not what the contract promises; the message is one line."""


def read_cells(path: Path) -> pd.DataFrame:
    """Every cell as text, under the names of the first line; the index says on which line a row ends.

    A BOM, CRLF, empty lines, and empty columns without a name are passed over. Raises TableError where cells are not
    separated by commas, a name stands twice, or a cell has no name above it.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            ended = [(reader.line_num, cells) for cells in reader]
    except (ValueError, csv.Error) as error:
        raise TableError(f"{path} cannot be read: {' '.join(str(error).split())}") from None
    rows = {line: cells for line, cells in ended if any(cells)}
    names = [name.strip() for name in rows.pop(min(rows), [])] if rows else []
    _check_names(path, names)
    for line, cells in rows.items():
        if any(cell for place, cell in enumerate(cells) if place >= len(names) or not names[place]):
            raise TableError(f"{path}, line {line}: a cell stands under no column name")
    filled = [(cells + [""] * len(names))[: len(names)] for cells in rows.values()]
    table = pd.DataFrame(filled, index=list(rows), columns=names, dtype="str")
    return table.loc[:, [name != "" for name in names]]


def _check_names(path: Path, names: list[str]) -> None:
    if not any(names):
        raise TableError(f"{path} cannot be read: it has no line of column names")
    for separator, words in OTHER_SEPARATORS.items():
        if separator in names[0]:
            raise TableError(f"{path} is separated by {words}: save it as CSV with commas and decimal points")
    if doubled := [name for name in names if name and names.count(name) > 1]:
        raise TableError(f"{path} has the column {doubled[0]} twice")
