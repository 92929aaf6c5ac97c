"""The lessons' own charts, wherever their sliders stand: every word can be read, and titles say what is drawn."""

import re

import numpy as np
import pytest
from lessons import bits, choosing, history, latency, runs_of, sequence, start_servers, watch, weighing
from tools.legible import expect_legible

from results.transports import COMPARED, TRANSPORTS
from results.words import nonbreaking_units

EXPLORERS = {
    "weigh": lambda: weighing.weigh(runs_of("update-rate")),
    "distributions": latency.distributions,
    "headers": bits.headers,
    "choose": choosing.choose,
}


def charts_of(explorer):
    """The chart at first, with each slider at either end, and with all of them there."""
    first = {name: slider.value for name, slider in explorer._sliders.items()}
    ends = {name: [value for _, value in (slider.options[0], slider.options[-1])]
            for name, slider in explorer._sliders.items()}  # fmt: skip
    places = [first, *({name: both[end] for name, both in ends.items()} for end in (0, 1))]
    places += [first | {name: value} for name, both in ends.items() for value in both]
    for place in places:
        for name, value in place.items():
            explorer._sliders[name].value = value
        yield explorer.chart


@pytest.fixture(scope="module", params=EXPLORERS)
def charts(request):
    return list(charts_of(EXPLORERS[request.param]()))


def test_words_stand_apart_inside_the_figure_and_are_large_enough(charts):
    for chart in charts:
        expect_legible(chart)
    expect_legible(history().chart)


def test_so_do_those_of_a_recorded_sequence_which_has_the_order_of_all_charts(monkeypatch):
    monkeypatch.setenv("PUSH_LAB_LIVE", "0")
    with start_servers(rate=4, count=8, waiting=True, rtt_ms=200) as far_away:
        chart = sequence(watch(far_away, messages=8, interval=1.0)).chart
    expect_legible(chart)
    panels = [axes.get_title(loc="left") for axes in chart.figure.axes]
    assert panels == [TRANSPORTS[name].title for name in COMPARED]
    assert re.match("Mean wait at the server, ms: Polling\u00a0.*, Long polling\u00a0.*, WebSocket\u00a0", chart.title)


def test_each_title_has_at_most_twelve_words(charts):
    assert [chart.title for chart in charts if len(nonbreaking_units(chart.title).split(" ")) > 12] == []


def test_the_title_says_which_curve_is_above_which():
    for chart in charts_of(weighing.weigh(runs_of("update-rate"))):
        rates, polling = chart.figure.axes[0].lines[0].get_data()
        held, pushed = (line.get_ydata() for line in chart.figure.axes[0].lines[1:3])
        assert agrees(chart.title, r"Long polling costs more than polling above ([\d.,]+)", rates, held > polling)
        assert agrees(chart.title, r"WebSocket above ([\d.,]+)", rates, pushed > polling)
        assert ("always" in chart.title) == bool((held > polling).all()), chart.title
        assert ("never" in chart.title) == (not (held > polling).any()), chart.title


def agrees(title, pattern, rates, above):
    """Whether a rate that the title has is where `above` begins; without one there is no such place."""
    found = re.search(pattern, title)
    if not found:
        return above.all() or not above.any()
    begins = float(found[1].replace(",", ""))
    far = np.abs(np.log(rates / begins)) > 0.1
    return np.array_equal(above[far], rates[far] > begins)
