"""Write and read the result files: the one place that knows the columns of `runs.csv`.

A run is a row. Times are in the unit their name ends with, sizes in bytes. The project's
contract names the columns; nothing here draws or judges.
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from results.spreadsheet import TableError as TableError
from results.spreadsheet import read_cells
from results.transports import TRANSPORTS

LEDGER = ("handshake", "cookies", "request_head", "response_head", "framing", "payload")


@dataclass(frozen=True)
class Column:
    """A column's name and what its cells hold: "int", "float", "str" or "bool"; any cell may be empty."""

    name: str
    kind: str
    optional: bool = False  # whether a table may lack it


def _columns(text: str, optional: bool = False) -> tuple[Column, ...]:
    named = (word.split(":") for word in text.split())
    return tuple(Column(name, kind, optional) for name, kind in named)


PATH = _columns("path:str loss_percent:float queue_packets:int", optional=True)
"""What is between client and server; older tables do not say it, since it was the delay line."""
PARAMETERS = _columns(
    """run_id:str experiment:str transport:str operation:str repeat:int attempt:int clients:int rate_hz:float
    arrivals:str seed:int payload_bytes:int poll_interval_s:float hold_s:float rtt_ms:float link_mbps:float
    header_profile:str cookie_bytes:int keep_alive:bool tls:bool deflate:bool fault:str duration_s:float"""
) + PATH
OUTCOME = _columns(
    """joining_sent:int joining_received:int joining_segments:int connections:int
    published:int deliveries:int lost:int duplicated:int out_of_order:int requests:int empty_responses:int
    handshake:int cookies:int request_head:int response_head:int framing:int payload:int
    wire_sent:int wire_received:int segments_sent:int segments_received:int
    overhead_per_delivery:float held_mean_s:float
    latency_mean_ms:float latency_p50_ms:float latency_p90_ms:float latency_p99_ms:float latency_p999_ms:float
    latency_max_ms:float latency_mean_ci_ms:float clock:str generator_delay_p99_ms:float
    expected_mean_ms:float floor_ms:float recovery_s:float"""
)
ADDED = _columns(
    """joining_mean_ms:float upstream_mean_ms:float upstream_p90_ms:float upstream_p99_ms:float
    floor_asking_ms:float clock_bound_ms:float retransmissions:int""",
    optional=True,
)
"""How long joining took a client. From a client's sending to publication, where clients publish. What of floor_ms
comes of asking again later than a round trip. How exactly other clocks are known. Segments sent again."""
COSTS = _columns(
    """server_cpu_share:float server_cpu_us_per_delivery:float server_rss_mib:float generator_cpu_share:float
    generator_lag_p99_ms:float publisher_late_p99_ms:float valid:bool invalid_reason:str"""
)
COLUMNS = PARAMETERS + OUTCOME + ADDED + COSTS
OBSERVATIONS = _columns("claim:str quantity:str value:str unit:str condition:str")

DTYPES = {"int": "Int64", "float": "float64", "bool": "boolean", "str": "str"}


# --- writing ---------------------------------------------------------------------------------------------------------


