"""Whether every word of a chart can be read: large enough, inside the figure, and on no other word."""

import itertools

import matplotlib.style
from matplotlib.axis import Tick
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import BboxBase

from results.figures.layout import LOOK, Chart


def words_of(figure: Figure) -> list[tuple[Text, BboxBase]]:
    """Every text that is seen, with its box in pixels; labels of ticks beyond the limits, or left over, are not."""
    with matplotlib.style.context(LOOK):
        figure.draw_without_rendering()  # saved before, at other dots an inch, it has other boxes
    of_ticks = {label for tick in figure.findobj(Tick) for label in tick.findobj(Text)}
    seen = {tick.label1 for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)
            for tick in axis.get_major_ticks() if _within(tick.get_loc(), axis.get_view_interval())}  # fmt: skip
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    return [(text, text.get_window_extent()) for text in texts if text not in of_ticks - seen]


def _within(place, interval) -> bool:
    return min(interval) <= place <= max(interval)


def expect_legible(chart: Chart) -> None:
    words, whole = words_of(chart.figure), chart.figure.bbox.padded(1)
    for text, box in words:
        assert text.get_fontsize() >= 11, (chart.name, text.get_text())
        assert whole.contains(*box.min) and whole.contains(*box.max), (chart.name, text.get_text())
    for (text, box), (other, others_box) in itertools.combinations(words, 2):
        apart = not box.padded(-1).overlaps(others_box.padded(-1))
        assert apart, (chart.name, text.get_text(), other.get_text())
