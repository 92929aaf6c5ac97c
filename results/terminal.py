"""The comparison as a table for the terminal, of whatever width; and the verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pandas as pd
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from results.claims import Verdict
from results.summary import ALARMS, HEADINGS, MODEL, NOT_COUNTED, Compared, blocks, compared, figure, mark, reasons

LABEL, LEAST_LABEL = 28, 14
"""Columns for a line's label; where there is not even the least, each figure has a line of its own."""
SELDOM = (*ALARMS, "floor_ms")  # shown where there is any
ALL_WELL = "Nothing was lost; every run is valid."
STYLES = {"least": "bold green", "alarm": "bold red", "": ""}


class Terminal(Console):
    """Raises BrokenPipeError when the reader has gone; rich would end the program with status 1."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError()


def terminal_table(runs: pd.DataFrame, width: int = 100) -> RenderableType:
    """The comparison in `width` columns: a block per condition, a line per transport; no figure is ever cut."""
    lines = compared(runs)
    told = [name for name in HEADINGS if name not in SELDOM or any(getattr(line, name) for line in lines)]
    names = [name for name in told if name != "deliveries"]  # which the report has room for
    widths = {name: _width(HEADINGS[name], (figure(line, name) for line in lines)) for name in names}
    room = min(width - sum(widths.values()) - len(widths), LABEL)
    parts: list[RenderableType] = [_table(room, widths, heading=True)] if room >= LEAST_LABEL else []
    settings = set()
    for title, block in blocks(lines):
        first = block[0]
        new = (first.experiment, first.setting) not in settings
        settings.add((first.experiment, first.setting))
        parts.append(Text.assemble((title, "bold"), f" ({first.setting})" if new and first.setting else ""))
        parts += [_rows(block, room, widths)] if room >= LEAST_LABEL else _list(block, names, max(widths.values()))
        parts += [Text("  " + words) for words in reasons(block)]
    parts.append(Text(MODEL))
    parts += [Text(NOT_COUNTED)] * any(line.reasons for line in lines)
    parts += [Text(ALL_WELL)] * (not set(names) & set(ALARMS))
    return Group(*parts)


def terminal_verdicts(found: Iterable[Verdict]) -> RenderableType:
    """Claims with their verdicts, each with its table of evidence."""
    parts: list[RenderableType] = []
    for verdict in found:
        parts.append(Text.assemble((f"{verdict.claim.id:<4}", "bold"), verdict.claim.words))
        parts.append(Padding(Text(verdict.sentence, style="bold"), (0, 0, 0, 4)))
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
        for what, result in verdict.evidence:
            table.add_row(what, result)
        parts.append(Padding(table, (0, 0, 0, 6)))
    return Group(*parts)


def _width(heading: str, cells: Iterable[str]) -> int:
    return max(map(len, [*heading.split("\n"), *cells]))


def _table(label: int, widths: dict[str, int], heading: bool) -> Table:
    table = Table(box=None, show_header=heading, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("", width=label)
    for name, width in widths.items():
        table.add_column(HEADINGS[name], justify="right", vertical="bottom", no_wrap=True, width=width)
    return table


def _rows(block: list[Compared], label: int, widths: dict[str, int]) -> Table:
    table = _table(label, widths, heading=False)
    for line in block:
        table.add_row(Padding(line.label, (0, 0, 0, 2)), *(_cell(line, block, name) for name in widths))
    return table


def _list(block: list[Compared], names: Iterable[str], figures: int) -> Iterator[RenderableType]:
    """The block with a line for each figure."""
    for line in block:
        table = Table(box=None, show_header=False, padding=(0, 1, 0, 0), pad_edge=False)
        table.add_column()
        table.add_column(justify="right", no_wrap=True, min_width=figures)
        for name in names:
            table.add_row("    " + HEADINGS[name].replace("\n", " "), _cell(line, block, name))
        yield from (Text("  " + line.label), table)


def _cell(line: Compared, block: list[Compared], name: str) -> Text:
    return Text(figure(line, name), style=STYLES[mark(line, block, name)])
