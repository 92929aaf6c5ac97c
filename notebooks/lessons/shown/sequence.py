"""The same messages as three sequence diagrams: client left, server right, time downwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from matplotlib.axes import Axes

from lessons.live.watch import Watched
from lessons.shown.pictures import Picture
from results.figures.layout import LOOPBACK, Chart, for_a_talk, freeze_layout, new_figure, styled
from results.transports import TRANSPORTS
from results.words import milliseconds

CLIENT, SERVER = 0.0, 1.0
ASKING, NEWS = "#8A8A8A", "#D62728"
INSTANT = 0.002
"""Seconds of waiting that are not drawn: a message this late has not waited."""


@dataclass(frozen=True)
class Passage:
    """What went from one side to the other: when it left, when it arrived, and the messages in it."""

    left: float
    arrived: float
    up: bool
    messages: int = 0


def sequence(watched: Mapping[str, Watched]) -> Picture:
    """What three clients sent and received for the same messages; red is a message that waits at the server."""
    with for_a_talk():
        return Picture(drawn(watched))


@styled
def drawn(watched: Mapping[str, Watched]) -> Chart:
    everything = list(watched.values())
    start = everything[0].deliveries[0].published_at
    end = max(each.deliveries[-1].received_at for each in everything)
    waits = {each.transport: mean_wait(each) for each in everything}
    words = [f"{TRANSPORTS[name].title}\u00a0{milliseconds(1000 * wait)}" for name, wait in waits.items()]
    title = f"Mean wait at the server, ms: {', '.join(words)}"
    one_way = everything[0].one_way
    note = f"Round trip {2000 * one_way:g} ms, inserted. " if one_way else "No round trip inserted. "
    note += f"Red: a message waits at the server. Grey: a request, or a response that brings nothing. {LOOPBACK}"
    figure = new_figure(title, note, height=7.5)
    panels = figure.subplots(1, len(everything), sharey=True)
    for axes, each in zip(panels, everything, strict=True):
        _panel(axes, each, start)
    panels[0].set_ylabel("seconds since the first message")
    panels[0].set_ylim(1.1 * (end - start), -0.25)
    freeze_layout(figure)
    return Chart("sequence", figure, title, _alt(everything))


def mean_wait(watched: Watched) -> float:
    """Seconds that a message waits at the server before it leaves, on average."""
    waits = [max(each.latency - watched.one_way, 0.0) for each in watched.deliveries]
    return sum(waits) / len(waits)


def passages(watched: Watched) -> Iterator[Passage]:
    """What passed, in order; entries that follow each other in one direction are one passage.

    Only the client's clock is read: what it sends arrives a transit later, and what it receives left a transit earlier.
    """
    one_way, diary = watched.one_way, watched.diary
    entries = [(way, heading, when) for (way, heading, _), when in zip(diary.entries, diary.times, strict=True)]
    for way, group in groupby(entries, key=lambda entry: entry[0]):
        same = list(group)
        if way == "sent":
            yield Passage(same[0][2], same[0][2] + one_way, up=True)
        elif not any(heading == "payload" for _, heading, _ in same):
            yield Passage(same[-1][2] - one_way, same[-1][2], up=False)
    for received_at, together in groupby(watched.deliveries, key=lambda each: each.received_at):
        yield Passage(received_at - one_way, received_at, up=False, messages=len(list(together)))


def _panel(axes: Axes, watched: Watched, start: float) -> None:
    look = TRANSPORTS[watched.transport]
    axes.set_title(look.title, color=look.colour, fontweight="bold")
    axes.set(xlim=(-0.12, 1.25), xticks=[CLIENT, SERVER], xticklabels=["client", "server"])
    axes.grid(visible=False)
    for side in (CLIENT, SERVER):
        axes.axvline(side, color="#333333", linewidth=1)
    for passage in passages(watched):
        _arrow(axes, passage, start, look.colour)
    for each in watched.deliveries:
        published, leaves = each.published_at - start, each.received_at - watched.one_way - start
        if leaves - published > INSTANT:
            axes.plot([SERVER, SERVER], [published, leaves], color=NEWS, linewidth=5, alpha=0.5, solid_capstyle="butt")
        axes.plot(SERVER, published, "o", color=NEWS, markersize=6, zorder=3)


def _arrow(axes: Axes, passage: Passage, start: float, colour: str) -> None:
    tail, head = (CLIENT, SERVER) if passage.up else (SERVER, CLIENT)
    colour, width = (colour, 2.2) if passage.messages else (ASKING, 1.0)
    arrow = {"arrowstyle": "-|>", "color": colour, "linewidth": width, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", (head, passage.arrived - start), (tail, passage.left - start), arrowprops=arrow)
    if passage.messages > 1:
        middle = (passage.left + passage.arrived) / 2 - start
        axes.annotate(f"{passage.messages} messages", (0.5, middle), (0, -7), textcoords="offset points", ha="center",
                      va="top", color=colour, fontsize=12, fontweight="bold")  # fmt: skip


def _alt(everything: list[Watched]) -> str:
    parts = []
    for each in everything:
        passed = list(passages(each))
        up, news = sum(passage.up for passage in passed), [passage for passage in passed if passage.messages]
        parts.append(f"{TRANSPORTS[each.transport].title}: {up} requests, {len(news)} arrivals with messages, each "
                     f"{milliseconds(1000 * mean_wait(each))} ms at the server on average")  # fmt: skip
    return f"Three sequence diagrams of client and server. {'; '.join(parts)}."
