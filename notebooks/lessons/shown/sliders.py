"""Sliders over a chart. Where no kernel runs, the chart as the sliders stand at first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets
from ipywidgets import SelectionSlider

from lessons.shown.pictures import width_of
from results.figures.layout import Chart, for_a_talk, png


class Explorer:
    """A chart redrawn from the values of sliders; shown as widgets, or as a picture without them."""

    def __init__(self, draw: Callable[..., Chart], sliders: Mapping[str, SelectionSlider]) -> None:
        self._draw, self._sliders = draw, dict(sliders)

    @property
    def chart(self) -> Chart:
        """The chart as the sliders stand, for a projector."""
        with for_a_talk():
            return self._draw(**{name: slider.value for name, slider in self._sliders.items()})

    def __repr__(self) -> str:
        return in_words(self.chart)

    def _repr_mimebundle_(self, **_: Any) -> Any:
        chart = self.chart
        width, drawn = width_of(chart), png(chart)
        picture = ipywidgets.Image(value=drawn, format="png", width=width)

        def redraw(_: Any) -> None:
            picture.value = png(self.chart)

        for slider in self._sliders.values():
            slider.observe(redraw, "value")
        box = ipywidgets.VBox([*self._sliders.values(), picture])
        bundle = box._repr_mimebundle_() | {"text/plain": in_words(chart), "image/png": drawn}
        return bundle, {"image/png": {"width": width, "alt": chart.alt}}


def in_words(chart: Chart) -> str:
    """What a chart says, where it cannot be seen."""
    return f"{chart.title}. {chart.alt}"


def slider(words: str, values: list[Any], at: Any, unit: str = "") -> SelectionSlider:
    """A slider over these values that stands at one of them; `unit` is written behind each."""
    options = [(f"{value:,}{unit}" if isinstance(value, int | float) else str(value), value) for value in values]
    return SelectionSlider(description=words, options=options, value=at, continuous_update=False,
                           style={"description_width": "160px"}, layout={"width": "720px"})  # fmt: skip
