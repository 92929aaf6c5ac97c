"""The figures of the last run, as a notebook shows them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from results import figures, folders, table
from results.figures.frame import Chart, png

NO_RESULTS = "There are no results to draw yet: run `make lab` in a terminal, then this cell again."
WIDTH = 960  # CSS pixels


class Picture:
    """A chart as a notebook shows it, with its alternative text; without a chart, the sentence that says why."""

    def __init__(self, chart: Chart | None, why: str = "") -> None:
        self.chart, self.why = chart, why

    def __repr__(self) -> str:
        return f"{self.chart.title}. {self.chart.alt}" if self.chart else self.why

    def _repr_mimebundle_(self, **_: Any) -> Any:
        if self.chart is None:
            return {"text/plain": self.why, "text/markdown": self.why}
        bundle = {"text/plain": repr(self), "image/png": png(self.chart)}
        return bundle, {"image/png": {"width": WIDTH, "alt": self.chart.alt}}


def figure(name: str, folder: Path | None = None) -> Picture:
    """The chart of that name from `folder`, or from the last run; never raises for want of runs.

    What the last run cannot draw comes from the run that comes with the lab, and a line says so.
    """
    chosen = folder or folders.default()
    if chosen is None:
        return Picture(None, NO_RESULTS)
    picture = drawn_from(chosen, name)
    if picture.chart is None and folder is None and (folders.REFERENCE / "runs.csv").is_file():
        borrowed = drawn_from(folders.REFERENCE, name)
        if borrowed.chart is not None:
            print(f"{picture.why} The figure is of the run that comes with the lab instead.")
            return borrowed
    return picture


def drawn_from(folder: Path, name: str) -> Picture:
    """The chart of that name, or the reason why this folder has none."""
    try:
        drawn, skipped = figures.draw_all(table.read(folder))
    except table.TableError as error:
        return Picture(None, f"The results cannot be read: {error}.")
    reasons = {skip.name: f"This figure cannot be drawn from {folder.name}: {skip.reason}." for skip in skipped}
    chart = next((chart for chart in drawn if chart.name == name), None)
    return Picture(chart, reasons.get(name, f"There is no figure named {name}."))
