"""The figures of the last run, or of the run that comes with the lab, as a notebook shows them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from results import figures, folders, table
from results.figures.layout import Chart, png
from results.select import NotMeasured

NO_RESULTS = "There are no results to draw yet: run `make lab` in a terminal, then this cell again."
WIDTH, HEIGHT = 1180, 560  # CSS pixels that a projector leaves for a picture
COMES_WITH = "reference"


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
        return bundle, {"image/png": {"width": width_of(self.chart), "alt": self.chart.alt}}


def width_of(chart: Chart) -> int:
    """CSS pixels across, so that the chart fits below a line of text on a projector."""
    wide, high = chart.figure.get_size_inches()
    return round(min(WIDTH, HEIGHT * wide / high))


def figure(name: str, folder: Path | str | None = None) -> Picture:
    """The chart of that name from `folder`, or from the last run; never raises for want of runs.

    "reference" is the run that comes with the lab. What the last run cannot draw comes from there, too, and a line
    says so.
    """
    chosen = folders.REFERENCE if folder == COMES_WITH else Path(folder) if folder else folders.default()
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
    """The chart of that name, for a projector; or the reason why this folder has none."""
    try:
        recipes = figures.recipes(table.read(folder))
    except table.TableError as error:
        return Picture(None, f"The results cannot be read: {error}.")
    if name not in recipes:
        return Picture(None, f"There is no figure named {name}.")
    try:
        with figures.for_a_talk():
            return Picture(recipes[name]())
    except NotMeasured as reason:
        return Picture(None, f"This figure cannot be drawn from {folder.name}: {reason}.")
