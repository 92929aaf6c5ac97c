"""What a reader is given of a run: `report.html`, one file with all of it, and `README.md` for code hosts.

Both begin with one screen: a figure, the answer, and a line for each verdict. Below it is the argument in its order:
figure after figure, then the verdicts with their evidence. Tables come last.
"""

from __future__ import annotations

import base64
import functools
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from results import claims, cpu_breakdown, figures, summary, table
from results.check import check
from results.figures import Saved
from results.figures.layout import Chart
from results.report.answer import answer
from results.report.classic import classic_tables
from results.report.story import PARTS
from results.table import Results
from results.words import WORDS, nonbreaking_units, number

PAGE, GALLERY = "report.html.j2", "gallery.md.j2"
HERO = next(iter(PARTS[0].charts))
"""The chart of the first screen, beside the answer and above the verdicts."""
SEE = {name: see for part in PARTS for name, see in part.charts.items()}
FACTS = ("command", "date", "profile", "commit", "cores", "kernel", "python", "packages")


Drawn = tuple[list[Chart], list[figures.Skipped]]


def write(results: Results, drawn: Drawn, reference: Results | None = None) -> Path:
    """Write both into the results' folder, each in one step, and return the report's path; see `render`."""
    page, gallery = render(results, drawn, reference)
    table.write_text(results.folder / "README.md", gallery)
    table.write_text(results.folder / "report.html", page)
    return results.folder / "report.html"


def render(results: Results, drawn: Drawn, reference: Results | None = None) -> tuple[str, str]:
    """The report as HTML, and the gallery as Markdown; `drawn` is what `figures.draw_all` has made of the results.

    What these runs cannot draw the report borrows from the reference run, and says so.
    """
    told = _told(results, drawn, reference)
    return _template(PAGE).render(told), _template(GALLERY).render(told)


def _told(results: Results, drawn: Drawn, reference: Results | None) -> dict[str, Any]:
    """What the templates speak of."""
    runs, machine, (charts, skipped) = results.runs, results.machine, drawn
    borrowed = figures.borrowed(skipped, reference.folder) if reference else []
    judged = claims.verdicts(runs, results.observations)
    return dict(
        answer=answer(runs),
        counted=claims.counted(judged),
        hero=next((_chart(chart) for chart in charts if chart.name == HERO), None),
        parts=_parts(chart for chart in charts if chart.name != HERO),
        classic=classic_tables(runs, results.observations),
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
        skipped=skipped,
        borrowed=[_chart(chart) for chart in borrowed],
        lender=dict.fromkeys(FACTS, "unknown") | (reference.machine if reference else {}),
        verdicts=judged,
        judged=[verdict for verdict in judged if verdict.outcome not in claims.UNDECIDED],
        unjudged=[(outcome.value, ", ".join(missing)) for outcome in claims.UNDECIDED
                  if (missing := [verdict.claim.id for verdict in judged if verdict.outcome == outcome])],
    )


@functools.cache
def _template(name: str) -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=name == PAGE,
        undefined=jinja2.StrictUndefined,
        trim_blocks=name == GALLERY,
        finalize=_tied if name == PAGE else None,
    )
    environment.filters |= {"anchor": _anchor, "plain": _plain}
    return environment.get_template(name)


def _tied(value: Any) -> Any:
    """What the page has of a value: in a text, no line ends between a number and its unit."""
    return nonbreaking_units(value) if type(value) is str else value


def _anchor(title: str) -> str:
    """What a code host makes of a title to link to."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def _plain(text: str) -> str:
    """The text in Markdown as it stands: no character of it is markup, and it stays in its cell."""
    return re.sub(r"([\\`*_{}\[\]<>#|!])", r"\\\1", text)


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


def _chart(chart: Chart | Saved) -> dict[str, str]:
    source = "data:image/svg+xml;base64," + base64.b64encode(chart.svg.encode()).decode()
    return {"name": chart.name, "title": chart.title, "alt": chart.alt, "see": SEE[chart.name], "source": source}


def _parts(charts: Iterable[Chart]) -> list[dict[str, Any]]:
    """The parts of the argument that have a chart, below the first screen."""
    drawn = {chart.name: chart for chart in charts}
    parts = [(part, [drawn[name] for name in part.charts if name in drawn]) for part in PARTS]
    return [{"id": part.id, "title": part.title, "question": part.question, "charts": list(map(_chart, own))}
            for part, own in parts if own]  # fmt: skip


def _bad(runs: pd.DataFrame) -> list[dict[str, Any]]:
    return table.records(table.failed(runs)[["run_id", "attempt", "invalid_reason"]])


def _facts(machine: dict[str, Any]) -> list[tuple[str, str]]:
    """The provenance, fact and value; what has many parts in words."""
    told: dict[str, Callable[[Any], str]] = {"packages": _packages, "floors": _floors,
                                             "benchmark": lambda _: " ".join(_benchmark(machine))}  # fmt: skip
    names = [fact for fact in dict.fromkeys([*FACTS, *machine]) if fact in machine]
    return [(fact, told.get(fact, str)(machine[fact])) for fact in names]


def _benchmark(machine: dict[str, Any]) -> list[str]:
    """What the server's CPU is spent on, and when that was measured."""
    when, commit = machine["benchmark"].get("date"), machine["benchmark"].get("commit")
    measured = [f"Measured {when:.10}, commit {commit}."] if isinstance(when, str) and commit else []
    return cpu_breakdown.cpu_by_layer(machine) + measured


def _packages(packages: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in sorted(packages.items()))


def _floors(floors: list[dict[str, Any]]) -> str:
    """What this machine adds to a transit, and to a long-polling client's time away, by transport and clients."""
    parts = []
    for floor in floors:
        if not isinstance(floor, dict) or not {"transport", "tls", "ms", "half_ms"} <= floor.keys():
            continue  # edited by hand
        half = "" if floor["half_ms"] is None else f" ± {number(floor['half_ms'])}"
        away = f", {number(floor['away_ms'])} ms to a time away" if floor.get("away_ms") else ""
        told = ("operation", "clients", "rate_hz", "payload_bytes")
        who = ", ".join([floor["transport"], *(WORDS[name](floor[name]) for name in told if name in floor)])
        who += ", TLS" * floor["tls"] + ", a connection per request" * (not floor.get("keep_alive", True))
        who += f", repeat {floor.get('repeat')}" * (floor.get("repeat", 1) > 1)
        parts.append(f"{who}: {number(floor['ms'])}{half} ms to a transit{away}")
    return "; ".join(parts)