def write_runs(path: str | os.PathLike[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Write `runs.csv` at `path`, in one step: a reader sees the old file or the new one, never half of one.

    None, NaN and pandas' NA become empty cells. Raises TableError for a missing or unknown key, or a cell of the
    wrong kind, and then leaves what stood at `path` as it was.
    """
    _write(Path(path), COLUMNS, rows)


def write_observations(path: str | os.PathLike[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Write `observations.csv` at `path` under the same rules as `write_runs`; values are kept as text."""
    _write(Path(path), OBSERVATIONS, rows)


def _write(path: Path, columns: Sequence[Column], rows: Iterable[Mapping[str, Any]]) -> None:
    lines = [_cells(row, columns) for row in rows]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([[column.name for column in columns], *lines])
    write_text(path, text.getvalue())


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write `text` to `path` in one step: a reader sees the old file or the new one, never a part."""
    handle, temporary = tempfile.mkstemp(dir=Path(path).parent, prefix=f".{Path(path).name}.")
    try:
        with open(handle, "w", newline="", encoding="utf-8") as file:
            file.write(text)
        os.chmod(temporary, 0o644)  # mkstemp makes a private file; results are for everyone
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _cells(row: Mapping[str, Any], columns: Sequence[Column]) -> list[str]:
    names = {column.name for column in columns}
    if wrong := sorted(names - set(row)):
        raise TableError(f"row {_who(row)} lacks {', '.join(wrong)}")
    if wrong := sorted(set(row) - names):
        raise TableError(f"row {_who(row)} has unknown columns: {', '.join(wrong)}")
    return [_cell(row, column) for column in columns]


def _cell(row: Mapping[str, Any], column: Column) -> str:
    value = row[column.name]
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return ""
    try:
        return WRITERS[column.kind](value)
    except (TypeError, ValueError, OverflowError):
        raise TableError(f"row {_who(row)}: {column.name} = {value!r} is not of kind {column.kind}") from None


def _int(value: Any) -> str:
    if isinstance(value, str) or int(value) != value:
        raise ValueError(value)
    return str(int(value))


def _float(value: Any) -> str:
    if isinstance(value, str) or not math.isfinite(value):
        raise ValueError(value)
    return repr(float(value))


def _bool(value: Any) -> str:
    if value not in (True, False):
        raise ValueError(value)
    return str(bool(value))


WRITERS: dict[str, Callable[[Any], str]] = {"int": _int, "float": _float, "bool": _bool, "str": str}


def _who(row: Mapping[str, Any]) -> str:
    return str(row.get("run_id") or "without run_id")


# --- reading ---------------------------------------------------------------------------------------------------------


def read_runs(folder: str | os.PathLike[str]) -> pd.DataFrame:
    """The rows of `folder/runs.csv`, columns as in COLUMNS.

    Whole numbers are nullable Int64, flags nullable boolean, measures float with NaN, and text is "" where it does not
    apply, so that `groupby` keeps such rows. Raises TableError if the file or a column is missing, or a cell is wrong.
    """
    runs = _read(Path(folder), "runs.csv", COLUMNS)
    for line, row in enumerate(records(runs), start=2):
        if row["transport"] not in TRANSPORTS:
            where = f"{Path(folder) / 'runs.csv'}, line {line} ({row['run_id']})"
            raise TableError(f"{where}: there is no transport {row['transport']!r}: they are {', '.join(TRANSPORTS)}")
    return runs


def read_observations(folder: str | os.PathLike[str]) -> pd.DataFrame:
    """The rows of `folder/observations.csv`, all text, perhaps none. Raises TableError as `read_runs` does."""
    if Path(folder).is_dir() and not (Path(folder) / "observations.csv").exists():  # nothing was observed
        return pd.DataFrame({column.name: [] for column in OBSERVATIONS}, dtype="str")
    return _read(Path(folder), "observations.csv", OBSERVATIONS)


def read_machine(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """`folder/machine.json`: cores, kernel, python, packages, command, commit, date, profile."""
    path = Path(folder) / "machine.json"
    _exists(Path(folder), path.name)
    try:
        machine = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise TableError(f"{path} is not JSON: {error}") from None
    if not isinstance(machine, dict):
        raise TableError(f"{path} holds no JSON object")
    return {name: value for name, value in machine.items() if isinstance(value, MACHINE_KINDS.get(name, object))}


MACHINE_KINDS: dict[str, type | tuple[type, ...]] = {
    "cores": int, "kernel": str, "python": str, "packages": dict, "command": str, "commit": str, "date": str,
    "profile": str, "floors": list, "benchmark": dict,
}  # fmt: skip
"""What a fact of machine.json is; one of another kind, as null, is taken for unknown."""


def _read(folder: Path, name: str, columns: Sequence[Column]) -> pd.DataFrame:
    _exists(folder, name)
    path = folder / name
    table = read_cells(path)
    if missing := [column.name for column in columns if column.name not in table and not column.optional]:
        raise TableError(f"{path} lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}")
    empty = pd.Series("", index=table.index, dtype="str")
    typed = {column.name: _typed(table.get(column.name, empty), column, path) for column in columns}
    return pd.DataFrame(typed).reset_index(drop=True)


def _exists(folder: Path, name: str) -> None:
    if not folder.is_dir():
        raise TableError(f"there is no results folder {folder}: run `python -m loadtests` first")
    if not (folder / name).is_file():
        raise TableError(f"{folder} has no {name}: run `python -m loadtests` first")


def _typed(cells: pd.Series, column: Column, path: Path) -> pd.Series:
    """The text cells of one column in the column's own type."""
    if column.kind == "str":
        return cells
    values = [_value(cell, column, f"{path}, line {line}") for line, cell in cells.items()]
    return pd.Series(values, index=cells.index, dtype=DTYPES[column.kind])


def _value(cell: str, column: Column, where: str) -> Any:
    """What a cell says, None if it is empty."""
    try:
        return READERS[column.kind](cell.strip()) if cell.strip() else None
    except (KeyError, ValueError):
        raise TableError(f"{where}: {column.name} = {cell!r} is not of kind {column.kind}") from None


def _whole(text: str) -> int:
    if abs(value := int(text)) >= 2**63:  # pandas' Int64 does not hold it
        raise ValueError(text)
    return value


def _finite(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise ValueError(text)
    return value


FLAGS = {word: value for value in (True, False) for word in (str(value), str(value).upper(), str(value).lower())}
"""As the lab writes them, and as spreadsheets do."""
READERS: dict[str, Callable[[str], Any]] = {"int": _whole, "float": _finite, "bool": FLAGS.__getitem__}


# --- what counts -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Results:
    """A results folder as it was read, once."""

    folder: Path
    runs: pd.DataFrame
    observations: pd.DataFrame
    machine: dict[str, Any]


def read(folder: str | os.PathLike[str]) -> Results:
    """Everything of a folder that figures, claims and report are made of. Raises TableError as `read_runs` does."""
    return Results(Path(folder), read_runs(folder), read_observations(folder), read_machine(folder))


def read_if_there(folder: str | os.PathLike[str]) -> Results | None:
    """The same, None for a folder that has no runs, or none that can be read."""
    try:
        return read(folder)
    except TableError:
        return None


def valid(runs: pd.DataFrame) -> pd.DataFrame:
    """The rows which count: only those marked valid."""
    return runs[runs["valid"].fillna(False).astype(bool)]


def failed(runs: pd.DataFrame) -> pd.DataFrame:
    """The rows which do not: each attempt that was not valid, with its reason."""
    return runs[~runs["valid"].fillna(False).astype(bool)]


def invalid(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs which are shown, and never averaged in: the last attempt of each that never became valid."""
    bad = failed(runs)
    return bad[~bad["run_id"].isin(valid(runs)["run_id"])].drop_duplicates("run_id", keep="last")


def records(runs: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as dictionaries, column name to cell."""
    return [{str(name): cell for name, cell in row.items()} for row in runs.to_dict("records")]
