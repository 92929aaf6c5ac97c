"""How the web came to be told: a timeline, each step with its source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lessons.shown.pictures import Picture
from results.figures.layout import Chart, for_a_talk, freeze_layout, new_figure, styled
from results.transports import TRANSPORTS


@dataclass(frozen=True)
class Step:
    """Something that came into the world: when, as a year with its fraction, what, and where it stands."""

    year: float
    what: str
    source: str
    lane: str


LANES = {
    "asking": ("The client asks", TRANSPORTS["polling"].colour),
    "holding": ("The server waits", TRANSPORTS["long-polling"].colour),
    "telling": ("The server speaks", TRANSPORTS["websocket"].colour),
    "beneath": ("What lies beneath", "#666666"),
}
"""From top to bottom: the lane's name and colour."""
HISTORY = (
    Step(1996.4, "HTTP/1.0", "RFC 1945, May 1996", "asking"),
    Step(1999.2, "XMLHttpRequest", "Internet Explorer 5, March 1999", "asking"),
    Step(2005.1, "“Ajax”: pages poll", "Garrett, February 2005", "asking"),
    Step(2006.2, "“Comet”: held requests", "Russell, March 2006", "holding"),
    Step(2011.3, "long polling described", "RFC 6202, April 2011", "holding"),
    Step(2006.7, "server-sent events", "Opera, September 2006", "telling"),
    Step(2011.9, "WebSocket", "RFC 6455, December 2011", "telling"),
    Step(2018.7, "WebSocket in HTTP/2", "RFC 8441, September 2018", "telling"),
    Step(1997.0, "HTTP/1.1: connections last", "RFC 2068, January 1997", "beneath"),
    Step(2015.4, "HTTP/2: heads compressed", "RFC 7540 and 7541, May 2015", "beneath"),
    Step(2022.4, "HTTP/3, WebTransport", "RFC 9114, June 2022; W3C draft", "beneath"),
)


def history() -> Picture:
    """From request and response to WebTransport, in four lanes."""
    with for_a_talk():
        return Picture(drawn())


@styled
def drawn() -> Chart:
    first, last = (round(edge(step.year for step in HISTORY)) for edge in (min, max))
    title = "First the client asks, then the server waits, and at last the server speaks"
    figure = new_figure(title, "Each step with its source. RFCs by their date of publication.", height=7.4)
    axes = figure.subplots()
    for place, (lane, (_, colour)) in enumerate(LANES.items()):
        steps = sorted((step for step in HISTORY if step.lane == lane), key=lambda step: step.year)
        axes.axhline(-place, color=colour, linewidth=2, alpha=0.4)
        for number, step in enumerate(steps):
            axes.plot(step.year, -place, "o", color=colour, markersize=10)
            above = number % 2 == 0  # two that follow each other closely have their words on two sides
            looks: list[tuple[str, int, dict[str, Any]]] = [
                (step.what, 19 if above else -8, {"fontsize": 12, "color": colour, "fontweight": "bold"}),
                (step.source, 6 if above else -22, {"fontsize": 11, "color": "#555555"}),
            ]
            for words, height, look in looks:
                side = (4, "right") if step.year > last - 3 else (-4, "left")
                axes.annotate(words, (step.year, -place), (side[0], height), textcoords="offset points", ha=side[1],
                              va="bottom" if above else "top", **look)  # fmt: skip
    axes.set_yticks([-place for place in range(len(LANES))], [name for name, _ in LANES.values()])
    for label, (_, colour) in zip(axes.get_yticklabels(), LANES.values(), strict=True):
        label.set(color=colour, fontweight="bold")
    axes.set(xlim=(first - 1, last + 4), xticks=range(1995, last + 4, 5), ylim=(0.5 - len(LANES), 0.8))
    axes.grid(visible=False)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    freeze_layout(figure)
    alt = "; ".join(f"{int(step.year)}: {step.what} ({step.source})"
                    for step in sorted(HISTORY, key=lambda step: step.year))  # fmt: skip
    return Chart("history", figure, title, f"A timeline. {alt}.")
