"""`report.html`: the comparison, the charts, the verdicts and the provenance of a run, in one file."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from results import claims, figures, stack, summary, table
from results.check import check
from results.figures.frame import Chart, svg
from results.table import Results
from results.words import WORDS, number

TEMPLATE = "report.html.j2"
FACTS = ("command", "date", "profile", "commit", "cores", "kernel", "python", "packages")


Drawn = tuple[list[Chart], list[figures.Skipped]]


def write(results: Results, drawn: Drawn, reference: Results | None = None) -> Path:
    """Write `report.html` into the results' folder in one step, and return its path; see `render`."""
    path = results.folder / "report.html"
    table.write_text(path, render(results, drawn, reference))
    return path


def render(results: Results, drawn: Drawn, reference: Results | None = None) -> str:
    """The report as HTML text; `drawn` is what `figures.draw_all` has made of the results.

    What these runs cannot draw is borrowed from the reference run, and said to be.
    """
    runs, machine, (charts, skipped) = results.runs, results.machine, drawn
    borrowed = figures.borrowed(skipped, reference) if reference else []
    judged = claims.verdicts(runs)
    return _template().render(
        name=results.folder.name,
        machine=dict.fromkeys(FACTS, "unknown") | machine,
        facts=_facts(machine),
        runs=runs["run_id"].nunique(),
        valid=len(table.valid(runs)),
        bad=_bad(runs),
        broken=check(runs),
        headings=[words.replace("\n", " ") for words in summary.HEADINGS.values()],
        blocks=_blocks(runs),
        model=summary.MODEL,
        not_counted=summary.NOT_COUNTED,
        charts=[_chart(chart) for chart in charts],
        skipped=skipped,
        borrowed=[_chart(chart) for chart in borrowed],
        lender=dict.fromkeys(FACTS, "unknown") | (reference.machine if reference else {}),
        judged=[verdict for verdict in judged if verdict.verdict != claims.NOT_MEASURED],
        unjudged=[verdict.claim.id for verdict in judged if verdict.verdict == claims.NOT_MEASURED],
    )


def _template() -> jinja2.Template:
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.get_template(TEMPLATE)


def _blocks(runs: pd.DataFrame) -> list[dict[str, Any]]:
    """The comparison's blocks: title, setting, lines whose every cell has its text and its mark, and what is amiss."""
    return [
        {"title": title, "setting": block[0].setting, "lines": _lines(block), "reasons": summary.reasons(block)}
        for title, block in summary.blocks(summary.compared(runs))
    ]


def _lines(block: list[summary.Compared]) -> list[dict[str, Any]]:
    return [{"transport": line.transport, "label": line.label, "cells": _cells(line, block)} for line in block]


def _cells(line: summary.Compared, block: list[summary.Compared]) -> list[dict[str, str]]:
    names = list(summary.HEADINGS)
    return [{"text": summary.figure(line, name), "mark": summary.mark(line, block, name)} for name in names]


def _chart(chart: Chart) -> dict[str, str]:
    source = "data:image/svg+xml;base64," + base64.b64encode(svg(chart).encode()).decode()
    return {"name": chart.name, "title": chart.title, "alt": chart.alt, "source": source}


def _bad(runs: pd.DataFrame) -> list[dict[str, Any]]:
    return table.records(table.failed(runs)[["run_id", "attempt", "invalid_reason"]])


def _facts(machine: dict[str, Any]) -> list[tuple[str, str]]:
    """The provenance, fact and value; what has many parts in words."""
    whose = " ".join(stack.whose(machine))
    told: dict[str, Callable[[Any], str]] = {"packages": _packages, "floors": _floors, "benchmark": lambda _: whose}
    names = [fact for fact in dict.fromkeys([*FACTS, *machine]) if fact in machine]
    return [(fact, told.get(fact, str)(machine[fact])) for fact in names]


def _packages(packages: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in sorted(packages.items()))


def _floors(floors: list[dict[str, Any]]) -> str:
    """What this machine adds to a transit, and to a long-polling client's time away, by transport and clients."""
    parts = []
    for floor in floors:
        half = "" if floor["half_ms"] is None else f" ± {number(floor['half_ms'])}"
        away = f", {number(floor['away_ms'])} ms to a time away" if floor.get("away_ms") else ""
        told = ("operation", "clients", "rate_hz", "payload_bytes")
        who = ", ".join([floor["transport"], *(WORDS[name](floor[name]) for name in told if name in floor)])
        who += ", TLS" * floor["tls"] + ", a connection per request" * (not floor.get("keep_alive", True))
        who += f", repeat {floor.get('repeat')}" * (floor.get("repeat", 1) > 1)
        parts.append(f"{who}: {number(floor['ms'])}{half} ms to a transit{away}")
    return "; ".join(parts)
