"""`report.html`: the comparison, the charts, the verdicts and the provenance of a run, in one file."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from results import canvas, charts, claims, summary, table

TEMPLATE = "report.html.j2"
FACTS = ("command", "date", "profile", "commit", "cores", "kernel", "python", "packages")


Drawn = tuple[list[canvas.Chart], list[charts.Skipped]]


def write(folder: str | os.PathLike[str], drawn: Drawn | None = None) -> Path:
    """Write `folder/report.html` in one step; returns its path. Raises TableError for a folder without runs.

    `drawn` is what `charts.draw_all` has made of the folder already.
    """
    path = Path(folder) / "report.html"
    table.write_text(path, render(folder, drawn))
    return path


def render(folder: str | os.PathLike[str], already_drawn: Drawn | None = None) -> str:
    """The report on the runs in `folder` as HTML text."""
    runs, machine = table.read_runs(folder), table.read_machine(folder)
    drawn, skipped = already_drawn or charts.draw_all(folder)
    judged = claims.verdicts(folder)
    return _template().render(
        name=Path(folder).name,
        machine=dict.fromkeys(FACTS, "unknown") | machine,
        facts=_facts(machine),
        runs=len(runs),
        valid=len(table.valid(runs)),
        bad=_bad(runs),
        broken=table.check(runs),
        headings=[words.replace("\n", " ") for words in summary.HEADINGS.values()],
        blocks=_blocks(runs),
        charts=[_chart(chart) for chart in drawn],
        skipped=skipped,
        judged=[verdict for verdict in judged if verdict.verdict != claims.NOT_MEASURED],
        unjudged=[verdict.claim.id for verdict in judged if verdict.verdict == claims.NOT_MEASURED],
    )


def _template() -> jinja2.Template:
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.get_template(TEMPLATE)


def _blocks(runs: pd.DataFrame) -> list[tuple[str, list[dict[str, Any]]]]:
    """The comparison's blocks, every cell with its text and how it is to be marked."""
    return [
        (title, [{"transport": line.transport, "label": line.label, "cells": _cells(line, block)} for line in block])
        for title, block in summary.blocks(summary.comparison(runs))
    ]


def _cells(line: summary.Comparison, block: list[summary.Comparison]) -> list[dict[str, str]]:
    names = list(summary.HEADINGS)
    return [{"text": summary.number(getattr(line, name)), "mark": summary.mark(line, block, name)} for name in names]


def _chart(chart: canvas.Chart) -> dict[str, str]:
    source = "data:image/svg+xml;base64," + base64.b64encode(canvas.svg(chart).encode()).decode()
    return {"name": chart.name, "title": chart.title, "alt": chart.alt, "source": source}


def _bad(runs: pd.DataFrame) -> list[dict[str, Any]]:
    return table.records(table.invalid(runs)[["run_id", "attempt", "invalid_reason"]])


def _facts(machine: dict[str, Any]) -> list[tuple[str, str]]:
    """The provenance, fact and value; packages in one line."""
    return [(fact, _fact(machine[fact])) for fact in dict.fromkeys([*FACTS, *machine]) if fact in machine]


def _fact(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {version}" for name, version in sorted(value.items()))
    return str(value)
